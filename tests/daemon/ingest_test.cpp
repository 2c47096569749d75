// What is reported over HTTP behind the real server: every answer, every bound, and what the inbox is given.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "daemon/api.h"
#include "daemon/api_ingest.h"
#include "daemon/ingest.h"
#include "tests/daemon/http_get.h"
#include "tests/daemon/picture.h"

using namespace outaged;
using nlohmann::json;
using outaged::testing::Answer;
using outaged::testing::Example;

namespace {

class FixedClock : public Clock {
 public:
  Timestamp wall() const override { return now; }
  SteadyTime steady() const override { return SteadyTime{} + (now - testing::onset); }
  Timestamp now = testing::onset + 10min;
};

/// The handlers behind the real server, with an inbox that only notes.
struct Ingesting {
  Example example;
  FixedClock clock;
  Board board;
  std::shared_ptr<IngestCounters> counters = std::make_shared<IngestCounters>();
  probes::Heartbeats heartbeats;
  std::vector<ReportedTraffic> traffic;
  std::vector<OperatorAction> actions;
  bool room = true;
  Ingest ingest{board, clock,
                [this](decltype(Entry::what) what) {
                  if (!room) return false;
                  if (auto* reported = std::get_if<ReportedTraffic>(&what)) traffic.push_back(std::move(*reported));
                  if (auto* action = std::get_if<OperatorAction>(&what)) actions.push_back(std::move(*action));
                  return true;
                },
                counters};
  std::unique_ptr<web::Server> server = web::Server::create();

  explicit Ingesting(bool with_picture = true) {
    if (with_picture) board.publish(example.picture);
    mount_api(*server, {.board = board, .database = "", .reload = {}, .version = "1"});
    mount_ingest(*server, board, ingest, heartbeats);
    REQUIRE(server->start("127.0.0.1:0").ok());
  }
  ~Ingesting() { server->stop(); }

  Answer post(const std::string& path, const std::string& body, const std::string& headers = "") const {
    return testing::ask(server->port(), "POST", path, headers, body);
  }
  json observations(const std::string& body, int status) const {
    const Answer answer = post("/api/v1/observations", body);
    INFO(answer.body);
    CHECK(answer.status == status);
    return json::parse(answer.body);
  }
};

std::string row(const std::string& more = "", const std::string& component = "claude/api") {
  return fmt::format(R"({{"component":"{}","source":"app","outcome":"ok"{}}})", component, more);
}

}  // namespace

TEST_CASE("rows are taken, counted and put together by source, component, model and region") {
  Ingesting api;
  const json answer = api.observations(row() + "\n" + row(R"(,"count":9)") + "\n" + row(R"(,"model":"opus")") + "\n" + row("", "github/git"), 200);
  CHECK(answer == json{{"accepted", 4}, {"refused", 0}, {"requests", 12}, {"errors", json::array()}});
  REQUIRE(api.traffic.size() == 1);
  REQUIRE(api.traffic[0].streams.size() == 3);
  CHECK(api.traffic[0].streams[0].spec.name == "claude/api/@app");
  CHECK(api.traffic[0].streams[0].spec.component == ComponentId{1});
  REQUIRE(api.traffic[0].streams[0].observations.size() == 1);
  CHECK(api.traffic[0].streams[0].observations[0].count == 10);
  CHECK(api.traffic[0].streams[1].spec.name == "claude/api/@app,model=opus");
  CHECK(api.traffic[0].streams[2].spec.component == ComponentId{3});
  CHECK(api.counters->read().rows == 4);
}

TEST_CASE("a row that names a target takes its model and region") {
  Ingesting api;
  api.observations(R"({"target":"claude/api/messages","source":"app","status":500})", 200);
  REQUIRE(api.traffic.size() == 1);
  CHECK(api.traffic[0].streams[0].spec.labels == Labels{{"model", "opus"}, {"source", "app"}});
  CHECK(api.traffic[0].streams[0].spec.component == ComponentId{1});
}

TEST_CASE("good rows are kept and bad ones answered one by one") {
  Ingesting api;
  const json answer = api.observations(row() + "\n" + row("", "claude/apj") + "\n{\n" + row(R"(,"status":9000)"), 207);
  CHECK(answer["accepted"] == 1);
  CHECK(answer["refused"] == 3);
  CHECK(answer["errors"][0]["row"] == 2);
  CHECK(answer["errors"][0]["error"] == "unknown component \"claude/apj\", did you mean \"claude/api\"?");
  CHECK(answer["errors"][1]["row"] == 3);
  CHECK(answer["errors"][2]["row"] == 4);
  const json none = api.observations(row("", "nobody/here"), 400);
  CHECK(none["accepted"] == 0);
  CHECK(none["error"] == "unknown component \"nobody/here\"");
  CHECK(api.observations("", 400)["refused"] == 1);
  CHECK(api.counters->read().rows_refused == 5);
}

