// What Statuspage posts to its subscribers: hand-made here, recorded where the fixtures are.
#include "probes/pages/webhook.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/probes/fixtures.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

json incident() {
  return {{"meta", {{"generated_at", "2026-04-13T14:40:00Z"}}},
          {"page", {{"id", "p1"}, {"status_indicator", "major"}, {"status_description", "Partial System Outage"}}},
          {"incident", {{"id", "i1"}, {"name", "Elevated\nerrors"}, {"status", "Investigating"}, {"impact", "major"}, {"scheduled_for", nullptr}}}};
}

json component() {
  return {{"page", {{"id", "p1"}}},
          {"component", {{"id", "c1"}, {"name", "API"}, {"status", "major_outage"}}},
          {"component_update", {{"old_status", "operational"}, {"new_status", "major_outage"}, {"component_id", "c1"}}}};
}

}  // namespace

TEST_CASE("webhook: an incident, a maintenance and a component's change") {
  const auto read = read_page_webhook(incident().dump());
  REQUIRE(read);
  CHECK(read->kind == PageWebhook::Kind::incident);
  CHECK(read->page_id == "p1");
  CHECK(read->incident_status == "investigating");
  CHECK(sentence(*read) == "incident \"Elevated errors\": investigating");

  json planned = incident();
  planned["incident"]["scheduled_for"] = "2026-04-20T02:00:00Z";
  REQUIRE(read_page_webhook(planned.dump()));
  CHECK(read_page_webhook(planned.dump())->kind == PageWebhook::Kind::maintenance);

  const auto change = read_page_webhook(component().dump());
  REQUIRE(change);
  CHECK(sentence(*change) == "component API: operational, now major outage");
  const json row = json::parse(webhook_json(*change));
  CHECK(row.at("new_claim") == "major_outage");
  CHECK(row.at("incident_id").is_null());
}

TEST_CASE("webhook: anything else is something else") {
  for (const char* body : {"", "{", "[]", "null", "{\"page\":{\"id\":\"p\"}}", "{\"incident\":{\"id\":\"i\"}}", "{\"page\":1,\"incident\":2}",
                           "{\"page\":{\"id\":\"p\"},\"component\":{\"id\":\"c\"}}", "{\"page\":{\"id\":\"p\"},\"incidents\":[]}"}) {
    CHECK_MESSAGE(!read_page_webhook(body), body);
  }
  // Cut anywhere, it is read or refused, never a crash.
  const std::string whole = component().dump();
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(read_page_webhook(whole.substr(0, size)));
}

TEST_CASE("webhook: recorded ones give their rows") {
  for (json row : test::fixture_rows("statuspages/webhooks.jsonl")) {
    const std::string file = row.at("file");
    const auto read = read_page_webhook(test::read_bytes(test::fixture_root() + "/statuspages/" + file));
    REQUIRE_MESSAGE(read, file);
    row.erase("file");
    CHECK_MESSAGE(json::parse(webhook_json(*read)) == row, file);
  }
}

}  // namespace outaged::probes
