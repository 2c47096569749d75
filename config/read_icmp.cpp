#include <fmt/format.h>

#include "config/sections.h"
#include "config/values.h"

namespace outaged::config {

void read_icmp_check(Section& section, Target& target) {
  auto& check = target.check.emplace<IcmpCheck>();
  section.require("host", "a name or an address");
  if (section.text("host", check.host)) {
    std::string fault;
    const auto parsed = parse_host_port(check.host, fault);
    if (parsed && parsed->port) fault = "has a port, which ICMP has not; write the host alone";
    if (!fault.empty())
      section.reader().problem(section.place("host"),
                               fmt::format("host {} {}", in_quotes(section.get("host")->text), fault));
    else
      check.host = parsed->host;
  }
  std::string family;
  if (section.choice("ip_version", family, {"any", "4", "6"}))
    check.family = family == "4"   ? IcmpCheck::Family::v4
                   : family == "6" ? IcmpCheck::Family::v6
                                   : IcmpCheck::Family::any;
  int payload = static_cast<int>(check.payload);
  // The most that an IPv4 packet holds.
  if (section.integer("payload", payload, 0, 65507)) check.payload = static_cast<std::size_t>(payload);
}

}  // namespace outaged::config
