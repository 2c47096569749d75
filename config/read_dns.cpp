#include <fmt/format.h>

#include "config/sections.h"
#include "config/values.h"

namespace outaged::config {
namespace {

/// A name server: an address or a name, perhaps with a port.
void read_server(Section& section, std::string_view key, std::string& out) {
  std::string server, fault;
  if (!section.text(key, server)) return;
  if (parse_host_port(server, fault))
    out = std::move(server);
  else
    section.reader().problem(section.place(key), fmt::format("{} {} {}", key, in_quotes(section.get(key)->text), fault));
}

void read_expect(Section& target, DnsCheck& check) {
  const Node* node = target.get("expect");
  if (node == nullptr) return;
  Section expect(target.reader(), *node, "expect");
  expect.choice("rcode", check.expect_rcode, {"NOERROR", "NXDOMAIN", "SERVFAIL", "REFUSED"});
  expect.texts("answers", check.expect_answers);
  expect.boolean("exact", check.exact);
  if (!check.expect_answers.empty() && check.expect_rcode != "NOERROR")
    target.reader().problem(expect.place("answers"),
                            fmt::format("answers never come with {}; remove one of the two", check.expect_rcode));
  if (check.exact && !expect.has("answers"))
    target.reader().problem(expect.place("exact"), "exact needs answers: those, and no others");
  expect.finish();
}

}  // namespace

void read_dns_check(Section& section, Target& target) {
  auto& check = target.check.emplace<DnsCheck>();
  // The target's own name is `name` already.
  section.require("query", "the name to ask for, like www.example.com");
  if (section.text("query", check.name)) {
    std::string fault;
    const auto parsed = parse_host_port(check.name, fault);
    if (check.name == ".") fault.clear();
    if (fault.empty() && parsed && parsed->port) fault = "has a port; write the name alone";
    if (fault.empty() && check.name.size() > 254) fault = "is longer than 254 characters";
    if (!fault.empty())
      section.reader().problem(section.place("query"),
                               fmt::format("query {} {}", in_quotes(section.get("query")->text), fault));
  }
  section.choice("type", check.type, {"A", "AAAA", "CNAME", "MX", "NS", "TXT", "SOA", "SRV", "PTR", "CAA"});
  read_server(section, "server", check.server);
  read_server(section, "second_server", check.second_server);
  section.boolean("tcp", check.tcp);
  section.boolean("recursion", check.recursion);
  read_expect(section, check);
}

}  // namespace outaged::config
