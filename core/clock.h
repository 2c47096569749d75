// Clocks. Only the edges (inbox, probe loop, delivery, main) hold one; the engine never does.
#pragma once

#include "core/time.h"

namespace outaged {

using SteadyTime = std::chrono::steady_clock::time_point;

/// What time it is. Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp wall() const = 0;
  virtual SteadyTime steady() const = 0;
};

/// The machine's clocks.
const Clock& system_clock();

/// The engine's time: never goes back, and never stands still while time passes. One owner, one thread.
///
/// It is the wall clock as long as that agrees with the steady clock. A difference of a second or more between two
/// readings is a step, and reported as one:
/// - forward (NTP at last, a suspended machine): followed at once;
/// - back: not followed. Time runs on from the last reading by the steady clock, two percent slow, until the wall clock
///   has caught up. Waiting at the last value instead would leave us deaf for as long as the step: nothing that counts
///   seconds would move. Two percent, because refractory windows are an interval less five percent (DetectionRules):
///   a much slower clock would void every second probe.
/// Smaller differences are treated alike, but not reported.
class MonotoneClock {
 public:
  static constexpr Duration step_threshold = 1s;
  static constexpr int slew_divisor = 50;  // one part in fifty: two percent

  /// `not_before`: the last time already used (in the database). If the wall clock is behind it, the first reading
  /// reports the difference as a step back.
  explicit MonotoneClock(const Clock& clock, Timestamp not_before = never_past);

  struct Reading {
    Timestamp now;
    Duration step{};  // non-zero: the wall clock was stepped by this much since the last reading
  };
  Reading read();

 private:
  const Clock& clock_;
  SteadyTime steady_;               // of the last reading
  Timestamp wall_;                  // of the last reading; before the first, what it is compared with
  Timestamp last_;                  // given out last
  std::chrono::nanoseconds part_{}; // of a millisecond, beyond last_: frequent readings must not lose it
};

}  // namespace outaged
