#include <doctest/doctest.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include <csignal>
#include <sys/wait.h>
#include <unistd.h>

#include "simulator/provider.h"
#include "simulator/receiver.h"
#include "simulator/simulate.h"
#include "tests/web/raw_client.h"

using namespace outaged;
using namespace outaged::simulator;
using outaged::test::get;
using outaged::test::post;
using outaged::test::RawClient;
using nlohmann::json;

namespace {

class HandClock final : public Clock {
 public:
  Timestamp wall() const override { return from_millis(1'776'081'600'000) + passed_.load(); }
  SteadyTime steady() const override { return SteadyTime{} + passed_.load(); }
  void set(Duration real) { passed_ = real; }

 private:
  std::atomic<Duration> passed_{0ms};
};

// The scenario's own speed with a clock set by hand: latencies are kept short by a speed of 6000.
struct Playing {
  HandClock clock;
  Provider provider;
  std::unique_ptr<web::Server> server = web::Server::create();
  int port = 0;
  explicit Playing(const std::string& name, double speed = 6000) : provider(*find_scenario(name), speed, clock) {
    provider.install(*server);
    provider.begin();
    const auto started = server->start("127.0.0.1:0");
    REQUIRE_MESSAGE(started.ok(), started.error());
    port = server->port();
  }
  ~Playing() { server->stop(); }
  void at(Duration scenario_time) { clock.set(Duration(static_cast<std::int64_t>(static_cast<double>(scenario_time.count()) / provider.speed()))); }
};

std::string played(Playing& playing, const std::string& path, int requests) {
  std::string out;
  for (int i = 0; i < requests; ++i) out += post(playing.port, path, "{}").status == 500 ? 'x' : '.';
  return out;
}

}  // namespace

TEST_CASE("two models fail at 44 percent with the provider's error shape, the third does not") {
  Playing playing("april-13");
  CHECK(played(playing, "/v1/messages/opus", 10) == std::string(10, '.'));
  playing.at(20min);
  for (const auto* path : {"/v1/messages/opus", "/v1/messages/sonnet"}) {
    const auto pattern = played(playing, path, 50);
    CHECK(std::count(pattern.begin(), pattern.end(), 'x') == 22);
  }
  CHECK(played(playing, "/v1/messages/haiku", 10) == std::string(10, '.'));
  for (int i = 0; i < 10; ++i) {
    const auto reply = post(playing.port, "/v1/messages/opus", "{}");
    if (reply.status != 500) continue;
    const auto body = json::parse(reply.body);
    CHECK(body["type"] == "error");
    CHECK(body["error"]["type"] == "api_error");
    CHECK(body["error"]["message"] == "Internal server error");
    CHECK(body["request_id"] == reply.header("request-id"));
    CHECK(reply.header("request-id").starts_with("req_"));
    CHECK(reply.header("x-should-retry") == "true");
    break;
  }
  playing.at(55min);
  CHECK(played(playing, "/v1/messages/opus", 10) == std::string(10, '.'));
  const auto counts = json::parse(get(playing.port, "/-/requests").body);
  CHECK(counts["endpoints"]["/v1/messages/sonnet"]["failed"] == 22);
}

TEST_CASE("the pattern does not depend on what came before or when") {
  Playing one("april-13"), other("april-13");
  played(other, "/v1/messages/opus", 7);
  one.at(6min);
  other.at(40min);
  CHECK(played(one, "/v1/messages/opus", 25) == played(other, "/v1/messages/opus", 25));
}

