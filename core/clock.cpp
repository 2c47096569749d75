#include "core/clock.h"

#include <algorithm>

namespace outaged {
namespace {

class SystemClock final : public Clock {
 public:
  Timestamp wall() const override { return std::chrono::floor<Duration>(std::chrono::system_clock::now()); }
  SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

MonotoneClock::MonotoneClock(const Clock& clock, Timestamp not_before)
    : clock_(clock), steady_(clock.steady()), wall_(std::max(clock.wall(), not_before)), last_(not_before) {}

MonotoneClock::Reading MonotoneClock::read() {
  const SteadyTime steady = clock_.steady();
  const Timestamp wall = clock_.wall();
  const auto elapsed = std::max(std::chrono::nanoseconds{0}, std::chrono::nanoseconds{steady - steady_});

  Reading reading{wall, {}};
  const Duration difference = wall - wall_ - std::chrono::floor<Duration>(elapsed);
  if (difference >= step_threshold || difference <= -step_threshold) reading.step = difference;

  const auto advance = part_ + elapsed - elapsed / slew_divisor;
  const auto whole = std::chrono::floor<Duration>(advance);
  const Timestamp slewed = last_ + whole;
  if (wall >= slewed) {
    part_ = {};
  } else {
    reading.now = slewed;
    part_ = advance - whole;
  }
  steady_ = steady;
  wall_ = wall;
  last_ = reading.now;
  return reading;
}

}  // namespace outaged
