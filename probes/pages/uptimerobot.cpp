// UptimeRobot: /api/getMonitorList/<pspId> on stats.uptimerobot.com and on custom domains, and
// /api/getEventFeed/<pspId>. Anchors: monitors that have a statusClass (in psp.monitors, or in data); results that have
// an eventType. The list is paginated, and a page of it is not the whole: the counts are the page's claim. "black" and
// "paused" are not watched, which is no outage; a dailyRatio of 0.000 with them is not measured.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status class_status(std::string_view word) {
  if (word == "success") return Status::operational;
  if (word == "warning") return Status::degraded_performance;
  if (word == "danger") return Status::major_outage;
  return Status::unknown;
}

const json* monitors_of(const json& body) {
  const json* list = find(body, {"psp", "monitors"});
  if (!list || !list->is_array()) list = list_at(body, "data");
  if (!list || list->empty()) return nullptr;
  for (const json& entry : *list)
    if (text_at(entry, "statusClass").empty()) return nullptr;
  return list;
}

void read_monitors(const json& body, const json& list, PageReport& report) {
  report.has_components = true;
  for (const json& entry : list) {
    if (report.components.size() == max_page_records) break;
    PageComponent out;
    out.id = id_at(entry, "monitorId");
    out.name = text_at(entry, "name");
    out.raw = word_at(entry, "statusClass");
    out.claim = class_status(out.raw);
    out.silent = out.raw == "black" || out.raw == "paused" || out.raw == "info";
    report.components.push_back(std::move(out));
  }
  if (const json* counts = find(body, {"statistics", "counts"})) {
    const auto up = number_at(*counts, "up"), down = number_at(*counts, "down");
    if (up && down && *up + *down > 0)
      report.indicator = *down == 0 ? Status::operational : *up > 0 ? Status::partial_outage : Status::major_outage;
  }
  if (const json* statistics = object_at(body, "statistics")) report.description = text_at(*statistics, "count_result");
  const json* psp = object_at(body, "psp");
  const auto total = psp ? number_at(*psp, "totalMonitors") : std::nullopt;
  const auto each = psp ? number_at(*psp, "perPage") : std::nullopt;
  if (total && each && *each > 0 && *total > *each)
    report.pages = static_cast<int>(std::min<std::int64_t>((*total - 1) / *each + 1, 100));
}

/// Announcements by people, without any state but their end.
void read_events(const json& list, PageReport& report, Timestamp now) {
  for (const json& entry : list) {
    if (word_at(entry, "eventType") != "ann" || report.incidents.size() == max_page_records) continue;
    PageIncident out;
    out.id = id_at(entry, "id");
    out.name = text_at(entry, "title");
    out.created = time_at(entry, {"ts", "timeGMT"});
    const auto end = time_at(entry, {"endDateGMT", "endDate"});
    out.open = !end || *end > now;
    if (!out.open) out.resolved = end;
    out.updates.push_back({out.created, "", html_text(text_at(entry, "content"))});
    settle_updates(out);
    report.incidents.push_back(std::move(out));
  }
}

}  // namespace

void read_uptimerobot(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* events = list_at(body, "results");
  if (const json* monitors = monitors_of(body)) {
    read_monitors(body, *monitors, report);
  } else if (events && find(body, "status") && all_objects(*events) && (document.trusted() || !events->empty()) &&
             std::all_of(events->begin(), events->end(),
                         [](const json& e) { return find(e, "eventType") != nullptr; })) {
    read_events(*events, report, document.now());
  } else {
    report.problem = document.stranger("UptimeRobot", "monitors with a statusClass");
    return;
  }
  report.readable = true;
}

/// The pspId cannot be made from the page's address: known, or detection finds it in the page's HTML.
std::vector<std::string> uptimerobot_documents(const std::string& url) {
  constexpr std::string_view list = "/api/getMonitorList/";
  const std::string base = page_base(url, {});
  if (base.ends_with("://status.bsky.app")) return uptimerobot_documents(base + std::string(list) + "zwOvMT8x16");
  const auto at = base.find(list);
  if (at == std::string::npos) return {url};
  std::string events = base;
  events.replace(at, list.size(), "/api/getEventFeed/");
  return {url, events};
}

}  // namespace outaged::probes