TEST_CASE("what is too old or ahead is refused with the reason; a little ahead is now") {
  Ingesting api;
  const auto at = [&](Duration ago) { return row(fmt::format(R"(,"at":"{}")", format_time(api.clock.now - ago))); };
  const json answer = api.observations(at(11min) + "\n" + at(-2min) + "\n" + at(9min) + "\n" + at(-30s), 207);
  CHECK(answer["accepted"] == 2);
  CHECK(answer["errors"][0]["error"] == "at is 11 min ago: more than 10 min is too old to tell of now");
  CHECK(answer["errors"][1]["error"].get<std::string>().starts_with("at is 2 min ahead of our clock"));
  const auto& seen = api.traffic.at(0).streams.at(0).observations;
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].age == 9min);
  CHECK(seen[1].age == 0s);
}

TEST_CASE("a peer that reports too much is told when to come back, and what is taken is never half") {
  Ingesting api;
  config::Ingest limits;
  limits.rows_per_second = 10;
  api.ingest.configure(limits);
  std::string many;
  for (std::size_t i = 0; i < most_rows; ++i) many += row() + "\n";
  CHECK(api.post("/api/v1/observations", many).status == 200);
  CHECK(api.post("/api/v1/observations", row()).status == 429);
  const Answer late = api.post("/api/v1/observations", row());
  CHECK(late.has("retry-after: 1"));
  api.clock.now += 1s;
  CHECK(api.post("/api/v1/observations", row()).status == 200);
  CHECK(api.counters->read().put_off == 2);
}

TEST_CASE("no room: nothing of the request was taken, and the client is told to try again") {
  Ingesting api;
  api.room = false;
  const Answer full = api.post("/api/v1/observations", row());
  CHECK(full.status == 503);
  CHECK(full.has("retry-after: 1"));
  Ingesting young(false);
  CHECK(young.post("/api/v1/observations", row()).status == 503);
}

TEST_CASE("only so many streams, whatever names are thought up; one not heard of for a day makes room") {
  Ingesting api;
  config::Ingest limits;
  limits.max_streams = 3;
  api.ingest.configure(limits);
  std::string many;
  for (int i = 0; i < 10; ++i) many += fmt::format("{{\"component\":\"claude/api\",\"source\":\"app-{}\",\"outcome\":\"ok\"}}\n", i);
  const json answer = api.observations(many, 207);
  CHECK(answer["accepted"] == 3);
  CHECK(answer["errors"][0]["error"].get<std::string>().starts_with("3 streams report within a day, and no more are taken"));
  // The three are in the picture by now; a known one is always taken, a new one not.
  auto next = std::make_shared<Published>(*api.example.picture);
  auto topology = std::make_shared<Topology>(*next->topology);
  for (int i = 0; i < 3; ++i) {
    TargetSpec spec = reporting_spec(ComponentId{1}, "claude/api", fmt::format("app-{}", i), {});
    spec.id = TargetId(static_cast<unsigned>(50 + i));
    topology->targets.push_back(std::move(spec));
    next->targets.emplace_back();
    next->targets.back().last_at = next->at - (i == 2 ? 25h : 1h);
  }
  next->topology = topology;
  api.board.publish(next);
  CHECK(api.observations(R"({"component":"claude/api","source":"app-0","outcome":"ok"})", 200)["accepted"] == 1);
  CHECK(api.observations(R"({"component":"claude/api","source":"new-1","outcome":"ok"})", 200)["accepted"] == 1);
  CHECK(api.observations(R"({"component":"claude/api","source":"new-2","outcome":"ok"})", 400)["accepted"] == 0);
}

