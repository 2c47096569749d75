// So much a second for each peer, and bursts of it: a bucket of tokens each. Thread-safe; used by what is told over HTTP.
// Remembers a bounded number of peers: a flood of addresses costs memory no more than a constant.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "core/clock.h"

namespace outaged {

class RateLimit {
 public:
  static constexpr std::size_t most_peers = 4096;

  /// `burst`: how many may come at once after a pause.
  void set(double per_second, double burst);
  /// How long the peer must wait before it may ask again; zero: now. What is taken may exceed what is there (nobody knows
  /// how many rows a request has before it was read): the debt is waited for afterwards.
  Duration wait(const std::string& peer, SteadyTime now);
  void take(const std::string& peer, double tokens, SteadyTime now);

 private:
  struct Bucket {
    double tokens = 0;
    SteadyTime at{};
  };
  Bucket& bucket(const std::string& peer, SteadyTime now);

  std::mutex mutex_;
  double per_second_ = 1, burst_ = 1;
  std::unordered_map<std::string, Bucket> peers_;
};

}  // namespace outaged
