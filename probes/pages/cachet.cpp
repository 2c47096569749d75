// Cachet. v1/v2: /api/v1/components, /incidents, /schedules, with numbers for states (status_name and human_status
// beside them) and dates in a zone that nobody tells: they are taken as UTC. v3: /api/status, /api/components, … in
// JSON:API, with status.{human, value}, where `human` is translated. Anchors: status_name; human_status;
// enabled_components; data.status of its words; attributes.status.value.
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

Status component_status(std::optional<std::int64_t> number) {
  switch (number.value_or(0)) {
    case 1:
      return Status::operational;
    case 2:
      return Status::degraded_performance;
    case 3:
      return Status::partial_outage;
    case 4:
      return Status::major_outage;
    case 6:
      return Status::under_maintenance;  // v3; 5 there, 0 in v1, is unknown
    default:
      return Status::unknown;
  }
}

std::string incident_word(std::optional<std::int64_t> number) {
  switch (number.value_or(-1)) {
    case 0:
      return "scheduled";
    case 1:
      return "investigating";
    case 2:
      return "identified";
    case 3:
      return "watching";
    case 4:
      return "fixed";
    default:
      return "";
  }
}

/// A resource of either version: v3 keeps its fields in "attributes" and states as {human, value}.
struct Resource {
  const json* fields;
  std::string id;
  bool v3 = false;
  std::optional<std::int64_t> number;  // of `status`

  explicit Resource(const json& entry) : fields(object_at(entry, "attributes")), id(id_at(entry, "id")) {
    v3 = fields != nullptr;
    if (!fields) fields = &entry;
    if (id.empty()) id = id_at(*fields, "id");
    number = number_at(*fields, "status");
    if (const json* status = object_at(*fields, "status")) number = number_at(*status, "value"), v3 = true;
  }
  /// v3 gives moments as {human, string, timestamp}.
  std::optional<Timestamp> time(std::initializer_list<std::string_view> keys) const {
    for (const std::string_view key : keys) {
      if (const auto plain = time_at(*fields, key)) return plain;
      if (const json* moment = object_at(*fields, key)) return time_at(*moment, {"timestamp", "string"});
    }
    return std::nullopt;
  }
};

enum class What { nothing, component, group, incident, schedule };

What what_is(const json& entry) {
  const Resource resource(entry);
  const json& fields = *resource.fields;
  const std::string type = word_at(entry, "type");
  if (find(fields, "status_name")) return What::component;
  if (list_at(fields, "enabled_components")) return What::group;
  if (!resource.v3) {
    if (find(fields, "human_status") && resource.number)
      return find(fields, "component_id") || find(fields, "visible") ? What::incident : What::schedule;
    return What::nothing;
  }
  if (!object_at(fields, "status")) return type.find("group") != std::string::npos ? What::group : What::nothing;
  if (type.find("schedule") != std::string::npos || find(fields, "scheduled")) return What::schedule;
  if (type.find("incident") != std::string::npos || find(fields, "message") || find(fields, "occurred"))
    return What::incident;
  return What::component;
}

void add_component(PageReport& report, const json& entry, const std::string& group) {
  const Resource resource(entry);
  PageComponent out;
  out.id = resource.id;
  out.name = text_at(*resource.fields, "name");
  out.raw = word_at(*resource.fields, "status_name");
  if (out.raw.empty() && resource.number) out.raw = std::to_string(*resource.number);
  out.claim = component_status(resource.number);
  out.group_name = group;
  report.has_components = true;
  if (report.components.size() < max_page_records) report.components.push_back(std::move(out));
}

void add_maintenance(PageReport& report, const Resource& resource, bool v1_incident, Timestamp now) {
  PageMaintenance out;
  out.id = resource.id;
  out.name = text_at(*resource.fields, "name");
  out.starts = resource.time({"scheduled_at", "scheduled"});
  out.ends = resource.time({"completed_at", "completed"});
  const std::int64_t state = v1_incident ? 0 : resource.number.value_or(-1);
  out.status = state == 0 ? "upcoming" : state == 1 ? "in progress" : state == 2 ? "complete" : "";
  place(out, now);
  if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
}

