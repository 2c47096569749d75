// The detector by itself: what it learns, what it forgets, and that certainty does not pile up.
#include "core/detector.h"

#include <doctest/doctest.h>

using namespace outaged;

namespace {

constexpr Timestamp begin = from_millis(1776081600000);

/// `days` of probes on the base schedule, each `every`-th one bad.
Timestamp learn(Detector& detector, const DetectionRules& rules, int days, int every, Timestamp from = begin) {
  const Timestamp end = from + days * 24h;
  int n = 0;
  for (; from < end; from += rules.interval) detector.take(++n % every == 0, from, true, rules, {});
  return from;
}

}  // namespace

TEST_CASE("detector: the prior fades as the baseline is learned") {
  const DetectionRules rules;
  Detector detector;
  CHECK(detector.baseline(rules) == doctest::Approx(0.005));
  learn(detector, rules, 30, 500);
  CHECK(detector.baseline(rules) == doctest::Approx(0.002).scale(0).epsilon(0.03));
}

TEST_CASE("detector: a target that is asked seldom learns its baseline too") {
  DetectionRules rules;
  rules.interval = 5min;
  rules.refractory = 285s;
  Detector detector;
  learn(detector, rules, 60, 500);
  CHECK(detector.baseline(rules) == doctest::Approx(0.002).scale(0).epsilon(0.15));
}

TEST_CASE("detector: a long silence makes it no wiser and no more ignorant") {
  const DetectionRules rules;
  Detector detector;
  const Timestamp end = learn(detector, rules, 30, 500);
  const double learned = detector.baseline(rules);
  detector.take(false, end + 60 * 24h, true, rules, {});
  CHECK(detector.baseline(rules) == doctest::Approx(learned).scale(0).epsilon(0.01));
  // One failure is one of two thousand, not one of one.
  detector.take(true, end + 60 * 24h + 30s, true, rules, {});
  CHECK(detector.baseline(rules) == doctest::Approx(learned + 1.0 / 2000).scale(0).epsilon(0.05));
}

TEST_CASE("detector: a state without the prior is not taken to know it all") {
  const DetectionRules rules;
  Detector detector;
  Detector::State state;
  state.good = state.bad = 0;
  detector.restore(state);
  CHECK(detector.baseline(rules) == doctest::Approx(prior_baseline));
}

TEST_CASE("detector: an outage too short to be told does not speak for a failure much later") {
  DetectionRules rules;
  rules.min_outage = 30min;
  Detector detector;
  Timestamp at = learn(detector, rules, 3, 100000);
  for (int i = 0; i < 20; ++i, at += 30s) CHECK(detector.take(true, at, false, rules, {}) == Detector::Change::none);
  for (int i = 0; i < 80; ++i, at += 30s) detector.take(false, at, false, rules, {});
  CHECK(detector.take(true, at, false, rules, {}) == Detector::Change::none);
}

TEST_CASE("detector: an outage as long as min_outage is told, however mild") {
  for (const int every : {1, 2, 4, 8}) {
    CAPTURE(every);
    DetectionRules rules;
    rules.min_outage = 30min;
    Detector detector;
    Timestamp at = learn(detector, rules, 3, 100000);
    const Timestamp outage = at;
    for (int n = 0; at < outage + 3h && !detector.firing(); at += 30s) detector.take(n++ % every == 0, at, false, rules, {});
    REQUIRE(detector.firing());
    CHECK(detector.onset() == outage);
    // Long since certain; the next failure after half an hour is enough.
    CHECK(at - 30s - outage <= 30min + every * 30s);
    CHECK(at - 30s - outage >= 30min - 5s);
  }
}
