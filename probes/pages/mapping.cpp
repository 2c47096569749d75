#include "probes/pages/mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/claim.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

/// By id; else by exact name; else ignoring case. Names may repeat (one in each group): all of them then speak.
std::vector<const PageComponent*> find(const PageReport& report, const std::string& wanted) {
  std::vector<const PageComponent*> out;
  const auto collect = [&](auto&& matches) {
    if (!out.empty()) return;
    for (const PageComponent& component : report.components)
      if (matches(component)) out.push_back(&component);
  };
  collect([&](const PageComponent& c) { return !c.id.empty() && c.id == wanted; });
  collect([&](const PageComponent& c) { return c.name == wanted; });
  const std::string lower = lower_ascii(wanted);
  collect([&](const PageComponent& c) { return lower_ascii(c.name) == lower; });
  // A container that is no record of its own.
  collect([&](const PageComponent& c) { return !c.group_name.empty() && lower_ascii(c.group_name) == lower; });
  return out;
}

/// A group is a container: its leaves decide, and only an empty one speaks for itself.
void add_leaves(const PageReport& report, const PageComponent& component, std::vector<const PageComponent*>& out) {
  const auto add = [&](const PageComponent* leaf) {
    if (std::find(out.begin(), out.end(), leaf) == out.end()) out.push_back(leaf);
  };
  bool any = false;
  if (component.group && !component.id.empty())
    for (const PageComponent& leaf : report.components)
      if (!leaf.group && leaf.group_id == component.id) add(&leaf), any = true;
  if (!any) add(&component);
}

bool touches(const PageIncident& incident, const PageComponent& component) {
  const auto named = [&](const std::string& ref) {
    return (!component.id.empty() && ref == component.id) || ref == component.name;
  };
  return std::any_of(incident.components.begin(), incident.components.end(), named);
}

/// What remains to be told of the incidents that touch a claim: the worst-placed, newest one.
const PageIncident* foremost(const std::vector<const PageIncident*>& incidents) {
  const PageIncident* best = nullptr;
  for (const PageIncident* incident : incidents)
    if (!best || std::pair(lifts(*incident), incident->created.value_or(never_past)) >
                     std::pair(lifts(*best), best->created.value_or(never_past)))
      best = incident;
  return best;
}

void lift(Claim& claim, const std::vector<const PageIncident*>& incidents) {
  for (const PageIncident* incident : incidents)
    if (incident->claim) claim.status = worse(claim.status, *incident->claim);
  for (const PageIncident* incident : incidents)
    if (lifts(*incident)) claim.status = lifted(claim.status);
  claim.red = level(claim.status) > 0 || !incidents.empty();
  if (const PageIncident* incident = foremost(incidents)) claim.incident = clean_line(incident->name);
}

Claim whole_page(const PageReport& report) {
  Claim claim;
  claim.status = report.claim;
  claim.text = report.description.empty() ? std::string(spell(report.claim)) : report.description;
  if (!report.stale.empty()) claim.text = report.stale;
  std::vector<const PageIncident*> open;
  for (const PageIncident& incident : report.incidents)
    if (incident.open) open.push_back(&incident);
  lift(claim, open);
  return claim;
}

/// A document that lists incidents and no components, of which silence is the all-clear: a component is what the open
/// incidents that name it say. That the name is right cannot be checked there.
Claim by_incidents(const PageReport& report, const std::vector<std::string>& components) {
  Claim claim;
  claim.status = Status::operational;
  const auto names_it = [&](const std::vector<std::string>& named) {
    return std::any_of(components.begin(), components.end(), [&](const std::string& wanted) {
      return std::any_of(named.begin(), named.end(),
                         [&](const std::string& each) { return lower_ascii(each) == lower_ascii(wanted); });
    });
  };
  for (const PageMaintenance& work : report.maintenances)
    if (work.active && names_it(work.components)) claim.status = Status::under_maintenance;
  std::vector<const PageIncident*> touching;
  for (const PageIncident& incident : report.incidents)
    if (incident.open && names_it(incident.components)) touching.push_back(&incident);
  lift(claim, touching);
  claim.text = touching.empty() ? "no open incident names it" : claim.incident;
  return claim;
}

std::optional<std::string> utc_seconds(std::optional<Timestamp> time) {
  if (!time) return std::nullopt;
  return format_time(std::chrono::floor<std::chrono::seconds>(*time));
}

json or_null(const std::optional<std::string>& text) { return text ? json(*text) : json(nullptr); }
json or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

json components_json(const PageReport& report) {
  if (!report.has_components) return nullptr;
  std::size_t groups = 0;
  std::vector<const PageComponent*> leaves;
  std::map<std::string, int> by_claim;
  for (const PageComponent& component : report.components) {
    if (component.group) {
      ++groups;
      continue;
    }
    leaves.push_back(&component);
    ++by_claim[std::string(to_string(component.claim))];
  }
  // A short list stays in the page's order; of a long one what is not operational comes first, the worst at its head.
  if (leaves.size() > 12) {
    const auto rank = [](const PageComponent* c) {
      if (c->claim == Status::operational) return 0;
      return c->claim == Status::unknown ? 1 : static_cast<int>(c->claim);
    };
    std::stable_sort(leaves.begin(), leaves.end(), [&](const auto* a, const auto* b) { return rank(a) > rank(b); });
  }
  json named = json::array();
  for (const PageComponent* leaf : leaves)
    named.push_back({{"id", or_null(leaf->id)}, {"name", or_null(leaf->name)}, {"claim", to_string(leaf->claim)}});
  return {{"total", report.components.size()},
          {"groups", groups},
          {"leaves", leaves.size()},
          {"by_claim", by_claim},
          {"named", named}};
}

