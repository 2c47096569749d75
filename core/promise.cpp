#include "core/promise.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/detector.h"

namespace outaged {
namespace {

constexpr double year_seconds = 365.0 * 86400.0;
constexpr double classic_floor_seconds = 4 * 3600;

/// Our own, because the standard's distributions differ from library to library.
class Uniform {
 public:
  double operator()() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }
  /// Good probes before the next bad one; `most` where it is further away than that.
  std::uint64_t good_before_bad(double rate, std::uint64_t most) {
    if (rate <= 0) return most;
    const double n = std::floor(std::log1p(-(*this)()) / std::log1p(-std::min(rate, 1 - 1e-12)));
    return n < static_cast<double>(most) ? static_cast<std::uint64_t>(n) : most;
  }

 private:
  std::mt19937_64 random_{20260413};
};

double interval_seconds(const DetectionRules& rules) { return std::max(to_seconds(rules.interval), 1e-3); }
Duration fast(const DetectionRules& rules) { return std::min(rules.interval, rules.fast_interval); }
bool classic(const DetectionRules& rules) { return rules.failure_threshold > 0; }

/// What one probe leaves of the history before it.
double kept(const DetectionRules& rules) {
  const double by_age = std::exp2(-interval_seconds(rules) / to_seconds(rules.baseline_half_life));
  return std::max(by_age, Detector::least_memory / (Detector::least_memory + 1));
}

/// A calm detector that has learned `baseline` from as many probes as its half-life remembers.
Detector prepare(const DetectionRules& rules, double baseline) {
  Detector detector;
  if (classic(rules) || std::abs(baseline - prior_baseline) < 1e-9) return detector;
  Detector::State state = detector.state();
  state.good = 1 / (1 - kept(rules));
  state.bad = baseline * state.good;
  state.learned = state.last = from_millis(0);
  detector.restore(state);
  return detector;
}

/// A target under one rule: its detector, its clock, and when the engine would ask it next (engine.cpp, set_cadence).
class Watched {
 public:
  Watched(const DetectionRules& rules, const Detector& detector, Timestamp first)
      : rules_(rules), detector_(detector), at_(first) {}

  Timestamp at() const { return at_; }
  bool calm() const { return !hurried_ && !detector_.suspicious(rules_); }

  /// One probe; true if it fires. Time moves on to the next one.
  bool probe(bool bad) {
    const bool fired = detector_.take(bad, at_, !hurried_, rules_, {}) == Detector::Change::fired;
    probed_ = at_;
    hurried_ = fast(rules_) < rules_.interval && detector_.suspicious(rules_);
    // What comes within the refractory window would not count, so it is not asked for.
    at_ = hurried_ ? std::max(at_ + fast(rules_), pause_until()) : at_ + rules_.interval;
    return fired;
  }
  Timestamp probed() const { return probed_; }
  /// The pause after a counted failure: its full interval, as the engine asks for it.
  Timestamp pause_until() const {
    const Timestamp until = detector_.refractory_until();
    return until == never_past ? until : until + std::max(Duration{}, rules_.interval - rules_.refractory);
  }

  /// The same as `count` good probes of a calm target, which only teach.
  void leap(std::uint64_t count) {
    if (count == 0) return;
    const auto n = static_cast<double>(count);
    Detector::State state = detector_.state();
    if (!classic(rules_)) {
      const double keep = kept(rules_), all = std::pow(keep, n);
      state.good = state.good * all + (1 - all) / (1 - keep);
      state.bad *= all;
    }
    state.learned = state.last = at_ + (static_cast<std::int64_t>(count) - 1) * rules_.interval;
    detector_.restore(state);
    at_ += static_cast<std::int64_t>(count) * rules_.interval;
  }

  /// After a false alarm: quiet again, nothing forgotten.
  void stop() {
    detector_.stop();
    hurried_ = false;
    at_ = probed_ + rules_.interval;
  }

 private:
  const DetectionRules& rules_;
  Detector detector_;
  Timestamp at_, probed_{};
  bool hurried_ = false;
};

/// Mean seconds between two probes of "N in a row": after a failure the next one is hurried.
double classic_gap(const DetectionRules& rules, double rate) {
  return interval_seconds(rules) * (1 - rate) + to_seconds(fast(rules)) * rate;
}

}  // namespace

double mean_probes_to_run(double failure_rate, int in_a_row) {
  if (failure_rate <= 0) return std::numeric_limits<double>::infinity();
  if (failure_rate >= 1) return in_a_row;
  const double run = std::pow(failure_rate, in_a_row);
  return (1 - run) / ((1 - failure_rate) * run);
}

