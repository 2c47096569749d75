// Flashduty (Flashcat): /api/status-page/<id>/summary/active. Anchor: data.page.components beside data.active_changes.
// Components carry no state: what no active change touches is operational; a document without components says nothing.
// Times are seconds since 1970.
#include <map>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/claim.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"
#include "probes/pages/words.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

void add_change(PageReport& report, const json& entry, Timestamp now) {
  std::vector<std::string> components;
  add_touched(components, list_at(entry, "affected_components"), "component_id", "");
  if (word_at(entry, "type") == "maintenance") {
    PageMaintenance out;
    out.id = id_at(entry, "change_id");
    out.name = text_at(entry, "title");
    out.status = word_at(entry, "status");
    out.starts = time_at(entry, {"start_at_seconds", "scheduled_start_at_seconds"});
    out.ends = time_at(entry, {"close_at_seconds", "end_at_seconds", "scheduled_end_at_seconds"});
    out.components = std::move(components);
    place(out, now);
    if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
    return;
  }
  PageIncident out;
  out.id = id_at(entry, "change_id");
  out.name = text_at(entry, "title");
  out.status = word_at(entry, "status");
  out.created = out.started = time_at(entry, "start_at_seconds");
  out.components = std::move(components);
  if (const json* updates = list_at(entry, "updates"))
    for (const json& update : *updates)
      if (update.is_object())
        out.updates.push_back(
            {time_at(update, "at_seconds"), word_at(update, "status"), html_text(text_at(update, "description"))});
  settle_updates(out);
  if (!out.updates.empty()) out.updated = out.updates.back().at;
  const auto closed = time_at(entry, "close_at_seconds");
  out.open = !closed && stage_of(out.status) != Stage::resolved;
  if (!out.open) out.resolved = closed ? closed : out.updated;
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

}  // namespace

void read_flashduty(const Document& document, PageReport& report) {
  const json* data = object_at(document.json(), "data");
  const json* components = data ? find(*data, {"page", "components"}) : nullptr;
  const json* changes = data ? list_at(*data, "active_changes") : nullptr;
  if (!components || !components->is_array() || !changes) {
    report.problem = document.stranger("Flashduty", "data.page.components beside data.active_changes");
    return;
  }
  if (components->empty()) {
    report.problem = "a Flashduty page without components: nothing can be concluded from it";
    return;
  }
  report.readable = report.has_incidents = report.has_components = true;
  std::map<std::string, std::pair<Status, std::string>> touched;
  for (const json& change : *changes) {
    if (!change.is_object()) continue;
    add_change(report, change, document.now());
    const bool over = time_at(change, "close_at_seconds") || stage_of(text_at(change, "status")) == Stage::resolved ||
                      stage_of(text_at(change, "status")) == Stage::scheduled;
    const json* list = list_at(change, "affected_components");
    if (over || !list) continue;
    for (const json& component : *list) {
      const std::string word = word_at(component, "status");
      const Status status = status_of(word).value_or(Status::unknown);
      const auto [at, added] = touched.try_emplace(id_at(component, "component_id"), status, word);
      if (!added && worse(at->second.first, status) == status) at->second = {status, word};
    }
  }
  std::map<std::string, std::string> sections;
  if (const json* list = find(*data, {"page", "sections"}); list && list->is_array())
    for (const json& section : *list) sections[id_at(section, "section_id")] = text_at(section, "name");
  for (const json& entry : *components) {
    if (!entry.is_object() || report.components.size() == max_page_records) continue;
    PageComponent out;
    out.id = id_at(entry, "component_id");
    out.name = text_at(entry, "name");
    if (const auto section = sections.find(id_at(entry, "section_id")); section != sections.end())
      out.group_name = section->second;
    const auto state = touched.find(out.id);
    out.claim = state == touched.end() ? Status::operational : state->second.first;
    if (state != touched.end()) out.raw = state->second.second;
    report.components.push_back(std::move(out));
  }
}

/// The number cannot be made from the page's address: known, or found in the page's HTML.
std::vector<std::string> flashduty_documents(const std::string& url) {
  if (url.find("/api/status-page/") != std::string::npos) return {url};
  if (url.find("status.deepseek.com") != std::string::npos)
    return {page_base(url, {}) + "/api/status-page/6410630422455/summary/active"};
  return {url};
}

}  // namespace outaged::probes
