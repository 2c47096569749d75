// Zendesk: https://status.zendesk.com/api/incidents/active and /maintenance, in JSON:API (documented, no capture of an
// open incident was at hand). Anchor: data[] of type incident; an empty list is the all-clear where the format is
// known.
#include <algorithm>
#include <map>
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

/// What an entry relates to, whatever the relation is called.
std::vector<std::string> related(const json& entry) {
  std::vector<std::string> out;
  const json* relations = object_at(entry, "relationships");
  if (!relations) return out;
  for (const auto& [name, relation] : relations->items()) {
    const json* data = find(relation, "data");
    if (!data) continue;
    if (data->is_array())
      add_touched(out, data, "id", "");
    else
      add_unique(out, id_at(*data, "id"));
  }
  return out;
}

using Included = std::multimap<std::string, const json*>;

/// Services by id and name: named directly, or by an incident_service in between.
void touch(std::vector<std::string>& out, const json& entry, const Included& included, int depth) {
  if (depth > 2) return;
  for (const std::string& id : related(entry)) {
    const auto [from, to] = included.equal_range(id);
    for (auto at = from; at != to; ++at) {
      const std::string type = word_at(*at->second, "type");
      if (type == "service" || type == "services") {
        add_unique(out, id);
        if (const json* attributes = object_at(*at->second, "attributes"))
          add_unique(out, text_at(*attributes, "name"));
      } else if (type.starts_with("incident_service") || type.starts_with("incidentservice")) {
        touch(out, *at->second, included, depth + 1);
      }
    }
  }
}

}  // namespace

void read_zendesk(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* data = list_at(body, "data");
  const auto is_incident = [](const json& entry) {
    const std::string type = word_at(entry, "type");
    return (type.find("incident") != std::string::npos || type.find("maintenance") != std::string::npos) &&
           object_at(entry, "attributes");
  };
  if (!data || !all_objects(*data) || !std::all_of(data->begin(), data->end(), is_incident) ||
      (data->empty() && !document.trusted())) {
    report.problem = document.stranger("Zendesk", "data of type incident");
    return;
  }
  report.readable = report.has_incidents = report.silent_is_green = true;
  Included included;
  if (const json* list = list_at(body, "included"))
    for (const json& entry : *list)
      if (entry.is_object()) included.emplace(id_at(entry, "id"), &entry);
  for (const json& entry : *data) {
    const json& attributes = entry.at("attributes");
    std::string name = text_at(attributes, "title");
    if (name.empty()) name = text_at(attributes, "name");
    std::vector<std::string> components;
    touch(components, entry, included, 0);
    if (word_at(entry, "type").find("maintenance") != std::string::npos || flag_at(attributes, "maintenance")) {
      PageMaintenance out;
      out.id = id_at(entry, "id");
      out.name = name;
      out.status = word_at(attributes, "status");
      out.starts = time_at(attributes, {"maintenance_start_time", "started_at", "start_at"});
      out.ends = time_at(attributes, {"maintenance_end_time", "resolved_at", "end_at"});
      out.components = std::move(components);
      place(out, document.now());
      if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
      continue;
    }
    PageIncident out;
    out.id = id_at(entry, "id");
    out.name = name;
    out.status = word_at(attributes, "status");
    out.impact = word_at(attributes, "impact");
    out.created = time_at(attributes, {"created_at", "started_at"});
    out.started = time_at(attributes, "started_at");
    out.updated = time_at(attributes, "updated_at");
    out.resolved = time_at(attributes, "resolved_at");
    out.components = std::move(components);
    out.open = !out.resolved && stage_of(out.status) != Stage::resolved;
    if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
  }
}

std::vector<std::string> zendesk_documents(const std::string& url) {
  const std::string base = page_base(url, {"/api/incidents"});
  return {base + "/api/incidents/active", base + "/api/incidents/maintenance"};
}

}  // namespace outaged::probes
