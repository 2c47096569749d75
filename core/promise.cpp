#include "core/promise.h"

#include <algorithm>
#include <random>
#include <vector>

#include "core/detector.h"

namespace outaged {

Promise promise(const DetectionRules& rules, double failure_rate) {
  constexpr std::size_t runs = 4000;
  constexpr int horizon = 2000;  // probes
  std::mt19937_64 random(20260413);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1.0p-53; };
  std::vector<Duration> delays;
  delays.reserve(runs);
  std::size_t found = 0;
  for (std::size_t run = 0; run < runs; ++run) {
    Detector detector;
    Timestamp at = from_millis(0) + from_seconds(uniform() * to_seconds(rules.interval));
    int probe = 0;
    for (; probe < horizon; ++probe, at += rules.interval) {
      if (detector.take(uniform() < failure_rate, at, true, rules, {}) == Detector::Change::fired) break;
    }
    found += probe < horizon;
    delays.push_back(at - from_millis(0));
  }
  std::sort(delays.begin(), delays.end());
  const auto quantile = [&](double q) { return delays[static_cast<std::size_t>(q * static_cast<double>(runs - 1))]; };
  return {quantile(0.5), quantile(0.95), quantile(0.99), static_cast<double>(found) / runs};
}

}  // namespace outaged
