// Uptime Kuma: /api/status-page/heartbeat/<slug> carries the beats and so the claim, /api/status-page/<slug> the names,
// notices and maintenance. Anchors: heartbeatList; publicGroupList. Beats stand oldest first and are sorted all the
// same; their times are UTC without a zone. A monitor without a beat is unknown, and so is a page without monitors.
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status beat_status(std::optional<std::int64_t> beat) {
  switch (beat.value_or(-1)) {
    case 0:
      return Status::major_outage;
    case 1:
      return Status::operational;
    case 2:
      return Status::degraded_performance;  // pending: it failed, and is tried again
    case 3:
      return Status::under_maintenance;
    default:
      return Status::unknown;
  }
}

void read_beats(const json& lists, PageReport& report) {
  report.has_components = true;
  for (const auto& [id, beats] : lists.items()) {
    if (report.components.size() == max_page_records) break;
    PageComponent out;
    out.id = clean_line(id, max_page_text);
    const json* last = nullptr;
    std::optional<Timestamp> time;
    if (beats.is_array())
      for (const json& beat : beats) {
        const auto at = time_at(beat, "time");
        if (!last || !at || !time || *at >= *time) last = &beat, time = at;
      }
    if (last) {
      out.raw = id_at(*last, "status");
      out.claim = beat_status(number_at(*last, "status"));
    }
    if (time && (!report.document_time || *time > *report.document_time)) report.document_time = time;
    report.components.push_back(std::move(out));
  }
}

void add_notice(PageReport& report, const json& entry) {
  if (!entry.is_object() || report.incidents.size() == max_page_records) return;
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "title");
  out.impact = word_at(entry, "style");
  out.created = time_at(entry, {"createdDate", "created_date"});
  out.updated = time_at(entry, {"lastUpdatedDate", "last_updated_date"});
  const json* active = find(entry, "active");
  out.open = !active || !active->is_boolean() || active->get<bool>();
  out.updates.push_back({out.updated ? out.updated : out.created, "", html_text(text_at(entry, "content"))});
  settle_updates(out);
  report.incidents.push_back(std::move(out));
}

void add_maintenance(PageReport& report, const json& entry, Timestamp now) {
  if (!entry.is_object() || report.maintenances.size() == max_page_records) return;
  PageMaintenance out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "title");
  out.status = word_at(entry, "status");
  if (const json* slots = list_at(entry, "timeslotList"))
    for (const json& slot : *slots) {  // the one that is on, or else the next
      const auto starts = time_at(slot, "startDate"), ends = time_at(slot, "endDate");
      if (ends && *ends <= now) continue;
      if (!out.starts || (starts && *starts < *out.starts)) out.starts = starts, out.ends = ends;
    }
  if (out.status == "under-maintenance")
    out.active = true;
  else if (out.status != "ended" && out.status != "inactive")
    place(out, now);
  report.maintenances.push_back(std::move(out));
}

void read_page(const json& body, PageReport& report, Timestamp now) {
  report.has_components = true;
  for (const json& group : body.at("publicGroupList"))
    if (const json* monitors = list_at(group, "monitorList"))
      for (const json& monitor : *monitors) {
        if (!monitor.is_object() || report.components.size() == max_page_records) continue;
        PageComponent out;
        out.id = id_at(monitor, "id");
        out.name = text_at(monitor, "name");
        out.group_name = text_at(group, "name");
        report.components.push_back(std::move(out));
      }
  if (const json* incident = object_at(body, "incident")) add_notice(report, *incident);
  if (const json* list = list_at(body, "incidents"))
    for (const json& entry : *list) add_notice(report, entry);
  if (const json* list = list_at(body, "maintenanceList"))
    for (const json& entry : *list) add_maintenance(report, entry, now);
}

}  // namespace

void read_uptimekuma(const Document& document, PageReport& report) {
  const json& body = document.json();
  if (const json* beats = object_at(body, "heartbeatList")) {
    read_beats(*beats, report);
  } else if (list_at(body, "publicGroupList") && find(body, "config")) {
    read_page(body, report, document.now());
  } else {
    report.problem = document.stranger("Uptime Kuma", "heartbeatList");
    return;
  }
  report.readable = true;
}

std::vector<std::string> uptimekuma_documents(const std::string& url) {
  std::string base = page_base(url, {});
  std::string slug = "default";
  for (const std::string_view marker : {"/api/status-page/heartbeat/", "/api/status-page/", "/status/"})
    if (const auto at = base.find(marker); at != std::string::npos) {
      slug = base.substr(at + marker.size());
      base.resize(at);
      break;
    }
  return {base + "/api/status-page/heartbeat/" + slug, base + "/api/status-page/" + slug};
}

}  // namespace outaged::probes
