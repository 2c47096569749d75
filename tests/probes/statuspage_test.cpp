#include <doctest/doctest.h>

#include <random>
#include <set>

#include "probes/pages/formats.h"
#include "probes/pages/mapping.h"
#include "probes/pages/reader.h"
#include "tests/probes/fixtures.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

const Timestamp noon = *parse_time("2031-05-06T12:00:00Z");

PageReport read(const std::string& body, Timestamp now = noon) {
  return read_page(*page_format("statuspage"), body, {now, ""});
}

std::string summary(const std::string& indicator, const std::string& components = "[]",
                    const std::string& incidents = "[]", const std::string& maintenances = "[]") {
  return R"({"page":{"id":"pg1","name":"Tidewater","updated_at":"2031-05-06T04:59:58.999-07:00"},"status":{"indicator":")" +
         indicator + R"(","description":"As it is"},"components":)" + components + R"(,"incidents":)" + incidents +
         R"(,"scheduled_maintenances":)" + maintenances + "}";
}

std::string component(const std::string& id, const std::string& status, const std::string& more = "") {
  return R"({"id":")" + id + R"(","name":"Name of )" + id + R"(","status":")" + status + "\"" + more + "}";
}

std::string incident(const std::string& id, const std::string& status, const std::string& more = "") {
  return R"({"id":")" + id + R"(","name":"Trouble )" + id + R"(","status":")" + status + "\"" + more + "}";
}

}  // namespace

TEST_CASE("statuspage: each indicator has its claim, an unknown one is unknown") {
  CHECK(read(summary("none")).claim == Status::operational);
  CHECK(read(summary("minor")).claim == Status::degraded_performance);
  CHECK(read(summary("major")).claim == Status::partial_outage);
  CHECK(read(summary("critical")).claim == Status::major_outage);
  CHECK(read(summary("maintenance")).claim == Status::under_maintenance);
  const PageReport odd = read(summary("apocalypse"));
  CHECK(odd.readable);
  CHECK(odd.indicator == Status::unknown);
  CHECK(odd.claim == Status::unknown);
  CHECK(read(summary("none")).description == "As it is");
  CHECK(read(R"({"status":{"indicator":"minor"}})").claim == Status::degraded_performance);
}

TEST_CASE("statuspage: a document without its anchor is unreadable and says why") {
  for (const std::string body :
       {"{}", "[]", "null", "17", "\"none\"", "{\"message\":\"Forbidden\"}", "{\"status\":\"ok\"}",
        "{\"status\":{\"indicator\":0}}", "{\"incidents\":[]}", "{\"components\":[]}", "{\"page\":{},\"incidents\":[]}",
        "[1,2]", "[{}]", "[{\"name\":\"x\"}]"}) {
    CAPTURE(body);
    const PageReport report = read(body);
    CHECK_FALSE(report.readable);
    CHECK(report.claim == Status::unknown);
    CHECK_FALSE(report.indicator);
    CHECK_FALSE(report.problem.empty());
  }
  CHECK(read("{\"message\":\"Forbidden\"}").problem.find("keys: message") != std::string::npos);
  CHECK(read("<html>moved</html>").problem.find("HTML") != std::string::npos);
  CHECK(read("").problem.find("empty") != std::string::npos);
  CHECK(read(" \n").problem.find("empty") != std::string::npos);
  CHECK(read("{\"status\":").problem.find("not JSON") != std::string::npos);
}

