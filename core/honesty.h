// How honest a status page has been: how late it admits, how often never, for how long it was silent. Every figure with
// its count, and an interval where it is a share; none at all where there is too little to say. Pure.
// Definitions: docs/glossary.md, "page lag" and "honesty". Never-admitted incidents are censored, not averaged:
// Kaplan and Meier 1958. Intervals by the bootstrap over incidents (Efron 1979), seeded: the same data, the same figures.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/model.h"

namespace outaged {

/// One incident as the page's record sees it.
struct HonestyCase {
  std::optional<Duration> lag;  // onset to our first red sample; negative: the page was first. nullopt: not admitted
  Duration watched{};           // onset to the end of watching: for those not admitted, we know the lag is longer
  Duration silent{}, covered{}; // while we saw it down: page green, page red
};

struct Interval {
  double value = 0, low = 0, high = 0;  // 90 %
};

struct Honesty {
  std::size_t incidents = 0, never_admitted = 0;
  Duration silent{}, covered{}, overclaimed{};
  std::optional<Duration> median_lag;   // Kaplan-Meier; nullopt: fewer than half were admitted while we watched
  std::optional<Interval> never_share;  // of incidents
  std::optional<Interval> recall;       // covered / (covered + silent)
  std::optional<Interval> precision;    // covered / (covered + overclaimed)
};

/// Shares are given from five incidents and thirty minutes down on.
inline constexpr std::size_t honesty_least_incidents = 5;
inline constexpr Duration honesty_least_down = 30min;

/// The first lag at which no more than half are still unadmitted; nullopt: more than half are, as far as we watched.
std::optional<Duration> kaplan_meier_median(const std::vector<HonestyCase>& cases);
/// `overclaimed`: minutes red, beyond the tail, while we saw it fine.
Honesty honesty(const std::vector<HonestyCase>& cases, Duration overclaimed);

/// Red within this long after recovery still admits it.
inline constexpr Duration late_admission = 30min;
/// The case that an incident is; silent and covered are the caller's to fill. `now` ends the watching of an open one.
HonestyCase honesty_case(const Incident& incident, Timestamp now);

}  // namespace outaged
