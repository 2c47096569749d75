// `check-config --explain`: grouped by equal rules, summed over every stream, readable on 100 columns.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include <nlohmann/json.hpp>

#include "core/promise.h"
#include "daemon/commands.h"

using namespace outaged;

namespace {

config::Target target(const std::string& name) {
  config::Target out;
  out.name = name;
  return out;
}

config::Config three_targets() {
  config::Config config;
  config::Component api, site;
  api.targets = {target("claude/api/opus"), target("claude/api/sonnet")};
  config::Target root = target("claude/site/root");
  root.rules.failure_threshold = 3;
  root.rules.slow_cap = 0s;
  site.targets.push_back(root);
  config::Service service;
  service.name = "claude";
  service.components = {api, site};
  config.services.push_back(service);
  return config;
}

std::size_t columns(const std::string& line) {
  return static_cast<std::size_t>(std::count_if(line.begin(), line.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

}  // namespace

TEST_CASE("explain: equal rules share a table, and the sum counts every stream") {
  const auto out = nlohmann::json::parse(commands::explain(three_targets(), {.baseline = 0.001, .json = true}));
  REQUIRE(out["groups"].size() == 2);
  CHECK(out["groups"][0]["targets"] == nlohmann::json({"claude/api/opus", "claude/api/sonnet"}));
  CHECK(out["groups"][1]["targets"] == nlohmann::json({"claude/site/root"}));
  // Failing and slow for two targets and for both together, and one target for which slowness is not judged.
  CHECK(out["installation"]["streams"] == 7);
  CHECK(out["installation"]["targets"] == 3);
  CHECK(out["installation"]["false_alarms_per_year"]["bound"].get<double>() == doctest::Approx(6).scale(0).epsilon(0.1));
  CHECK(out["installation"]["probes_per_day"]["base"] == 3 * 2880);
  CHECK(out["groups"][0]["probes_per_day"]["most"] == 14400);
  CHECK(out["groups"][0]["floor_rate"].get<double>() == doctest::Approx(0.02216).scale(0).epsilon(0.005));
  // What is shown is what the rule promises.
  const Promise promised = promise(DetectionRules{}, 0.44, 0.001);
  CHECK(out["groups"][0]["outages"][3]["failure_rate"] == 0.44);
  CHECK(out["groups"][0]["outages"][3]["p95_seconds"] == to_seconds(promised.p95));
}

TEST_CASE("explain: plain words on 100 columns, however many targets there are") {
  config::Config config = three_targets();
  for (int i = 0; i < 300; ++i) config.services[0].components[0].targets.push_back(target("claude/api/model-" + std::to_string(i)));
  config.services[0].components[1].targets[0].rules.interval = 5min;
  config.services[0].components[1].targets[0].rules.failure_threshold = 10;
  const std::string out = commands::explain(config, {});
  std::istringstream lines(out);
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    CHECK(columns(line) <= 100);
  }
  CHECK(out.find("302 targets: claude/api/opus, claude/api/sonnet, ") != std::string::npos);
  CHECK(out.find("10 failures in a row") != std::string::npos);
  CHECK(out.find("over ") != std::string::npos);  // at 5 % it is not found, and does not claim to be
}

TEST_CASE("explain: nothing to probe, and a baseline that cannot be learned") {
  CHECK(commands::explain(config::Config{}, {}).find("Nothing is probed") != std::string::npos);
  const auto out = nlohmann::json::parse(commands::explain(three_targets(), {.baseline = 0.2, .json = true}));
  CHECK(out["groups"][0]["false_alarms_per_year"]["bound"].is_null());
  CHECK(out["installation"]["false_alarms_per_year"]["bound"].is_null());
  CHECK(commands::explain(three_targets(), {.baseline = 0.2}).find("no bound") != std::string::npos);
}
