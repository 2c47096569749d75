// Rows that are reported over HTTP, from the bytes to what the engine is given: reading, bounds, putting together.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "daemon/lumps.h"
#include "daemon/rate_limit.h"
#include "daemon/reported_rows.h"
#include "probes/attribution.h"

using namespace outaged;

namespace {

struct Read {
  RowsRead result;
  std::vector<ReportedRow> rows;
};

Read read(std::string_view body) {
  Read out;
  out.result = read_reported_rows(body, probes::class_of_status, [&](const ReportedRow& row) {
    out.rows.push_back(row);
    return std::string();
  });
  return out;
}

/// What is wrong with a single row; "" if nothing is.
std::string problem(std::string_view body) {
  const Read got = read(body);
  CHECK(got.result.refused == got.result.problems.size());
  return got.result.problems.empty() ? "" : got.result.problems.front().problem;
}

bool has(const std::string& text, std::string_view part) { return text.find(part) != text.npos; }

constexpr std::string_view good = R"({"component":"claude/api","source":"app","outcome":"ok"})";

ReportedRow row(Class cls, std::uint32_t count = 1) {
  ReportedRow out;
  out.cls = cls;
  out.count = count;
  return out;
}

}  // namespace

TEST_CASE("one object, a list, a row a line, and an object over many lines are all read") {
  const std::string one(good);
  CHECK(read(one).rows.size() == 1);
  CHECK(read("\n  " + one + "\n\n").rows.size() == 1);
  CHECK(read("[" + one + "," + one + "]").rows.size() == 2);
  CHECK(read("[]").rows.empty());
  CHECK(read(one + "\n" + one + "\r\n\n" + one).rows.size() == 3);
  CHECK(read("{\n \"component\": \"claude/api\",\n \"source\": \"app\",\n \"status\": 200\n}\n").rows.size() == 1);
  CHECK(read("\xEF\xBB\xBF" + one).rows.size() == 1);
}

TEST_CASE("every field of a row") {
  const Read got = read(R"({"target":"claude/api/messages","source":"litellm-eu","at":"2026-04-13T14:03:00.250Z","status":529,)"
                        R"("latency_ms":812.5,"request_id":"req_1","model":"opus","region":"eu-west-1","count":30})");
  REQUIRE(got.rows.size() == 1);
  const ReportedRow& r = got.rows.front();
  CHECK(r.target == "claude/api/messages");
  CHECK(r.source == "litellm-eu");
  CHECK(format_time(*r.at) == "2026-04-13T14:03:00.250Z");
  CHECK(r.cls == Class::overloaded);
  CHECK(r.status == 529);
  CHECK(*r.latency_ms == 812.5);
  CHECK(r.request_id == "req_1");
  CHECK(r.model == "opus");
  CHECK(r.region == "eu-west-1");
  CHECK(r.count == 30);
  // Epoch seconds, whole or not, and milliseconds.
  for (const char* at : {"1776088980.25", "1776088980250"}) {
    const Read epoch = read(fmt::format(R"({{"component":"a/b","source":"s","outcome":"fail","at":{}}})", at));
    REQUIRE(epoch.rows.size() == 1);
    CHECK(format_time(*epoch.rows.front().at) == "2026-04-13T14:03:00.250Z");
    CHECK(epoch.rows.front().cls == Class::reported_bad);
  }
  // A class goes before the status it came with.
  CHECK(read(R"({"component":"a/b","source":"s","class":"stream_truncated","status":200})").rows.front().cls == Class::stream_truncated);
}

TEST_CASE("statuses mean what they mean everywhere") {
  const auto cls = [](int status) { return *read(fmt::format(R"({{"component":"a/b","source":"s","status":{}}})", status)).rows.at(0).cls; };
  CHECK(cls(200) == Class::ok);
  CHECK(cls(204) == Class::ok);
  CHECK(info(cls(500)).counts == Counts::bad);
  CHECK(info(cls(503)).counts == Counts::bad);
  CHECK(info(cls(400)).counts == Counts::nothing);
  CHECK(info(cls(401)).counts == Counts::nothing);
  CHECK(info(cls(404)).counts == Counts::nothing);
  CHECK(info(cls(429)).counts == Counts::nothing);
}

