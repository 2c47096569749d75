// Atlassian Statuspage v2. Every page documents its own API at <page>/api.
// The anchor is `status.indicator`, a string; the endpoints without it need their `page` object beside their list.
// Without an anchor the document is a stranger, and "nothing found" would read as "nothing is wrong".
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/pages/claim.h"
#include "probes/pages/formats.h"

namespace outaged::probes::statuspage {
namespace {

using nlohmann::json;

constexpr std::size_t max_text = 500;

std::string text_at(const json& object, const char* key) { return clean_line(string_at(object, key), max_text); }

/// Ids are compared and shown, never interpreted; some pages number them.
std::string id_at(const json& object, const char* key) {
  if (object.is_object())
    if (const auto it = object.find(key); it != object.end() && it->is_number_integer()) return it->dump();
  return text_at(object, key);
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

std::optional<Timestamp> time_at(const json& object, const char* key) { return parse_time(string_at(object, key)); }

const json* list_at(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it != object.end() && it->is_array() ? &*it : nullptr;
}

Status indicator_of(std::string_view word) {
  if (word == "none") return Status::operational;
  if (word == "minor") return Status::degraded_performance;
  if (word == "major") return Status::partial_outage;
  if (word == "critical") return Status::major_outage;
  if (word == "maintenance") return Status::under_maintenance;
  return Status::unknown;
}

/// GitHub's list begins with a component that is a link: "Visit www.githubstatus.com for more information".
bool is_placeholder(std::string_view name) {
  return name.starts_with("Visit ") &&
         (name.find("status") != std::string_view::npos || name.find("information") != std::string_view::npos);
}

PageComponent component_of(const json& entry) {
  PageComponent out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.raw = lower(text_at(entry, "status"));
  out.claim = status_from_string(out.raw).value_or(Status::unknown);
  out.group_id = id_at(entry, "group_id");
  if (entry.is_object())
    if (const auto it = entry.find("group"); it != entry.end() && it->is_boolean()) out.group = it->get<bool>();
  return out;
}

void read_components(PageReport& report, const json& list) {
  report.has_components = true;
  for (const json& entry : list) {
    PageComponent component = component_of(entry);
    if (!is_placeholder(component.name)) report.components.push_back(std::move(component));
  }
}

/// When an update was made. `display_at` is what the page shows and people may edit.
std::optional<Timestamp> update_time(const json& update) {
  for (const char* key : {"created_at", "display_at", "updated_at"})
    if (const auto time = time_at(update, key)) return time;
  return std::nullopt;
}

const json* newest_update(const json& entry, std::string_view status = {}) {
  const json* updates = list_at(entry, "incident_updates");
  if (!updates) return nullptr;
  const json* newest = nullptr;
  std::optional<Timestamp> time;
  for (const json& update : *updates) {  // never by position: the order differs between pages
    if (!status.empty() && string_at(update, "status") != status) continue;
    const auto at = update_time(update);
    if (!newest || (at && (!time || *at > *time))) newest = &update, time = at;
  }
  return newest;
}

void add_unique(std::vector<std::string>& list, std::string value) {
  if (!value.empty() && std::find(list.begin(), list.end(), value) == list.end()) list.push_back(std::move(value));
}

/// Ids, or names where the document gives none. Four in ten incidents link no component but name them in an update.
std::vector<std::string> touched(const json& entry) {
  std::vector<std::string> out;
  if (const json* list = list_at(entry, "components"))
    for (const json& component : *list) {
      if (component.is_string()) add_unique(out, clean_line(component.get<std::string>(), max_text));
      std::string id = id_at(component, "id");
      add_unique(out, id.empty() ? text_at(component, "name") : std::move(id));
    }
  if (!out.empty()) return out;
  if (const json* updates = list_at(entry, "incident_updates"))
    for (const json& update : *updates)
      if (const json* list = list_at(update, "affected_components"))
        for (const json& component : *list) {
          std::string code = id_at(component, "code");
          add_unique(out, code.empty() ? text_at(component, "name") : std::move(code));
        }
  return out;
}

bool is_maintenance_status(std::string_view status) {
  return status == "scheduled" || status == "in_progress" || status == "verifying" || status == "completed";
}

PageMaintenance maintenance_of(const json& entry, Timestamp now) {
  PageMaintenance out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.status = lower(text_at(entry, "status"));
  out.starts = time_at(entry, "scheduled_for");
  if (!out.starts) out.starts = time_at(entry, "started_at");
  out.ends = time_at(entry, "scheduled_until");
  out.components = touched(entry);
  const bool over = out.ends && *out.ends <= now;
  const bool begun = out.starts && *out.starts <= now;
  // Their word first: work that overruns its end is still in progress; work announced but not begun may begin late.
  out.active = out.status == "in_progress" || out.status == "verifying" ||
               (out.status == "scheduled" && begun && out.ends && !over);
  out.scheduled = out.status == "scheduled" && !begun && !over;
  return out;
}

PageIncident incident_of(const json& entry) {
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.status = lower(text_at(entry, "status"));
  out.impact = lower(text_at(entry, "impact"));
  out.created = time_at(entry, "created_at");
  if (!out.created) out.created = time_at(entry, "started_at");
  out.updated = time_at(entry, "updated_at");
  const auto resolved = time_at(entry, "resolved_at");
  const bool said_open = out.status == "investigating" || out.status == "identified" || out.status == "monitoring";
  const bool said_closed = out.status == "resolved" || out.status == "postmortem";
  out.open = said_open || (!said_closed && !resolved);
  if (!out.open) {
    out.resolved = resolved;
    if (const json* update = newest_update(entry, "resolved"); !resolved && update) out.resolved = update_time(*update);
  }
  out.components = touched(entry);
  out.url = text_at(entry, "shortlink");
  if (!out.url.starts_with("https://") && !out.url.starts_with("http://")) out.url.clear();
  if (const json* update = newest_update(entry)) out.latest = text_at(*update, "body");
  return out;
}

void read_incidents(PageReport& report, const json& list, Timestamp now) {
  for (const json& entry : list) {
    if (!entry.is_object()) continue;
    // Maintenances stand among the incidents in incidents.json.
    if (is_maintenance_status(lower(string_at(entry, "status"))))
      report.maintenances.push_back(maintenance_of(entry, now));
    else
      report.incidents.push_back(incident_of(entry));
  }
}

void read_maintenances(PageReport& report, const json& list, Timestamp now) {
  for (const json& entry : list)
    if (entry.is_object()) report.maintenances.push_back(maintenance_of(entry, now));
}

/// components.json and incidents.json as others have stored them: the list alone.
bool read_bare_list(PageReport& report, const json& list, Timestamp now) {
  if (list.empty()) return false;
  const auto is_incident = [](const json& entry) {
    return entry.is_object() && entry.contains("status") &&
           (entry.contains("incident_updates") || entry.contains("impact"));
  };
  const auto is_component = [](const json& entry) {
    return entry.is_object() && !string_at(entry, "name").empty() && !string_at(entry, "status").empty();
  };
  if (std::all_of(list.begin(), list.end(), is_incident)) {
    read_incidents(report, list, now);
    return true;
  }
  if (std::all_of(list.begin(), list.end(), is_component)) {
    read_components(report, list);
    return true;
  }
  return false;
}

std::string keys_of(const json& object) {
  std::string out;
  int count = 0;
  for (const auto& [key, value] : object.items()) {
    if (++count > 6) return out + ", …";
    out += (out.empty() ? "" : ", ") + clean_line(key, 40);
  }
  return out.empty() ? "no keys" : out;
}

bool read_object(PageReport& report, const json& document, Timestamp now) {
  const auto page = document.find("page");
  const bool has_page =
      page != document.end() && page->is_object() && !(id_at(*page, "id").empty() && string_at(*page, "name").empty());
  const auto status = document.find("status");
  const bool anchored = status != document.end() && status->is_object() && status->contains("indicator") &&
                        (*status)["indicator"].is_string();
  const json* components = list_at(document, "components");
  const json* incidents = list_at(document, "incidents");
  const json* maintenances = list_at(document, "scheduled_maintenances");
  if (!anchored && !(has_page && (components || incidents || maintenances))) {
    report.problem =
        fmt::format("JSON, but not a Statuspage document: no status.indicator (keys: {})", keys_of(document));
    return false;
  }
  if (anchored) {
    report.indicator = indicator_of(lower(string_at(*status, "indicator")));
    report.description = text_at(*status, "description");
  }
  if (page != document.end()) report.document_time = time_at(*page, "updated_at");
  if (components) read_components(report, *components);
  if (incidents) read_incidents(report, *incidents, now);
  if (maintenances) read_maintenances(report, *maintenances, now);
  return true;
}

std::string not_json(std::string_view body, const std::string& why) {
  if (first_byte(body) == '\0') return "an empty document where JSON belongs";
  if (first_byte(body) == '<') return "HTML or XML where JSON belongs: a moved page, a login or a bot challenge?";
  return "not JSON: " + why;
}

}  // namespace

PageReport parse(std::string_view body, Timestamp now) {
  PageReport report;
  report.format = "statuspage";
  json document;
  if (std::string why; !parse_json(body, document, &why)) {
    report.problem = not_json(body, why);
  } else if (document.is_object()) {
    report.readable = read_object(report, document, now);
  } else if (document.is_array()) {
    report.readable = read_bare_list(report, document, now);
    if (!report.readable)
      report.problem = document.empty() ? "an empty list: it does not say of what, so nothing can be concluded"
                                        : "a list, but neither of components nor of incidents";
  } else {
    report.problem = "JSON, but not a Statuspage document: neither an object nor a list";
  }
  if (report.readable) report.claim = page_claim(report);
  return report;
}

std::vector<std::string> documents(const std::string& page_url) {
  std::string base = page_url.substr(0, page_url.find_first_of("?#"));
  if (const auto api = base.find("/api/v2"); api != std::string::npos) base.resize(api);
  while (base.ends_with('/')) base.pop_back();
  return {base + "/api/v2/summary.json", base + "/api/v2/incidents.json"};
}

void merge(PageReport& report, std::string_view body, std::size_t document, Timestamp now) {
  if (document != 1 || !report.readable) return;
  const PageReport other = parse(body, now);
  if (!other.readable) return;
  for (const PageIncident& incident : other.incidents) {
    if (incident.open || incident.id.empty()) continue;
    const auto same = [&](const PageIncident& known) { return known.id == incident.id; };
    if (std::none_of(report.incidents.begin(), report.incidents.end(), same)) report.incidents.push_back(incident);
  }
}

}  // namespace outaged::probes::statuspage
