#include "core/detector.h"

#include <algorithm>
#include <cmath>

namespace outaged {
namespace {

// Makes two failures never enough (2 · ln 900 < 15).
constexpr double baseline_floor = 0.001;
// A rung below three times the baseline cannot tell an outage from a bad day.
constexpr double least_ratio = 3;
constexpr std::uint32_t least_failures = 3;
// Recovery: a run of good probes that had less than this chance if the outage went on.
constexpr double recovery_alpha = 0.001;
constexpr int recovery_least = 3, recovery_most = 60;
constexpr int gap_intervals = 10;
// The 2 % rung costs threshold and pays only where thousands of probes come in an hour.
constexpr Duration fourth_rung_interval = 100ms;

}  // namespace

int detection_rungs(Duration interval) { return interval <= fourth_rung_interval ? 4 : 3; }

double detection_threshold(Duration interval, double false_alarms_per_year) {
  const double probes_per_year = 365.0 * 86400.0 / std::max(to_seconds(interval), 1e-3);
  return std::log(static_cast<double>(detection_rungs(interval)) * probes_per_year / false_alarms_per_year);
}

DetectionRules pooled_rules(const std::vector<const DetectionRules*>& targets) {
  DetectionRules pooled = *targets.front();
  double rate = 0;
  for (const DetectionRules* rules : targets) {
    rate += 1 / std::max(to_seconds(rules->interval), 1e-3);
    pooled.false_alarms_per_year = std::min(pooled.false_alarms_per_year, rules->false_alarms_per_year);
    pooled.min_outage = std::min(pooled.min_outage, rules->min_outage);
    pooled.refractory = std::max(pooled.refractory, rules->refractory);
    pooled.recovery_cap = std::max(pooled.recovery_cap, rules->recovery_cap);
    pooled.expected_error_rate = std::max(pooled.expected_error_rate, rules->expected_error_rate);
  }
  pooled.interval = std::max(Duration{1}, from_seconds(1 / rate));
  pooled.failure_threshold = pooled.success_threshold = 0;
  return pooled;
}

double Detector::baseline(const DetectionRules& rules) const {
  return std::clamp(state_.bad / state_.good, baseline_floor, std::max(baseline_floor, rules.expected_error_rate));
}

double Detector::threshold(const DetectionRules& rules) {
  if (rules.interval != threshold_interval_ || rules.false_alarms_per_year != threshold_budget_) {
    threshold_interval_ = rules.interval;
    threshold_budget_ = rules.false_alarms_per_year;
    threshold_ = detection_threshold(rules.interval, rules.false_alarms_per_year);
  }
  return threshold_;
}

void Detector::learn(std::uint64_t count, bool bad, Timestamp at, Duration half_life) {
  double keep = 1.0;
  if (state_.learned != never_past && at > state_.learned) {
    // At a steady pace the same power again and again: the dearest part of a calm probe.
    if (at - state_.learned != kept_for_ || half_life != kept_half_life_) {
      kept_for_ = at - state_.learned;
      kept_half_life_ = half_life;
      kept_ = std::exp2(-to_seconds(kept_for_) / to_seconds(half_life));
    }
    keep = kept_;
  }
  if (state_.good * keep < least_memory) keep = std::min(1.0, least_memory / state_.good);
  state_.good = state_.good * keep + static_cast<double>(count);
  state_.bad = state_.bad * keep + (bad ? static_cast<double>(count) : 0);
  state_.learned = std::max(state_.learned, at);
}

/// Log-likelihood ratios of one probe against the present baseline.
void Detector::weigh(const DetectionRules& rules) {
  const double p0 = baseline(rules);
  if (state_.weighed > 0 && std::abs(p0 - state_.weighed) <= 0.005 * state_.weighed) return;
  state_.weighed = p0;
  make_weights();
}

void Detector::make_weights() {
  const double p0 = state_.weighed;
  for (std::size_t k = 0; k < rungs.size(); ++k) {
    const double p1 = rungs[k];
    weights_[k] = {.used = p1 >= least_ratio * p0, .bad = std::log(p1 / p0), .good = std::log((1 - p1) / (1 - p0))};
  }
}

void Detector::restore(const State& state) {
  state_ = state;
  const double missing = least_memory - state_.good;
  if (missing > 0) {
    state_.good += missing;
    state_.bad += missing * prior_baseline;
  }
  if (state_.weighed > 0) make_weights();
  top_ = highest().sum;
}

/// What was seen before a long silence, suspicious or clean, says nothing about now.
void Detector::forget_after_gap(Timestamp at, const DetectionRules& rules) {
  const Duration gap = rules.gap > Duration{} ? rules.gap : gap_intervals * rules.interval;
  if (state_.last != never_past && at - state_.last > gap) {
    if (state_.firing) {
      state_.run = 0;
    } else {
      calm();
    }
  }
  state_.last = std::max(state_.last, at);
}

void Detector::take_good(std::uint64_t count, Timestamp at, bool teaches, const DetectionRules& rules) {
  forget_after_gap(at, rules);
  if (state_.firing || at < state_.refractory_until || count == 0) return;
  if (teaches && top_ < threshold(rules) / 2) learn(count, false, at, rules.baseline_half_life);
  weigh(rules);
  if (top_ == 0) return;
  const auto in_use = static_cast<std::size_t>(detection_rungs(rules.interval));
  const auto times = static_cast<double>(count);
  for (std::size_t k = 0; k < rungs.size(); ++k) {
    Rung& rung = state_.rungs[k];
    rung.sum = k < in_use && weights_[k].used ? std::max(0.0, rung.sum + times * weights_[k].good) : 0.0;
    if (rung.sum == 0) {
      rung = {};
    } else {
      rung.probes += static_cast<std::uint32_t>(std::min<std::uint64_t>(count, 1'000'000'000));
    }
  }
  top_ = highest().sum;
}

Detector::Change Detector::take(bool bad, Timestamp at, bool teaches, const DetectionRules& rules, const Mark& mark) {
  forget_after_gap(at, rules);

  if (rules.failure_threshold > 0) {
    const Change change = take_classic(bad, at, rules, mark);
    top_ = highest().sum;
    return change;
  }
  if (state_.firing) return take_firing(bad, at, rules);
  // A hiccup of twenty seconds fails every probe that meets it: one counted failure per refractory window, so that
  // probing faster is never worth more evidence than it is.
  if (at < state_.refractory_until) return Change::refractory;

  const double h = threshold(rules);
  if (teaches && top_ < h / 2) learn(1, bad, at, rules.baseline_half_life);
  weigh(rules);
  if (!bad && top_ == 0) return Change::none;  // nothing to take away from: nearly every probe there is
  const auto in_use = static_cast<std::size_t>(detection_rungs(rules.interval));
  top_ = 0;
  for (std::size_t k = 0; k < rungs.size(); ++k) {
    Rung& rung = state_.rungs[k];
    if (k >= in_use || !weights_[k].used) {
      rung = {};
      continue;
    }
    if (rung.sum == 0) rung = {.sum = 0, .start = at, .failures = 0, .probes = 0, .mark = mark};
    ++rung.probes;
    if (bad) ++rung.failures;
    // Never above h: what min_outage keeps untold would otherwise pile up, and let one failure hours later speak for it.
    rung.sum = std::max(0.0, std::min(h, rung.sum + (bad ? weights_[k].bad : weights_[k].good)));
    if (rung.sum == 0) rung = {};
    top_ = std::max(top_, rung.sum);
  }
  if (!bad) return Change::none;

  state_.refractory_until = at + rules.refractory;
  // Probes that come a little early, as the window allows, must not make an outage wait for the one after.
  const Duration jitter = least_failures * std::max(Duration{}, rules.interval - rules.refractory);
  for (const Rung& rung : state_.rungs) {
    if (rung.sum >= h && rung.failures >= least_failures && at - rung.start >= rules.min_outage - jitter) {
      fire(rung, rules);
      return Change::fired;
    }
  }
  return Change::none;
}

void Detector::fire(const Rung& rung, const DetectionRules& rules) {
  state_.firing = true;
  state_.onset = rung.start;
  state_.mark = rung.mark;
  state_.onset_baseline = baseline(rules);
  state_.failures = rung.failures;
  state_.probes = rung.probes;
  state_.run = 0;
}

int Detector::recovery_run() const {
  // The good run counts too, which makes every good probe ask for more of them: an intermittent outage pauses often, and
  // with the rate up to the last failure instead, one in four is called over too early.
  const double rate = (static_cast<double>(state_.failures) + 0.5) / (static_cast<double>(state_.probes) + 1);
  const double run = std::ceil(std::log(recovery_alpha) / std::log1p(-std::min(rate, 0.95)));
  return std::clamp(static_cast<int>(run), recovery_least, recovery_most);
}

Detector::Change Detector::take_firing(bool bad, Timestamp at, const DetectionRules& rules) {
  ++state_.probes;
  if (bad) {
    ++state_.failures;
    state_.run = 0;
    return Change::none;
  }
  if (state_.run++ == 0) state_.run_start = at;
  const auto run = static_cast<int>(state_.run);
  const bool clean_long_enough = run >= recovery_least && at - state_.run_start >= rules.recovery_cap;
  if (run < recovery_run() && !clean_long_enough) return Change::none;
  state_.firing = false;
  calm();
  return Change::recovered;
}

/// "N in a row", for those who want it.
Detector::Change Detector::take_classic(bool bad, Timestamp at, const DetectionRules& rules, const Mark& mark) {
  Rung& streak = state_.rungs[0];
  if (state_.firing) {
    ++state_.probes;
    if (bad) ++state_.failures;
    state_.run = bad ? 0 : state_.run + 1;
    if (static_cast<int>(state_.run) < std::max(1, rules.success_threshold)) return Change::none;
    state_.firing = false;
    calm();
    return Change::recovered;
  }
  if (!bad) {
    streak = {};
    return Change::none;
  }
  if (streak.failures == 0) streak = {.sum = 0, .start = at, .failures = 0, .probes = 0, .mark = mark};
  ++streak.failures;
  ++streak.probes;
  if (static_cast<int>(streak.failures) < rules.failure_threshold) return Change::none;
  fire(streak, rules);
  return Change::fired;
}

void Detector::calm() {
  state_.rungs = {};
  top_ = 0;
  state_.refractory_until = never_past;
  state_.run = 0;
}

void Detector::stop() {
  state_.firing = false;
  calm();
}

const Detector::Rung& Detector::highest() const {
  return *std::max_element(state_.rungs.begin(), state_.rungs.end(),
                           [](const Rung& a, const Rung& b) { return a.sum < b.sum; });
}

double Detector::suspicion(const DetectionRules& rules) const {
  if (state_.firing) return 1;
  if (rules.failure_threshold > 0) {
    return static_cast<double>(state_.rungs[0].failures) / static_cast<double>(rules.failure_threshold);
  }
  return std::min(1.0, top_ / detection_threshold(rules.interval, rules.false_alarms_per_year));
}

bool Detector::suspicious(const DetectionRules& rules) const {
  return state_.firing || (rules.failure_threshold > 0 ? state_.rungs[0].failures > 0 : top_ > 0);
}

Timestamp Detector::onset() const { return state_.firing ? state_.onset : highest().start; }
Mark Detector::onset_mark() const { return state_.firing ? state_.mark : highest().mark; }
std::uint64_t Detector::excursion_failures() const { return state_.firing ? state_.failures : highest().failures; }
std::uint64_t Detector::excursion_probes() const { return state_.firing ? state_.probes : highest().probes; }

}  // namespace outaged
