// What a rule promises, against the derivation's figures (simulated there by a program of its own), against closed forms,
// and against the detector fed probe by probe.
#include "core/promise.h"

#include <doctest/doctest.h>

#include <cmath>
#include <initializer_list>
#include <random>

#include "core/detector.h"
#include "tests/support/sanitized.h"

using namespace outaged;

namespace {

struct Row {
  double rate, mean, p95;  // minutes
};

DetectionRules fastest() {
  DetectionRules rules;
  rules.min_outage = 0s;
  rules.refractory = rules.interval;  // the derivation's; ours is a twentieth shorter, for a scheduler's jitter
  return rules;
}

/// The baseline is known for certain: nothing that is seen in an outage changes it.
DetectionRules known_baseline() {
  DetectionRules rules = fastest();
  rules.baseline_half_life = 24h * 365 * 10;
  return rules;
}

DetectionRules in_a_row(int failures, bool hurried = false) {
  DetectionRules rules;
  rules.failure_threshold = failures;
  rules.success_threshold = 2;
  if (!hurried) rules.fast_interval = rules.interval;
  return rules;
}

void check_table(const DetectionRules& rules, double baseline, std::initializer_list<Row> rows) {
  for (const Row& row : rows) {
    CAPTURE(baseline);
    CAPTURE(row.rate);
    const Promise promised = promise(rules, row.rate, baseline);
    CHECK(promised.found > 0.99);
    // Not doctest's Approx: its tolerance has 1 added, which is a minute here.
    const double mean = to_seconds(promised.mean) / 60, p95 = to_seconds(promised.p95) / 60;
    CAPTURE(mean);
    CAPTURE(p95);
    CHECK(std::abs(mean / row.mean - 1) <= 0.15);
    CHECK(std::abs(p95 / row.p95 - 1) <= 0.15);
    CHECK(promised.median <= promised.p95);
    CHECK(promised.p95 <= promised.p99);
  }
}

}  // namespace

TEST_CASE("promise: the derivation's table of the adaptive rule with a known baseline") {
  check_table(known_baseline(), 0.001,
              {{0.05, 21, 48}, {0.10, 9.1, 19.5}, {0.20, 4.5, 9.3}, {0.44, 2.2, 4.1}, {0.80, 1.4, 2.0}, {1.0, 1.24, 1.47}});
  check_table(known_baseline(), 0.01,
              {{0.05, 71, 169}, {0.10, 17, 32}, {0.20, 7.3, 13.2}, {0.44, 3.3, 5.4}, {0.80, 2.0, 2.8}, {1.0, 1.7, 2.0}});
}

TEST_CASE("promise: the derivation's table at a fixed interval") {
  DetectionRules rules = known_baseline();
  rules.fast_interval = rules.interval;
  check_table(rules, 0.001, {{0.05, 53, 124}, {0.10, 20.6, 43}, {0.20, 8.7, 17.9}, {0.44, 3.3, 6.8}, {0.80, 1.6, 2.6}, {1.0, 1.25, 1.5}});
}

TEST_CASE("promise: outages are told of only after min_outage") {
  DetectionRules rules;
  rules.refractory = rules.interval;
  check_table(rules, 0.001, {{0.10, 10.3, 21}, {0.20, 5.2, 10.2}, {0.44, 2.75, 4.6}, {1.0, 1.75, 2.0}});
}

TEST_CASE("promise: a hard outage is told of by its fourth failure, 90 s after the first") {
  // 15 s from the start of the outage to the first probe; a refractory window a twentieth short of the interval costs nothing.
  CHECK(std::abs(to_seconds(promise(DetectionRules{}, 1.0, 0.001).mean) - (15 + 3 * 30)) < 0.5);
}

TEST_CASE("promise: N in a row, fixed and hurried") {
  check_table(in_a_row(3), 0.001, {{0.20, 77, 228}, {0.44, 9.3, 26.5}, {0.80, 2.1, 4.8}, {1.0, 1.25, 1.5}});
  // Asked again after 6 s, a hard outage is found at the third probe: 15 s of waiting, then two short steps.
  const Promise hurried = promise(in_a_row(3, true), 1.0);
  CHECK(to_seconds(hurried.mean) == doctest::Approx(27).scale(0).epsilon(0.05));
}

TEST_CASE("promise: what is hardly ever found says so") {
  const Promise seldom = promise(in_a_row(10), 0.05);
  CHECK(seldom.found == 0);
  CHECK(seldom.p95 == seldom.horizon);
  CHECK(seldom.mean == seldom.horizon);
}

TEST_CASE("promise: the same rule promises the same" * doctest::skip(sanitized)) {
  CHECK(promise(fastest(), 0.44).median == promise(fastest(), 0.44).median);
  CHECK(false_alarms_per_year(fastest(), 0.01).estimate == false_alarms_per_year(fastest(), 0.01).estimate);
}

