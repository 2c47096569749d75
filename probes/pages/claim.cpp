#include "probes/pages/claim.h"

#include <algorithm>

#include "probes/pages/words.h"

namespace outaged::probes {

Status worse(Status a, Status b) {
  if (level(a) > 0 || level(b) > 0) return level(a) >= level(b) ? a : b;
  if (a == Status::unknown || b == Status::unknown) return Status::unknown;
  return std::max(a, b);  // operational < under_maintenance
}

bool lifts(const PageIncident& incident) { return incident.open && stage_of(incident.status) != Stage::monitoring; }

Status lifted(Status status) { return level(status) > 0 ? status : Status::degraded_performance; }

Status page_claim(const PageReport& report) {
  if (!report.readable || !report.stale.empty()) return Status::unknown;
  std::optional<Status> claim = report.indicator;
  const auto say = [&](Status status) { claim = claim ? worse(*claim, status) : status; };
  bool silent = false;
  for (const PageComponent& component : report.components) {
    if (component.silent)
      silent = true;
    else if (!component.group)
      say(component.claim);
  }
  for (const PageIncident& incident : report.incidents)
    if (incident.open && incident.claim) say(*incident.claim);
  if (!claim && silent) claim = Status::unknown;  // nothing but what is not watched
  const auto active = [](const PageMaintenance& maintenance) { return maintenance.active; };
  if (!claim && std::any_of(report.maintenances.begin(), report.maintenances.end(), active))
    claim = Status::under_maintenance;
  if (!claim && report.silent_is_green) claim = Status::operational;
  const Status status = claim.value_or(Status::unknown);
  return std::any_of(report.incidents.begin(), report.incidents.end(), lifts) ? lifted(status) : status;
}

}  // namespace outaged::probes
