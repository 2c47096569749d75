// ilert: /api/summary. Anchor: `status` beside `services`, both in its own words. The page may say MAJOR_OUTAGE where
// its only service says PARTIAL_OUTAGE: that is the vendor's own example.
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"
#include "probes/pages/words.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status word_status(std::string_view word) { return status_of(word).value_or(Status::unknown); }

void add_services(PageReport& report, const json& list, const std::string& group) {
  for (const json& entry : list) {
    if (!entry.is_object() || report.components.size() == max_page_records) continue;
    PageComponent out;
    out.id = id_at(entry, "id");
    out.name = text_at(entry, "name");
    out.raw = word_at(entry, "status");
    out.claim = word_status(out.raw);
    out.group_name = group;
    report.components.push_back(std::move(out));
  }
}

void touched(std::vector<std::string>& out, const json& entry) {
  if (const json* list = list_at(entry, "affectedServices"))
    for (const json& each : *list)
      if (const json* service = object_at(each, "service")) add_unique(out, id_at(*service, "id"));
}

void add_incident(PageReport& report, const json& entry) {
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "summary");
  out.status = word_at(entry, "status");
  out.created = time_at(entry, "createdAt");
  out.updated = time_at(entry, "updatedAt");
  touched(out.components, entry);
  Status worst = Status::operational;
  if (const json* list = list_at(entry, "affectedServices"))
    for (const json& each : *list)
      if (const Status impact = word_status(text_at(each, "impact")); level(impact) > level(worst))
        worst = impact, out.impact = word_at(each, "impact");
  if (const json* updates = list_at(entry, "updates"))
    for (const json& update : *updates)
      if (update.is_object())
        out.updates.push_back(
            {time_at(update, "createdAt"), word_at(update, "status"), html_text(text_at(update, "message"))});
  if (out.updates.empty()) out.updates.push_back({out.updated, out.status, html_text(text_at(entry, "message"))});
  settle_updates(out);
  out.open = stage_of(out.status) != Stage::resolved;
  if (!out.open) out.resolved = time_at(entry, {"resolvedOn", "resolvedAt", "updatedAt"});
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

void add_window(PageReport& report, const json& entry, Timestamp now) {
  PageMaintenance out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "summary");
  out.status = word_at(entry, "status");
  out.starts = time_at(entry, {"start", "startsAt", "from"});
  out.ends = time_at(entry, {"end", "endsAt", "until"});
  touched(out.components, entry);
  place(out, now);
  if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
}

}  // namespace

void read_ilert(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* services = list_at(body, "services");
  const std::string word = text_at(body, "status");
  const bool marked = find(body, "pageTitle") || list_at(body, "maintenanceWindows") || list_at(body, "incidents");
  if (!services || word.empty() ||
      !(document.trusted() || (marked && status_of(word) && word_at(body, "status") != word))) {
    report.problem = document.stranger("ilert", "status beside services");
    return;
  }
  report.readable = report.has_incidents = report.has_components = true;
  report.indicator = word_status(word);
  report.description = word;
  add_services(report, *services, "");
  if (const json* groups = list_at(body, "groups"))
    for (const json& group : *groups)
      if (const json* members = list_at(group, "services")) add_services(report, *members, text_at(group, "name"));
  if (const json* list = list_at(body, "incidents"))
    for (const json& entry : *list)
      if (entry.is_object()) add_incident(report, entry);
  if (const json* list = list_at(body, "maintenanceWindows"))
    for (const json& entry : *list)
      if (entry.is_object()) add_window(report, entry, document.now());
}

std::vector<std::string> ilert_documents(const std::string& url) {
  return {page_base(url, {"/api/summary"}) + "/api/summary"};
}

}  // namespace outaged::probes
