// `check-config --explain`: grouped by equal rules, summed over every stream, readable on 100 columns.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include <nlohmann/json.hpp>

#include "core/promise.h"
#include "daemon/commands.h"
#include "tests/support/sanitized.h"

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

TEST_CASE("explain: nothing is promised of what opens nothing") {
  config::Config config = three_targets();
  config.services[0].components[1].targets[0].advisory = true;
  const auto out = nlohmann::json::parse(commands::explain(config, {.baseline = 0.001, .json = true}));
  CHECK(out["installation"]["targets"] == 2);
  CHECK(out["groups"].size() == 1);
}

TEST_CASE("explain: plain words on 100 columns, however many targets there are" * doctest::skip(sanitized)) {
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

TEST_CASE("explain: nothing to probe, and a baseline that cannot be learned" * doctest::skip(sanitized)) {
  CHECK(commands::explain(config::Config{}, {}).find("Nothing is probed") != std::string::npos);
  const auto out = nlohmann::json::parse(commands::explain(three_targets(), {.baseline = 0.2, .json = true}));
  CHECK(out["groups"][0]["false_alarms_per_year"]["bound"].is_null());
  CHECK(out["installation"]["false_alarms_per_year"]["bound"].is_null());
  CHECK(commands::explain(three_targets(), {.baseline = 0.2}).find("no bound") != std::string::npos);
}

TEST_CASE("explain: each target promises what its learned baseline allows" * doctest::skip(sanitized)) {
  Learned learned;
  learned.at = from_millis(1776081600000);
  learned.baselines = {{"claude/api/opus", 0.0021}, {"claude/api/sonnet", 0.00189}, {"claude/site/root", 0.049}};
  const auto out = nlohmann::json::parse(commands::explain(three_targets(), {.json = true}, &learned));
  REQUIRE(out["groups"].size() == 2);  // 0.21 % and 0.19 % are the same promise
  CHECK(out["groups"][0]["baseline"] == 0.002);
  CHECK(out["groups"][0]["baseline_learned"] == true);
  CHECK(out["groups"][0]["outages"][3]["p95_seconds"] == to_seconds(promise(DetectionRules{}, 0.44, 0.002).p95));
  CHECK(out["groups"][1]["baseline"] == 0.05);
  // One that the database does not know starts from the prior, and stands apart.
  learned.baselines.erase("claude/api/sonnet");
  const auto apart = nlohmann::json::parse(commands::explain(three_targets(), {.json = true}, &learned));
  REQUIRE(apart["groups"].size() == 3);
  CHECK(apart["groups"][1]["baseline"] == prior_baseline);
  CHECK(apart["groups"][1]["baseline_learned"] == false);
  CHECK(commands::explain(three_targets(), {}, &learned).find("about 0.2 % fail on a normal day, as learned") != std::string::npos);
}

TEST_CASE("explain: baselines are taken to the nearest round figure") {
  for (const auto& [rate, round] : {std::pair{0.001, 0.001}, std::pair{0.0012, 0.001}, std::pair{0.0013, 0.0015}, std::pair{0.0049, 0.005},
                                    std::pair{0.0099, 0.01}, std::pair{0.05, 0.05}}) {
    CAPTURE(rate);
    CHECK(round_rate(rate) == doctest::Approx(round).scale(0).epsilon(1e-9));
  }
  CHECK(round_rate(0) == 0);
}

TEST_CASE("explain: what paid probes cost in a day, and never more than their budget") {
  config::Config config;
  config::Component api;
  const auto llm = [&](const std::string& name, std::string ladder, Duration interval) {
    config::Target out = target(name);
    out.kind = "llm";
    out.rules.interval = interval;
    config::LlmCheck check;
    check.wire = "anthropic";
    check.model = "some";
    check.api_key = config::Secret("sk-test");
    check.ladder = std::move(ladder);
    check.ledger = "claude";
    check.requests_per_day = 2000;
    check.tokens_per_day = 60'000;
    out.check = std::move(check);
    return out;
  };
  api.targets = {llm("claude/api/opus", "auto", 30s), llm("claude/api/sonnet", "auto", 30s), llm("claude/api/free", "canary", 30s)};
  config.services.resize(1);
  config.services[0].components = {api};
  auto paid = paid_use(config);
  REQUIRE(paid.size() == 1);
  CHECK(paid[0].targets.size() == 2);  // a canary costs nothing
  CHECK(paid[0].requests == doctest::Approx(1500));  // three quarters: the rest is for when something is wrong
  CHECK(paid[0].tokens == doctest::Approx(1500 * 17));
  CHECK(paid[0].most_tokens == 60'000);
  // Asked at every run, seldom: as often as it runs.
  config.services[0].components[0].targets = {llm("claude/api/opus", "stream", 5min)};
  CHECK(paid_use(config)[0].requests == doctest::Approx(288));
  // No key: there is nothing that could cost.
  std::get<config::LlmCheck>(config.services[0].components[0].targets[0].check).ladder = "auto";
  std::get<config::LlmCheck>(config.services[0].components[0].targets[0].check).api_key = {};
  CHECK(paid_use(config).empty());
  config.services[0].components = {api};
  CHECK(commands::explain(config, {}).find("Paid a day, claude (2 targets): about 1,500 requests, 25,500 tokens;\n"
                                           "  at most 2,000 requests, 60,000 tokens, its budget.\n") != std::string::npos);
}
