// What the pipeline publishes for everyone who only reads: page, API, metrics, status line. Immutable; replaced about
// once a second and at each change of a verdict. Readers hold a shared_ptr as long as they need one consistent picture.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/engine.h"
#include "core/notification.h"
#include "core/scope.h"
#include "core/topology.h"
#include "probes/llm/ledger.h"
#include "probes/loop.h"
#include "storage/store.h"

namespace outaged {

/// One target's, from the start of this process on.
struct TargetStatus {
  TargetView view;
  Observation last;                    // of the latest probe
  std::optional<Timestamp> last_at;
  std::vector<std::pair<Class, std::uint64_t>> by_class;  // probes made, by class
  double seconds = 0;                  // sum over all probes
  std::uint64_t voided = 0;            // not counted: controls down, refractory, unproven, …
};

struct ComponentStatus {
  Verdict verdict;
  std::optional<Incident> incident;    // open, or recovered and still of interest
  std::optional<Claim> claim;          // the last read
  std::optional<Timestamp> claim_at;
  std::uint64_t incidents = 0;         // opened since the start of this process
  std::uint64_t claims_read = 0, claims_unreadable = 0;
  std::uint64_t claim_changes = 0;     // from one readable claim to another, since the start of this process
  PageSteadiness steadiness;
  PeopleView people;                   // who report that it fails for them
  std::vector<std::size_t> alternatives;  // places in Published::components, the best first
};

struct ReceiverStatus {
  std::string name, kind;
  std::size_t pending = 0, dead = 0;
  std::optional<Timestamp> oldest;     // of the pending
  std::uint64_t delivered = 0, failed_attempts = 0;
};

/// What came over HTTP since the start of this process.
struct IngestCounts {
  std::uint64_t rows = 0, rows_refused = 0;
  std::uint64_t put_off = 0;           // requests, answered with "later"
};

/// The same while it is counted, by web threads.
struct IngestCounters {
  std::atomic<std::uint64_t> rows{0}, rows_refused{0}, put_off{0};
  IngestCounts read() const { return {rows.load(), rows_refused.load(), put_off.load()}; }
};

struct Published {
  Timestamp at{};                      // the engine's time
  Timestamp started{};
  std::shared_ptr<const Topology> topology;
  std::vector<TargetStatus> targets;        // parallel to topology->targets
  std::vector<ComponentStatus> components;  // parallel to topology->components
  std::vector<Scope> scopes;                // parallel to topology->services
  std::vector<ControlView> controls;        // parallel to topology->controls
  std::vector<ReceiverStatus> receivers;
  bool network_down = false, unchecked = false;
  std::uint64_t inputs = 0, inbox_dropped = 0, clock_steps = 0, reloads = 0, reloads_failed = 0;
  std::size_t inbox_depth = 0;
  Duration pipeline_lag{};             // oldest input of the last batch: entered to stored
  IngestCounts ingest;
  storage::StoreStats store;
  probes::LoopStats loop;
  std::vector<probes::llm::LedgerStatus> ledgers;
  std::string config_error;            // of the last reload, if it failed
};

/// The latest picture. Thread-safe.
class Board {
 public:
  void publish(std::shared_ptr<const Published> next) {
    const std::lock_guard lock(mutex_);
    latest_ = std::move(next);
  }
  /// Null until the daemon has its first one.
  std::shared_ptr<const Published> latest() const {
    const std::lock_guard lock(mutex_);
    return latest_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const Published> latest_;
};

}  // namespace outaged
