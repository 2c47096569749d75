#include <fmt/format.h>

#include "config/sections.h"
#include "config/values.h"

namespace outaged::config {

bool read_proxy(Section& section, std::string& out, bool or_none) {
  Secret proxy;
  if (!section.secret("proxy", proxy)) return false;
  out = proxy.reveal();
  if (or_none && out == "none") return out.clear(), true;
  // The value may hold a password, so it is not shown.
  if (const std::string fault = proxy_fault(out); !fault.empty()) {
    std::string key = "proxy";
    for (const char* way : {"proxy_file", "proxy_env", "proxy_credential"})
      if (section.has(way)) key = way;
    section.reader().problem(section.place(key),
                             fmt::format("{}: the URL {}{}", key, fault, or_none ? "; or write proxy: none" : ""));
  }
  return true;
}

void read_catalog(Reader& reader, const Node& node, std::string& path) {
  Section section(reader, node, "catalog");
  std::string written;
  if (section.text("path", written) && path.empty()) path = reader.resolve(*section.get("path"), written);
  section.finish();
}

void read_egress(Reader& reader, const Node& node, Egress& out) {
  Section section(reader, node, "egress");
  read_proxy(section, out.proxy);
  section.text("no_proxy", out.no_proxy, true);
  read_file_path(section, "ca_file", out.ca_file);
  if (section.text("user_agent", out.user_agent) && !is_one_line(out.user_agent))
    reader.problem(section.place("user_agent"), "user_agent must be one line of text");
  for (const Node* item : section.list("resolvers")) {
    auto address = reader.scalar(*item, "each of resolvers");
    if (!address) continue;
    if (const std::string fault = resolver_fault(*address); !fault.empty())
      reader.problem(*item, fmt::format("resolver {} {}", in_quotes(item->text), fault));
    out.resolvers.push_back(std::move(*address));
  }
  if (section.text("second_resolver", out.second_resolver))
    if (const std::string fault = resolver_fault(out.second_resolver); !fault.empty())
      reader.problem(section.place("second_resolver"),
                     fmt::format("second_resolver {} {}", in_quotes(section.get("second_resolver")->text), fault));
  section.finish();
}

void read_web(Reader& reader, const Node& node, Web& out) {
  Section section(reader, node, "web");
  if (section.text("listen_address", out.listen_address)) {
    if (const std::string fault = listen_fault(out.listen_address); !fault.empty())
      reader.problem(section.place("listen_address"),
                     fmt::format("listen_address {} {}", in_quotes(section.get("listen_address")->text), fault));
    else if (!is_loopback(out.listen_address))
      reader.note(section.place("listen_address"),
                  fmt::format("{} can be reached from other machines, and whoever reaches it can read everything; "
                              "put a proxy with authentication in front",
                              in_quotes(out.listen_address)));
  }
  if (section.url("external_url", out.external_url))
    while (out.external_url.ends_with("/")) out.external_url.pop_back();
  if (out.external_url.find_first_of("?#") != std::string::npos)
    reader.problem(section.place("external_url"), "external_url must end with a host or a path, without ? and #");
  section.finish();
}

void read_storage(Reader& reader, const Node& node, Storage& out) {
  Section section(reader, node, "storage");
  section.text("path", out.path);
  section.duration("retention", out.retention, 1h, 10 * 365 * 24h);
  section.finish();
}

void read_log(Reader& reader, const Node& node, Log& out) {
  Section section(reader, node, "log");
  section.choice("level", out.level, {"debug", "info", "warn", "error"});
  section.choice("format", out.format, {"text", "json"});
  section.finish();
}

}  // namespace outaged::config
