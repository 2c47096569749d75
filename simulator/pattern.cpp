#include "simulator/pattern.h"

#include <array>
#include <cmath>
#include <numeric>
#include <utility>

namespace outaged::simulator {
namespace {

constexpr std::uint64_t block_size = 25;

// Steele, Lea, Flood: Fast splittable pseudorandom number generators (2014). std::shuffle differs between libraries.
std::uint64_t splitmix(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

// Failures among the first `blocks` blocks. The small addend keeps 0.44 * 25 from being 10.999….
std::uint64_t failures_until(double rate, std::uint64_t blocks) {
  return static_cast<std::uint64_t>(std::floor(rate * static_cast<double>(blocks * block_size) + 1e-6));
}

}  // namespace

std::uint64_t mix_seed(std::uint64_t seed, std::string_view name, std::uint64_t number) {
  std::uint64_t state = seed ^ (number * 0xd1342543de82ef95u);
  for (const char c : name) {
    state ^= static_cast<unsigned char>(c);
    state = splitmix(state);
  }
  return splitmix(state);
}

bool counted_failure(std::uint64_t seed, double rate, std::uint64_t n) {
  const std::uint64_t block = n / block_size;
  const std::uint64_t failures = failures_until(rate, block + 1) - failures_until(rate, block);
  std::array<std::uint64_t, block_size> order;
  std::iota(order.begin(), order.end(), 0u);
  std::uint64_t state = mix_seed(seed, "block", block);
  for (std::size_t i = block_size - 1; i > 0; --i) std::swap(order[i], order[splitmix(state) % (i + 1)]);
  return order[n % block_size] < failures;
}

Duration counted_latency(std::uint64_t seed, Duration least, Duration most, std::uint64_t n) {
  constexpr double golden = 0.6180339887498949;
  std::uint64_t state = seed;
  const double offset = static_cast<double>(splitmix(state) >> 11) * 0x1p-53;
  const double at = offset + static_cast<double>(n) * golden;
  return least + from_seconds((at - std::floor(at)) * to_seconds(most - least));
}

}  // namespace outaged::simulator
