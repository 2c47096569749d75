#include "daemon/rate_limit.h"

#include <algorithm>
#include <cmath>

namespace outaged {

void RateLimit::set(double per_second, double burst) {
  const std::lock_guard lock(mutex_);
  per_second_ = per_second;
  burst_ = burst;
}

RateLimit::Bucket& RateLimit::bucket(const std::string& peer, SteadyTime now) {
  const auto refill = [&](Bucket& each) {
    const double seconds = std::chrono::duration<double>(now - each.at).count();
    each.tokens = std::min(burst_, each.tokens + std::max(0.0, seconds) * per_second_);
    each.at = std::max(each.at, now);
  };
  if (peers_.size() >= most_peers && !peers_.contains(peer)) {
    // Whoever has a full bucket is as good as unknown. If none has, the one that took least goes: it gains least by it.
    for (auto& [name, each] : peers_) refill(each);
    std::erase_if(peers_, [&](const auto& entry) { return entry.second.tokens >= burst_; });
    if (peers_.size() >= most_peers) {
      peers_.erase(std::max_element(peers_.begin(), peers_.end(),
                                    [](const auto& a, const auto& b) { return a.second.tokens < b.second.tokens; }));
    }
  }
  const auto [found, fresh] = peers_.try_emplace(peer, Bucket{burst_, now});
  if (!fresh) refill(found->second);
  return found->second;
}

Duration RateLimit::wait(const std::string& peer, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const double missing = 1 - bucket(peer, now).tokens;
  return missing <= 0 ? Duration{} : Duration{static_cast<std::int64_t>(std::ceil(missing / per_second_ * 1000))};
}

void RateLimit::take(const std::string& peer, double tokens, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  bucket(peer, now).tokens -= tokens;
}

}  // namespace outaged