TEST_CASE("statuspage: nesting is bounded") {
  const auto nested = [](int depth) {
    return "{\"status\":{\"indicator\":\"none\"},\"x\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  CHECK(read(nested(63)).readable);
  const PageReport deep = read(nested(64));
  CHECK_FALSE(deep.readable);
  CHECK(deep.problem.find("64 levels") != std::string::npos);
  CHECK_FALSE(read(std::string(1'000'000, '[')).readable);
  CHECK_FALSE(read(std::string(1'000'000, '{')).readable);
  // Brackets within strings are text.
  CHECK(read("{\"status\":{\"indicator\":\"none\",\"description\":\"" + std::string(500, '[') + "\\\"[\"}}").readable);
}

TEST_CASE("statuspage: leaves decide, groups do not count") {
  const std::string list = "[" + component("g", "major_outage", R"(,"group":true,"components":["a"])") + "," +
                           component("a", "partial_outage", R"(,"group_id":"g","group":false)") + "," +
                           component("b", "operational") + "]";
  const PageReport report = read(summary("none", list));
  CHECK(report.indicator == Status::operational);
  CHECK(report.claim == Status::partial_outage);
  REQUIRE(report.components.size() == 3);
  CHECK(report.components[0].group);
  CHECK(report.components[1].group_id == "g");
  // The other way round the indicator is the worse one.
  CHECK(read(summary("critical", "[" + component("a", "operational") + "]")).claim == Status::major_outage);
  CHECK(read(summary("none", "[" + component("a", "under_maintenance") + "]")).claim == Status::under_maintenance);
  CHECK(read(summary("minor", "[" + component("a", "under_maintenance") + "]")).claim == Status::degraded_performance);
}

TEST_CASE("statuspage: an unknown or missing component status is unknown, never operational") {
  for (const std::string& entry :
       {component("a", "sideways"), std::string(R"({"id":"a","name":"n"})"), std::string("7"), std::string("null")}) {
    CAPTURE(entry);
    const PageReport report = read(summary("none", "[" + entry + "," + component("b", "operational") + "]"));
    REQUIRE(report.components.size() == 2);
    CHECK(report.components[0].claim == Status::unknown);
    CHECK(report.claim == Status::unknown);
  }
  CHECK(read(summary("none", "[" + component("a", "sideways") + "]")).components[0].raw == "sideways");
  // What is admitted all the same is admitted.
  CHECK(read(summary("none", "[" + component("a", "sideways") + "," + component("b", "major_outage") + "]")).claim ==
        Status::major_outage);
}

TEST_CASE("statuspage: an incident not yet monitoring lifts to degraded, impact lifts nothing") {
  for (const std::string status : {"investigating", "identified", "Investigating", "something_new"}) {
    CAPTURE(status);
    const PageReport report = read(summary("none", "[]", "[" + incident("i", status, R"(,"impact":"critical")") + "]"));
    CHECK(report.claim == Status::degraded_performance);
    CHECK(report.incidents.at(0).open);
    CHECK(report.incidents.at(0).impact == "critical");
  }
  const PageReport monitored =
      read(summary("none", "[]", "[" + incident("i", "monitoring", R"(,"impact":"critical")") + "]"));
  CHECK(monitored.claim == Status::operational);
  CHECK(monitored.incidents.at(0).open);
  for (const std::string status : {"resolved", "postmortem"}) {
    const PageReport closed = read(summary("none", "[]", "[" + incident("i", status, R"(,"impact":"critical")") + "]"));
    CHECK(closed.claim == Status::operational);
    CHECK_FALSE(closed.incidents.at(0).open);
  }
  CHECK(read(summary("major", "[]", "[" + incident("i", "identified") + "]")).claim == Status::partial_outage);
  CHECK(read(summary("apocalypse", "[]", "[" + incident("i", "identified") + "]")).claim ==
        Status::degraded_performance);
}

TEST_CASE("statuspage: an incident's times, components, link and latest words") {
  const PageReport report = read(summary(
      "none", "[]",
      "[" + incident("i", "resolved", R"(,
    "created_at":"2031-05-06T09:00:00.900Z","resolved_at":"2031-05-06T12:30:00+02:00","shortlink":"https://s.example/i",
    "components":[{"id":"c1","name":"One"},{"name":"Two"}],
    "incident_updates":[
      {"status":"investigating","body":"first words","created_at":"2031-05-06T09:00:00Z"},
      {"status":"resolved","body":"last\nwords","created_at":"2031-05-06T10:30:00Z"},
      {"status":"identified","body":"middle words","created_at":"2031-05-06T09:30:00Z"}])") +
          "," +
          incident(
              "j", "investigating",
              R"(,"started_at":"2031-05-06T08:00:00Z","resolved_at":"2031-05-06T09:00:00Z","shortlink":"javascript:x",
    "components":[],"incident_updates":[{"affected_components":[{"code":"c9","name":"Nine"}]}])") +
          "," +
          incident("k", "resolved",
                   R"(,"incident_updates":[{"status":"resolved","display_at":"2031-05-06T07:00:00Z"}])") +
          "]"));
  REQUIRE(report.incidents.size() == 3);
  const PageIncident& i = report.incidents[0];
  CHECK(*i.created == *parse_time("2031-05-06T09:00:00.900Z"));
  CHECK(*i.resolved == *parse_time("2031-05-06T10:30:00Z"));
  CHECK(i.components == std::vector<std::string>{"c1", "Two"});
  CHECK(i.url == "https://s.example/i");
  CHECK(i.latest == "last words");
  const PageIncident& j = report.incidents[1];
  CHECK(j.open);
  CHECK_FALSE(j.resolved);
  CHECK(*j.created == *parse_time("2031-05-06T08:00:00Z"));
  CHECK(j.components == std::vector<std::string>{"c9"});
  CHECK(j.url.empty());
  CHECK(*report.incidents[2].resolved == *parse_time("2031-05-06T07:00:00Z"));
}

TEST_CASE("statuspage: maintenance goes by its word and the reader's clock") {
  const auto at = [](const std::string& status, const std::string& from, const std::string& to) {
    return incident(
        "m", status,
        R"(,"scheduled_for":"2031-05-06T)" + from + R"(:00Z","scheduled_until":"2031-05-06T)" + to + ":00Z\"");
  };
  struct Row {
    std::string status, from, to;
    bool active, scheduled;
  };
  for (const Row& row : std::vector<Row>{{"in_progress", "11:00", "13:00", true, false},
                                         {"in_progress", "10:00", "11:00", true, false},  // overruns
                                         {"verifying", "11:00", "13:00", true, false},
                                         {"scheduled", "13:00", "14:00", false, true},
                                         {"scheduled", "11:00", "13:00", true, false},
                                         {"scheduled", "09:00", "10:00", false, false},
                                         {"completed", "09:00", "13:00", false, false}}) {
    CAPTURE(row.status);
    CAPTURE(row.from);
    const PageReport report = read(summary("none", "[]", "[]", "[" + at(row.status, row.from, row.to) + "]"));
    REQUIRE(report.maintenances.size() == 1);
    CHECK(report.maintenances[0].active == row.active);
    CHECK(report.maintenances[0].scheduled == row.scheduled);
    CHECK(report.incidents.empty());
    CHECK(report.claim == Status::operational);  // neither up nor down: the indicator speaks
    // The same entry among the incidents is no incident.
    const PageReport mixed = read(summary("none", "[]", "[" + at(row.status, row.from, row.to) + "]"));
    CHECK(mixed.incidents.empty());
    CHECK(mixed.maintenances.size() == 1);
  }
  const std::string alone =
      R"({"page":{"id":"p"},"scheduled_maintenances":[)" + at("in_progress", "11:00", "13:00") + "]}";
  CHECK(read(alone).claim == Status::under_maintenance);
}