Promise promise(const DetectionRules& rules, double failure_rate, double baseline) {
  constexpr std::size_t most_runs = 4000, least_runs = 200;
  constexpr std::uint64_t most_probes = 2'000'000;
  const Duration horizon = 20'000 * rules.interval;
  const Detector calm = prepare(rules, baseline);
  Uniform uniform;
  std::vector<Duration> delays;
  delays.reserve(most_runs);
  std::size_t found = 0, runs = most_runs;
  std::uint64_t probes = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    Watched target(rules, calm, from_millis(0) + from_seconds(uniform() * interval_seconds(rules)));
    Duration delay = horizon;
    while (target.at() - from_millis(0) < horizon) {
      ++probes;
      if (!target.probe(uniform() < failure_rate)) continue;
      delay = target.probed() - from_millis(0);
      ++found;
      break;
    }
    delays.push_back(delay);
    // How many more it can be is settled once, after the first few: to stop when the time is up would favour short runs.
    if (run + 1 == least_runs) {
      runs = std::clamp(static_cast<std::size_t>(most_probes * least_runs / std::max<std::uint64_t>(probes, 1)), least_runs, most_runs);
    }
  }
  std::sort(delays.begin(), delays.end());
  const auto quantile = [&](double q) { return delays[static_cast<std::size_t>(q * static_cast<double>(runs - 1))]; };
  double sum = 0;
  for (const Duration delay : delays) sum += to_seconds(delay);
  return {.median = quantile(0.5),
          .mean = from_seconds(sum / static_cast<double>(runs)),
          .p95 = quantile(0.95),
          .p99 = quantile(0.99),
          .found = static_cast<double>(found) / static_cast<double>(runs),
          .horizon = horizon};
}

FalseAlarms false_alarms_per_year(const DetectionRules& rules, double baseline) {
  constexpr std::uint64_t most_steps = 4'000'000;
  constexpr std::uint64_t longest_leap = 1'000'000;
  const double most_years = 10'000;  // a target that never fails needs no more
  FalseAlarms out;
  Uniform uniform;
  Watched target(rules, prepare(rules, baseline), from_millis(0));
  const auto years = [&] { return to_seconds(target.at() - from_millis(0)) / year_seconds; };
  for (std::uint64_t step = 0; step < most_steps && years() < most_years; ++step) {
    bool bad = false;
    if (target.calm()) {
      const std::uint64_t good = uniform.good_before_bad(baseline, longest_leap);
      target.leap(good);
      out.probes += good;
      if (good == longest_leap) continue;  // no memory: the next leap draws anew
      bad = true;
    } else {
      bad = uniform() < baseline;
    }
    ++out.probes;
    if (target.probe(bad)) {
      ++out.seen;
      target.stop();
    }
  }
  out.years = years();
  out.estimate = static_cast<double>(out.seen > 0 ? out.seen : 3) / out.years;
  out.probes_per_day = static_cast<double>(out.probes) / (out.years * 365);
  if (classic(rules)) {
    out.bound = year_seconds / (mean_probes_to_run(baseline, rules.failure_threshold) * classic_gap(rules, baseline));
  } else if (baseline > std::max(rules.expected_error_rate, 1e-3)) {
    out.bound = std::numeric_limits<double>::infinity();
  } else {
    out.bound = rules.false_alarms_per_year * std::max(1.0, out.probes_per_day * interval_seconds(rules) / 86400.0);
  }
  return out;
}

double floor_rate(const DetectionRules& rules, double baseline) {
  if (classic(rules)) {
    double low = 0, high = 1;
    for (int i = 0; i < 60; ++i) {
      const double rate = (low + high) / 2;
      const double seconds = mean_probes_to_run(rate, rules.failure_threshold) * classic_gap(rules, rate);
      (seconds > classic_floor_seconds ? low : high) = rate;
    }
    return high;
  }
  const double p0 = prepare(rules, baseline).baseline(rules);
  double best = 1;
  for (std::size_t k = 0; k < static_cast<std::size_t>(detection_rungs(rules.interval)); ++k) {
    const double p1 = Detector::rungs[k];
    if (p1 < 3 * p0) continue;
    const double good = std::log((1 - p1) / (1 - p0)), bad = std::log(p1 / p0);
    best = std::min(best, good / (good - bad));
  }
  return best;
}

}  // namespace outaged
