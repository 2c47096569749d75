// Sorry(TM): every page documents its API at <page>/api. /api/v1/status {page: {state}}, /api/v1/components
// {components: [{state, parent_id}], meta: {next_page}}, /api/v1/notices {notices: [{type, state, began_at,
// ended_at}]}. Anchors: page.state; components that have a `state`; notices with a `type`.
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

Status state_status(std::string_view word) {
  if (word == "operational") return Status::operational;
  if (word == "degraded") return Status::degraded_performance;
  if (word == "partially_degraded") return Status::partial_outage;
  if (word == "disrupted") return Status::major_outage;
  if (word == "under_maintenance") return Status::under_maintenance;
  return Status::unknown;
}

bool all_have(const json* list, std::string_view key) {
  if (!list || list->empty()) return false;
  for (const json& entry : *list)
    if (word_at(entry, key).empty()) return false;
  return true;
}

/// "/api/v1/components?page=2" says only that there is more; how much more, the counts say.
int pages_of(const json& body, std::size_t here) {
  const json* meta = object_at(body, "meta");
  if (!meta || text_at(*meta, "next_page").empty() || here == 0) return 1;
  const auto total = number_at(*meta, "total_count");
  const auto each = number_at(*meta, "count");
  if (!total || !each || *each <= 0 || *total <= *each) return 2;
  return static_cast<int>(std::min<std::int64_t>((*total + *each - 1) / *each, 100));
}

void add_component(PageReport& report, const json& entry) {
  PageComponent out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.raw = word_at(entry, "state");
  out.claim = state_status(out.raw);
  out.group_id = id_at(entry, "parent_id");
  if (report.components.size() < max_page_records) report.components.push_back(std::move(out));
}

void add_notice(PageReport& report, const json& entry, Timestamp now) {
  const std::string id = id_at(entry, "id"), state = word_at(entry, "state");
  std::string name = text_at(entry, "subject");
  if (name.empty()) name = text_at(entry, "name");
  std::vector<std::string> components;
  add_touched(components, list_at(entry, "components"), "id", "");
  if (word_at(entry, "type") == "planned") {
    PageMaintenance out;
    out.id = id;
    out.name = name;
    out.status = state;
    out.components = components;
    out.starts = time_at(entry, {"began_at", "begins_at"});
    out.ends = time_at(entry, {"ended_at", "ends_at"});
    if (!time_at(entry, "ended_at")) place(out, now);
    if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
    return;
  }
  PageIncident out;
  out.id = id;
  out.name = name;
  out.status = state;
  out.components = components;
  out.started = time_at(entry, "began_at");
  out.created = time_at(entry, {"created_at", "began_at"});
  out.updated = time_at(entry, "updated_at");
  out.url = link_at(entry, "url");
  if (const json* updates = list_at(entry, "updates"))
    for (const json& update : *updates)
      if (update.is_object())
        out.updates.push_back({time_at(update, {"created_at", "published_at"}), word_at(update, "state"),
                               html_text(text_at(update, "content"))});
  settle_updates(out);
  const auto ended = time_at(entry, "ended_at");
  out.open = !ended && stage_of(state) != Stage::resolved;
  if (!out.open) out.resolved = ended;
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

}  // namespace

void read_sorry(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* page = object_at(body, "page");
  const json* components = list_at(body, "components");
  const json* notices = list_at(body, "notices");
  const bool stated = page && !word_at(*page, "state").empty();
  if (!stated && !all_have(components, "state") && !all_have(notices, "type") && !(document.trusted() && notices)) {
    report.problem = document.stranger("Sorry", "page.state");
    return;
  }
  report.readable = true;
  if (stated) {
    report.indicator = state_status(word_at(*page, "state"));
    report.description = text_at(*page, "state_text");
    report.document_time = time_at(*page, "updated_at");
  }
  if (components) {
    report.has_components = true;
    for (const json& entry : *components)
      if (entry.is_object()) add_component(report, entry);
    report.pages = pages_of(body, components->size());
  }
  if (notices)
    for (const json& entry : *notices)
      if (entry.is_object()) add_notice(report, entry, document.now());
}

std::vector<std::string> sorry_documents(const std::string& url) {
  const std::string base = page_base(url, {"/api/v1/", "/api/v1"}) + "/api/v1";
  return {base + "/status", base + "/components", base + "/notices"};
}

}  // namespace outaged::probes
