// How many posts about a service are normal, and how many are too many to be chance: the memory of one `feed` target.
// Pure: time comes in. Not shared: its owner guards it.
#pragma once

#include "core/time.h"

namespace outaged::probes {

/// Posts within one window (30 minutes, say) taken as a Poisson count whose rate is learned, with a half-life of a
/// week. What is not known of the rate is part of the bound: counts are negative-binomial then (Gelman et al., Bayesian
/// Data Analysis, 2.6), so that after an hour of quiet three posts are not yet a sensation.
class FeedBaseline {
 public:
  static constexpr Duration half_life = 7 * 24h;
  static constexpr double by_chance = 1e-4;  // of one window: half a year, at 30 minutes each
  static constexpr int least = 3;            // fewer are never unusual

  explicit FeedBaseline(Duration window) : window_(window) {}

  /// What the first document tells of the time before its window.
  void seed(int posts, Duration span, Timestamp now);
  /// One look: so many within the window now.
  void learn(int posts, Timestamp now);

  /// Expected in one window.
  double normal() const;
  /// So many or more come by chance in less than one window of ten thousand.
  int unusual_from() const;

 private:
  void forget(Timestamp now);

  Duration window_;
  double posts_ = 0, windows_ = 0;  // decayed
  Timestamp last_ = never_past;
};

}  // namespace outaged::probes