TEST_CASE("the page lies, admits late, and clears") {
  Playing playing("april-13");
  const auto summary = [&](Duration at) {
    playing.at(at);
    return json::parse(get(playing.port, "/status/api/v2/summary.json").body);
  };
  auto said = summary(30min);
  CHECK(said["status"]["indicator"] == "none");
  CHECK(said["status"]["description"] == "All Systems Operational");
  CHECK(said["incidents"].empty());
  CHECK(said["page"]["id"].get<std::string>().size() == 12);
  CHECK(said["page"].contains("time_zone"));
  CHECK(said["scheduled_maintenances"].empty());
  said = summary(46min);
  CHECK(said["status"]["indicator"] == "minor");
  CHECK(said["components"][1]["status"] == "degraded_performance");
  REQUIRE(said["incidents"].size() == 1);
  CHECK(said["incidents"][0]["name"] == "Elevated error rates");
  CHECK(said["incidents"][0]["status"] == "investigating");
  // Times are the reader's: 45 min of the scenario are 0.45 s of the clock at this speed.
  CHECK(said["incidents"][0]["created_at"] == "2026-04-13T12:00:00.450Z");
  CHECK(summary(49min)["incidents"][0]["status"] == "identified");
  said = summary(53min);
  CHECK(said["incidents"][0]["status"] == "monitoring");
  CHECK(said["incidents"][0]["incident_updates"].size() == 3);
  CHECK(said["incidents"][0]["incident_updates"][0]["status"] == "monitoring");
  CHECK(summary(60min)["incidents"].empty());
  CHECK(summary(60min)["status"]["indicator"] == "none");
  const auto all = json::parse(get(playing.port, "/status/api/v2/incidents.json").body);
  REQUIRE(all["incidents"].size() == 1);
  CHECK(all["incidents"][0]["status"] == "resolved");
  CHECK(all["incidents"][0]["resolved_at"] == "2026-04-13T12:00:00.590Z");
  CHECK(get(playing.port, "/status/").body.find("All Systems Operational") != std::string::npos);
}

TEST_CASE("an unchanged page is a 304, a changed one is not") {
  Playing playing("april-13");
  const auto first = get(playing.port, "/status/api/v2/summary.json");
  const auto etag = first.header("etag");
  REQUIRE_FALSE(etag.empty());
  playing.at(44min);
  CHECK(get(playing.port, "/status/api/v2/summary.json", "If-None-Match: " + etag + "\r\n").status == 304);
  CHECK(get(playing.port, "/status/api/v2/summary.json", "If-None-Match: \"a\", W/" + etag + "\r\n").status == 304);
  playing.at(46min);
  CHECK(get(playing.port, "/status/api/v2/summary.json", "If-None-Match: " + etag + "\r\n").status == 200);
}

TEST_CASE("when our own network is down nothing answers, the controls least of all") {
  Playing playing("local-network");
  const auto status = [&](const std::string& path) { return get(playing.port, path).status; };
  CHECK(status("/control/1") == 204);
  playing.at(10min);
  for (const auto* path : {"/control/1", "/control/2", "/control/3", "/v1/messages", "/status/api/v2/summary.json"}) CHECK(status(path) == 0);
  const auto time = json::parse(get(playing.port, "/-/time").body);
  CHECK(time["network_down"] == true);
  CHECK(time["scenario_time"] == "10m");
  playing.at(19min);
  CHECK(status("/control/1") == 204);
  CHECK(status("/v1/messages") == 200);
}

TEST_CASE("blank pages, edges, dropped and hanging connections") {
  Playing blank("blank-page");
  CHECK(get(blank.port, "/").body.find("Welcome") != std::string::npos);
  blank.at(6min);
  const auto empty = get(blank.port, "/");
  CHECK(empty.status == 200);
  CHECK(empty.body.empty());
  Playing hard("hard-outage");
  hard.at(6min);
  const auto edge = get(hard.port, "/v1/messages");
  CHECK(edge.status == 502);
  CHECK(edge.header("content-type") == "text/html; charset=utf-8");
  CHECK(edge.header("request-id").empty());
  RawClient dropped(hard.port), hanging(hard.port);
  dropped.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(dropped.rest().empty());
  CHECK(dropped.closed());
  hanging.say("GET /v1/models HTTP/1.1\r\nHost: a\r\n\r\n");
  CHECK(hanging.response(false, 200ms).status == 0);
  CHECK_FALSE(hanging.closed());
}

