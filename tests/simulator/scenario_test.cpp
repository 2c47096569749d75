#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "simulator/pattern.h"
#include "simulator/scenario.h"
#include "simulator/simulate.h"

using namespace outaged;
using namespace outaged::simulator;

namespace {

std::vector<std::string> problems(const std::string& text) {
  std::vector<std::string> out;
  for (const auto& problem : load_scenario(text, "x.yaml").problems) out.push_back(config::to_string(problem));
  return out;
}

bool has(const std::vector<std::string>& list, const std::string& start, const std::string& part) {
  return std::any_of(list.begin(), list.end(), [&](const std::string& one) {
    return one.starts_with(start) && one.find(part) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("every built-in scenario loads") {
  const auto names = scenario_names();
  const std::set<std::string_view> set(names.begin(), names.end());
  for (const auto* name : {"april-13", "lying", "hard-outage", "oscillating-page", "local-network", "blank-page"}) {
    CAPTURE(name);
    CHECK(set.contains(name));
  }
  for (const auto name : names) {
    const auto scenario = find_scenario(std::string(name));
    REQUIRE_MESSAGE(scenario.ok(), scenario.error());
    CHECK(scenario->name == name);
    CHECK(scenario->speed == 60);
  }
}

TEST_CASE("the main scenario is the outage it tells of") {
  const auto scenario = *find_scenario("april-13");
  CHECK(to_seconds(scenario.duration) / scenario.speed <= 75);
  const auto& failing = scenario.phases.at(1);
  const auto recovered = scenario.phases.at(2).at;
  CHECK(recovered - failing.at == 49min);
  const auto& incident = scenario.page.incidents.at(0);
  CHECK(incident.name == "Elevated error rates");
  CHECK(incident.updates.front().at - failing.at == 40min);
  CHECK(incident.updates.back().status == "resolved");
  CHECK(incident.updates.back().at > recovered);
  int failing_models = 0;
  for (const auto& endpoint : scenario.endpoints)
    if (!endpoint.troubles.empty()) {
      ++failing_models;
      CHECK(endpoint.troubles[0].error_rate == 0.44);
      CHECK(endpoint.troubles[0].answer.status == 500);
      CHECK(endpoint.troubles[0].answer.latency_min == 10s);
      CHECK(endpoint.troubles[0].answer.latency_max == 15s);
    }
  CHECK(failing_models == 2);
}

TEST_CASE("an unknown name is told with the known ones") {
  const auto unknown = find_scenario("april-14");
  REQUIRE_FALSE(unknown.ok());
  CHECK(unknown.error().find("did you mean april-13?") != std::string::npos);
  CHECK(unknown.error().find("local-network") != std::string::npos);
  CHECK(find_scenario("/no/such/file.yaml").error().find("/no/such/file.yaml") != std::string::npos);
}

TEST_CASE("every problem has its place") {
  const auto found = problems(R"(name: x
duration: 10m
speeed: 3
phases:
  - {name: a, at: 1s}
  - {name: b, at: 1s}
endpoints:
  - path: /p
    healthy: {body: jason, latency: 5s..1s}
    during:
      - {phases: [c], error_rate: 2}
  - path: /-/time
page:
  name: P
  components:
    - {key: api}
  claims:
    - {at: 0s, components: {apo: operational}}
    - {at: 1m, components: {api: broken}}
  incidents:
    - {name: I, components: [web], updates: [{at: 2m, status: gone}]}
network_down:
  - {from: 5m, to: 4m}
receivers:
  - {retry_after: 1500ms}
)");
  CHECK(has(found, "x.yaml:3:1:", "did you mean speed?"));
  CHECK(has(found, "x.yaml:5:19:", "must begin at 0s"));
  CHECK(has(found, "x.yaml:6:19:", "after the one before"));
  CHECK(has(found, "x.yaml:9:21:", "did you mean json?"));
  CHECK(has(found, "x.yaml:9:37:", "10s..15s"));
  CHECK(has(found, "x.yaml:11:18:", "no phase is named"));
  CHECK(has(found, "x.yaml:11:35:", "share"));
  CHECK(has(found, "x.yaml:12:11:", "simulator's own"));
  CHECK(has(found, "x.yaml:18:29:", "has no component"));
  CHECK(has(found, "x.yaml:19:34:", "is not a status"));
  CHECK(has(found, "x.yaml:21:29:", "has no component"));
  CHECK(has(found, "x.yaml:21:63:", "resolved"));
  CHECK(has(found, "x.yaml:23:20:", "later than from"));
  CHECK(has(found, "x.yaml:25:19:", "whole seconds"));
  CHECK(found.size() == 14);
}

TEST_CASE("a broken file is a problem with a place, not a crash") {
  CHECK(has(problems(""), "x.yaml", "empty"));
  CHECK(has(problems("name: \"x\n"), "x.yaml:1:", ""));
  CHECK(has(problems("- a\n"), "x.yaml:1:1:", "map"));
}

TEST_CASE("failures are counted: exact in every block of 25, whatever the rate") {
  for (const double rate : {0.44, 0.0, 1.0, 0.5, 0.01, 0.9}) {
    CAPTURE(rate);
    int total = 0;
    for (std::uint64_t block = 0; block < 40; ++block) {
      int failures = 0;
      for (std::uint64_t n = 0; n < 25; ++n) failures += counted_failure(7, rate, block * 25 + n);
      total += failures;
      CHECK(std::abs(failures - rate * 25) < 1.0);
      CHECK(std::abs(total - rate * 25 * static_cast<double>(block + 1)) < 1.0);
    }
    CHECK(total == static_cast<int>(rate * 1000 + 0.5));
  }
}

TEST_CASE("the pattern follows from the seed, and is not the same in every block") {
  const auto pattern = [](std::uint64_t seed, std::uint64_t from) {
    std::string out;
    for (std::uint64_t n = from; n < from + 25; ++n) out += counted_failure(seed, 0.44, n) ? 'x' : '.';
    return out;
  };
  CHECK(pattern(1, 0) == pattern(1, 0));
  CHECK(pattern(1, 0) != pattern(2, 0));
  CHECK(pattern(1, 0) != pattern(1, 25));
  CHECK(mix_seed(1, "/a") != mix_seed(1, "/b"));
}

TEST_CASE("latencies stay in their range and fill it") {
  Duration least = 1h, most = 0s;
  for (std::uint64_t n = 0; n < 50; ++n) {
    const auto latency = counted_latency(3, 10s, 15s, n);
    CHECK(latency >= 10s);
    CHECK(latency <= 15s);
    least = std::min(least, latency);
    most = std::max(most, latency);
  }
  CHECK(least < 10500ms);
  CHECK(most > 14500ms);
  CHECK(counted_latency(3, 2s, 2s, 9) == 2s);
}
