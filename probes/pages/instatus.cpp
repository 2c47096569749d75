// Instatus: /summary.json (at /api/v2/summary.json too), /v2/components.json, /v3/components.json. Anchor: page.status,
// or components whose states are its own words in capitals. activeIncidents and activeMaintenances are absent when
// empty; a RESOLVED incident may linger among the active ones; a duration is a string of minutes.
#include <map>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/statuspage.h"
#include "probes/pages/words.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

bool is_page_word(std::string_view word) {
  return word == "UP" || word == "HASISSUES" || word == "ALLUNDERMAINTENANCE" || word == "UNDERMAINTENANCE" ||
         word == "ONEMAJOROUTAGE" || word == "SOMEMAJOROUTAGE" || word == "ALLMAJOROUTAGE" || word == "MAJOROUTAGE" ||
         word == "ALLDEGRADEDPERFORMANCE" || word == "ONEDEGRADEDPERFORMANCE" || word == "ONEMINOROUTAGE";
}

Status page_status(std::string_view word, std::size_t components) {
  if (word == "UP") return Status::operational;
  if (word == "HASISSUES" || word.ends_with("DEGRADEDPERFORMANCE")) return Status::degraded_performance;  // at least
  if (word.ends_with("UNDERMAINTENANCE")) return Status::under_maintenance;
  if (word == "ONEMAJOROUTAGE" || word == "SOMEMAJOROUTAGE")
    return components > 1 ? Status::partial_outage : Status::major_outage;
  if (word.ends_with("MAJOROUTAGE")) return Status::major_outage;
  if (word.ends_with("MINOROUTAGE") || word.ends_with("PARTIALOUTAGE")) return Status::partial_outage;
  return Status::unknown;
}

void add_component(PageReport& report, const json& entry) {
  if (!entry.is_object() || report.components.size() == max_page_records) return;
  PageComponent out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.raw = word_at(entry, "status");
  out.claim = status_of(out.raw).value_or(Status::unknown);
  out.group = flag_at(entry, "isParent");
  if (const json* group = object_at(entry, "group"))
    out.group_id = id_at(*group, "id"), out.group_name = text_at(*group, "name");
  else
    out.group_id = id_at(entry, "group");
  const json* children = list_at(entry, "children");
  if (children && !children->empty()) out.group = true;
  const std::string id = out.id, name = out.name;
  report.components.push_back(std::move(out));
  if (children)
    for (const json& child : *children) {
      if (!child.is_object() || report.components.size() == max_page_records) continue;
      PageComponent leaf;
      leaf.id = id_at(child, "id");
      leaf.name = text_at(child, "name");
      leaf.raw = word_at(child, "status");
      leaf.claim = status_of(leaf.raw).value_or(Status::unknown);
      leaf.group_id = id;
      leaf.group_name = name;
      report.components.push_back(std::move(leaf));
    }
}

void add_incident(PageReport& report, const json& entry) {
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.status = word_at(entry, "status");
  out.impact = word_at(entry, "impact");
  out.created = time_at(entry, {"started", "createdAt"});
  out.updated = time_at(entry, "updatedAt");
  out.url = link_at(entry, "url");
  out.open = stage_of(out.status) != Stage::resolved;
  if (!out.open) out.resolved = time_at(entry, "resolved");
  add_touched(out.components, list_at(entry, "components"), "id", "");
  report.incidents.push_back(std::move(out));
}

void add_maintenance(PageReport& report, const json& entry, Timestamp now) {
  PageMaintenance out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.status = word_at(entry, "status");
  out.starts = time_at(entry, "start");
  if (const auto minutes = number_at(entry, "duration"); minutes && out.starts && *minutes >= 0 && *minutes < 1'000'000)
    out.ends = *out.starts + std::chrono::minutes{*minutes};
  // Its words are UNDERMAINTENANCE-like in older pages.
  place(out, now);
  report.maintenances.push_back(std::move(out));
}

/// Components of its own making: states in capitals, in a list or under "components".
const json* own_components(const json& body) {
  const json* list = body.is_array() ? &body : list_at(body, "components");
  if (!list || !all_objects(*list)) return nullptr;
  if (list->empty()) return nullptr;
  for (const json& entry : *list) {
    const std::string word = text_at(entry, "status");
    if (word.empty() || word.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_") != std::string::npos) return nullptr;
    if (!status_of(word) && !is_page_word(word)) return nullptr;
  }
  return list;
}

}  // namespace

void read_instatus(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* page = object_at(body, "page");
  const std::string word = page ? text_at(*page, "status") : "";
  const json* components = own_components(body);
  // A word of its own, or any word where the format is known: a new word is unknown, not another format.
  const bool anchored = !word.empty() && (is_page_word(word) || document.trusted() || find(body, "activeIncidents"));
  if (!anchored && !components) {
    report.problem = document.stranger("Instatus", "page.status");
    return;
  }
  report.readable = true;
  if (!components && body.is_object() && document.trusted()) components = list_at(body, "components");
  if (components) {
    report.has_components = true;
    for (const json& entry : *components) add_component(report, entry);
  }
  if (!anchored) return;
  report.has_incidents = true;
  report.indicator = page_status(word, report.components.size());
  report.description = word;
  if (const json* list = list_at(body, "activeIncidents"))
    for (const json& entry : *list)
      if (entry.is_object() && report.incidents.size() < max_page_records) add_incident(report, entry);
  if (const json* list = list_at(body, "activeMaintenances"))
    for (const json& entry : *list)
      if (entry.is_object() && report.maintenances.size() < max_page_records)
        add_maintenance(report, entry, document.now());
}

std::vector<std::string> instatus_documents(const std::string& url) {
  if (url.find("components.json") != std::string::npos) return {url};
  const std::string base = page_base(url, {"/api/v2/", "/v3/", "/v2/", "/summary.json"});
  return {base + "/summary.json", base + "/v2/components.json"};
}

}  // namespace outaged::probes
