// What a rule promises: how long until an outage that fails this share of requests is found, how often it cries wolf, and
// which outage it hardly sees. By simulation of the very detector under the very cadence the engine asks for (after a
// failure nothing until the refractory window is over, then the fast interval while anything is suspicious), seeded, so
// that the same rule always promises the same; closed forms where there are any.
//
// Called by `check-config --explain` and by the demo. Pure, a fraction of a second each: ask once for equal rules. Errors
// are taken to be independent of each other; bursts are what `min_outage` and the refractory window are for.
#pragma once

#include <cstdint>

#include "core/detector.h"

namespace outaged {

struct Promise {
  Duration median{}, mean{}, p95{}, p99{};  // from the start of the outage, which falls anywhere between two probes
  double found = 1;                         // share found within the horizon; the rest counts as the horizon
  Duration horizon{};                       // 20,000 intervals
};

/// For one target, calm so far, that has learned this baseline (the prior: that has learned nothing yet).
Promise promise(const DetectionRules& rules, double failure_rate, double baseline = prior_baseline);

struct FalseAlarms {
  /// No more than this a year, whatever the errors, as long as they are independent and at the baseline. For the sequential
  /// test the budget, which holds for a year of probes at the base interval, times the probes really made for one of
  /// those. For "N in a row" the closed form, which is exact. Infinite: the baseline is above what may be learned.
  double bound = 0;
  /// A year, as simulated. Where none was seen: 3 / years, which 95 of 100 times is above the truth.
  double estimate = 0;
  std::uint64_t seen = 0, probes = 0;
  double years = 0;
  double probes_per_day = 0;                // with those made because of a normal error
};

/// Of one target whose errors are its baseline's and nothing else. Simulates until the detector has judged four million
/// probes; the good ones between two excursions, which change nothing but the baseline, are taken in one leap.
FalseAlarms false_alarms_per_year(const DetectionRules& rules, double baseline = prior_baseline);

/// Mean number of probes until `in_a_row` in a row have failed: (1 - p^k) / ((1 - p) p^k).
double mean_probes_to_run(double failure_rate, int in_a_row);

/// The steady error rate below which an outage is found in hours to days, if at all.
///
/// A CUSUM (Page 1954) rises by ln(p1/p0) on a failure and falls by ln((1-p0)/(1-p1)) on a success, so at an error rate p
/// it drifts by p ln(p1/p0) + (1-p) ln((1-p1)/(1-p0)) a probe. Where that is below zero it returns to zero again and again
/// and fires by luck alone. The drift of the most sensitive rung in use is zero at
///   p = ln((1-p1)/(1-p0)) / (ln((1-p1)/(1-p0)) - ln(p1/p0)).
/// "N in a row" has no such edge: there it is the rate found in four hours on average, which is about what the sequential
/// test needs at its floor.
double floor_rate(const DetectionRules& rules, double baseline = prior_baseline);

}  // namespace outaged