void add_incident(PageReport& report, const json& entry, Timestamp now) {
  const Resource resource(entry);
  const json& fields = *resource.fields;
  auto number = resource.number;
  if (const auto latest = number_at(fields, "latest_status")) number = latest;  // v2: after its updates
  if (number == 0 && !resource.v3) {
    add_maintenance(report, resource, true, now);
    return;
  }
  PageIncident out;
  out.id = resource.id;
  out.name = text_at(fields, "name");
  out.status = resource.v3 && number == 0 ? "unknown" : incident_word(number);
  if (out.status.empty()) out.status = word_at(fields, "human_status");
  out.created = resource.time({"created_at", "created"});
  out.started = resource.time({"occurred_at", "occurred"});
  if (!out.created) out.created = out.started;
  out.updated = resource.time({"updated_at", "updated"});
  if (const std::string component = id_at(fields, "component_id"); component != "0")
    add_unique(out.components, component);
  add_touched(out.components, list_at(fields, "components"), "id", "");
  out.updates.push_back({out.created, incident_word(resource.number), html_text(text_at(fields, "message"))});
  if (const json* updates = list_at(fields, "updates"))
    for (const json& update : *updates)
      if (update.is_object())
        out.updates.push_back({time_at(update, "created_at"), incident_word(number_at(update, "status")),
                               html_text(text_at(update, "message"))});
  settle_updates(out);
  out.open = stage_of(out.status) != Stage::resolved;
  if (!out.open) out.resolved = out.updated;
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

void add_group(PageReport& report, const json& entry) {
  const Resource resource(entry);
  if (const json* members = list_at(*resource.fields, "enabled_components"))
    for (const json& member : *members)
      if (member.is_object()) add_component(report, member, text_at(*resource.fields, "name"));
}

int pages_of(const json& body) {
  const json* pagination = find(body, {"meta", "pagination"});
  const auto pages = pagination ? number_at(*pagination, "total_pages")
                                : number_at(find(body, "meta") ? body.at("meta") : json(), "last_page");
  return static_cast<int>(std::clamp<std::int64_t>(pages.value_or(1), 1, 100));
}

bool read_list(const json& body, const json& data, PageReport& report, Timestamp now) {
  if (!all_objects(data)) return false;
  if (std::any_of(data.begin(), data.end(), [](const json& entry) { return what_is(entry) == What::nothing; }))
    return false;
  bool components = false;
  for (const json& entry : data) {
    switch (what_is(entry)) {
      case What::component:
        add_component(report, entry, ""), components = true;
        break;
      case What::group:
        add_group(report, entry);
        break;
      case What::incident:
        add_incident(report, entry, now);
        break;
      case What::schedule:
        add_maintenance(report, Resource(entry), false, now);
        break;
      case What::nothing:
        break;
    }
  }
  if (components) report.pages = pages_of(body);
  return true;
}

/// v3's /api/status: {"data": {"status": "operational"}}.
bool read_word(const json& data, bool trusted, PageReport& report) {
  std::string word = word_at(data, "status");
  if (word.empty())
    if (const json* attributes = object_at(data, "attributes")) word = word_at(*attributes, "status");
  if (word.empty())
    if (const json* status = object_at(data, "status")) word = word_at(*status, "value");
  const auto status = status_of(word);
  if (word.empty() || (!status && !trusted) || find(data, "page")) return false;
  report.indicator = status.value_or(Status::unknown);
  report.description = text_at(data, "message");
  return true;
}

}  // namespace

void read_cachet(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* data = find(body, "data");
  if (data && data->is_array()) {
    // An empty list is read only beside Cachet's own pagination.
    if (!data->empty() || (document.trusted() && find(body, "meta")))
      report.readable = read_list(body, *data, report, document.now());
  } else if (data && data->is_object()) {
    const What what = what_is(*data);
    report.readable = what != What::nothing ? read_list(body, json::array({*data}), report, document.now())
                                            : read_word(*data, document.trusted(), report);
  }
  if (!report.readable) report.problem = document.stranger("Cachet", "status_name or data.status");
}

std::vector<std::string> cachet_documents(const std::string& url) {
  const std::string base = page_base(url, {"/api/"});
  const std::string path = url.substr(0, url.find_first_of("?#"));
  const bool v3 = path.ends_with("/status") ||
                  (path.find("/api/") != std::string::npos && path.find("/api/v1") == std::string::npos);
  if (v3) {
    const std::string status = path.ends_with("/status") ? path : base + "/api/status";
    return {status, base + "/api/components", base + "/api/incidents", base + "/api/schedules"};
  }
  // Newest first: the default order would put what is open on the last page.
  return {base + "/api/v1/components", base + "/api/v1/incidents?sort=id&order=desc", base + "/api/v1/schedules"};
}

}  // namespace outaged::probes
