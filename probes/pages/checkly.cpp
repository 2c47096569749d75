// Checkly: /api/status-page/<slug>/unresolved-incidents, /maintenance-windows, /uptime. Anchor: incidents with a
// severity and services, or metadata[].services. An empty list is the all-clear of the first document, where the format
// is known (several vendors serve {"incidents": []}). Every other path of such a page answers 200 with an HTML shell.
#include <map>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/claim.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"
#include "probes/pages/words.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

constexpr std::size_t many_services = 4;  // a MEDIUM on so many is a partial outage

Status severity_status(std::string_view word, std::size_t services) {
  if (word == "minor") return Status::degraded_performance;
  if (word == "medium") return services >= many_services ? Status::partial_outage : Status::degraded_performance;
  if (word == "major" || word == "critical") return Status::major_outage;
  if (word == "maintenance") return Status::under_maintenance;
  return Status::unknown;
}

PageIncident incident_of(const json& entry) {
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = text_at(entry, "name");
  out.status = word_at(entry, "lastUpdateStatus");
  out.impact = word_at(entry, "severity");
  out.created = time_at(entry, {"created_at", "createdAt"});
  out.updated = time_at(entry, {"updated_at", "updatedAt"});
  const json* services = list_at(entry, "services");
  add_touched(out.components, services);
  if (const json* updates = list_at(entry, "incidentUpdates"))
    for (const json& update : *updates)
      if (update.is_object())
        out.updates.push_back({time_at(update, {"publicIncidentUpdateDate", "created_at"}), word_at(update, "status"),
                               html_text(text_at(update, "description"))});
  settle_updates(out);
  out.open = stage_of(out.status) != Stage::resolved;
  out.claim = severity_status(out.impact, services ? services->size() : 0);
  if (!out.open) out.resolved = out.updates.empty() ? out.updated : out.updates.back().at;
  return out;
}

void read_incidents(const json& list, PageReport& report) {
  report.has_incidents = report.silent_is_green = true;
  for (const json& entry : list) {
    if (report.incidents.size() == max_page_records) break;
    PageIncident incident = incident_of(entry);
    if (incident.impact == "maintenance" && incident.open) {
      PageMaintenance work;
      work.id = incident.id;
      work.name = incident.name;
      work.status = incident.status;
      work.starts = incident.created;
      work.components = incident.components;
      work.active = true;
      report.maintenances.push_back(std::move(work));
    } else {
      report.incidents.push_back(std::move(incident));
    }
  }
}

void read_windows(const json* list, bool active, PageReport& report) {
  if (!list) return;
  for (const json& entry : *list) {
    if (!entry.is_object() || report.maintenances.size() == max_page_records) continue;
    PageMaintenance out;
    out.id = id_at(entry, "id");
    out.name = text_at(entry, "name");
    if (out.name.empty()) out.name = text_at(entry, "title");
    out.status = active ? "in_progress" : "scheduled";
    out.starts = time_at(entry, {"startsAt", "startAt"});
    out.ends = time_at(entry, {"endsAt", "endAt"});
    add_touched(out.components, list_at(entry, "services"));
    (active ? out.active : out.scheduled) = true;
    report.maintenances.push_back(std::move(out));
  }
}

/// The services by group, and per day what befell them: what is not resolved today is still so.
void read_uptime(const json& body, PageReport& report) {
  std::map<std::string, Status> failing;
  if (const json* groups = list_at(body, "uptime"))
    for (const json& group : *groups)
      if (const json* services = list_at(group, "services"))
        for (const json& service : *services)
          if (const json* days = list_at(service, "days"))
            for (const json& day : *days)
              if (const json* events = list_at(day, "events"))
                for (const json& event : *events) {
                  if (!event.is_object() || stage_of(text_at(event, "lastUpdateStatus")) == Stage::resolved) continue;
                  const auto [at, added] = failing.try_emplace(id_at(service, "id"), Status::operational);
                  at->second = worse(at->second, severity_status(word_at(event, "severity"), 1));
                }
  report.has_components = true;
  for (const json& group : body.at("metadata"))
    if (const json* services = list_at(group, "services"))
      for (const json& service : *services) {
        if (!service.is_object() || report.components.size() == max_page_records) continue;
        PageComponent out;
        out.id = id_at(service, "id");
        out.name = text_at(service, "name");
        out.group_name = text_at(group, "name");
        const auto state = failing.find(out.id);
        out.claim = state == failing.end() ? Status::operational : state->second;
        report.components.push_back(std::move(out));
      }
}

bool is_uptime(const json& body) {
  const json* groups = list_at(body, "metadata");
  return groups && !groups->empty() && list_at(groups->front(), "services") && list_at(body, "uptime");
}

}  // namespace

void read_checkly(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* incidents = list_at(body, "incidents");
  bool ours = incidents && body.size() == 1 && all_objects(*incidents) && (document.trusted() || !incidents->empty());
  if (ours)
    for (const json& entry : *incidents)
      ours = ours && !word_at(entry, "severity").empty() && list_at(entry, "services");
  if (ours) {
    read_incidents(*incidents, report);
  } else if (is_uptime(body)) {
    read_uptime(body, report);
  } else if (document.trusted() && list_at(body, "active") && list_at(body, "upcoming")) {
    read_windows(list_at(body, "active"), true, report);
    read_windows(list_at(body, "upcoming"), false, report);
  } else {
    report.problem = document.stranger("Checkly", "incidents with severity and services");
    return;
  }
  report.readable = true;
}

/// The slug is in the page's own address at most by custom: "mistral" of status.mistral.ai.
std::vector<std::string> checkly_documents(const std::string& url) {
  const auto windows = [](const std::string& base) { return base + "/maintenance-windows"; };
  const auto uptime = [](const std::string& base) { return base + "/uptime"; };
  constexpr std::string_view marker = "/api/status-page/";
  std::string base = page_base(url, {});
  if (const auto at = base.find(marker); at != std::string::npos) {
    base.resize(std::min(base.find('/', at + marker.size()), base.size()));
  } else {
    const auto parsed = parse_url(url);
    std::string host = parsed ? parsed->host : "";
    if (host.starts_with("status.")) host.erase(0, 7);
    base += std::string(marker) + host.substr(0, host.find('.'));
  }
  return {base + "/unresolved-incidents", uptime(base), windows(base)};
}

}  // namespace outaged::probes
