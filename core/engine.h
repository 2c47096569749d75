// Decides what is true and whether the provider admits it.
// Pure: the same inputs in the same order give the same effects. No clock, no I/O, no randomness, no logging.
// Owned by the pipeline thread (live) or by a replay. docs/architecture.md tells the reading order.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/input.h"
#include "core/result.h"

namespace outaged {

/// What the engine thinks of one target; for the page, the API and metrics.
struct TargetView {
  Status health = Status::unknown;      // operational, degraded_performance while its stream fires, unknown while blind
  bool proven = false;                  // has been ok at least once
  bool blind = true;                    // no usable observation in three intervals
  bool firing = false;
  double suspicion = 0;                 // 0 calm, 1 fires
  double baseline = 0.005;
  double threshold = 15;                // h, in nats
  std::uint64_t failures = 0, probes = 0;  // of the running excursion
  std::optional<Timestamp> onset, last_good, last_bad;
  Duration cadence{};                   // as the probe loop was last told; zero: the target's own interval
};

struct ControlView {
  bool ok = false, proven = false, vote = false;
  std::optional<Timestamp> at;
};

/// What people report of a component.
struct PeopleView {
  std::size_t last_hour = 0;            // different people
  double normal = 0;                    // an hour, as learned
  bool unusual = false;
};

/// How steady what its page says of a component is.
struct PageSteadiness {
  std::size_t changes = 0;              // from green to red or back, within the flap window
  bool flapping = false;                // so many that it is held red for a while after its last red reading
};

class Engine {
 public:
  Engine();
  ~Engine();
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;

  /// Takes the next input. First fires every deadline not later than the input's time, in order and at the
  /// deadline's own time. `out` is cleared first.
  void step(const Input& input, Effects& out);

  /// The next time at which something changes without any input; `never` if nothing will.
  Timestamp next_deadline() const;

  /// Time and sequence number of the last input taken.
  Timestamp now() const;
  Seq seq() const;

  /// The configured one, joined by the targets of those who report.
  const std::shared_ptr<const Topology>& topology() const;
  TargetView target(TargetId id) const;
  ControlView control(TargetId id) const;
  bool network_down() const;
  /// Fewer than two controls have a vote: we decide all the same and say so.
  bool unchecked() const;
  Verdict verdict(ComponentId id) const;
  PeopleView people(ComponentId id) const;
  PageSteadiness steadiness(ComponentId id) const;
  /// The last claim read, whatever it said; null before the first.
  const Claim* claim(ComponentId id) const;
  std::optional<Timestamp> claim_at(ComponentId id) const;
  /// The component's open incident, or the recovered one that may still be re-opened or cleared; null if none.
  const Incident* incident(ComponentId id) const;

  /// The whole state as a versioned document. load(save()) is the identity, to the bit.
  std::string save() const;
  /// Errors: unknown version, malformed document. The topology is the one configured when it was saved
  /// (the snapshot itself knows who reports beside it).
  static Result<Engine> load(std::string_view document, std::shared_ptr<const Topology> topology);

  struct State;  // core/engine_state.h

 private:
  std::unique_ptr<State> state_;
};

}  // namespace outaged
