#include "daemon/tally.h"

#include <algorithm>
#include <string_view>

namespace outaged {
namespace {

/// The alternatives' names as places in the picture; out.components is filled.
void place_alternatives(Published& out, const config::Config& config) {
  std::map<std::string_view, std::size_t> places;
  for (std::size_t i = 0; i < out.topology->components.size(); ++i) places[out.topology->components[i].name] = i;
  for (const config::Service& service : config.services)
    for (const config::Component& component : service.components) {
      if (component.alternatives.empty()) continue;
      const auto own = places.find(component.name);
      if (own == places.end()) continue;
      for (const config::Alternative& alternative : component.alternatives)
        if (const auto at = places.find(alternative.name); at != places.end())
          out.components[own->second].alternatives.push_back(at->second);
    }
}

}  // namespace

void Tally::configure(const Topology& topology, const config::Config&) {
  for (const TargetSpec& spec : topology.targets) configure_target(spec.id);
  for (const ComponentSpec& spec : topology.components) {
    if (components_.size() <= index(spec.id)) components_.resize(index(spec.id) + 1);
  }
  if (configured_) ++reloads;
  configured_ = true;
}

void Tally::configure_target(TargetId id) {
  if (targets_.size() <= index(id)) targets_.resize(index(id) + 1);
}

void Tally::observed(const Observation& observation, Disposition disposition, Timestamp at) {
  if (index(observation.target) >= targets_.size() || disposition == Disposition::control) return;
  TargetStatus& status = targets_[index(observation.target)];
  status.last = observation;
  status.last_at = at;
  status.seconds += to_seconds(observation.took) * observation.count;
  if (disposition != Disposition::good && disposition != Disposition::bad) status.voided += observation.count;
  const auto found = std::find_if(status.by_class.begin(), status.by_class.end(),
                                  [&](const auto& entry) { return entry.first == observation.cls; });
  if (found != status.by_class.end()) {
    found->second += observation.count;
  } else {
    status.by_class.emplace_back(observation.cls, observation.count);
  }
}

void Tally::claimed(const Claim& claim) {
  if (index(claim.component) >= components_.size()) return;
  Component& component = components_[index(claim.component)];
  if (claim.status == Status::unknown && !claim.red) {
    ++component.claims_unreadable;
    return;
  }
  ++component.claims_read;
  const std::pair now(claim.status, claim.red);
  if (component.said && *component.said != now) ++component.claim_changes;
  component.said = now;
}

void Tally::opened(const Incident& incident) {
  if (index(incident.component) < components_.size()) ++components_[index(incident.component)].incidents;
}

void Tally::reported(const OutboxRow& row) {
  Receiver& receiver = receivers_[row.receiver];
  switch (row.state) {
    case OutboxState::delivered: ++receiver.delivered; break;
    case OutboxState::pending:
    case OutboxState::dead: ++receiver.failed; break;
    case OutboxState::cancelled: break;
  }
}

void Tally::fill(Published& out, const Engine& engine, const config::Config& config, const alerts::Router& router) const {
  out.topology = engine.topology();
  out.network_down = engine.network_down();
  out.unchecked = engine.unchecked();
  out.clock_steps = clock_steps;
  out.reloads = reloads;
  out.targets.reserve(out.topology->targets.size());
  for (const TargetSpec& spec : out.topology->targets) {
    TargetStatus status = index(spec.id) < targets_.size() ? targets_[index(spec.id)] : TargetStatus{};
    status.view = engine.target(spec.id);
    out.targets.push_back(std::move(status));
  }
  out.components.reserve(out.topology->components.size());
  for (const ComponentSpec& spec : out.topology->components) {
    ComponentStatus status;
    status.verdict = engine.verdict(spec.id);
    if (const Incident* incident = engine.incident(spec.id)) status.incident = *incident;
    if (const Claim* claim = engine.claim(spec.id)) status.claim = *claim;
    status.claim_at = engine.claim_at(spec.id);
    status.people = engine.people(spec.id);
    status.steadiness = engine.steadiness(spec.id);
    if (index(spec.id) < components_.size()) {
      const Component& counts = components_[index(spec.id)];
      status.incidents = counts.incidents;
      status.claims_read = counts.claims_read;
      status.claims_unreadable = counts.claims_unreadable;
      status.claim_changes = counts.claim_changes;
    }
    out.components.push_back(std::move(status));
  }
  place_alternatives(out, config);
  for (const ServiceSpec& spec : out.topology->services) {
    // Only a service with something wrong has a scope worth the walk.
    const bool open = std::any_of(out.components.begin(), out.components.end(), [&](const ComponentStatus& status) {
      const ComponentSpec* component = out.topology->component(status.verdict.component);
      return component && component->service == spec.id && status.incident && !status.incident->recovered;
    });
    out.scopes.push_back(open ? scope_of(engine, spec.id) : Scope{});
  }
  for (const ControlSpec& spec : out.topology->controls) out.controls.push_back(engine.control(spec.id));
  for (const config::Receiver& receiver : config.receivers) {
    const alerts::Router::Depth depth = router.depth(receiver.name);
    ReceiverStatus status{.name = receiver.name, .kind = receiver.kind, .pending = depth.pending, .dead = depth.dead,
                          .oldest = depth.oldest};
    if (const auto found = receivers_.find(receiver.name); found != receivers_.end()) {
      status.delivered = found->second.delivered;
      status.failed_attempts = found->second.failed;
    }
    out.receivers.push_back(std::move(status));
  }
}

}  // namespace outaged