TEST_CASE("latency is the scenario's, divided by the speed") {
  Playing playing("april-13", 60);
  playing.at(20min);
  for (int i = 0; i < 25; ++i) {
    const auto began = std::chrono::steady_clock::now();
    const auto reply = post(playing.port, "/v1/messages/opus", "{}");
    const auto took = std::chrono::steady_clock::now() - began;
    if (reply.status == 500) {
      CHECK(took >= 166ms);
      CHECK(took < 2s);
      return;
    }
  }
  FAIL("no failure within 25 requests");
}

TEST_CASE("the receiver records, fails on cue, and keeps a log that survives it") {
  const auto log = std::filesystem::temp_directory_path() / ("outaged-receiver-" + std::to_string(getpid()) + ".jsonl");
  std::filesystem::remove(log);
  {
    Receiver receiver({{"/hook", 2, 500, {}, false, false}, {"/slack", 1, 429, 3s, false, false}, {"/lost", 1, 500, {}, false, true}}, log.string());
    const auto started = receiver.start();
    REQUIRE_MESSAGE(started.ok(), started.error());
    const int port = receiver.port();
    CHECK(post(port, "/hook", "one", "Webhook-Id: a.1\r\n").status == 500);
    CHECK(post(port, "/hook", "one").status == 500);
    CHECK_FALSE(receiver.wait_for(1, 0ms));
    CHECK(post(port, "/hook", "one").status == 200);
    const auto limited = post(port, "/slack", "two");
    CHECK(limited.status == 429);
    CHECK(limited.header("retry-after") == "3");
    CHECK(post(port, "/lost", "three").status == 0);
    CHECK(post(port, "/lost", "three").status == 200);
    CHECK(receiver.wait_for(2, 5s));
    const auto received = receiver.received();
    REQUIRE(received.size() == 6);
    CHECK(received[0].body == "one");
    CHECK(received[0].answered == 500);
    CHECK(received[2].answered == 200);
    CHECK(received[4].answered == 0);
  }
  std::ifstream in(log);
  std::vector<json> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(json::parse(line));
  REQUIRE(lines.size() == 6);
  CHECK(lines[0]["n"] == 1);
  CHECK(lines[0]["headers"]["webhook-id"] == "a.1");
  CHECK(lines[3]["path"] == "/slack");
  CHECK(lines[3]["answered"] == 429);
  std::filesystem::remove(log);
}

TEST_CASE("a receiver that cannot write its record refuses to start") {
  Receiver receiver({}, "/no/such/folder/log.jsonl");
  const auto started = receiver.start();
  REQUIRE_FALSE(started.ok());
  CHECK(started.error().find("/no/such/folder/log.jsonl") != std::string::npos);
}

TEST_CASE("as a process: says when it is ready, serves, and ends on SIGTERM or with its scenario") {
  for (const bool until_end : {false, true}) {
    CAPTURE(until_end);
    const auto port_file = std::filesystem::temp_directory_path() / ("outaged-port-" + std::to_string(getpid()));
    std::filesystem::remove(port_file);
    std::fflush(stdout);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::freopen("/dev/null", "w", stdout);
      SimulateOptions options;
      options.scenario = "lying";
      options.port_file = port_file.string();
      options.until_end = until_end;
      if (until_end) options.speed = 10'000;
      _exit(run_simulation(options));
    }
    int port = 0;
    if (!until_end) {
      const auto deadline = std::chrono::steady_clock::now() + 10s;
      while (port == 0 && std::chrono::steady_clock::now() < deadline) {
        std::ifstream(port_file) >> port;
        std::this_thread::sleep_for(2ms);
      }
      REQUIRE(port > 0);
      CHECK(json::parse(get(port, "/-/time").body)["scenario"] == "lying");
      kill(child, SIGTERM);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
    std::filesystem::remove(port_file);
  }
}

TEST_CASE("bad input to the process is an exit code of its own") {
  SimulateOptions options;
  options.scenario = "nothing-like-it";
  CHECK(run_simulation(options) == 2);
  options.scenario = "lying";
  options.speed = 0;
  CHECK(run_simulation(options) == 2);
  options.speed = 1;
  options.listen_address = "203.0.113.1:1";
  CHECK(run_simulation(options) == 1);
}