TEST_CASE("statuspage: the endpoints that carry less, and bare lists") {
  const PageReport unresolved =
      read(R"({"page":{"name":"Tidewater"},"incidents":[)" + incident("i", "identified") + "]}");
  CHECK(unresolved.readable);
  CHECK_FALSE(unresolved.indicator);
  CHECK(unresolved.claim == Status::degraded_performance);
  CHECK(read(R"({"page":{"id":"p"},"incidents":[)" + incident("i", "resolved") + "]}").claim == Status::unknown);

  const PageReport components =
      read("[" + component("a", "operational") + "," + component("b", "degraded_performance") + "]");
  CHECK(components.readable);
  CHECK(components.has_components);
  CHECK(components.claim == Status::degraded_performance);
  const PageReport incidents = read("[" + incident("i", "investigating", R"(,"impact":"none")") + "]");
  CHECK(incidents.readable);
  CHECK_FALSE(incidents.has_components);
  CHECK(incidents.claim == Status::degraded_performance);
}

TEST_CASE("statuspage: a placeholder is dropped, a component that merely begins alike is not") {
  const PageReport report = read(summary(
      "none", R"([{"id":"x","name":"Visit status.tidewater.example for more information","status":"operational"},
    {"id":"y","name":"Visit Booking","status":"operational"}])"));
  REQUIRE(report.components.size() == 1);
  CHECK(report.components[0].id == "y");
}

TEST_CASE("statuspage: the document's time, whatever its zone") {
  CHECK(*read(summary("none")).document_time == *parse_time("2031-05-06T11:59:58.999Z"));
  CHECK(json::parse(report_json(read(summary("none")))).at("document_time") ==
        "2031-05-06T11:59:58Z");  // truncated, not rounded
}

TEST_CASE("statuspage: a missing component list differs from an empty one") {
  CHECK(read(summary("none")).has_components);
  CHECK_FALSE(read(R"({"status":{"indicator":"none"}})").has_components);
  CHECK_FALSE(read(R"({"status":{"indicator":"none"},"components":null})").has_components);
}

