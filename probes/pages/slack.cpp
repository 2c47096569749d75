// Slack: https://slack-status.com/api/v2.0.0/current (docs.slack.dev/reference/slack-status-api). Anchor: status beside
// active_incidents; /history is an array of the same incidents. The id is a string in the documentation and a number
// live. Of its types an outage is major, an incident degraded, a notice of maintenance is maintenance.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "probes/pages/claim.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"
#include "probes/pages/words.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status type_status(std::string_view word) {
  if (word == "incident" || word == "notice") return Status::degraded_performance;
  if (word == "outage") return Status::major_outage;
  return Status::unknown;
}

bool is_open(std::string_view status) {
  const Stage stage = stage_of(status);
  return stage != Stage::resolved && stage != Stage::completed;
}

void add(PageReport& report, const json& entry) {
  const std::string type = word_at(entry, "type"), status = word_at(entry, "status"), title = text_at(entry, "title");
  if (type == "notice" && (says_maintenance(title) || status == "scheduled" || status == "completed")) {
    PageMaintenance out;
    out.id = id_at(entry, "id");
    out.name = title;
    out.status = status;
    out.starts = time_at(entry, "date_created");
    add_touched(out.components, list_at(entry, "services"));
    out.active = status == "active";
    out.scheduled = status == "scheduled";
    if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
    return;
  }
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = title;
  out.status = status;
  out.impact = type;
  out.created = time_at(entry, "date_created");
  out.updated = time_at(entry, "date_updated");
  out.url = link_at(entry, "url");
  add_touched(out.components, list_at(entry, "services"));
  out.claim = type_status(type);
  out.open = is_open(status);
  if (!out.open) out.resolved = out.updated;
  if (const json* notes = list_at(entry, "notes"))
    for (const json& note : *notes)
      if (note.is_object())
        out.updates.push_back({time_at(note, "date_created"), "", html_text(text_at(note, "body"))});
  settle_updates(out);
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

bool is_incident(const json& entry) {
  return find(entry, "date_created") && find(entry, "title") && find(entry, "type") && find(entry, "services");
}

}  // namespace

void read_slack(const Document& document, PageReport& report) {
  const json& body = document.json();
  if (body.is_array() && !body.empty() && std::all_of(body.begin(), body.end(), is_incident)) {
    report.readable = true;
    for (const json& entry : body) add(report, entry);
    return;
  }
  const json* incidents = list_at(body, "active_incidents");
  const std::string status = word_at(body, "status");
  if (!incidents || status.empty()) {
    report.problem = document.stranger("Slack", "status beside active_incidents");
    return;
  }
  report.readable = report.has_incidents = true;
  report.document_time = time_at(body, {"date_updated", "date_created"});
  for (const json& entry : *incidents)
    if (entry.is_object()) add(report, entry);
  report.description = status;
  report.indicator = Status::unknown;
  if (status == "ok") report.indicator = Status::operational;
  if (status != "active") return;
  // "active" is no level: what is active says how bad it is.
  std::optional<Status> worst;
  for (const PageIncident& incident : report.incidents)
    if (incident.open) worst = worst ? worse(*worst, *incident.claim) : *incident.claim;
  const bool work = std::any_of(report.maintenances.begin(), report.maintenances.end(),
                                [](const PageMaintenance& each) { return each.active; });
  report.indicator = worst.value_or(work ? Status::under_maintenance : Status::degraded_performance);
}

std::vector<std::string> slack_documents(const std::string& url) {
  return {page_base(url, {"/api/v2.0.0"}) + "/api/v2.0.0/current"};
}

}  // namespace outaged::probes
