// Months of probing in virtual time through the whole engine: what the rules promise is what happens.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "core/promise.h"
#include "tests/core/scene.h"
#include "tests/support/sanitized.h"
#include "tests/support/virtual_probing.h"

using namespace outaged;
using namespace outaged::test;

namespace {

std::shared_ptr<const Topology> topology(int targets, const DetectionRules& rules, Duration reopen = 0s) {
  SceneOptions options;
  options.targets = targets;
  options.controls = 0;
  options.page = false;
  options.rules = rules;
  options.agreement.reopen = reopen;
  return make_topology(options);
}

struct Delays {
  double mean = 0, p95 = 0, baseline = 0;
};

/// Calm days to learn from, then many outages, each until it is told of, with a calm day between: the first failure of each teaches the baseline.
Delays outages(const DetectionRules& rules, double base, double rate, int count) {
  Draw draw(17);
  VirtualProbing probing(topology(1, rules), noon);
  double failing = base;
  const auto answer = [&](TargetId, Timestamp) { return Answer{.cls = draw.chance(failing) ? Class::server_error : Class::ok, .took = 0ms}; };
  std::optional<Timestamp> opened;
  const auto watch = [&](Timestamp at, const Effect& effect) {
    if (std::holds_alternative<IncidentOpened>(effect) && !opened) opened = at;
  };
  Timestamp at = noon + 10 * 24h;
  probing.run(at, answer, watch);
  Delays out{.baseline = probing.engine.target(TargetId{0}).baseline};
  std::vector<double> delays;
  while (static_cast<int>(delays.size()) < count) {
    failing = base;
    at += 24h + from_seconds(draw.uniform() * to_seconds(rules.interval));
    probing.run(at, answer, watch);
    const Incident* open = probing.engine.incident(ComponentId{0});
    if (open && !open->recovered) continue;
    failing = rate;
    opened.reset();
    const Timestamp start = at;
    while (!opened) {
      at += 1s;
      probing.run(at, answer, watch);
    }
    delays.push_back(to_seconds(*opened - start));
  }
  std::sort(delays.begin(), delays.end());
  for (const double delay : delays) out.mean += delay / count;
  out.p95 = delays[static_cast<std::size_t>(0.95 * (count - 1))];
  return out;
}

}  // namespace

TEST_CASE("simulation: outages are found when the rule promised" * doctest::skip(sanitized)) {
  DetectionRules at_once;
  at_once.min_outage = 0s;
  for (const DetectionRules& rules : {DetectionRules{}, at_once}) {
    for (const double rate : {0.1, 0.44, 1.0}) {
      const Delays seen = outages(rules, 0.003, rate, 200);
      const Promise promised = promise(rules, rate, seen.baseline);
      CAPTURE(rate);
      CAPTURE(seen.baseline);
      CAPTURE(seen.mean);
      CAPTURE(seen.p95);
      CAPTURE(to_seconds(promised.mean));
      CAPTURE(to_seconds(promised.p95));
      CHECK(std::abs(seen.mean / to_seconds(promised.mean) - 1) < 0.1);
      CHECK(std::abs(seen.p95 / to_seconds(promised.p95) - 1) < 0.15);
    }
  }
}

TEST_CASE("simulation: years of chance failures, and hardly a false alarm" * doctest::skip(sanitized)) {
  // A hundred years of each are bench_false_alarms' business; a threshold that is two nats short fails here too.
  DetectionRules rules;
  rules.min_outage = 0s;
  for (const auto& [base, pairs, most] : {std::tuple{0.001, 1, 0}, std::tuple{0.01, 2, 2}}) {
    int alarms = 0;
    for (int pair = 0; pair < pairs; ++pair) {
      Draw draw(static_cast<std::uint64_t>(pair) + 1);
      VirtualProbing probing(topology(2, rules, 10min), noon);
      probing.run(noon + 365 * 24h,
                  [&, rate = base](TargetId, Timestamp) { return Answer{.cls = draw.chance(rate) ? Class::server_error : Class::ok}; },
                  [&](Timestamp, const Effect& effect) { alarms += std::holds_alternative<IncidentOpened>(effect); });
    }
    CAPTURE(base);
    CHECK(alarms <= most);
  }
}

TEST_CASE("simulation: after one failure all targets of the component are asked faster, one after the other") {
  VirtualProbing probing(topology(3, DetectionRules{}), noon);
  bool first_fails = false;
  std::vector<CadenceChanged> told;
  const auto answer = [&](TargetId id, Timestamp) {
    return Answer{.cls = id == TargetId{0} && first_fails ? Class::server_error : Class::ok};
  };
  const auto watch = [&](Timestamp, const Effect& effect) {
    if (const auto* cadence = std::get_if<CadenceChanged>(&effect)) told.push_back(*cadence);
  };
  probing.run(noon + 24h, answer, watch);
  REQUIRE(told.empty());
  first_fails = true;
  probing.run(noon + 24h + 30s, answer, watch);
  first_fails = false;
  REQUIRE(told.size() >= 3);
  std::vector<Timestamp> asked;
  for (unsigned id = 0; id < 3; ++id) {
    CHECK(told[id].target == TargetId{id});
    CHECK(told[id].interval == Duration{6s});
    asked.push_back(told[id].not_before);
  }
  CHECK(asked[1] - asked[0] == 2s);
  CHECK(asked[2] - asked[1] == 2s);
  probing.run(noon + 25h, answer, watch);  // it came to nothing
  for (unsigned id = 0; id < 3; ++id) CHECK(probing.engine.target(TargetId{id}).cadence == Duration{});
}
