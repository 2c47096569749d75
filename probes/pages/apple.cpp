// Apple: www.apple.com/support/systemstatus/data/system_status_en_US.js, and .../data/developer/... for developers:
// JSONP or plain JSON, perhaps with a byte order mark. Anchor: services[] with serviceName. What a service has no
// ongoing event of is operational; an event of completed maintenance is nothing. Times are milliseconds since 1970.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/claim.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status type_status(std::string_view word) {
  if (word == "performance" || word == "issue") return Status::degraded_performance;
  if (word == "outage") return Status::major_outage;
  if (word == "maintenance") return Status::under_maintenance;
  return Status::unknown;
}

void add_event(PageReport& report, const json& entry, const std::string& service, Timestamp now) {
  const std::string state = word_at(entry, "eventStatus"), type = word_at(entry, "statusType");
  const auto starts = time_at(entry, {"epochStartDate", "startDate"}),
             ends = time_at(entry, {"epochEndDate", "endDate"});
  if (type == "maintenance") {
    PageMaintenance out;
    out.id = id_at(entry, "messageId");
    out.name = service;
    out.status = state;
    out.starts = starts;
    out.ends = ends;
    out.components = {service};
    if (state == "ongoing")
      out.active = true;
    else if (state == "upcoming")
      out.scheduled = !(ends && *ends <= now);
    if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
    return;
  }
  PageIncident out;
  out.id = id_at(entry, "messageId");
  out.name = service;
  out.status = state;
  out.impact = type;
  out.created = out.started = starts;
  out.open = state == "ongoing" || (state != "resolved" && state != "completed" && state != "upcoming" && !ends);
  if (!out.open) out.resolved = ends;
  out.components = {service};
  out.updates.push_back({time_at(entry, "datePosted"), state, html_text(text_at(entry, "message"))});
  settle_updates(out);
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

void add_service(PageReport& report, const json& entry, Timestamp now) {
  PageComponent out;
  out.name = text_at(entry, "serviceName");
  out.claim = Status::operational;
  if (const json* events = list_at(entry, "events"))
    for (const json& event : *events) {
      if (!event.is_object()) continue;
      add_event(report, event, out.name, now);
      const std::string state = word_at(event, "eventStatus");
      if (state == "resolved" || state == "completed" || state == "upcoming") continue;
      const Status status = type_status(word_at(event, "statusType"));
      out.claim = worse(out.claim, state == "ongoing" ? status : Status::unknown);
      if (out.claim == status) out.raw = word_at(event, "statusType");
    }
  if (report.components.size() < max_page_records) report.components.push_back(std::move(out));
}

bool is_service(const json& entry) { return !text_at(entry, "serviceName").empty() && list_at(entry, "events"); }

}  // namespace

void read_apple(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* services = list_at(body, "services");
  if (services && !services->empty() && std::all_of(services->begin(), services->end(), is_service)) {
    for (const json& entry : *services) add_service(report, entry, document.now());
  } else if (is_service(body)) {  // one service by itself
    add_service(report, body, document.now());
  } else {
    report.problem = document.stranger("Apple", "services with serviceName");
    return;
  }
  report.readable = report.has_incidents = report.has_components = true;
  report.description = text_at(body, "drMessage");
}

std::vector<std::string> apple_documents(const std::string& url) {
  if (url.ends_with(".js")) return {url};
  const bool developer = url.find("developer.apple.com") != std::string::npos;
  const std::string data =
      std::string("/support/systemstatus/data/") + (developer ? "developer/" : "") + "system_status_en_US.js";
  if (developer) return {"https://www.apple.com" + data};
  return {page_base(url, {"/support/systemstatus"}) + data};
}

}  // namespace outaged::probes
