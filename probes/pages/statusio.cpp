// Status.io: https://api.status.io/1.0/status/<24 hex>, or the same path on <custom>.hostedstatus.com. Anchor:
// result.status_overall. The code wins over the text; "overall" may stay 100 while a component is 200 or 500.
// Containers (regions) are part of a component and are not counted beside it.
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

Status code_status(std::optional<std::int64_t> code) {
  switch (code.value_or(0)) {
    case 100:
      return Status::operational;
    case 200:
      return Status::under_maintenance;
    case 300:
      return Status::degraded_performance;
    case 400:
      return Status::partial_outage;
    case 500:
      return Status::major_outage;
    case 600:
      return Status::degraded_performance;  // a security event
    default:
      return Status::unknown;
  }
}

/// The life cycle is numbered too.
std::string state_word(const json& message) {
  switch (number_at(message, "state").value_or(0)) {
    case 100:
      return "investigating";
    case 200:
      return "identified";
    case 300:
      return "monitoring";
    case 400:
      return "resolved";
    default:
      return word_at(message, "state");
  }
}

std::string id_in(const json& entry) {
  const std::string id = id_at(entry, "_id");
  return id.empty() ? id_at(entry, "id") : id;
}

void touched(std::vector<std::string>& out, const json& entry) {
  add_touched(out, list_at(entry, "components_affected"), "_id", "");
  add_touched(out, list_at(entry, "components_affected"), "id", "");
}

void add_incident(PageReport& report, const json& entry) {
  PageIncident out;
  out.id = id_in(entry);
  out.name = text_at(entry, "name");
  out.created = out.started = time_at(entry, "datetime_open");
  const auto closed = time_at(entry, {"datetime_resolved", "datetime_closed"});
  touched(out.components, entry);
  std::optional<Timestamp> newest;
  if (const json* messages = list_at(entry, "messages"))
    for (const json& message : *messages) {
      if (!message.is_object()) continue;
      const auto at = time_at(message, "datetime");
      out.updates.push_back({at, state_word(message), html_text(text_at(message, "details"))});
      if (!newest || (at && *at >= *newest)) {
        out.status = state_word(message);
        out.impact = id_at(message, "status");
        newest = at ? at : newest;
      }
    }
  settle_updates(out);
  out.updated = newest;
  out.open = !closed && stage_of(out.status) != Stage::resolved;
  if (!out.open) out.resolved = closed ? closed : newest;
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

void add_maintenances(PageReport& report, const json* list, bool active, Timestamp now) {
  if (!list || !list->is_array()) return;
  for (const json& entry : *list) {
    if (!entry.is_object() || report.maintenances.size() == max_page_records) continue;
    PageMaintenance out;
    out.id = id_in(entry);
    out.name = text_at(entry, "name");
    out.status = active ? "active" : "upcoming";
    out.starts = time_at(entry, {"datetime_planned_start", "datetime_open"});
    out.ends = time_at(entry, "datetime_planned_end");
    touched(out.components, entry);
    const bool over = out.ends && *out.ends <= now;
    out.active = active;
    out.scheduled = !active && !over && !(out.starts && *out.starts <= now);
    report.maintenances.push_back(std::move(out));
  }
}

}  // namespace

void read_statusio(const Document& document, PageReport& report) {
  const json* result = object_at(document.json(), "result");
  const json* overall = result ? object_at(*result, "status_overall") : nullptr;
  if (!overall || !find(*overall, "status_code")) {
    report.problem = document.stranger("Status.io", "result.status_overall");
    return;
  }
  report.readable = report.has_incidents = true;
  report.indicator = code_status(number_at(*overall, "status_code"));
  report.description = text_at(*overall, "status");
  report.document_time = time_at(*overall, "updated");
  if (const json* list = list_at(*result, "status")) {
    report.has_components = true;
    for (const json& entry : *list) {
      if (!entry.is_object() || report.components.size() == max_page_records) continue;
      PageComponent out;
      out.id = id_in(entry);
      out.name = text_at(entry, "name");
      out.raw = word_at(entry, "status");
      out.claim = code_status(number_at(entry, "status_code"));
      report.components.push_back(std::move(out));
    }
  }
  if (const json* list = list_at(*result, "incidents"))
    for (const json& entry : *list)
      if (entry.is_object()) add_incident(report, entry);
  add_maintenances(report, find(*result, {"maintenance", "active"}), true, document.now());
  add_maintenances(report, find(*result, {"maintenance", "upcoming"}), false, document.now());
}

/// The id cannot be made from the page's address: known, or detection finds it in the page's HTML.
std::vector<std::string> statusio_documents(const std::string& url) {
  if (url.find("/1.0/status/") == std::string::npos)
    for (const std::string_view gitlab : {"://status.gitlab.com", "://status-api.hostedstatus.com"})
      if (url.find(gitlab) != std::string::npos)
        return {"https://status-api.hostedstatus.com/1.0/status/5b36dc6502d06804c08349f7"};
  return {url};
}

}  // namespace outaged::probes