TEST_CASE("false alarms: N in a row agrees with the closed form") {
  CHECK(mean_probes_to_run(0.5, 1) == doctest::Approx(2));
  CHECK(mean_probes_to_run(0.5, 2) == doctest::Approx(6));
  CHECK(mean_probes_to_run(1, 3) == 3);
  for (const bool hurried : {false, true}) {
    CAPTURE(hurried);
    const FalseAlarms alarms = false_alarms_per_year(in_a_row(3, hurried), 0.01);
    CHECK(alarms.seen > 100);
    CHECK(alarms.bound == doctest::Approx(hurried ? 1.049 : 1.041).scale(0).epsilon(0.01));
    CHECK(alarms.estimate == doctest::Approx(alarms.bound).scale(0).epsilon(0.2));
  }
}

TEST_CASE("false alarms: within the bound, near the derivation, and nothing seen is no zero" * doctest::skip(sanitized)) {
  for (const double baseline : {0.001, 0.005, 0.01}) {
    CAPTURE(baseline);
    const FalseAlarms alarms = false_alarms_per_year(fastest(), baseline);
    CHECK(alarms.bound >= 1);
    CHECK(alarms.bound < 1.4);
    CHECK(alarms.estimate < 0.35);
    CHECK(alarms.estimate > 0);
    CHECK(alarms.years > 5);
    CHECK(alarms.estimate == doctest::Approx(static_cast<double>(alarms.seen > 0 ? alarms.seen : 3) / alarms.years));
  }
  // A larger budget must be seen to cost something.
  DetectionRules loose = fastest();
  loose.false_alarms_per_year = 300;
  const FalseAlarms many = false_alarms_per_year(loose, 0.01);
  CHECK(many.seen > 50);
  CHECK(many.estimate < many.bound);
  CHECK(std::isinf(false_alarms_per_year(fastest(), 0.2).bound));
}

TEST_CASE("false alarms: extra probes are as few as derived" * doctest::skip(sanitized)) {
  const double base = 2880;
  CHECK(false_alarms_per_year(fastest(), 0.001).probes_per_day / base == doctest::Approx(1.037).scale(0).epsilon(0.02));
  CHECK(false_alarms_per_year(fastest(), 0.01).probes_per_day / base == doctest::Approx(1.24).scale(0).epsilon(0.05));
  CHECK(false_alarms_per_year(fastest(), 0).probes_per_day == doctest::Approx(base).scale(0).epsilon(0.001));
}

TEST_CASE("false alarms: the leap over good probes is the same as taking them one by one") {
  DetectionRules rules = fastest();
  rules.false_alarms_per_year = 2000;
  rules.fast_interval = rules.interval;
  std::mt19937_64 random(7);
  Detector detector;
  Detector::State state;
  state.good = 12464;
  state.bad = 0.02 * 12464;
  state.learned = state.last = from_millis(0);
  detector.restore(state);
  REQUIRE(detector.baseline(rules) == doctest::Approx(0.02).scale(0).epsilon(0.001));
  Timestamp at = from_millis(0);
  int alarms = 0;
  for (; at < from_millis(0) + 24h * 365; at += rules.interval) {
    if (detector.take(static_cast<double>(random() >> 11) * 0x1.0p-53 < 0.02, at, true, rules, {}) != Detector::Change::fired) continue;
    ++alarms;
    detector.stop();
  }
  REQUIRE(alarms > 50);
  CHECK(false_alarms_per_year(rules, 0.02).estimate == doctest::Approx(alarms).scale(0).epsilon(0.4));
}

TEST_CASE("floor: where the most sensitive rung no longer drifts upwards") {
  CHECK(floor_rate(fastest(), 0.001) == doctest::Approx(0.02216).scale(0).epsilon(0.005));
  CHECK(floor_rate(fastest(), 0.01) == doctest::Approx(0.03975).scale(0).epsilon(0.005));
  CHECK(floor_rate(fastest(), 0.05) > 0.1);  // the rung at 10 % is too near to the baseline
  DetectionRules much = fastest();
  much.interval = 100ms;                     // one more rung, at 2 %
  CHECK(floor_rate(much, 0.001) < 0.01);
  // And it is a floor: half of it takes hours, twice of it does not.
  const double floor = floor_rate(fastest(), 0.001);
  CHECK(promise(known_baseline(), floor / 2, 0.001).median > 6h);
  CHECK(promise(known_baseline(), floor * 2, 0.001).median < 1h);
}

TEST_CASE("floor: N in a row is found in four hours on average") {
  const double floor = floor_rate(in_a_row(3), 0.001);
  CHECK(to_seconds(promise(in_a_row(3), floor).mean) == doctest::Approx(4 * 3600).scale(0).epsilon(0.1));
}
