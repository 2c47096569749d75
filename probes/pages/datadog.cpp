// Datadog status pages: <page>/config.json. Anchor: a component tree beside pageUrl or domainPrefix. A group has no
// state of its own. An incident's posts may be made weeks after it: `createdAt` of the timeline is the post,
// `publishedDate` the moment it is about. Only "operational" and "degraded" have been seen; the other words are taken
// as they read.
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

void add_components(PageReport& report, const json& list, const std::string& parent, int depth) {
  if (depth > 16) return;
  for (const json& entry : list) {
    if (!entry.is_object() || report.components.size() == max_page_records) continue;
    PageComponent out;
    out.id = id_at(entry, "id");
    out.name = text_at(entry, "name");
    out.raw = word_at(entry, "status");
    out.group_id = parent;
    const json* children = list_at(entry, "components");
    out.group = word_at(entry, "type").find("group") != std::string::npos || (children && out.raw.empty());
    out.claim = status_of(out.raw).value_or(Status::unknown);
    const std::string id = out.id;
    report.components.push_back(std::move(out));
    if (children) add_components(report, *children, id, depth + 1);
  }
}

void add_incident(PageReport& report, const json& entry) {
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "title");
  out.status = word_at(entry, "currentStatus");
  out.impact = word_at(entry, "impact");
  out.started = time_at(entry, "publishedDate");
  out.updated = time_at(entry, "lastModifiedAt");
  add_touched(out.components, list_at(entry, "componentsAffected"), "id", "");
  if (const json* timeline = list_at(entry, "timeline"))
    for (const json& post : *timeline) {
      if (!post.is_object()) continue;
      const auto posted = time_at(post, "createdAt");
      if (posted && (!out.created || *posted < *out.created)) out.created = posted;
      if (const auto began = time_at(post, "startedAt"); began && (!out.started || *began < *out.started))
        out.started = began;
      out.updates.push_back({time_at(post, {"startedAt", "createdAt"}), word_at(post, "status"),
                             html_text(text_at(post, "description"))});
    }
  settle_updates(out);
  if (!out.created) out.created = out.started;
  out.open = !flag_at(entry, "resolved") && stage_of(out.status) != Stage::resolved;
  if (!out.open) out.resolved = time_at(entry, "resolvedDate");
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

void add_maintenance(PageReport& report, const json& entry, Timestamp now) {
  PageMaintenance out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "title");
  out.status = word_at(entry, "currentStatus");
  out.starts = time_at(entry, {"startDate", "scheduledStartDate"});
  out.ends = time_at(entry, {"completedDate", "endDate", "scheduledEndDate"});
  add_touched(out.components, list_at(entry, "componentsAffected"), "id", "");
  place(out, now);
  if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
}

}  // namespace

void read_datadog(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* components = list_at(body, "components");
  if (!components || !(find(body, "domainPrefix") || find(body, "pageUrl"))) {
    report.problem = document.stranger("Datadog", "components beside domainPrefix");
    return;
  }
  report.readable = report.has_incidents = report.has_components = true;
  add_components(report, *components, "", 0);
  if (const json* list = list_at(body, "incidents"))
    for (const json& entry : *list)
      if (entry.is_object() && !time_at(entry, "deletedAt")) add_incident(report, entry);
  if (const json* list = list_at(body, "maintenances"))
    for (const json& entry : *list)
      if (entry.is_object() && !time_at(entry, "deletedAt")) add_maintenance(report, entry, document.now());
}

std::vector<std::string> datadog_documents(const std::string& url) {
  return {page_base(url, {"/config.json"}) + "/config.json"};
}

}  // namespace outaged::probes
