#include "probes/pages/mapping.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "probes/pages/claim.h"

namespace outaged::probes {
namespace {

PageReport page() {
  PageReport report;
  report.format = "statuspage";
  report.readable = true;
  report.indicator = Status::operational;
  report.description = "All fine here";
  report.has_components = true;
  report.components = {{"id1", "Harbour API", Status::operational, "operational", false, ""},
                       {"id2", "Harbour Web", Status::operational, "operational", false, ""},
                       {"grp", "Regions", Status::operational, "operational", true, ""},
                       {"id3", "North", Status::operational, "operational", false, "grp"},
                       {"id4", "South", Status::operational, "operational", false, "grp"}};
  report.claim = Status::operational;
  return report;
}

PageIncident incident(std::string name, std::string status, std::vector<std::string> components = {}) {
  PageIncident out;
  out.id = "i-" + name;
  out.name = std::move(name);
  out.status = std::move(status);
  out.open = out.status != "resolved";
  out.components = std::move(components);
  return out;
}

}  // namespace

TEST_CASE("mapping: a component by id, by name, by name in another case") {
  PageReport report = page();
  report.components[0].claim = Status::partial_outage;
  for (const std::string key : {"id1", "Harbour API", "harbour api"}) {
    CAPTURE(key);
    const Claim claim = claim_of(report, {key});
    CHECK(claim.status == Status::partial_outage);
    CHECK(claim.red);
    CHECK(claim.text == "Harbour API: partial outage");
  }
  CHECK(claim_of(report, {"id2"}).status == Status::operational);
  CHECK_FALSE(claim_of(report, {"id2"}).red);
  CHECK(claim_of(report, {"id2"}).text == "All fine here");
  CHECK(claim_of(report, {"id2", "id1"}).status == Status::partial_outage);
  // An id wins over a component that is named like it.
  report.components[1].name = "id1";
  CHECK(claim_of(report, {"id1"}).status == Status::partial_outage);
}

TEST_CASE("mapping: the page speaks only where no component is mapped") {
  PageReport report = page();
  report.indicator = report.claim = Status::major_outage;
  report.description = "Everything is broken";
  CHECK(claim_of(report, {}).status == Status::major_outage);
  CHECK(claim_of(report, {}).text == "Everything is broken");
  CHECK(claim_of(report, {}).red);
  CHECK(claim_of(report, {"id1"}).status == Status::operational);
  CHECK_FALSE(claim_of(report, {"id1"}).red);
  CHECK(claim_of(report, {"id1"}).text == "Harbour API: operational");
}

TEST_CASE("mapping: a component that vanished is unknown and says so") {
  const Claim claim = claim_of(page(), {"id9"});
  CHECK(claim.status == Status::unknown);
  CHECK_FALSE(claim.red);
  CHECK(claim.text.find("\"id9\" is not on the page") != std::string::npos);
  CHECK(claim_of(page(), {"id1", "id9"}).status == Status::unknown);
  PageReport report = page();
  report.components[0].claim = Status::degraded_performance;
  CHECK(claim_of(report, {"id1", "id9"}).status == Status::degraded_performance);
  CHECK(claim_of(report, {"id1", "id9"}).text.find("id9") != std::string::npos);
  report.components.clear();
  report.has_components = false;
  CHECK(claim_of(report, {"id1"}).status == Status::unknown);
  CHECK(claim_of(report, {"id1"}).text.find("lists no components") != std::string::npos);
}

TEST_CASE("mapping: an unreadable page is unknown, with its problem") {
  PageReport report;
  report.problem = "HTML where JSON belongs";
  for (const auto& components : std::vector<std::vector<std::string>>{{}, {"id1"}}) {
    const Claim claim = claim_of(report, components);
    CHECK(claim.status == Status::unknown);
    CHECK_FALSE(claim.red);
    CHECK(claim.text == "HTML where JSON belongs");
  }
}

TEST_CASE("mapping: an open incident that touches it lifts it, monitoring admits only") {
  for (const std::string ref : {"id1", "Harbour API"}) {
    CAPTURE(ref);
    PageReport report = page();
    report.incidents = {incident("Slow", "investigating", {ref})};
    CHECK(claim_of(report, {"id1"}).status == Status::degraded_performance);
    CHECK(claim_of(report, {"id1"}).red);
    CHECK(claim_of(report, {"id1"}).incident == "Slow");
    CHECK(claim_of(report, {"id2"}).status == Status::operational);
    CHECK_FALSE(claim_of(report, {"id2"}).red);
    CHECK(claim_of(report, {"id2"}).incident.empty());
    report.incidents[0].status = "monitoring";
    CHECK(claim_of(report, {"id1"}).status == Status::operational);
    CHECK(claim_of(report, {"id1"}).red);
    report.incidents[0] = incident("Slow", "resolved", {ref});
    CHECK_FALSE(claim_of(report, {"id1"}).red);
  }
  // One that links nothing touches the page, not each component.
  PageReport report = page();
  report.incidents = {incident("Somewhere", "monitoring")};
  CHECK_FALSE(claim_of(report, {"id1"}).red);
  CHECK(claim_of(report, {}).red);
  CHECK(claim_of(report, {}).incident == "Somewhere");
  CHECK(claim_of(report, {}).status == Status::operational);
  // A higher claim is kept.
  report.components[0].claim = Status::major_outage;
  report.incidents = {incident("Down", "identified", {"id1"})};
  CHECK(claim_of(report, {"id1"}).status == Status::major_outage);
}

TEST_CASE("mapping: of several incidents the one that still burns is named") {
  PageReport report = page();
  report.incidents = {incident("Watching", "monitoring", {"id1"}), incident("Older", "identified", {"id1"}),
                      incident("Newer", "identified", {"id1"})};
  report.incidents[0].created = from_millis(3000);
  report.incidents[1].created = from_millis(1000);
  report.incidents[2].created = from_millis(2000);
  CHECK(claim_of(report, {"id1"}).incident == "Newer");
}

TEST_CASE("mapping: a group speaks through its leaves") {
  PageReport report = page();
  report.components[2].claim = Status::major_outage;
  CHECK(claim_of(report, {"grp"}).status == Status::operational);
  report.components[4].claim = Status::partial_outage;
  CHECK(claim_of(report, {"Regions"}).status == Status::partial_outage);
  report.incidents = {incident("North is slow", "investigating", {"id3"})};
  CHECK(claim_of(report, {"grp"}).incident == "North is slow");
}

TEST_CASE("mapping: unknown hides what is good and yields to what is bad") {
  CHECK(worse(Status::operational, Status::unknown) == Status::unknown);
  CHECK(worse(Status::unknown, Status::under_maintenance) == Status::unknown);
  CHECK(worse(Status::unknown, Status::degraded_performance) == Status::degraded_performance);
  CHECK(worse(Status::operational, Status::under_maintenance) == Status::under_maintenance);
  CHECK(worse(Status::under_maintenance, Status::degraded_performance) == Status::degraded_performance);
  CHECK(worse(Status::major_outage, Status::partial_outage) == Status::major_outage);
}

TEST_CASE("mapping: the report as JSON") {
  PageReport report = page();
  report.components[1].claim = Status::unknown;
  report.document_time = *parse_time("2031-05-06T12:00:00.999Z");
  report.incidents = {incident("Old", "resolved"), incident("Open", "investigating"), incident("Older", "resolved")};
  report.incidents[0].resolved = *parse_time("2031-05-06T10:00:00Z");
  report.incidents[2].resolved = *parse_time("2031-05-06T11:00:00.5Z");
  report.maintenances.resize(3);
  report.maintenances[0].active = true;
  report.maintenances[1].scheduled = true;
  const auto out = nlohmann::json::parse(report_json(report));
  CHECK(out.at("format") == "statuspage");
  CHECK(out.at("readable") == true);
  CHECK(out.at("page") == "operational");
  CHECK(out.at("document_time") == "2031-05-06T12:00:00Z");
  CHECK(out.at("components").at("total") == 5);
  CHECK(out.at("components").at("groups") == 1);
  CHECK(out.at("components").at("leaves") == 4);
  CHECK(out.at("components").at("by_claim") == nlohmann::json({{"operational", 3}, {"unknown", 1}}));
  CHECK(out.at("components").at("named").at(0) ==
        nlohmann::json({{"id", "id1"}, {"name", "Harbour API"}, {"claim", "operational"}}));
  CHECK(out.at("components").at("named").size() == 4);
  CHECK(out.at("incidents").at("open") == 1);
  CHECK(out.at("incidents").at("resolved") == 2);
  CHECK(out.at("incidents").at("named").at(0).at("name") == "Open");
  CHECK(out.at("incidents").at("named").at(0).at("resolved_at").is_null());
  CHECK(out.at("incidents").at("named").at(0).at("impact").is_null());
  CHECK(out.at("incidents").at("named").at(1).at("name") == "Older");
  CHECK(out.at("incidents").at("named").at(1).at("resolved_at") == "2031-05-06T11:00:00Z");
  CHECK(out.at("maintenance") == nlohmann::json({{"active", 1}, {"scheduled", 1}}));

  const auto empty = nlohmann::json::parse(report_json(PageReport{}));
  CHECK(empty.at("readable") == false);
  CHECK(empty.at("page").is_null());
  CHECK(empty.at("components").is_null());
  CHECK(empty.at("document_time").is_null());
  CHECK(empty.at("claim") == "unknown");
}

TEST_CASE("mapping: of a long list the worst come first") {
  PageReport report = page();
  report.components.assign(20, {"x", "fine", Status::operational, "operational", false, ""});
  report.components[17] = {"y", "down", Status::major_outage, "major_outage", false, ""};
  report.components[18] = {"z", "works", Status::under_maintenance, "under_maintenance", false, ""};
  const auto named = nlohmann::json::parse(report_json(report)).at("components").at("named");
  CHECK(named.size() == 20);
  CHECK(named.at(0).at("id") == "y");
  CHECK(named.at(1).at("id") == "z");
}

}  // namespace outaged::probes
