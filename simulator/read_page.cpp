#include "simulator/read_page.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"

namespace outaged::simulator {
namespace {

using config::Node;
using config::in_quotes;
using config::Reader;
using config::Section;

// Twelve lower-case letters and digits, as the real pages have them; the same for the same words.
std::string made_up_id(std::string_view words) { return sha256_hex(words).substr(0, 12); }

bool known_component(const PageScript& page, const std::string& key) {
  return std::any_of(page.components.begin(), page.components.end(), [&](const PageComponent& c) { return c.key == key; });
}

void unknown_component(Reader& reader, config::Position at, const PageScript& page, const std::string& key) {
  std::vector<std::string> keys;
  for (const auto& component : page.components) keys.push_back(component.key);
  reader.problem(std::move(at), fmt::format("the page has no component {}; it has: {}", in_quotes(key), fmt::join(keys, ", ")));
}

void read_component(Reader& reader, const Node& node, PageScript& out) {
  Section section(reader, node, "a page component");
  PageComponent component;
  section.name("key", component.key);
  if (known_component(out, component.key))
    reader.problem(section.place("key"), fmt::format("component {} is described twice", in_quotes(component.key)));
  component.name = component.key;
  section.text("name", component.name);
  component.id = made_up_id("component " + component.key);
  section.text("id", component.id);
  section.finish();
  out.components.push_back(std::move(component));
}

void read_levels(Reader& reader, const Node& node, const PageScript& page, PageClaim& out) {
  if (node.kind != Node::Kind::map) return reader.problem(node, "components must be a map of component and status");
  for (std::size_t i = 0; i < node.keys.size(); ++i) {
    const auto key = reader.scalar(node.keys[i], "a component");
    const auto word = reader.scalar(node.items[i], "a component's status");
    if (!key || !word) continue;
    if (!known_component(page, *key)) {
      unknown_component(reader, reader.at(node.keys[i]), page, *key);
      continue;
    }
    const auto status = status_from_string(*word);
    if (!status || *status == Status::unknown)
      reader.problem(node.items[i], fmt::format("{} is not a status; write operational, degraded_performance, partial_outage, "
                                                "major_outage or under_maintenance", in_quotes(*word)));
    else
      out.components[*key] = *status;
  }
}

void read_claim(Reader& reader, const Node& node, PageScript& out) {
  Section section(reader, node, "a claim");
  PageClaim claim;
  section.require("at");
  section.duration("at", claim.at, 0s, 365 * 24h);
  if (out.claims.empty() && claim.at != 0s) reader.problem(section.place("at"), "the first claim must be at 0s");
  if (!out.claims.empty() && claim.at <= out.claims.back().at)
    reader.problem(section.place("at"), "each claim must be later than the one before it");
  std::string text;
  if (section.choice("indicator", text, {"none", "minor", "major", "critical", "maintenance"})) claim.indicator = text;
  if (section.text("description", text)) claim.description = text;
  if (const Node* levels = section.get("components")) read_levels(reader, *levels, out, claim);
  section.finish();
  out.claims.push_back(std::move(claim));
}

void read_incident(Reader& reader, const Node& node, PageScript& out) {
  Section section(reader, node, "an incident");
  PageIncident incident;
  section.require("name");
  section.text("name", incident.name);
  incident.id = made_up_id(fmt::format("incident {} {}", out.incidents.size(), incident.name));
  section.text("id", incident.id);
  incident.impact = "minor";
  section.choice("impact", incident.impact, {"none", "minor", "major", "critical"});
  section.texts("components", incident.components);
  for (const auto& key : incident.components)
    if (!known_component(out, key)) unknown_component(reader, section.place("components"), out, key);
  if (section.lacks("updates")) reader.problem(section.at(), "an incident needs updates: at least the one that opens it");
  for (const Node* item : section.list("updates")) {
    Section entry(reader, *item, "an update");
    PageUpdate update;
    entry.require("at");
    entry.duration("at", update.at, 0s, 365 * 24h);
    if (!incident.updates.empty() && update.at <= incident.updates.back().at)
      reader.problem(entry.place("at"), "each update must be later than the one before it");
    entry.require("status");
    entry.choice("status", update.status, {"investigating", "identified", "monitoring", "resolved", "postmortem"});
    entry.text("text", update.text);
    entry.finish();
    incident.updates.push_back(std::move(update));
  }
  section.finish();
  out.incidents.push_back(std::move(incident));
}

}  // namespace

void read_page(Reader& reader, const Node& node, PageScript& out) {
  Section section(reader, node, "the status page");
  section.require("name");
  section.text("name", out.name);
  out.id = made_up_id("page " + out.name);
  section.text("id", out.id);
  for (const Node* item : section.list("components")) read_component(reader, *item, out);
  for (const Node* item : section.list("claims")) read_claim(reader, *item, out);
  for (const Node* item : section.list("incidents")) read_incident(reader, *item, out);
  section.finish();
}

}  // namespace outaged::simulator
