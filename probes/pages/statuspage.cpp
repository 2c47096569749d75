// Atlassian Statuspage v2. Every page documents its own API at <page>/api.
// The anchor is `status.indicator`, a string; the endpoints without it need their `page` object beside their list.
// Without an anchor the document is a stranger, and "nothing found" would read as "nothing is wrong".
#include "probes/pages/statuspage.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/words.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status indicator_of(std::string_view word) {
  if (word == "none") return Status::operational;
  if (word == "minor") return Status::degraded_performance;
  if (word == "major") return Status::partial_outage;
  if (word == "critical") return Status::major_outage;
  if (word == "maintenance") return Status::under_maintenance;
  // OpenStatus, where it says more than its indicator can.
  return status_from_string(word).value_or(Status::unknown);
}

Status component_status(std::string_view word) {
  if (const auto status = status_from_string(word)) return *status;
  return status_of(word).value_or(Status::unknown);  // "full_outage", "degraded": incident.io, OpenStatus
}

/// GitHub's list begins with a component that is a link: "Visit www.githubstatus.com for more information".
bool is_placeholder(std::string_view name) {
  return name.starts_with("Visit ") &&
         (name.find("status") != std::string_view::npos || name.find("information") != std::string_view::npos);
}

void read_components(PageReport& report, const json& list) {
  report.has_components = true;
  for (const json& entry : list) {
    PageComponent out;
    out.id = id_at(entry, "id");
    out.name = text_at(entry, "name");
    out.raw = word_at(entry, "status");
    out.claim = component_status(out.raw);
    out.group_id = id_at(entry, "group_id");
    out.group = flag_at(entry, "group");
    if (!is_placeholder(out.name) && report.components.size() < max_page_records)
      report.components.push_back(std::move(out));
  }
}

/// When an update was made. `display_at` is what the page shows and people may edit.
std::optional<Timestamp> update_time(const json& update) {
  return time_at(update, {"created_at", "display_at", "updated_at"});
}

/// Ids, or names where the document gives none. Four in ten incidents link no component but name them in an update.
std::vector<std::string> touched(const json& entry) {
  std::vector<std::string> out;
  const auto collect = [&](const json* list, std::string_view id_key) {
    if (!list) return;
    for (const json& component : *list) {
      if (component.is_string()) add_unique(out, id_of(component));
      std::string id = id_at(component, id_key);
      add_unique(out, id.empty() ? text_at(component, "name") : std::move(id));
    }
  };
  collect(list_at(entry, "components"), "id");
  if (!out.empty()) return out;
  if (const json* updates = list_at(entry, "incident_updates"))
    for (const json& update : *updates) collect(list_at(update, "affected_components"), "code");
  return out;
}

bool is_maintenance_status(std::string_view status) {
  return status == "scheduled" || status == "in_progress" || status == "verifying" || status == "completed";
}

void add_maintenance(PageReport& report, const json& entry, Timestamp now) {
  PageMaintenance out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.status = word_at(entry, "status");
  out.starts = time_at(entry, {"scheduled_for", "started_at"});
  out.ends = time_at(entry, "scheduled_until");
  out.components = touched(entry);
  if (is_maintenance_status(out.status)) place(out, now);
  if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
}

