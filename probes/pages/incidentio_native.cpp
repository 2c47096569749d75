// incident.io's own documents: /proxy/<host> (what the page itself fetches; undocumented), /proxy/<host>/incidents, and
// the widget's /api/v1/summary (documented, served where the owner enables it).
// Anchors: summary.components with a structure or affected_components; page_title with ongoing_incidents;
// incidents[].component_impacts. Components carry no state of their own: not listed as affected is operational.
// Maintenances stay listed after their window: the window decides.
#include <map>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/claim.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"
#include "probes/pages/words.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

PageIncident incident_of(const json& entry) {
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.status = word_at(entry, "status");
  out.impact = word_at(entry, "current_worst_impact");
  out.created = time_at(entry, {"published_at", "created_at"});
  out.updated = time_at(entry, {"last_update_at", "updated_at"});
  out.url = link_at(entry, "url");
  add_touched(out.components, list_at(entry, "affected_components"), "id", "");
  add_touched(out.components, list_at(entry, "affected_components"), "component_id", "");
  bool impacts = false, still = false;
  if (const json* list = list_at(entry, "component_impacts"))
    for (const json& impact : *list) {
      impacts = true;
      add_unique(out.components, id_at(impact, "component_id"));
      if (const auto start = time_at(impact, "start_at"); start && (!out.started || *start < *out.started))
        out.started = start;
      if (!time_at(impact, "end_at")) still = true;
    }
  for (const char* key : {"updates", "status_updates"})
    if (const json* updates = list_at(entry, key))
      for (const json& update : *updates) {
        if (!update.is_object()) continue;
        std::string status = word_at(update, "to_status");
        if (status.empty()) status = word_at(update, "status");
        std::string text = text_at(update, "message_string");
        if (text.empty()) text = text_at(update, "message");
        out.updates.push_back({time_at(update, {"published_at", "created_at"}), status, html_text(text)});
      }
  if (const std::string text = text_at(entry, "last_update_message"); !text.empty() && out.updates.empty())
    out.updates.push_back({out.updated, out.status, html_text(text)});
  settle_updates(out);
  if (!out.created && !out.updates.empty()) out.created = out.updates.front().at;
  const Stage stage = stage_of(out.status);
  out.open = stage != Stage::resolved && stage != Stage::completed &&
             (!impacts || still || stage == Stage::open || stage == Stage::monitoring);
  if (!out.open) out.resolved = time_at(entry, "resolved_at");
  if (!out.open && !out.resolved)
    for (const PageUpdate& update : out.updates)
      if (stage_of(update.status) == Stage::resolved) out.resolved = update.at;
  return out;
}

PageMaintenance maintenance_of(const json& entry, Timestamp now) {
  PageMaintenance out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.status = word_at(entry, "status");
  out.starts = time_at(entry, {"starts_at", "started_at", "scheduled_start_at", "start_at"});
  out.ends = time_at(entry, {"ends_at", "scheduled_end_at", "end_at"});
  if (const json* list = list_at(entry, "component_impacts"))
    for (const json& impact : *list) {
      add_unique(out.components, id_at(impact, "component_id"));
      const auto start = time_at(impact, "start_at"), end = time_at(impact, "end_at");
      if (start && (!out.starts || *start < *out.starts)) out.starts = start;
      if (end && (!out.ends || *end > *out.ends)) out.ends = end;
    }
  add_touched(out.components, list_at(entry, "affected_components"), "id", "");
  // "maintenance_scheduled" is still said of windows long past.
  if (out.ends && *out.ends < now && out.status != "maintenance_in_progress") return out;
  place(out, now);
  return out;
}

bool is_maintenance(const json& entry) {
  return word_at(entry, "type") == "maintenance" || word_at(entry, "status").starts_with("maintenance");
}

void read_incidents(const json* list, PageReport& report, Timestamp now) {
  if (!list) return;
  for (const json& entry : *list) {
    if (!entry.is_object() || report.incidents.size() + report.maintenances.size() > max_page_records) continue;
    if (is_maintenance(entry))
      report.maintenances.push_back(maintenance_of(entry, now));
    else
      report.incidents.push_back(incident_of(entry));
  }
}

