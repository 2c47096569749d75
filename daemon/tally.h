// What the pipeline counts for the published picture: probes by class, claims read, notifications delivered.
// Owned by the pipeline thread. Counts begin with the process.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "alerts/router.h"
#include "config/config.h"
#include "daemon/published.h"

namespace outaged {

class Tally {
 public:
  void configure(const Topology& topology, const config::Config& config);
  /// One more, which reports its traffic.
  void configure_target(TargetId id);
  void observed(const Observation& observation, Disposition disposition, Timestamp at);
  void claimed(const Claim& claim);
  void opened(const Incident& incident);
  void reported(const OutboxRow& row);
  /// Everything of the picture that comes from the engine, the router and these counts.
  void fill(Published& out, const Engine& engine, const config::Config& config, const alerts::Router& router) const;

  std::uint64_t clock_steps = 0, reloads = 0, unsaved_dropped = 0, streams_refused = 0;

 private:
  struct Component {
    std::uint64_t incidents = 0, claims_read = 0, claims_unreadable = 0, claim_changes = 0;
    std::optional<std::pair<Status, bool>> said;  // status and colour of the last readable claim
  };
  struct Receiver {
    std::uint64_t delivered = 0, failed = 0;
  };
  bool configured_ = false;                // the first configuration is no reload
  std::vector<TargetStatus> targets_;      // by id
  std::vector<Component> components_;      // by id
  std::map<std::string, Receiver> receivers_;
};

}  // namespace outaged
