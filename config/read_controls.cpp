#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/sections.h"

namespace outaged::config {
namespace {

/// Three anchors in unrelated networks, by unrelated operators, each answering 200 with a few hundred bytes over https:
/// Cloudflare's own network, Google's own network, and Apple's page behind Akamai.
constexpr std::pair<std::string_view, std::string_view> anchors[] = {
    {"cloudflare", "https://one.one.one.one/cdn-cgi/trace"},
    {"google", "https://dns.google/resolve?name=example.com&type=A"},
    {"apple", "https://www.apple.com/library/test/success.html"},
};

void read_anchor(Reader& reader, const Node& node, std::map<std::string, Position>& seen, std::vector<Control>& out) {
  Section section(reader, node, "a control");
  Control control;
  control.at = section.at();
  std::string name;
  if (section.name("name", name)) {
    const auto [first, fresh] = seen.emplace(name, section.place("name"));
    const Position& at = first->second;
    if (!fresh)
      reader.problem(section.place("name"), fmt::format("control {} is defined twice; the first is at {}:{}:{}",
                                                        in_quotes(name), at.file, at.line, at.column));
  }
  control.name = "control/" + name;
  section.require("url");
  section.url("url", control.url);
  section.finish();
  out.push_back(std::move(control));
}

}  // namespace

void read_controls(Reader& reader, const Node* node, Config& out) {
  Duration interval = 30s, timeout = 5s;
  bool built_in = true;
  if (node != nullptr && node->kind == Node::Kind::list && node->items.empty()) {
    built_in = false;  // controls: []
  } else if (node != nullptr) {
    Section section(reader, *node, "controls");
    section.duration("interval", interval, 100ms, 24h);
    if (!section.duration("timeout", timeout, 10ms, 1h))
      timeout = std::min(timeout, interval);
    else if (timeout > interval)
      reader.problem(section.place("timeout"),
                     fmt::format("timeout {} is longer than the interval {}; one probe must end before the next begins",
                                 format_duration(timeout), format_duration(interval)));
    // One and a half intervals: the last answer of each anchor is always young enough to count.
    out.control_rules.window = interval * 3 / 2;
    if (section.duration("window", out.control_rules.window, 100ms, 24h) && out.control_rules.window < interval)
      reader.note(
          section.place("window"),
          fmt::format("window {} is shorter than the interval {}: the anchors' answers are often too old to count",
                      format_duration(out.control_rules.window), format_duration(interval)));
    if (section.has("targets")) {
      built_in = false;
      std::map<std::string, Position> seen;
      for (const Node* item : section.list("targets")) read_anchor(reader, *item, seen, out.controls);
    }
    section.finish();
  }
  if (built_in)
    for (const auto& [name, url] : anchors)
      out.controls.push_back({{}, fmt::format("control/{}", name), std::string(url), {}, {}});
  for (Control& control : out.controls) {
    control.interval = interval;
    control.timeout = timeout;
  }
  if (out.controls.size() < 2) {
    const std::string consequence =
        "an outage of our own network will be blamed on the providers; name three anchors in unrelated networks";
    const std::string message =
        out.controls.empty() ? "no controls: " + consequence : "one control alone never decides: " + consequence;
    reader.note(reader.at(*node), message);
  }
}

}  // namespace outaged::config
