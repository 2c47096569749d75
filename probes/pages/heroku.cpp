// Heroku: https://status.heroku.com/api/v4/current-status. Anchor: status[] of systems with colours. `resolved` is
// false on resolved incidents: `state` decides. scheduled[] keeps what is long over: its own updates tell.
// /api/v4/incidents is an array of incidents.
#include <algorithm>
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

Status colour_status(std::string_view word) {
  if (word == "green") return Status::operational;
  if (word == "yellow") return Status::degraded_performance;
  if (word == "red") return Status::major_outage;
  return Status::unknown;
}

void read_common(PageIncident& out, const json& entry) {
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "title");
  out.status = word_at(entry, "state");
  out.created = time_at(entry, "created_at");
  out.updated = time_at(entry, "updated_at");
  out.url = link_at(entry, "full_url");
  if (const json* systems = list_at(entry, "systems"))
    for (const json& system : *systems) add_unique(out.components, text_at(system, "name"));
  if (const json* updates = list_at(entry, "updates"))
    for (const json& update : *updates)
      if (update.is_object())
        out.updates.push_back(
            {time_at(update, "created_at"), word_at(update, "update_type"), html_text(text_at(update, "contents"))});
  settle_updates(out);
}

void add_incident(PageReport& report, const json& entry) {
  PageIncident out;
  read_common(out, entry);
  out.open = stage_of(out.status) != Stage::resolved;
  if (!out.open) out.resolved = time_at(entry, {"resolved_at", "updated_at"});
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

void add_scheduled(PageReport& report, const json& entry, Timestamp now) {
  PageIncident common;
  read_common(common, entry);
  PageMaintenance out;
  out.id = common.id;
  out.name = common.name;
  out.status = common.status;
  out.components = common.components;
  out.starts = time_at(entry, {"scheduled_for", "starts_at", "start_at"});
  out.ends = time_at(entry, {"scheduled_until", "ends_at", "end_at"});
  const bool over = says_resolved(common.latest, true) || (out.ends && *out.ends <= now);
  // Heroku gives no window; one announced weeks ago without another word is over too.
  const auto last = common.updates.empty() ? common.created : common.updates.back().at;
  const bool forgotten = !out.starts && last && *last + 24h * 30 < now;
  if (!over && !forgotten) place(out, now);
  if (!over && !forgotten && !out.starts && stage_of(out.status) == Stage::scheduled) out.scheduled = true;
  if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
}

}  // namespace

void read_heroku(const Document& document, PageReport& report) {
  const json& body = document.json();
  // /api/v4/incidents: the incidents alone.
  const auto is_incident = [](const json& entry) {
    return find(entry, "state") && list_at(entry, "updates") && find(entry, "full_url");
  };
  if (body.is_array() && !body.empty() && std::all_of(body.begin(), body.end(), is_incident)) {
    report.readable = true;
    for (const json& entry : body) add_incident(report, entry);
    return;
  }
  const json* systems = list_at(body, "status");
  const auto is_system = [](const json& entry) { return !text_at(entry, "system").empty(); };
  if (!systems || systems->empty() || !std::all_of(systems->begin(), systems->end(), is_system)) {
    report.problem = document.stranger("Heroku", "status of systems");
    return;
  }
  report.readable = report.has_incidents = report.has_components = true;
  for (const json& entry : *systems) {
    if (report.components.size() == max_page_records) break;
    PageComponent out;
    out.name = text_at(entry, "system");
    out.raw = word_at(entry, "status");
    out.claim = colour_status(out.raw);
    report.components.push_back(std::move(out));
  }
  if (const json* list = list_at(body, "incidents"))
    for (const json& entry : *list)
      if (entry.is_object()) add_incident(report, entry);
  if (const json* list = list_at(body, "scheduled"))
    for (const json& entry : *list)
      if (entry.is_object()) add_scheduled(report, entry, document.now());
}

std::vector<std::string> heroku_documents(const std::string& url) {
  return {page_base(url, {"/api/v4"}) + "/api/v4/current-status"};
}

}  // namespace outaged::probes
