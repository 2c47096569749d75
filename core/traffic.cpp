#include "core/traffic.h"

#include <algorithm>
#include <cmath>

namespace outaged {
namespace {

constexpr Duration recent_half_life = 30s, recent_most = 2min;
// A share worth a witness: well above what is normal, and never below 2 %.
constexpr double failing_floor = 0.02, failing_factor = 5;
constexpr double least_recent_failures = 3;

const double relief_needed = std::log(1000.0);
// An outage that pauses must not live on what came in the pause.
const double relief_most = 3 * relief_needed;
constexpr Duration relief_held = 60s;
constexpr double least_outage_rate = 0.02, most_outage_rate = 0.95;
constexpr std::uint64_t least_clean = 3;

}  // namespace

void Traffic::see(bool bad, std::uint32_t count, Timestamp at) {
  if (state_.seen != never_past && at > state_.seen) {
    const double keep = std::exp2(-to_seconds(at - state_.seen) / to_seconds(recent_half_life));
    state_.recent_good *= keep;
    state_.recent_bad *= keep;
  }
  state_.seen = std::max(state_.seen, at);
  if (!bad) state_.good_at = std::max(state_.good_at, at);
  (bad ? state_.recent_bad : state_.recent_good) += count;
}

Timestamp Traffic::place(Timestamp at) {
  state_.placed = std::max(state_.placed, at);
  return state_.placed;
}

double Traffic::failing(Timestamp now) const {
  if (state_.seen == never_past || now - state_.seen > recent_most) return 0;
  const double all = state_.recent_good + state_.recent_bad;
  return all > 0 ? state_.recent_bad / all : 0;
}

bool Traffic::fails(Timestamp now, double baseline) const {
  return state_.recent_bad >= least_recent_failures &&
         failing(now) >= std::max(failing_floor, failing_factor * baseline);
}

void Traffic::begin(const Detector& detector) {
  state_.failures = detector.excursion_failures();
  state_.requests = detector.excursion_probes();
  state_.relief = 0;
  state_.relieved_since = state_.clean_since = never_past;
  state_.last = never_past;
  state_.clean = 0;
}

bool Traffic::relieved(bool bad, std::uint32_t count, Timestamp at, const Detector& detector, const DetectionRules& rules) {
  if (state_.last != never_past && at - state_.last > rules.gap) {
    state_.relief = 0;
    state_.relieved_since = state_.clean_since = never_past;
    state_.clean = 0;
  }
  state_.last = at;
  state_.requests += count;
  if (bad) {
    state_.failures += count;
    state_.clean = 0;
    state_.clean_since = never_past;
  } else {
    if (state_.clean == 0) state_.clean_since = at;
    state_.clean += count;
  }
  const double outage = std::clamp((static_cast<double>(state_.failures) + 0.5) / (static_cast<double>(state_.requests) + 1),
                                   least_outage_rate, most_outage_rate);
  const double normal = std::min(detector.onset_baseline(), outage / 3);
  const double weight = bad ? std::log(normal / outage) : std::log((1 - normal) / (1 - outage));
  state_.relief = std::clamp(state_.relief + weight * count, 0.0, relief_most);
  if (state_.relief < relief_needed) {
    state_.relieved_since = never_past;
  } else if (state_.relieved_since == never_past) {
    state_.relieved_since = at;
  }
  const bool held = state_.relieved_since != never_past && at - state_.relieved_since >= relief_held;
  const bool clean_long_enough = state_.clean >= least_clean && at - state_.clean_since >= rules.recovery_cap;
  return held || clean_long_enough;
}

}  // namespace outaged
