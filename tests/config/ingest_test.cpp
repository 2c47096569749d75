// The keys of what is told to us: kind push, `reported`, and the section ingest.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "config/config.h"

using namespace outaged;
using config::load_text;

namespace {

config::Loaded target(std::string_view keys) {
  return load_text(fmt::format("services:\n  - name: backup\n    components:\n      - name: db\n        targets:\n          - {{name: nightly, kind: push, {}}}\n", keys),
                   "test");
}

std::string problem(const config::Loaded& loaded) { return loaded.problems.empty() ? "" : to_string(loaded.problems.front()); }

}  // namespace

TEST_CASE("push: the interval is how often it reports; we look every ten seconds and judge by that") {
  const auto loaded = target("interval: 24h, grace: 1h, token: s3cret");
  REQUIRE_MESSAGE(loaded.config, problem(loaded));
  const config::Target& nightly = loaded.config->services[0].components[0].targets[0];
  const auto& check = std::get<config::PushCheck>(nightly.check);
  CHECK(check.every == 24h);
  CHECK(check.grace == 1h);
  CHECK(check.token.reveal() == "s3cret");
  CHECK(nightly.rules.interval == 10s);
  CHECK(nightly.rules.refractory == 9500ms);
  CHECK(nightly.rules.fast_interval <= 10s);
  CHECK(nightly.rules.down_interval <= 10s);
  CHECK_FALSE(nightly.advisory);
}

TEST_CASE("push: the grace is a tenth of the interval, and thirty seconds at least") {
  const auto grace = [](std::string_view keys) {
    const auto loaded = target(keys);
    REQUIRE_MESSAGE(loaded.config, problem(loaded));
    return std::get<config::PushCheck>(loaded.config->services[0].components[0].targets[0].check).grace;
  };
  CHECK(grace("interval: 1h") == 6min);
  CHECK(grace("interval: 1m") == 30s);
  CHECK(grace("interval: 1m, grace: 0s") == 0s);
  CHECK(problem(target("interval: 1h, grace: 8d")).find("grace") != std::string::npos);
  CHECK(problem(target("interval: 1h, url: \"http://127.0.0.1/\"")).find("url") != std::string::npos);
}

TEST_CASE("a component that applications report of needs neither targets nor a page") {
  const char* const text = "services:\n  - {name: acme, components: [{name: api%s}]}\n";
  const auto with = [&](const char* more) {
    std::string out = text;
    out.replace(out.find("%s"), 2, more);
    return load_text(out, "test");
  };
  CHECK(problem(with("")).find("reported: true") != std::string::npos);
  CHECK(problem(with(", reported: false")).find("nothing watches it") != std::string::npos);
  const auto loaded = with(", reported: true");
  REQUIRE_MESSAGE(loaded.config, problem(loaded));
  CHECK(loaded.config->services[0].components[0].reported);
}

TEST_CASE("ingest: limits and the rules of reported traffic, which the engine is given") {
  const std::string services = "services: [{name: acme, components: [{name: api, reported: true}]}]\n";
  const auto loaded = load_text("ingest: {max_streams: 50, rows_per_second: 1000, reports_per_minute: 2, "
                                "detection: {min_outage: 2m, refractory: 30s, false_alarms_per_year: 0.1}}\n" + services, "test");
  REQUIRE_MESSAGE(loaded.config, problem(loaded));
  CHECK(loaded.config->ingest.max_streams == 50);
  CHECK(loaded.config->ingest.rows_per_second == 1000);
  CHECK(loaded.config->ingest.reports_per_minute == 2);
  class Numbers : public Names {
   public:
    std::uint32_t id(Kind, std::string_view) override { return ++last_; }

   private:
    std::uint32_t last_ = 0;
  } names;
  const auto topology = config::make_topology(*loaded.config, names);
  CHECK(topology->traffic.min_outage == 2min);
  CHECK(topology->traffic.refractory == 30s);
  CHECK(topology->traffic.false_alarms_per_year == 0.1);
  CHECK(topology->traffic.gap == traffic_rules().gap);
  CHECK_FALSE(topology->components[0].probed);
  CHECK(problem(load_text("ingest: {detection: {interval: 5s}}\n" + services, "test")).find("interval") != std::string::npos);
  CHECK(problem(load_text("ingest: {max_streams: -1}\n" + services, "test")).find("max_streams") != std::string::npos);
}
