// From a configuration to what the loop asks and which claims speak for whom. Built before anything live is touched:
// a plan that cannot be built leaves the old one running.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/clock.h"
#include "core/topology.h"
#include "probes/heartbeats.h"
#include "probes/llm/ledger.h"
#include "probes/loop.h"

namespace outaged {

/// Jobs by name, ids still to come.
struct PlannedJob {
  probes::Job::Role role = probes::Job::Role::target;
  std::string name;
  Duration interval{};
  std::shared_ptr<const Probe> probe;
  std::string host{}, group{};  // as in probes::Job
};
/// Errors: a target that no probe kind accepts, a page of unknown format. `ledger` is what paid probes share,
/// `heartbeats` what those of kind `push` look at; null: for a look at the configuration only.
Result<std::vector<PlannedJob>> plan_jobs(const config::Config& config, const Clock& clock,
                                          const std::shared_ptr<probes::llm::Ledger>& ledger,
                                          const std::shared_ptr<probes::Heartbeats>& heartbeats = nullptr);
/// Who is expected to report.
std::vector<probes::Heartbeats::Expected> expected_heartbeats(const config::Config& config);
probes::Plan number_jobs(std::vector<PlannedJob> jobs, const Topology& topology);

/// One component's claim on a page: which of the page's components speak for it.
struct PageListener {
  ComponentId component{};
  std::vector<std::string> page_components;
};
std::map<PageId, std::vector<PageListener>> page_listeners(const config::Config& config, const Topology& topology);

/// Errors: a receiver whose settings its kind cannot use.
Result<void> check_receivers(const config::Config& config);

/// What leaves through the egress, with our name on it where the user gave none.
config::Egress signed_egress(const config::Config& config);
probes::LoopOptions loop_options(const config::Config& config);

}  // namespace outaged