void add_incident(PageReport& report, const json& entry) {
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.status = word_at(entry, "status");
  out.impact = word_at(entry, "impact");
  out.created = time_at(entry, {"created_at", "started_at"});
  out.started = time_at(entry, "started_at");
  out.updated = time_at(entry, "updated_at");
  const auto resolved = time_at(entry, "resolved_at");
  const bool said_open = out.status == "investigating" || out.status == "identified" || out.status == "monitoring";
  const bool said_closed = out.status == "resolved" || out.status == "postmortem";
  out.open = said_open || (!said_closed && !resolved);
  if (const json* updates = list_at(entry, "incident_updates"))
    for (const json& update : *updates)
      if (update.is_object())
        out.updates.push_back({update_time(update), word_at(update, "status"), html_text(text_at(update, "body"))});
  settle_updates(out);
  if (!out.open) {
    out.resolved = resolved;
    for (const PageUpdate& update : out.updates)
      if (!resolved && update.status == "resolved") out.resolved = update.at;
  }
  out.components = touched(entry);
  out.url = link_at(entry, "shortlink");
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

void read_incidents(PageReport& report, const json& list, Timestamp now) {
  for (const json& entry : list) {
    if (!entry.is_object()) continue;
    // Maintenances stand among the incidents in incidents.json.
    if (is_maintenance_status(word_at(entry, "status")))
      add_maintenance(report, entry, now);
    else
      add_incident(report, entry);
  }
}

/// components.json and incidents.json as others have stored them: the list alone.
bool read_bare_list(PageReport& report, const json& list, Timestamp now) {
  if (list.empty()) return false;
  const auto is_incident = [](const json& entry) {
    return entry.is_object() && entry.contains("status") &&
           (entry.contains("incident_updates") || entry.contains("impact"));
  };
  const auto is_component = [](const json& entry) {
    return !text_at(entry, "name").empty() && !text_at(entry, "status").empty();
  };
  if (std::all_of(list.begin(), list.end(), is_incident)) {
    read_incidents(report, list, now);
    return true;
  }
  // Other vendors list names and states too: one word at least must be of ours.
  const auto is_ours = [](const json& entry) { return status_from_string(word_at(entry, "status")).has_value(); };
  if (std::all_of(list.begin(), list.end(), is_component) && std::any_of(list.begin(), list.end(), is_ours)) {
    read_components(report, list);
    return true;
  }
  return false;
}

bool read_object(PageReport& report, const Document& document, std::string_view vendor) {
  const json& body = document.json();
  const json* page = object_at(body, "page");
  const bool has_page = page && !(id_at(*page, "id").empty() && text_at(*page, "name").empty());
  const json* indicator = find(body, {"status", "indicator"});
  const bool anchored = indicator && indicator->is_string();
  const json* components = list_at(body, "components");
  const json* incidents = list_at(body, "incidents");
  const json* maintenances = list_at(body, "scheduled_maintenances");
  if (!anchored && !(has_page && (components || incidents || maintenances))) {
    report.problem = document.stranger(vendor, "status.indicator");
    return false;
  }
  if (anchored) {
    report.indicator = indicator_of(lower_ascii(indicator->get_ref<const std::string&>()));
    report.description = text_at(body.at("status"), "description");
    report.has_incidents = true;
  }
  if (page) report.document_time = time_at(*page, "updated_at");
  if (components) read_components(report, *components);
  if (incidents) read_incidents(report, *incidents, document.now());
  if (maintenances)
    for (const json& entry : *maintenances)
      if (entry.is_object()) add_maintenance(report, entry, document.now());
  return true;
}

}  // namespace

bool read_statuspage_shape(const Document& document, PageReport& report, std::string_view vendor) {
  if (document.json().is_object()) return read_object(report, document, vendor);
  if (document.json().is_array() && read_bare_list(report, document.json(), document.now())) return true;
  report.problem = document.stranger(vendor, "status.indicator");
  return false;
}

std::string page_base(const std::string& url, std::initializer_list<std::string_view> document_paths) {
  std::string base = url.substr(0, url.find_first_of("?#"));
  for (const std::string_view path : document_paths)
    if (const auto at = base.find(path); at != std::string::npos) {
      base.resize(at);
      break;
    }
  while (base.ends_with('/')) base.pop_back();
  return base;
}

void read_statuspage(const Document& document, PageReport& report) {
  report.readable = read_statuspage_shape(document, report, "Statuspage");
}

/// summary.json carries the claim, incidents.json what has been resolved.
std::vector<std::string> statuspage_documents(const std::string& url) {
  const std::string base = page_base(url, {"/api/v2"});
  return {base + "/api/v2/summary.json", base + "/api/v2/incidents.json"};
}

}  // namespace outaged::probes
