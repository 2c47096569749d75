// Better Stack (Better Uptime): /index.json in JSON:API. Anchor: data.type "status_page". Traps, each met in the wild:
// ends_at is null on resolved manual reports (aggregate_state decides); "downtime" of the page may be one resource of
// eight; a future maintenance already has the aggregate_state "maintenance"; the time zone is a name of Rails.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status resource_status(std::string_view word) {
  if (word == "operational" || word == "resolved") return Status::operational;
  if (word == "degraded") return Status::degraded_performance;
  if (word == "downtime") return Status::major_outage;
  if (word == "maintenance") return Status::under_maintenance;
  return Status::unknown;
}

/// The page's "downtime" is of some resources or of all.
Status page_status(std::string_view word, const PageReport& report) {
  if (word != "downtime") return word == "resolved" ? Status::unknown : resource_status(word);
  const bool some = std::any_of(report.components.begin(), report.components.end(),
                                [](const PageComponent& c) { return !c.silent && c.claim != Status::major_outage; });
  return some ? Status::partial_outage : Status::major_outage;
}

void add_resource(PageReport& report, const json& entry, const std::map<std::string, std::string>& sections) {
  const json* attributes = object_at(entry, "attributes");
  if (!attributes || report.components.size() == max_page_records) return;
  PageComponent out;
  out.id = id_at(entry, "id");
  out.name = text_at(*attributes, "public_name");
  out.raw = word_at(*attributes, "status");
  out.claim = resource_status(out.raw);
  out.silent = out.raw == "not_monitored";
  if (const auto section = sections.find(id_at(*attributes, "status_page_section_id")); section != sections.end())
    out.group_name = section->second;
  report.components.push_back(std::move(out));
}

using Updates = std::map<std::string, const json*>;

void add_incident(PageReport& report, const json& entry, const json& attributes, const Updates& updates) {
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = text_at(attributes, "title");
  out.status = word_at(attributes, "aggregate_state");
  out.created = out.started = time_at(attributes, "starts_at");
  add_touched(out.components, list_at(attributes, "affected_resources"), "status_page_resource_id", "");
  if (const json* list = find(entry, {"relationships", "status_updates", "data"}); list && list->is_array())
    for (const json& reference : *list)
      if (const auto found = updates.find(id_at(reference, "id")); found != updates.end())
        out.updates.push_back(
            {time_at(*found->second, "published_at"), "", html_text(text_at(*found->second, "message"))});
  settle_updates(out);
  const auto ends = time_at(attributes, "ends_at");
  out.open = out.status != "resolved" && !(out.status.empty() && ends);
  if (!out.updates.empty()) out.updated = out.updates.back().at;
  if (!out.open) out.resolved = ends ? ends : out.updated;
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

void add_maintenance(PageReport& report, const json& entry, const json& attributes, Timestamp now) {
  PageMaintenance out;
  out.id = id_at(entry, "id");
  out.name = text_at(attributes, "title");
  out.status = word_at(attributes, "aggregate_state");
  out.starts = time_at(attributes, "starts_at");
  out.ends = time_at(attributes, "ends_at");
  add_touched(out.components, list_at(attributes, "affected_resources"), "status_page_resource_id", "");
  if (out.status != "resolved") {  // "maintenance" is said of the future too: the clock decides
    const bool begun = out.starts && *out.starts <= now, over = out.ends && *out.ends <= now;
    out.active = begun && !over;
    out.scheduled = out.starts && !begun && !over;
  }
  if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
}

}  // namespace

void read_betterstack(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* data = object_at(body, "data");
  const json* attributes = data ? object_at(*data, "attributes") : nullptr;
  if (!attributes || text_at(*data, "type") != "status_page") {
    report.problem = document.stranger("Better Stack", "data.type \"status_page\"");
    return;
  }
  report.readable = report.has_incidents = true;
  report.document_time = time_at(*attributes, "updated_at");
  std::map<std::string, std::string> sections;
  Updates updates;
  const json empty = json::array();
  const json* list = list_at(body, "included");
  const json& included = list ? *list : empty;
  for (const json& entry : included) {
    const std::string type = text_at(entry, "type");
    const json* inner = object_at(entry, "attributes");
    if (!inner) continue;
    if (type == "status_page_section") sections[id_at(entry, "id")] = text_at(*inner, "name");
    if (type == "status_update") updates[id_at(entry, "id")] = inner;
  }
  for (const json& entry : included) {
    const std::string type = text_at(entry, "type");
    const json* inner = object_at(entry, "attributes");
    if (!inner) continue;
    if (type == "status_page_resource") {
      report.has_components = true;
      add_resource(report, entry, sections);
    } else if (type == "status_report") {
      if (word_at(*inner, "report_type") == "maintenance")
        add_maintenance(report, entry, *inner, document.now());
      else
        add_incident(report, entry, *inner, updates);
    }
  }
  const std::string word = word_at(*attributes, "aggregate_state");
  report.indicator = page_status(word, report);
  report.description = word;
}

std::vector<std::string> betterstack_documents(const std::string& url) {
  return {page_base(url, {"/index.json"}) + "/index.json"};
}

}  // namespace outaged::probes