json incidents_json(const PageReport& report) {
  constexpr std::size_t max_named = 8;
  std::vector<const PageIncident*> open, resolved;
  for (const PageIncident& incident : report.incidents) (incident.open ? open : resolved).push_back(&incident);
  std::stable_sort(resolved.begin(), resolved.end(), [](const PageIncident* a, const PageIncident* b) {
    const auto end = [](const PageIncident* each) {
      return each->resolved ? each->resolved : each->updated ? each->updated : each->created;
    };
    return end(a).value_or(never_past) > end(b).value_or(never_past);
  });
  json named = json::array();
  for (const auto* list : {&open, &resolved})
    for (const PageIncident* incident : *list) {
      if (named.size() == max_named) break;
      named.push_back({{"id", or_null(incident->id)},
                       {"name", or_null(incident->name)},
                       {"status", or_null(incident->status)},
                       {"impact", or_null(incident->impact)},
                       {"open", incident->open},
                       {"created_at", or_null(utc_seconds(incident->created))},
                       {"resolved_at", or_null(utc_seconds(incident->resolved))}});
    }
  return {{"open", open.size()}, {"resolved", resolved.size()}, {"named", named}};
}

}  // namespace

Claim claim_of(const PageReport& report, const std::vector<std::string>& components) {
  Claim claim;
  if (!report.readable) {
    claim.text = report.problem.empty() ? "the page could not be read" : report.problem;
    return claim;
  }
  if (components.empty()) return whole_page(report);
  if (!report.stale.empty()) {
    claim.text = report.stale;
    return claim;
  }
  if (!report.has_components && report.silent_is_green) return by_incidents(report, components);

  std::vector<const PageComponent*> speakers;
  std::string missing;
  for (const std::string& wanted : components) {
    const auto found = find(report, wanted);
    for (const PageComponent* component : found) add_leaves(report, *component, speakers);
    if (found.empty()) missing += fmt::format("{}\"{}\"", missing.empty() ? "" : ", ", clean_line(wanted, 80));
  }
  std::optional<Status> status;
  const PageComponent* worst = nullptr;
  for (const PageComponent* component : speakers) {
    if (!worst || worse(worst->claim, component->claim) != worst->claim) worst = component;
    status = status ? worse(*status, component->claim) : component->claim;
  }
  if (!missing.empty()) status = status ? worse(*status, Status::unknown) : Status::unknown;
  claim.status = status.value_or(Status::unknown);

  std::vector<const PageIncident*> touching;
  for (const PageIncident& incident : report.incidents) {
    if (!incident.open) continue;
    const bool by_speaker =
        std::any_of(speakers.begin(), speakers.end(), [&](const auto* c) { return touches(incident, *c); });
    const bool by_name = std::any_of(components.begin(), components.end(), [&](const std::string& wanted) {
      return std::find(incident.components.begin(), incident.components.end(), wanted) != incident.components.end();
    });
    if (by_speaker || by_name) touching.push_back(&incident);
  }
  lift(claim, touching);

  if (worst && worst->claim == Status::operational && report.indicator == Status::operational &&
      !report.description.empty())
    claim.text = report.description;
  else if (worst)
    claim.text = fmt::format("{}: {}", worst->name,
                             worst->claim == Status::unknown && !worst->raw.empty() ? worst->raw : spell(worst->claim));
  if (!missing.empty())
    claim.text +=
        fmt::format("{}{} {}; perhaps the page has renamed it", claim.text.empty() ? "" : "; ", missing,
                    report.has_components ? "is not on the page" : "cannot be found, the document lists no components");
  return claim;
}

std::string report_json(const PageReport& report) {
  std::size_t active = 0, scheduled = 0;
  for (const PageMaintenance& maintenance : report.maintenances) {
    active += maintenance.active ? 1 : 0;
    scheduled += maintenance.scheduled ? 1 : 0;
  }
  const json document = {{"format", report.format},
                         {"readable", report.readable},
                         {"problem", or_null(report.problem)},
                         {"page", report.indicator ? json(to_string(*report.indicator)) : json(nullptr)},
                         {"description", or_null(report.description)},
                         {"stale", or_null(report.stale)},
                         {"moved", or_null(report.moved)},
                         {"claim", to_string(report.claim)},
                         {"components", components_json(report)},
                         {"incidents", incidents_json(report)},
                         {"maintenance", {{"active", active}, {"scheduled", scheduled}}},
                         {"document_time", or_null(utc_seconds(report.document_time))}};
  return document.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace outaged::probes
