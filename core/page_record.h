// A page's record over our incidents: what `outaged report --pages`, the API and metrics say of its honesty, from what
// is stored (incidents, changes of verdict, posts). Every share with its count and a 90 % interval by Wilson 1927,
// which is honest at 0 of n, and none below five events. Definitions: docs/glossary.md. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>
#include <vector>

#include "core/honesty.h"
#include "core/page_posts.h"
#include "core/topology.h"

namespace outaged {

/// `count` of `of` events; the share only where there are enough of them.
struct CountedShare {
  std::size_t count = 0, of = 0;
  std::optional<Interval> share;
};
CountedShare counted_share(std::size_t count, std::size_t of);

/// One of our incidents that passed the severity gate, against its page.
struct PageCase {
  HonestyCase honesty;                              // lag: to our first red reading
  std::optional<Duration> lag_least;                // to our last green one
  bool over = false;                                // recovered, and the time for a late admission has passed
  bool understated = false, cleared_early = false;  // so called while it lasted
  std::optional<Duration> all_clear;                // recovery to the page's all-clear; negative: it came first
  std::optional<bool> cleared_late;                 // nullopt: it is too early to say, or it was never admitted
};

/// One component's.
struct PageCases {
  std::vector<PageCase> cases;
  std::size_t minor = 0;   // incidents too mild for a page to be blamed, left out
  Duration overclaimed{};  // red beyond the tail while we saw it fine
};
/// `incidents` and `verdicts` are that component's, the latter oldest first. What only its page opened is no case.
PageCases page_cases(const std::vector<Incident>& incidents, const std::vector<std::pair<Timestamp, Verdict>>& verdicts,
                     const AgreementRules& rules, Timestamp now);

struct PageRecord {
  std::size_t incidents = 0, minor = 0;
  /// Kaplan-Meier medians of the lag to our last green and to our first red reading: the true median lies between.
  /// nullopt: fewer than half were admitted while we watched.
  std::optional<Duration> lag_least, lag_most;
  /// 90 % interval of lag_most by the bootstrap, from five incidents on; high nullopt: longer than we watched.
  std::optional<Duration> lag_low, lag_high;
  CountedShare never, understated, cleared_early, cleared_late;
  std::optional<Duration> all_clear;      // median
  CountedShare resolved_only, backdated;  // of the page's posts
  Honesty honesty;                        // minutes silent and red, recall, precision
};
/// Of one component or, pooled, of several. `posts`: the page's.
PageRecord page_record(const std::vector<PageCases>& components, const std::vector<PagePost>& posts);

}  // namespace outaged