TEST_CASE("what is wrong is said, with what to mend") {
  const auto with = [](std::string_view more) { return problem(fmt::format(R"({{"component":"claude/api","source":"app",{}}})", more)); };
  CHECK(problem(good).empty());
  CHECK(has(problem(""), "empty"));
  CHECK(has(problem("  \n "), "empty"));
  CHECK(has(problem("hello"), "not JSON at byte 1"));
  CHECK(has(problem("17"), "must be an object"));
  CHECK(has(problem("[17]"), "must be an object"));
  CHECK(has(problem("[[]]"), "must be an object"));
  CHECK(has(problem("{}"), "component or target"));
  CHECK(has(problem(R"({"component":"a/b","target":"a/b/c","source":"s","status":200})"), "either component or target"));
  CHECK(has(problem(R"({"component":"a/b","status":200})"), "source is missing"));
  CHECK(has(problem(R"({"component":"a/b","source":"s"})"), "outcome, class or status"));
  CHECK(has(with(R"("outcom":"ok")"), "did you mean \"outcome\"?"));
  CHECK(has(with(R"("outcome":"maybe")"), "the name of a class"));
  CHECK(has(with(R"("status":"500")"), "status: text does not belong here"));
  CHECK(has(with(R"("status":99)"), "100 to 599"));
  CHECK(has(with(R"("status":200.5)"), "100 to 599"));
  CHECK(has(with(R"("status":200,"count":0)"), "count"));
  CHECK(has(with(R"("status":200,"count":1000001)"), "count"));
  CHECK(has(with(R"("status":200,"count":-3)"), "count"));
  CHECK(has(with(R"("status":200,"count":1e300)"), "count"));
  CHECK(has(with(R"("status":200,"latency_ms":-1)"), "latency_ms"));
  CHECK(has(with(R"("status":200,"at":"yesterday")"), "at: expected a time"));
  CHECK(has(with(R"("status":200,"at":-5)"), "at:"));
  CHECK(has(with(R"("status":200,"at":true)"), "at: true or false does not belong here"));
  CHECK(has(with(R"("status":200,"model":{"a":[1,{"b":2}]})"), "model: expected a plain value"));
  CHECK(has(with(R"("status":200,"source":"two words")"), "source: expected at most 64"));
  CHECK(has(with(R"("status":200,"model":"a,b=c")"), "model: expected at most 100"));
  CHECK(has(with(fmt::format(R"("status":200,"source":"{}")", std::string(65, 'a'))), "source: expected at most 64"));
  CHECK(has(with(fmt::format(R"("status":200,"component":"{}")", std::string(301, 'a'))), "longer than any name"));
  // What is shown of it is one clean line.
  const std::string shown = with(R"("outcome":"\u001b[31m\nred")");
  CHECK(shown.find('\x1b') == shown.npos);
  CHECK(shown.find('\n') == shown.npos);
}

TEST_CASE("bad rows are answered one by one and good ones kept, in lines and in lists") {
  const std::string one(good), bad = R"({"component":"claude/api","source":"app","outcome":"perhaps"})", broken = R"({"component":)";
  const Read lines = read(one + "\n" + bad + "\n" + one + "\n" + broken + "\n" + one);
  CHECK(lines.result.accepted == 3);
  CHECK(lines.result.refused == 2);
  REQUIRE(lines.result.problems.size() == 2);
  CHECK(lines.result.problems[0].row == 2);
  CHECK(lines.result.problems[1].row == 4);
  CHECK(has(lines.result.problems[1].problem, "not JSON"));
  const Read list = read("[" + one + "," + bad + "," + one + ",{\"component\":\"a/b\",\"x\":[[1,{}],2],\"source\":\"s\"}," + one + "]");
  CHECK(list.result.accepted == 3);
  REQUIRE(list.result.problems.size() == 2);
  CHECK(list.result.problems[1].row == 4);
  // After a break the rest of a list cannot be read; what came before it stays.
  const Read torn = read("[" + one + "," + one + ",{\"component\" oops},{}]");
  CHECK(torn.result.accepted == 2);
  REQUIRE(torn.result.problems.size() == 1);
  CHECK(torn.result.problems[0].row == 3);
  CHECK(has(torn.result.problems[0].problem, "what follows could not be read"));
}

TEST_CASE("no body is too much: rows, nesting, cut at every byte") {
  std::string many;
  for (std::size_t i = 0; i < most_rows + 500; ++i) many += std::string(good) + "\n";
  const Read got = read(many);
  CHECK(got.result.accepted == most_rows);
  REQUIRE(got.result.problems.size() == 1);
  CHECK(got.result.problems.front().row == most_rows + 1);
  CHECK(has(problem("{\"component\":" + std::string(100'000, '[')), "nested too deep"));
  CHECK_FALSE(problem(std::string(100'000, '[')).empty());
  const std::string whole = "[" + std::string(good) + "," + std::string(good) + "]";
  for (std::size_t cut = 1; cut < whole.size(); ++cut) {
    const Read part = read(whole.substr(0, cut));
    CHECK(part.result.refused == 1);
    CHECK(part.result.accepted == (cut > 2 * good.size() + 1 ? 2 : cut > good.size() ? 1 : 0));
  }
}

TEST_CASE("who takes a row may refuse it") {
  const RowsRead got = read_reported_rows(std::string(good) + "\n" + std::string(good), probes::class_of_status,
                                          [](const ReportedRow&) { return std::string("not today"); });
  CHECK(got.accepted == 0);
  REQUIRE(got.problems.size() == 2);
  CHECK(got.problems[1].problem == "not today");
}

TEST_CASE("rows that met the same become one observation, with their mean and the first request id") {
  Lumps lumps;
  for (int i = 0; i < 100; ++i) {
    ReportedRow each = row(Class::server_error, 3);
    each.status = 500;
    each.latency_ms = 100.0 + i;
    each.request_id = i < 5 ? "" : "req_" + std::to_string(i);
    lumps.add(0, each, 0ms);
  }
  const auto got = lumps.take(0, "app");
  REQUIRE(got.size() == 1);
  CHECK(got[0].count == 300);
  CHECK(got[0].took == 150ms);
  CHECK(got[0].http_status == 500);
  REQUIRE(got[0].evidence);
  CHECK(got[0].evidence->request_id == "req_5");
  CHECK(has(got[0].evidence->detail, "300 requests reported by app"));
}

TEST_CASE("failures are spread evenly among the good: a share of these goes before the first, the rest after the last") {
  Lumps lumps;
  lumps.add(1, row(Class::server_error, 30), 0ms);
  lumps.add(1, row(Class::overloaded, 5), 0ms);
  lumps.add(1, row(Class::ok, 970), 0ms);
  lumps.add(1, row(Class::rate_limited, 10), 0ms);
  const auto got = lumps.take(1, "app");
  REQUIRE(got.size() == 5);
  CHECK(got[0].cls == Class::ok);
  CHECK(got[0].count == 970 / 36);
  CHECK(got[1].cls == Class::server_error);  // the most frequent first: it is the proof
  CHECK(got[1].count == 30);
  CHECK(got[4].cls == Class::ok);
  CHECK(got[0].count + got[4].count == 970);
  CHECK_FALSE(got[0].evidence);
  // Nothing failed: nothing to spread.
  lumps.add(2, row(Class::ok, 970), 0ms);
  CHECK(lumps.take(2, "app").size() == 1);
  CHECK(lumps.take(7, "app").empty());
}

TEST_CASE("rows of different times stay apart, oldest first") {
  Lumps lumps;
  for (const Duration age : {0ms, 4900ms, 61000ms, 60500ms, 12000ms}) lumps.add(0, row(Class::ok), age);
  const auto got = lumps.take(0, "app");
  REQUIRE(got.size() == 3);
  CHECK(got[0].age == 60s);
  CHECK(got[0].count == 2);
  CHECK(got[1].age == 10s);
  CHECK(got[2].age == 0s);
  CHECK(got[2].count == 2);
}

TEST_CASE("a stream's name is its source and labels, and no configured target's") {
  const TargetSpec spec = reporting_spec(ComponentId{3}, "claude/api", "litellm-eu", {{"region", "eu"}, {"model", "opus"}});
  CHECK(spec.name == "claude/api/@litellm-eu,model=opus,region=eu");
  CHECK(spec.source == "litellm-eu");
  CHECK(spec.labels.at("source") == "litellm-eu");
  CHECK(spec.labels.at("model") == "opus");
}

TEST_CASE("so much a second for each peer, with bursts, and debts that are waited for") {
  RateLimit limit;
  limit.set(100, 500);
  SteadyTime now{};
  CHECK(limit.wait("a", now) == 0s);
  limit.take("a", 500, now);
  CHECK(limit.wait("a", now) == 10ms);
  CHECK(limit.wait("b", now) == 0s);  // nobody pays for another
  limit.take("a", 1000, now);
  CHECK(limit.wait("a", now) == 10010ms);
  now += 10010ms;
  CHECK(limit.wait("a", now) == 0s);
  now += 1h;
  limit.take("a", 500, now);
  CHECK(limit.wait("a", now) > 0s);  // never more than a burst
  // A flood of addresses costs no more than a constant, and whoever is in debt stays so.
  limit.take("debtor", 5000, now);
  for (int i = 0; i < 20'000; ++i) CHECK(limit.wait("flood " + std::to_string(i), now) == 0s);
  CHECK(limit.wait("debtor", now) > 0s);
}
