#include "core/people.h"

#include <algorithm>
#include <cmath>

namespace outaged {
namespace {

constexpr std::size_t most_words = 1000, least_unusual = 3;
constexpr Duration half_life = 7 * 24h;
constexpr double unusual_chance = 1e-4;
// Nobody has said anything yet: as if one in four hours did.
constexpr double prior_words = 1, prior_hours = 4;

/// The chance of `n` or more where `mean` are expected.
double poisson_tail(std::size_t n, double mean) {
  double term = std::exp(-mean), below = 0;
  for (std::size_t k = 0; k < n; ++k) {
    below += term;
    term *= mean / static_cast<double>(k + 1);
  }
  return std::max(0.0, 1 - below);
}

}  // namespace

void People::begin(Timestamp now) {
  if (state_.since == never_past) state_.since = now;
}

void People::take(const std::string& by, Timestamp at) {
  std::erase_if(state_.words, [&](const Word& word) { return word.at <= at - window; });
  const auto said = std::find_if(state_.words.begin(), state_.words.end(), [&](const Word& word) { return word.by == by; });
  if (said != state_.words.end()) return;
  if (state_.words.size() >= most_words) state_.words.erase(state_.words.begin());
  state_.words.push_back({by, at});
  if (unusual(at)) return;  // what is unusual must not become normal
  if (state_.learned_at != never_past) state_.learned *= std::exp2(-to_seconds(at - state_.learned_at) / to_seconds(half_life));
  state_.learned += 1;
  state_.learned_at = at;
}

std::size_t People::last_hour(Timestamp now) const {
  return static_cast<std::size_t>(
      std::count_if(state_.words.begin(), state_.words.end(), [&](const Word& word) { return word.at > now - window; }));
}

double People::normal(Timestamp now) const {
  if (state_.since == never_past) return prior_words / prior_hours;
  const double tau = to_seconds(half_life) / std::log(2.0) / 3600;  // hours that a steady rate adds up over
  const double hours = tau * (1 - std::exp(-to_seconds(now - state_.since) / 3600 / tau));
  const double words = state_.learned_at == never_past
                           ? 0
                           : state_.learned * std::exp2(-to_seconds(now - state_.learned_at) / to_seconds(half_life));
  return (words + prior_words) / (hours + prior_hours);
}

bool People::unusual(Timestamp now) const {
  const std::size_t people = last_hour(now);
  return people >= least_unusual && poisson_tail(people, normal(now)) < unusual_chance;
}

}  // namespace outaged