TEST_CASE("people: taken, answered with what we see, limited, and nobody's address is kept") {
  Ingesting api;
  const Answer taken = api.post("/api/v1/reports", R"({"component":"claude/api","comment":"500s all day","by":"Anna"})");
  CHECK(taken.status == 202);
  const json answer = json::parse(taken.body);
  CHECK(answer["taken"] == true);
  CHECK(answer["agreement"] == "page_silent");
  CHECK(answer["why"].get<std::string>().starts_with("9 of 20"));
  REQUIRE(api.actions.size() == 1);
  CHECK(api.actions[0].action == report_action);
  CHECK(api.actions[0].subject == "claude/api");
  CHECK(api.actions[0].by == "Anna");
  CHECK(api.actions[0].comment == "500s all day");
  CHECK(api.post("/api/v1/reports", R"({"component":"claude/api"})").status == 202);
  CHECK(api.actions[1].by.starts_with("peer-"));
  CHECK(api.actions[1].by.find("127.0.0.1") == std::string::npos);
  CHECK(json::parse(api.post("/api/v1/reports", R"({"component":"claude/apii"})").body)["error"] == "unknown component \"claude/apii\", did you mean \"claude/api\"?");
  CHECK(api.post("/api/v1/reports", R"({"component":"claude/apii"})").status == 404);
  CHECK(api.post("/api/v1/reports", R"({"comment":"x"})").status == 400);
  CHECK(api.post("/api/v1/reports", R"({"component":17})").status == 400);
  CHECK(api.post("/api/v1/reports", R"({"component":"claude/api","coment":"x"})").body.find("did you mean \\\"comment\\\"?") != std::string::npos);
  CHECK(api.post("/api/v1/reports", "not json").status == 400);
  int more = 0;
  for (; more < 20; ++more) {
    if (api.post("/api/v1/reports", R"({"component":"claude/api"})").status == 429) break;
  }
  CHECK(more == 4);  // six a minute, two of them above
  CHECK(api.post("/api/v1/reports", R"({"component":"claude/api"})").has("retry-after: "));
}

TEST_CASE("a web page that the user visits cannot report") {
  Ingesting api;
  for (const char* path : {"/api/v1/observations", "/api/v1/reports", "/api/v1/heartbeat/a/b/c"}) {
    CHECK(api.post(path, row(), "Sec-Fetch-Site: cross-site\r\n").status == 403);
    CHECK(testing::ask(api.server->port(), "GET", path).status == 405);
  }
  CHECK(api.traffic.empty());
}

TEST_CASE("heartbeats: taken, refused without the token, unknown") {
  Ingesting api;
  api.heartbeats.expect({{"backup/db/nightly", config::Secret{"s3cret"}}, {"backup/db/hourly", {}}}, system_clock().steady());
  const std::string nightly = "/api/v1/heartbeat/backup/db/nightly", hourly = "/api/v1/heartbeat/backup/db/hourly";
  CHECK(api.post(hourly, "").status == 200);
  CHECK(api.heartbeats.last("backup/db/hourly")->heard);
  CHECK(api.post(nightly, "").status == 401);
  CHECK(api.post(nightly, "", "Authorization: Bearer wrong\r\n").status == 401);
  CHECK_FALSE(api.heartbeats.last("backup/db/nightly")->heard);
  CHECK(api.post(nightly, "", "Authorization: Bearer s3cret\r\n").status == 200);
  CHECK(api.heartbeats.last("backup/db/nightly")->heard);
  CHECK(api.post(hourly, R"({"status":"fail","message":"disk full"})").status == 200);
  CHECK_FALSE(api.heartbeats.last("backup/db/hourly")->ok);
  CHECK(api.heartbeats.last("backup/db/hourly")->message == "disk full");
  CHECK(api.post(hourly, R"({"status":"perhaps"})").status == 400);
  CHECK(api.post("/api/v1/heartbeat/backup/db/weekly", "").status == 404);
  CHECK(api.post(nightly, "", "Authorization: Bearer s3cret\r\n").body.find("s3cret") == std::string::npos);
}

TEST_CASE("the inbox refuses what it has no room for, and a flood of reports costs no probe") {
  FixedClock clock;
  Inbox inbox(clock, 10);
  const auto lumps = [](std::size_t count) {
    ReportedTraffic traffic;
    traffic.streams.push_back({{}, std::vector<Observation>(count)});
    return traffic;
  };
  CHECK(inbox.push(lumps(6)));
  CHECK_FALSE(inbox.push(lumps(6)));
  CHECK(inbox.push(lumps(4)));
  for (int i = 0; i < 8; ++i) CHECK(inbox.push(Observation{}));
  std::vector<Entry> entries;
  inbox.drain(entries, never_past, 0ms);
  CHECK(inbox.push(lumps(10)));
}
