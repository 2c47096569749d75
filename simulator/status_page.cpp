#include "simulator/status_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

namespace outaged::simulator {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

std::string real_time(const PageMoment& moment, Duration at) {
  return format_time(moment.started + from_seconds(to_seconds(at) / moment.speed));
}

bool published(const PageIncident& incident, Duration now) {
  return !incident.updates.empty() && incident.updates.front().at <= now;
}

const PageUpdate& latest(const PageIncident& incident, Duration now) {
  const PageUpdate* found = &incident.updates.front();
  for (const auto& update : incident.updates)
    if (update.at <= now) found = &update;
  return *found;
}

bool closed(const PageUpdate& update) { return update.status == "resolved" || update.status == "postmortem"; }

// When anything on the page last changed: what makes one document differ from the one before.
Duration last_change(const PageScript& page, Duration now) {
  Duration last = claim_at(page, now).at;
  for (const auto& incident : page.incidents)
    for (const auto& update : incident.updates)
      if (update.at <= now) last = std::max(last, update.at);
  return last;
}

Json page_json(const PageScript& page, const PageMoment& moment) {
  return {{"id", page.id}, {"name", page.name}, {"url", moment.url}, {"time_zone", "Etc/UTC"},
          {"updated_at", real_time(moment, last_change(page, moment.now))}};
}

Json component_json(const PageScript& page, const PageComponent& component, const PageMoment& moment) {
  const auto& claim = claim_at(page, moment.now);
  const auto said = claim.components.find(component.key);
  const auto status = said == claim.components.end() ? Status::operational : said->second;
  const auto position = &component - page.components.data() + 1;
  return {{"id", component.id}, {"name", component.name}, {"status", std::string(to_string(status))},
          {"created_at", real_time(moment, 0s)}, {"updated_at", real_time(moment, claim.at)},
          {"position", position}, {"description", nullptr}, {"showcase", true}, {"start_date", nullptr},
          {"group_id", nullptr}, {"page_id", page.id}, {"group", false}, {"only_show_if_degraded", false}};
}

Json incident_json(const PageScript& page, const PageIncident& incident, const PageMoment& moment) {
  const auto& last = latest(incident, moment.now);
  Json updates = Json::array(), components = Json::array();
  Json monitoring_at = nullptr, resolved_at = nullptr;
  for (std::size_t i = incident.updates.size(); i-- > 0;) {
    const auto& update = incident.updates[i];
    if (update.at > moment.now) continue;
    const auto at = real_time(moment, update.at);
    if (update.status == "monitoring") monitoring_at = at;
    if (update.status == "resolved") resolved_at = at;
    updates.push_back({{"id", fmt::format("{}{:02}", incident.id.substr(0, 10), i)}, {"status", update.status},
                       {"body", update.text}, {"incident_id", incident.id}, {"created_at", at}, {"updated_at", at},
                       {"display_at", at}, {"affected_components", nullptr}, {"deliver_notifications", true}});
  }
  for (const auto& component : page.components)
    if (std::find(incident.components.begin(), incident.components.end(), component.key) != incident.components.end())
      components.push_back(component_json(page, component, moment));
  const auto created = real_time(moment, incident.updates.front().at);
  return {{"id", incident.id}, {"name", incident.name}, {"status", last.status}, {"created_at", created},
          {"updated_at", real_time(moment, last.at)}, {"monitoring_at", monitoring_at}, {"resolved_at", resolved_at},
          {"impact", incident.impact}, {"shortlink", moment.url + "/#" + incident.id}, {"started_at", created},
          {"page_id", page.id}, {"incident_updates", updates}, {"components", components}};
}

Json incidents(const PageScript& page, const PageMoment& moment, bool open_only) {
  std::vector<const PageIncident*> shown;
  for (const auto& incident : page.incidents)
    if (published(incident, moment.now) && !(open_only && closed(latest(incident, moment.now)))) shown.push_back(&incident);
  std::stable_sort(shown.begin(), shown.end(),
                   [](const auto* a, const auto* b) { return a->updates.front().at > b->updates.front().at; });
  Json list = Json::array();
  for (const auto* incident : shown) list.push_back(incident_json(page, *incident, moment));
  return list;
}

std::string escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else if (c == '&') out += "&amp;";
    else if (c == '"') out += "&quot;";
    else out += c;
  }
  return out;
}

std::string_view indicator_for(Status worst) {
  switch (worst) {
    case Status::degraded_performance: return "minor";
    case Status::partial_outage: return "major";
    case Status::major_outage: return "critical";
    case Status::under_maintenance: return "maintenance";
    case Status::operational:
    case Status::unknown: return "none";
  }
  return "none";
}

}  // namespace

const PageClaim& claim_at(const PageScript& page, Duration now) {
  const PageClaim* found = &page.claims.front();
  for (const auto& claim : page.claims)
    if (claim.at <= now) found = &claim;
  return *found;
}

std::string indicator_of(const PageClaim& claim) {
  if (claim.indicator) return *claim.indicator;
  Status worst = Status::operational;
  for (const auto& [key, status] : claim.components) worst = std::max(worst, status);  // they rise in the order of the enum
  return std::string(indicator_for(worst));
}

std::string description_of(const PageClaim& claim) {
  if (claim.description) return *claim.description;
  const auto indicator = indicator_of(claim);
  if (indicator == "minor") return "Partially Degraded Service";
  if (indicator == "major") return "Partial System Outage";
  if (indicator == "critical") return "Major System Outage";
  if (indicator == "maintenance") return "Service Under Maintenance";
  return "All Systems Operational";
}

std::string summary_json(const PageScript& page, const PageMoment& moment) {
  Json components = Json::array();
  for (const auto& component : page.components) components.push_back(component_json(page, component, moment));
  const auto& claim = claim_at(page, moment.now);
  return dump({{"page", page_json(page, moment)}, {"components", components}, {"incidents", incidents(page, moment, true)},
               {"scheduled_maintenances", Json::array()},
               {"status", {{"indicator", indicator_of(claim)}, {"description", description_of(claim)}}}});
}

std::string incidents_json(const PageScript& page, const PageMoment& moment) {
  return dump({{"page", page_json(page, moment)}, {"incidents", incidents(page, moment, false)}});
}

std::string page_html(const PageScript& page, const PageMoment& moment) {
  const auto& claim = claim_at(page, moment.now);
  std::string out = fmt::format("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0} Status</title>\n<h1>{0}</h1>\n<h2>{1}</h2>\n<ul>\n",
                                escape(page.name), escape(description_of(claim)));
  for (const auto& component : page.components) {
    const auto said = claim.components.find(component.key);
    out += fmt::format("<li>{}: {}</li>\n", escape(component.name), to_string(said == claim.components.end() ? Status::operational : said->second));
  }
  out += "</ul>\n";
  for (const auto& incident : page.incidents) {
    if (!published(incident, moment.now)) continue;
    const auto& last = latest(incident, moment.now);
    out += fmt::format("<h3 id=\"{}\">{}</h3><p>{}: {}</p>\n", escape(incident.id), escape(incident.name), last.status, escape(last.text));
  }
  return out + "</html>\n";
}

}  // namespace outaged::simulator