TEST_CASE("statuspage: the documents of a page") {
  const std::vector<std::string> both = {"https://s.example/api/v2/summary.json",
                                         "https://s.example/api/v2/incidents.json"};
  CHECK(statuspage_documents("https://s.example") == both);
  CHECK(statuspage_documents("https://s.example/") == both);
  CHECK(statuspage_documents("https://s.example/api/v2/status.json?x=1#y") == both);
  CHECK(statuspage_documents("http://127.0.0.1:8080/page/")[0] == "http://127.0.0.1:8080/page/api/v2/summary.json");
}

TEST_CASE("statuspage: merging adds what has been resolved and nothing else") {
  PageReport report = read(summary("none", "[]", "[" + incident("now", "monitoring") + "]"));
  const std::string history = R"({"page":{"id":"p"},"incidents":[)" + incident("now", "resolved") + "," +
                              incident("old", "resolved") + "," + incident("stale", "investigating") + "]}";
  merge_page(report, read(history));
  REQUIRE(report.incidents.size() == 2);
  CHECK(report.incidents[0].open);
  CHECK(report.incidents[1].id == "old");
  CHECK(report.claim == Status::operational);
  merge_page(report, read(history));
  merge_page(report, read("<html>"));
  merge_page(report, read("{}"));
  CHECK(report.incidents.size() == 2);
}

TEST_CASE("statuspage: any mutation of a document is read without harm, and never as more than it says") {
  const std::vector<std::string> seeds = {
      summary(
          "none",
          "[" + component("g", "operational", R"(,"group":true)") + "," +
              component("a", "partial_outage", R"(,"group_id":"g")") + "]",
          "[" +
              incident(
                  "i", "investigating",
                  R"(,"created_at":"2031-05-06T09:00:00Z","components":[{"id":"a"}],"incident_updates":[{"status":"investigating","created_at":"2031-05-06T09:00:00Z","body":"b","affected_components":[{"code":"a"}]}])") +
              "]",
          "[" +
              incident("m", "scheduled",
                       R"(,"scheduled_for":"2031-05-06T13:00:00Z","scheduled_until":"2031-05-06T14:00:00Z")") +
              "]"),
      R"({"page":{"id":"p"},"incidents":[{"id":"i","name":"n","status":"resolved","resolved_at":"2031-05-06T09:00:00Z"}]})",
      "[" + component("a", "operational") + "," + component("b", "major_outage") + "]",
      "[" + incident("i", "monitoring", R"(,"impact":"minor")") + "]"};
  const std::vector<std::string> pieces = {"{",
                                           "}",
                                           "[",
                                           "]",
                                           "null",
                                           "\"",
                                           ":",
                                           ",",
                                           "true",
                                           "-1e999",
                                           "\\u0000",
                                           "\xff",
                                           "[]",
                                           "{}",
                                           "\"status\":7",
                                           "1",
                                           std::string(70, '['),
                                           "\\ud800"};
  std::mt19937 random(20310506);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  int readable = 0;
  for (int round = 0; round < 8000; ++round) {
    std::string body = seeds[below(seeds.size())];
    for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
      const std::size_t at = body.empty() ? 0 : below(body.size());
      switch (below(4)) {
        case 0:
          body.insert(at, pieces[below(pieces.size())]);
          break;
        case 1:
          body.erase(at, 1 + below(20));
          break;
        case 2:
          if (!body.empty()) body[at] = static_cast<char>(random());
          break;
        case 3:
          body.resize(at);
          break;
      }
    }
    PageReport report = read(body);
    readable += report.readable;
    if (!report.readable) {
      CHECK(report.claim == Status::unknown);
      CHECK_FALSE(report.problem.empty());
    }
    merge_page(report, read(body));
    CHECK(json::accept(report_json(report)));
    const Claim claim = claim_of(report, {"a"});
    if (!report.readable) CHECK(claim.status == Status::unknown);
  }
  CHECK(readable > 500);  // the mutations reach past the parser
}

TEST_CASE("statuspage: another vendor's document is not read as healthy") {
  for (const json& row : test::fixture_rows("statuspages/expected.jsonl")) {
    if (row.at("format") == "statuspage" || row.at("format") == "incidentio") continue;
    const std::string file = row.at("file");
    CAPTURE(file);
    const PageReport report = read(test::read_bytes(test::fixture_root() + "/statuspages/" + file));
    CHECK_FALSE((report.readable && report.claim == Status::operational));
  }
}

}  // namespace outaged::probes
