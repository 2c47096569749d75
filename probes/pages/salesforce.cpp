// Salesforce Trust: https://api.status.salesforce.com/v1/instances/<KEY>/status; /v1/incidents and /v1/maintenances are
// arrays of the same. Anchor: key and status beside Incidents; IncidentImpacts. An incident is open while an impact has
// no endTime (null or ""), whatever its events say; startTime is back-dated on purpose. Services carry no state: those
// that an open incident names have its severity, the others are operational.
#include <algorithm>
#include <map>
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

Status instance_status(std::string_view word) {
  if (word == "OK") return Status::operational;
  if (word == "MINOR_INCIDENT_NONCORE") return Status::degraded_performance;
  if (word == "MAJOR_INCIDENT_NONCORE" || word == "MINOR_INCIDENT_CORE") return Status::partial_outage;
  if (word == "MAJOR_INCIDENT_CORE") return Status::major_outage;
  if (word.starts_with("MAINTENANCE_")) return Status::under_maintenance;
  return Status::unknown;
}

Status severity_status(std::string_view word) {
  if (word == "minor") return Status::degraded_performance;
  if (word == "major") return Status::partial_outage;
  return Status::unknown;
}

void add_incident(PageReport& report, const json& entry, std::map<std::string, Status>& touched) {
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  if (out.name.empty()) out.name = text_at(entry, "subject");
  out.status = word_at(entry, "status");
  out.created = time_at(entry, "createdAt");
  out.updated = time_at(entry, "updatedAt");
  add_touched(out.components, list_at(entry, "serviceKeys"));
  bool impacts = false;
  Status worst = Status::operational;
  if (const json* list = list_at(entry, "IncidentImpacts"))
    for (const json& impact : *list) {
      impacts = true;
      const auto starts = time_at(impact, "startTime"), ends = time_at(impact, "endTime");
      if (starts && (!out.started || *starts < *out.started)) out.started = starts;
      if (!ends) out.open = true;
      if (ends && (!out.resolved || *ends > *out.resolved)) out.resolved = ends;
      if (const std::string word = word_at(impact, "severity"); worse(worst, severity_status(word)) != worst) {
        worst = severity_status(word);
        out.impact = word;
      }
    }
  if (!impacts) out.open = out.status != "resolved";
  if (out.open) out.resolved.reset();
  if (const json* events = list_at(entry, "IncidentEvents"))
    for (const json& event : *events)
      if (event.is_object())
        out.updates.push_back(
            {time_at(event, "createdAt"), word_at(event, "type"), html_text(text_at(event, "message"))});
  settle_updates(out);
  if (out.open) {
    const Status status = worst == Status::operational ? Status::unknown : worst;
    for (const std::string& key : out.components) {
      const auto [at, added] = touched.try_emplace(key, status);
      if (!added) at->second = worse(at->second, status);
    }
  }
  if (report.incidents.size() < max_page_records) report.incidents.push_back(std::move(out));
}

void add_maintenance(PageReport& report, const json& entry, Timestamp now) {
  PageMaintenance out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  if (const json* message = object_at(entry, "message")) out.status = word_at(*message, "eventStatus");
  out.starts = time_at(entry, "plannedStartTime");
  out.ends = time_at(entry, "plannedEndTime");
  add_touched(out.components, list_at(entry, "serviceKeys"));
  if (out.status != "completed" && out.status != "canceled") {
    const bool begun = out.starts && *out.starts <= now, over = out.ends && *out.ends <= now;
    out.active = begun && !over;
    out.scheduled = !begun && !over;
  }
  if (report.maintenances.size() < max_page_records) report.maintenances.push_back(std::move(out));
}

bool are(const json& list, std::string_view key) {
  return !list.empty() && std::all_of(list.begin(), list.end(), [&](const json& e) { return find(e, key) != nullptr; });
}

}  // namespace

void read_salesforce(const Document& document, PageReport& report) {
  const json& body = document.json();
  std::map<std::string, Status> touched;
  if (body.is_array() && (are(body, "IncidentImpacts") || are(body, "MaintenanceImpacts"))) {
    report.readable = true;
    for (const json& entry : body) {
      if (find(entry, "IncidentImpacts"))
        add_incident(report, entry, touched);
      else
        add_maintenance(report, entry, document.now());
    }
    return;
  }
  const json* incidents = list_at(body, "Incidents");
  const std::string status = text_at(body, "status");
  if (text_at(body, "key").empty() || status.empty() || !incidents) {
    report.problem = document.stranger("Salesforce", "key and status beside Incidents");
    return;
  }
  report.readable = report.has_incidents = true;
  report.indicator = instance_status(status);
  report.description = status;
  for (const json& entry : *incidents)
    if (entry.is_object()) add_incident(report, entry, touched);
  if (const json* list = list_at(body, "Maintenances"))
    for (const json& entry : *list)
      if (entry.is_object()) add_maintenance(report, entry, document.now());
  if (const json* services = list_at(body, "Services")) {
    report.has_components = true;
    for (const json& entry : *services) {
      if (!entry.is_object() || report.components.size() == max_page_records) continue;
      PageComponent out;
      out.name = text_at(entry, "key");
      const auto state = touched.find(out.name);
      out.claim = state == touched.end() ? Status::operational : state->second;
      report.components.push_back(std::move(out));
    }
  }
}

std::vector<std::string> salesforce_documents(const std::string& url) {
  if (url.find("/v1/") != std::string::npos) return {url};
  // status.salesforce.com/instances/NA224
  constexpr std::string_view marker = "/instances/";
  const std::string base = page_base(url, {});
  const auto at = base.find(marker);
  if (at == std::string::npos) return {url};
  const std::string rest = base.substr(at + marker.size());
  return {"https://api.status.salesforce.com/v1/instances/" + rest.substr(0, rest.find('/')) + "/status"};
}

}  // namespace outaged::probes