void read_maintenances(const json* list, PageReport& report, Timestamp now) {
  if (!list) return;
  for (const json& entry : *list)
    if (entry.is_object() && report.maintenances.size() < max_page_records)
      report.maintenances.push_back(maintenance_of(entry, now));
}

void read_proxy(const json& summary, PageReport& report, Timestamp now) {
  std::map<std::string, std::string> affected, group_names;
  if (const json* list = list_at(summary, "affected_components"))
    for (const json& entry : *list) {
      std::string id = id_at(entry, "component_id");
      if (id.empty()) id = id_at(entry, "id");
      std::string word = word_at(entry, "status");
      if (word.empty()) word = word_at(entry, "current_status");
      if (!id.empty()) affected[id] = word;
    }
  if (const json* items = find(summary, {"structure", "items"}); items && items->is_array())
    for (const json& item : *items)
      if (const json* group = object_at(item, "group"))
        if (const json* members = list_at(*group, "components"))
          for (const json& member : *members) group_names[id_at(member, "component_id")] = text_at(*group, "name");
  report.has_components = true;
  for (const json& entry : summary.at("components")) {
    if (!entry.is_object() || report.components.size() == max_page_records) continue;
    PageComponent out;
    out.id = id_at(entry, "id");
    out.name = text_at(entry, "name");
    if (const auto group = group_names.find(out.id); group != group_names.end()) out.group_name = group->second;
    const auto state = affected.find(out.id);
    out.raw = state == affected.end() ? "" : state->second;
    out.claim = state == affected.end() ? Status::operational : status_of(out.raw).value_or(Status::unknown);
    report.components.push_back(std::move(out));
  }
  report.has_incidents = true;
  read_incidents(list_at(summary, "ongoing_incidents"), report, now);
  read_maintenances(list_at(summary, "in_progress_maintenances"), report, now);
  read_maintenances(list_at(summary, "scheduled_maintenances"), report, now);
}

/// Only what is affected is listed, so this is no list of components: the incidents themselves are the claim.
void read_widget(const json& body, PageReport& report, Timestamp now) {
  report.has_incidents = report.silent_is_green = true;
  for (const json& entry : body.at("ongoing_incidents")) {
    if (!entry.is_object() || report.incidents.size() == max_page_records) continue;
    PageIncident out = incident_of(entry);
    std::optional<Status> worst;
    if (const json* list = list_at(entry, "affected_components"))
      for (const json& component : *list) {
        const Status status = status_of(text_at(component, "current_status")).value_or(Status::unknown);
        worst = worst ? worse(*worst, status) : status;
        add_unique(out.components, text_at(component, "name"));
      }
    out.claim = worst;
    report.incidents.push_back(std::move(out));
  }
  read_maintenances(list_at(body, "in_progress_maintenances"), report, now);
  read_maintenances(list_at(body, "scheduled_maintenances"), report, now);
}

bool has_impacts(const json& list) {
  return !list.empty() && std::all_of(list.begin(), list.end(), [](const json& entry) {
    return list_at(entry, "component_impacts") || list_at(entry, "status_summaries");
  });
}

}  // namespace

void read_incidentio_native(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* summary = object_at(body, "summary");
  if (summary && list_at(*summary, "components") &&
      (find(*summary, "affected_components") || find(*summary, "structure") || find(*summary, "ongoing_incidents"))) {
    read_proxy(*summary, report, document.now());
  } else if (find(body, "page_title") && list_at(body, "ongoing_incidents")) {
    read_widget(body, report, document.now());
  } else if (const json* incidents = list_at(body, "incidents");
             incidents && (has_impacts(*incidents) || (document.trusted() && incidents->empty() && body.size() == 1))) {
    read_incidents(incidents, report, document.now());
  } else {
    report.problem = document.stranger("incident.io page", "summary.components and no ongoing_incidents");
    return;
  }
  report.readable = true;
}

std::vector<std::string> incidentio_native_documents(const std::string& url) {
  if (url.find("/api/v1/summary") != std::string::npos) return {url};
  if (url.find("/proxy/") != std::string::npos) return {url, url + "/incidents"};
  const auto parsed = parse_url(url);
  const std::string proxy = page_base(url, {}) + "/proxy/" + (parsed ? parsed->host : "");
  return {proxy, proxy + "/incidents"};
}

}  // namespace outaged::probes
