#include "probes/kinds/feed_baseline.h"

#include <algorithm>
#include <cmath>

namespace outaged::probes {
namespace {

/// Before anything is known: as if one window with one post had been seen.
constexpr double prior_posts = 1, prior_windows = 1;
constexpr int most = 100'000;

double ratio(Duration a, Duration b) { return to_seconds(a) / to_seconds(b); }

}  // namespace

void FeedBaseline::forget(Timestamp now) {
  if (last_ != never_past && now > last_) {
    const double kept = std::exp2(-ratio(now - last_, half_life));
    posts_ *= kept;
    windows_ *= kept;
  }
  last_ = std::max(last_, now);
}

void FeedBaseline::seed(int posts, Duration span, Timestamp now) {
  forget(now);
  if (span < window_) return;
  // A feed that reaches back for years must not outweigh what we see ourselves.
  const double windows = ratio(span, window_), share = std::min(1.0, ratio(half_life, window_) / windows);
  posts_ += posts * share;
  windows_ += windows * share;
}

void FeedBaseline::learn(int posts, Timestamp now) {
  const Timestamp before = last_;
  forget(now);
  if (before == never_past || now <= before) return;
  // Looks closer together than a window see the same posts: they weigh as much as the time between them. An outage
  // must not become normal at once, so what is unusual is learned as the most that is not.
  const double weight = std::min(1.0, ratio(now - before, window_));
  posts_ += weight * std::min(posts, unusual_from());
  windows_ += weight;
}

double FeedBaseline::normal() const { return (posts_ + prior_posts) / (windows_ + prior_windows); }

int FeedBaseline::unusual_from() const {
  // P(0) = (b / (b + 1))^a, P(k + 1) = P(k) (a + k) / ((k + 1) (b + 1)) for a posts in b windows.
  const double a = posts_ + prior_posts, b = windows_ + prior_windows;
  double log_p = a * std::log(b / (b + 1)), below = 0;
  for (int k = 0; k < most; ++k) {
    if (1 - below < by_chance) return std::max(least, k);
    below += std::exp(log_p);
    log_p += std::log((a + k) / ((k + 1) * (b + 1)));
  }
  return most;
}

}  // namespace outaged::probes
