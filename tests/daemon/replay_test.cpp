// Traces in, incidents and alerts out.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "core/promise.h"
#include "daemon/replay.h"

using namespace outaged;

namespace {

struct Trace {
  std::filesystem::path folder;
  Trace() {
    std::string pattern = (std::filesystem::temp_directory_path() / "outaged-trace-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()));
    folder = pattern;
  }
  ~Trace() { std::filesystem::remove_all(folder); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder / name) << text;
    return (folder / name).string();
  }
};

/// One target every 30 s for an hour, failing from minute 30 to 40; the page admits nothing.
std::string probes() {
  std::string text;
  for (int i = 0; i < 120; ++i) {
    const bool ok = i < 60 || i >= 80;
    text += fmt::format(R"({{"t": {}, "target": "acme/a", "service": "acme", "role": "target", "ok": {}, "http_status": {}, "latency_ms": 5.0}})",
                        1767225600 + i * 30, ok, ok ? 200 : 500) + "\n";
  }
  return text;
}
std::string claims() {
  std::string text;
  for (int i = 0; i < 60; ++i) {
    text += fmt::format(R"({{"t": {}.5, "page": "status.acme", "component": "acme", "claim": "operational", "incident": null}})", 1767225600 + i * 60) + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a trace gives its incident, its target's alert and its mismatch") {
  const Trace trace;
  ReplayOptions options;
  options.trace = trace.write("probes.jsonl", probes());
  options.claims = trace.write("claims.jsonl", claims());
  const auto report = replay(options);
  REQUIRE_MESSAGE(report.ok(), (report ? "" : report.error()));
  REQUIRE(report->incidents.size() == 1);
  CHECK(report->incidents[0].onset == from_millis(1767225600000) + 30min);
  CHECK(report->incidents[0].detected == report->incidents[0].onset + 90s);
  CHECK(report->incidents[0].recovered);
  REQUIRE(report->alerts.size() == 2);  // the target's, and its service's
  CHECK(report->alerts[0].target == "acme/a");
  CHECK(report->alerts[0].resolved);
  CHECK(report->alerts[1].target == "acme");
  CHECK(report->alerts[1].component);
  REQUIRE(report->mismatches.size() == 1);
  CHECK(report->mismatches[0].kind == Agreement::page_silent);
  CHECK(report->mismatches[0].from == report->incidents[0].onset + 5min);

  REQUIRE(report->pages.contains("acme"));
  CHECK(report->pages.at("acme").never_admitted == 1);
  CHECK(report->pages.at("acme").silent > 8min);

  options.component_stream = false;
  CHECK(replay(options)->alerts.size() == 1);
  options.min_outage = 0s;
  const auto faster = replay(options);
  REQUIRE(faster.ok());
  CHECK(faster->incidents[0].detected == faster->incidents[0].onset + 60s);
}

TEST_CASE("a broken line is named with its file and number") {
  const Trace trace;
  ReplayOptions options;
  options.trace = trace.write("probes.jsonl", probes() + "{\"t\": 1\n");
  const auto report = replay(options);
  REQUIRE_FALSE(report.ok());
  CHECK(report.error().find("probes.jsonl:121:") != std::string::npos);
  options.trace = trace.write("other.jsonl", "{\"target\": \"x\"}\n");
  CHECK(replay(options).error().find("other.jsonl:1:") != std::string::npos);
  options.trace = (trace.folder / "absent.jsonl").string();
  CHECK(replay(options).error().find("cannot be read") != std::string::npos);
}

TEST_CASE("what a rule promises agrees with the derivation's figures") {
  DetectionRules rules;
  rules.min_outage = 0s;
  const Promise hard = promise(rules, 1.0);
  CHECK(hard.found == 1);
  CHECK(to_seconds(hard.median) == doctest::Approx(75).epsilon(0.05));  // three probes, the first half an interval in
  const Promise half = promise(rules, 0.44);
  CHECK(half.median > 2min);
  CHECK(half.median < 6min);
  CHECK(half.p99 > half.p95);
  const Promise again = promise(rules, 0.44);
  CHECK(again.median == half.median);
}

TEST_CASE("what is not a truth value is not ok, and no reason to crash") {
  const Trace trace;
  ReplayOptions options;
  options.trace = trace.write("probes.jsonl", "{\"t\": 1, \"target\": \"a\", \"ok\": null}\n{\"t\": 2, \"target\": \"a\", \"ok\": 1}\n");
  const auto report = replay(options);
  REQUIRE(report.ok());
  CHECK(report->inputs == 3);
}

TEST_CASE("a trace may say degraded and maintenance, and a monitoring incident under a green component") {
  const Trace trace;
  ReplayOptions options;
  options.trace = trace.write("probes.jsonl", probes());
  const auto with_claim = [&](const std::string& said) {
    std::string text = claims();
    const std::string green = R"("operational", "incident": null)";
    for (std::size_t at = text.find(green); at != std::string::npos; at = text.find(green, at + said.size())) text.replace(at, green.size(), said);
    options.claims = trace.write("claims.jsonl", text);
    auto report = replay(options);
    REQUIRE_MESSAGE(report.ok(), (report ? "" : report.error()));
    REQUIRE(report->incidents.size() == 1);
    return std::move(*report);
  };
  const auto degraded = with_claim(R"("degraded", "incident": "elevated errors")");
  REQUIRE(degraded.incidents[0].admitted);
  CHECK(degraded.incidents[0].admitted->text == "elevated errors");
  REQUIRE(degraded.mismatches.size() == 1);  // every request fails: degraded is too mild a word
  CHECK(degraded.mismatches[0].kind == Agreement::page_understates);
  const auto maintenance = with_claim(R"("maintenance", "incident": "planned")");
  CHECK_FALSE(maintenance.incidents[0].admitted);
  CHECK(maintenance.mismatches.empty());
  const auto monitoring = with_claim(R"("operational", "incident": "we are watching")");
  CHECK(monitoring.incidents[0].admitted);
  CHECK(monitoring.mismatches.empty());
}
