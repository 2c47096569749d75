// A replay in figures: what was beside what would have been.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "daemon/replay_summary.h"

using namespace outaged;

namespace {

constexpr Timestamp noon = from_millis(1776081600000);

Incident incident(Timestamp onset, Duration noticed, Duration lasted) {
  Incident out;
  out.component = ComponentId{0};
  out.onset = onset;
  out.detected = onset + noticed;
  out.recovered = onset + lasted;
  return out;
}

ReplayReport report() {
  auto topology = std::make_shared<Topology>();
  topology->components.emplace_back();
  ReplayReport out;
  out.topology = topology;
  out.from = noon;
  out.to = noon + 7 * 24h;
  out.incidents = {incident(noon + 1h, 2min, 30min), incident(noon + 24h, 4min, 30min)};
  return out;
}

}  // namespace

TEST_CASE("delays, alerts a week and time shown down are those of the incidents") {
  const Json json = summary_json(report(), {});
  CHECK(json.at("found").at("incidents") == 2);
  CHECK(json.at("found").at("detection_mean_seconds") == 180);
  CHECK(json.at("found").at("detection_p95_seconds") == 240);
  CHECK(json.at("found").at("alerts_per_week") == 2);
  CHECK(json.at("found").at("down_seconds") == 28 * 60 + 26 * 60);
  CHECK_FALSE(json.contains("was"));
}

TEST_CASE("what was stands beside what would have been, and what only one of them saw alone") {
  const std::vector<Incident> was = {incident(noon + 1h, 9min, 40min), incident(noon + 48h, 9min, 20min)};
  const std::string table = summary_table(report(), was);
  CHECK(table.find("2026-04-13T13:00:00Z noticed 13:09:00, over 13:40:00") != std::string::npos);
  CHECK(table.find("over 13:40:00   2026-04-13T13:00:00Z noticed 13:02:00") != std::string::npos);  // the same, in one row
  CHECK(table.find("-                                                      2026-04-14T12:00:00Z") != std::string::npos);
  CHECK(table.find("2026-04-15T12:00:00Z noticed 12:09:00, over 12:20:00   -") != std::string::npos);
  CHECK(summary_json(report(), was).at("was").at("detection_mean_seconds") == 540);
}
