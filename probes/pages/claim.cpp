#include "probes/pages/claim.h"

#include <algorithm>

namespace outaged::probes {

Status worse(Status a, Status b) {
  if (level(a) > 0 || level(b) > 0) return level(a) >= level(b) ? a : b;
  if (a == Status::unknown || b == Status::unknown) return Status::unknown;
  return std::max(a, b);  // operational < under_maintenance
}

bool lifts(const PageIncident& incident) { return incident.open && incident.status != "monitoring"; }

Status lifted(Status status) { return level(status) > 0 ? status : Status::degraded_performance; }

Status page_claim(const PageReport& report) {
  std::optional<Status> claim = report.indicator;
  for (const PageComponent& component : report.components)
    if (!component.group) claim = claim ? worse(*claim, component.claim) : component.claim;
  const auto active = [](const PageMaintenance& maintenance) { return maintenance.active; };
  if (!claim && std::any_of(report.maintenances.begin(), report.maintenances.end(), active))
    claim = Status::under_maintenance;
  const Status status = claim.value_or(Status::unknown);
  return std::any_of(report.incidents.begin(), report.incidents.end(), lifts) ? lifted(status) : status;
}

}  // namespace outaged::probes
