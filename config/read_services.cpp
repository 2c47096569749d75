#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "config/sections.h"
#include "config/values.h"
#include "core/page_formats.h"
#include "core/text.h"

namespace outaged::config {
namespace {

/// Every target kind we know, with the reader of its own keys. To add one: a line here, its file, and its probe.
struct TargetKind {
  std::string_view name;
  void (*read)(Section& section, Target& target);
};
constexpr TargetKind target_kinds[] = {
    {"http", [](Section& section, Target& target) { read_http_check(section, target.http(), target.timeout); }},
    {"tcp", read_tcp_check},
    {"tls", read_tcp_check},
    {"dns", read_dns_check},
    {"icmp", read_icmp_check},
    {"exec", read_exec_check},
    {"grpc", read_grpc_check},
    {"feed", read_feed_check},
    {"llm", read_llm_check},
    {"push", read_push_check},
};

/// Labels that outaged gives itself.
constexpr std::string_view own_labels[] = {"service", "component", "target", "kind", "class",
                                           "phase",   "instance",  "job",    "le",   "quantile"};

using Seen = std::map<std::string, Position>;

/// Reports a second use of a name; `what` is "service", `name` what the user wrote.
void check_unique(Section& section, Seen& seen, std::string_view what, const std::string& name) {
  if (name.empty()) return;
  const auto [first, fresh] = seen.emplace(name, section.place("name"));
  if (fresh) return;
  const Position& at = first->second;
  section.reader().problem(section.place("name"), fmt::format("{} {} is defined twice; the first is at {}:{}:{}", what,
                                                              in_quotes(name), at.file, at.line, at.column));
}

void read_labels(Section& section, Labels& labels) {
  Reader& reader = section.reader();
  const Node* node = section.get("labels");
  if (node == nullptr) return;
  if (node->kind != Node::Kind::map) {
    reader.problem(*node, fmt::format("labels must be a map of names to values, not {}", spell(node->kind)));
    return;
  }
  for (std::size_t i = 0; i < node->keys.size(); ++i) {
    const Node &key = node->keys[i], &value = node->items[i];
    if (key.kind != Node::Kind::scalar) continue;
    if (!is_identifier(key.text) || key.text.starts_with("__")) {
      reader.problem(
          key, fmt::format("label {} must be of letters, digits and _, and begin with a letter", in_quotes(key.text)));
    } else if (std::find(std::begin(own_labels), std::end(own_labels), key.text) != std::end(own_labels)) {
      reader.problem(key, fmt::format("label {} is used by outaged and Prometheus themselves; choose another name",
                                      in_quotes(key.text)));
    } else if (value.kind == Node::Kind::null) {
      reader.problem(key, fmt::format("label {} has no value; give it one, or remove it", in_quotes(key.text)));
    } else if (auto text = reader.scalar(value, fmt::format("label {}", in_quotes(key.text)))) {
      labels[key.text] = clean_line(*text, 200);
    }
  }
}

void read_target(Reader& reader, const Node& node, const std::string& component, Pace pace, Seen& seen,
                 std::vector<Target>& out) {
  Section section(reader, node, "a target");
  Target target;
  target.at = section.at();
  std::string name;
  section.name("name", name);
  check_unique(section, seen, "target", name);
  target.name = component + "/" + name;
  std::vector<std::string_view> names;
  for (const TargetKind& kind : target_kinds) names.push_back(kind.name);
  const bool known = section.choice("kind", target.kind, names) || !section.has("kind");
  read_labels(section, target.labels);
  read_pace(section, pace, pace_target);
  if (target.kind == "llm") default_llm_pace(pace);
  settle_pace(reader, pace, target.rules, target.timeout);
  // Of an unknown kind nothing more can be said: its keys may be right.
  if (known) {
    for (const TargetKind& kind : target_kinds)
      if (kind.name == target.kind) kind.read(section, target);
    section.finish();
  }
  if (std::holds_alternative<LlmCheck>(target.check)) return spread_models(section, pace, std::move(target), out);
  out.push_back(std::move(target));
}

void read_component(Reader& reader, const Node& node, const Service& service, Pace pace, Seen& seen,
                    std::vector<Component>& out) {
  Section section(reader, node, "a component");
  Component component;
  component.at = section.at();
  std::string name;
  section.name("name", name);
  check_unique(section, seen, "component", name);
  component.name = service.name + "/" + name;
  component.title = service.title + " " + name;
  section.text("title", component.title);
  component.title = clean_line(component.title, 100);
  read_pace(section, pace, pace_component);
  if (service.page) component.page.page = service.page->name;
  if (section.texts("page_components", component.page.components) && !service.page)
    reader.problem(section.place("page_components"),
                   fmt::format("page_components needs a status page; give service {} a page", in_quotes(service.name)));
  section.boolean("reported", component.reported);
  for (const Node* item : section.list("alternatives"))
    if (auto alternative = reader.scalar(*item, "each of alternatives"))
      component.alternatives.push_back({reader.at(*item), std::move(*alternative)});
  Seen targets;
  for (const Node* item : section.list("targets"))
    read_target(reader, *item, component.name, pace, targets, component.targets);
  section.finish();
  if (section.lacks("targets") && !service.page && !component.reported)
    reader.problem(
        section.place("targets"),
        fmt::format("component {} has no targets, and its service no page, so nothing watches it; add targets, or reported: true if "
                    "applications report of it",
                    in_quotes(name)));
  out.push_back(std::move(component));
}

bool good_hook_token(const Secret& token) {
  const std::string& text = token.reveal();
  return text.size() >= 16 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

void read_page(Reader& reader, const Node& node, Service& service) {
  Section section(reader, node, "a page");
  Page page;
  page.at = section.at();
  page.name = service.name;
  section.require("url", "the page as people open it, like https://status.example.com");
  if (section.url("url", page.url))
    while (page.url.ends_with("/")) page.url.pop_back();
  std::vector<std::string_view> formats = {automatic_page_format};
  formats.insert(formats.end(), std::begin(page_format_names), std::end(page_format_names));
  section.choice("format", page.format, formats);
  if (section.duration("interval", page.interval, 100ms, 24h) && page.interval < 60s)
    reader.note(section.place("interval"),
                fmt::format("the page is read every {}; under 60s vendors answer from a cache, and some object",
                            format_duration(page.interval)));
  if (!section.duration("timeout", page.timeout, 10ms, 1h))
    page.timeout = std::min(page.timeout, page.interval);
  else if (page.timeout > page.interval)
    reader.problem(section.place("timeout"),
                   fmt::format("timeout {} is longer than the interval {}; one reading must end before the next begins",
                               format_duration(page.timeout), format_duration(page.interval)));
  section.size("max_body", page.max_body, 1, 64u << 20);
  if (section.secret("hook_token", page.hook_token) && !good_hook_token(page.hook_token))
    reader.problem(section.place("hook_token"), "hook_token stands in a URL and is all that guards it: 16 characters or more, "
                                                "of letters, digits, - and _");
  section.finish();
  service.page = std::move(page);
}

void read_service(Reader& reader, const Node& node, const Defaults& defaults, Seen& seen, std::vector<Service>& out) {
  Section section(reader, node, "a service");
  Service service;
  service.at = section.at();
  section.name("name", service.name);
  check_unique(section, seen, "service", service.name);
  service.title = service.name;
  section.text("title", service.title);
  service.title = clean_line(service.title, 100);
  std::string importance;
  if (section.choice("importance", importance, {"page", "notify", "record"}))
    service.importance = *importance_from_string(importance);
  Pace pace = defaults.pace;
  read_pace(section, pace, pace_service);
  service.rules = defaults.mismatch;
  read_mismatch(section, service.rules);
  if (const Node* page = section.get("page"))
    read_page(reader, *page, service);
  else if (section.has("page"))
    service.page.emplace();  // reported; what needs a page is not wrong for that
  Seen components;
  for (const Node* item : section.list("components"))
    read_component(reader, *item, service, pace, components, service.components);
  section.finish();
  if (section.lacks("components")) {
    if (!service.page) {
      reader.problem(
          section.place("components"),
          fmt::format("service {} has neither components nor a page; add one of them", in_quotes(service.name)));
    } else {
      // A page of which nothing was picked: one component carries what it says as a whole.
      Component whole;
      whole.at = service.page->at;
      whole.name = service.name + "/page";
      whole.title = service.title;
      whole.page.page = service.page->name;
      service.components.push_back(std::move(whole));
    }
  }
  out.push_back(std::move(service));
}

}  // namespace

void read_services(Reader& reader, const std::vector<const Node*>& nodes, const Defaults& defaults,
                   std::vector<Service>& out) {
  Seen seen;
  for (const Node* node : nodes) read_service(reader, *node, defaults, seen, out);
}

}  // namespace outaged::config
