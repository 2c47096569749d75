#include "probes/loop.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <atomic>
#include <set>

#include "tests/probes/loop_support.h"
#include "tests/support/dns_server.h"
#include "tests/support/raw_server.h"

using namespace std::chrono_literals;
using outaged::Duration;
using outaged::TransportError;
using outaged::probes::Job;
using outaged::probes::Loop;
using outaged::probes::LoopOptions;
using outaged::probes::Plan;
using test::Collector;
using test::Connection;
using test::eventually;
using test::get;
using test::job;
using test::RawServer;

namespace {

std::unique_ptr<Loop> make(Collector& sink, LoopOptions options = {}) {
  auto loop = Loop::create(std::move(options), sink);
  REQUIRE(loop);
  return std::move(loop).value();
}

void good(Connection& c) {
  c.read_head();
  c.respond("ok");
}

/// How many runs there are at the same time, seen from the probe: the server learns of a close too late.
struct Concurrency {
  std::atomic<int> now = 0, most = 0;
};
class Counted final : public outaged::Probe {
 public:
  Counted(std::string url, Duration timeout, Concurrency& count) : count_(count) {
    request_.url = std::move(url);
    request_.timeout = timeout;
  }
  outaged::Ask first() const override {
    const int now = ++count_.now;
    if (now > count_.most) count_.most = now;
    return request_;
  }
  outaged::Step next(const outaged::Response&, outaged::Run&) const override {
    --count_.now;
    return outaged::Finding{};
  }

 private:
  outaged::Request request_;
  Concurrency& count_;
};

}  // namespace

TEST_CASE("loop: asks every job, again and again") {
  RawServer server{good};
  Collector sink;
  const auto loop = make(sink);
  Plan plan;
  for (std::uint32_t id = 0; id < 20; ++id) plan.push_back(job(id, get(server.url()), 200ms));
  plan[0].role = Job::Role::control;
  plan[1].role = Job::Role::page;
  loop->replace(plan);
  loop->start();
  CHECK(sink.wait([](const auto& results) {
    std::map<std::uint32_t, int> seen;
    for (const auto& result : results) ++seen[result.id];
    return seen.size() == 20 && std::all_of(seen.begin(), seen.end(), [](const auto& s) { return s.second >= 3; });
  }));
  loop->stop();
  for (const auto& result : sink.results()) {
    CHECK(result.response.status == 200);
    CHECK(result.base_schedule);
    CHECK(result.role == (result.id == 0 ? Job::Role::control : result.id == 1 ? Job::Role::page : Job::Role::target));
  }
  const auto stats = loop->stats();
  CHECK(stats.jobs == 20);
  CHECK(stats.started >= 60);
  CHECK(stats.finished == sink.results().size());
  CHECK(stats.in_flight == 0);
  CHECK(stats.lag_max > 0ms);
  CHECK(loop->stats().lag_max == 0ms);  // since the last call
  CHECK(stats.progress + 5s > std::chrono::steady_clock::now());
}

TEST_CASE("loop: never two probes of a target in flight, and what is skipped is counted") {
  RawServer server{[](Connection& c) {
    c.read_head();
    if (c.pause(350ms)) c.respond("slow");
  }};
  Collector sink;
  const auto loop = make(sink);
  Concurrency concurrency;
  loop->replace({job(1, std::make_shared<Counted>(server.url(), 5s, concurrency), 100ms)});
  loop->start();
  CHECK(sink.wait_for(4));
  for (int i = 0; i < 10; ++i) loop->probe_now(Job::Role::target, 1);
  CHECK(sink.wait_for(6));
  loop->stop();
  CHECK(concurrency.most == 1);
  CHECK(loop->stats().skipped >= 6);
}

TEST_CASE("loop: a black-holed resolver and hanging servers delay nobody else") {
  test::DnsServer dns{[](const std::string&, test::DnsServer::Type) { return test::DnsAnswer{0, {}, true}; }};
  RawServer server{good}, hanging{[](Connection&c) { c.hang(); }};
  Collector sink;
  LoopOptions options;
  options.resolvers = {dns.address()};
  const auto loop = make(sink, options);
  Plan plan;
  for (std::uint32_t id = 100; id < 200; ++id)
    plan.push_back(job(id, get("http://host" + std::to_string(id) + ".test/", 60s), 100ms));
  for (std::uint32_t id = 200; id < 250; ++id) plan.push_back(job(id, get(hanging.url(), 60s), 100ms));
  for (std::uint32_t id = 0; id < 10; ++id) plan.push_back(job(id, get(server.url()), 100ms));
  loop->replace(plan);
  loop->start();
  CHECK(eventually([&] { return loop->stats().in_flight >= 150 && dns.questions() >= 200; }));
  loop->stats();
  const auto before = sink.results().size();
  CHECK(sink.wait_for(before + 100));
  // On an idle machine it is the wake grid's 10 ms; a loop that blocked would be late by seconds.
  CHECK(loop->stats().lag_max < 500ms);
  const auto begun = std::chrono::steady_clock::now();
  loop->stop();
  CHECK(std::chrono::steady_clock::now() - begun < 1s);
  for (const auto& result : sink.results()) CHECK(result.id < 10);
}

TEST_CASE("loop: what is in flight is bounded") {
  RawServer server{[](Connection& c) { c.hang(); }};
  Collector sink;
  LoopOptions options;
  options.max_in_flight = 5;
  const auto loop = make(sink, options);
  Concurrency concurrency;
  Plan plan;
  for (std::uint32_t id = 0; id < 50; ++id)
    plan.push_back(job(id, std::make_shared<Counted>(server.url(), 300ms, concurrency), 100ms));
  loop->replace(plan);
  loop->start();
  CHECK(sink.wait_for(20));
  loop->stop();
  CHECK(concurrency.most == 5);
}

TEST_CASE("loop: a reload while in flight drops the vanished and lets the others finish") {
  std::atomic<bool> open_gate = false;
  RawServer server{[&](Connection& c) {
    c.read_head();
    while (!open_gate && c.pause(5ms)) continue;
    c.respond("late");
  }};
  Collector sink;
  const auto loop = make(sink);
  loop->replace({job(1, get(server.url(), 60s), 100ms), job(2, get(server.url(), 60s), 100ms)});
  loop->start();
  CHECK(eventually([&] { return server.open() == 2; }));
  loop->replace({job(2, get(server.url(), 60s), 100ms)});
  CHECK(eventually([&] { return server.open() == 1; }));
  CHECK(loop->stats().jobs == 1);
  open_gate = true;
  CHECK(sink.wait_for(3));
  loop->stop();
  CHECK(sink.count(1) == 0);
}

TEST_CASE("loop: out of turn, and another cadence") {
  RawServer server{good};
  Collector sink;
  const auto loop = make(sink);
  loop->replace({job(1, get(server.url()), 1h)});
  loop->start();
  CHECK(sink.wait_for(1));  // the first round
  loop->probe_now(Job::Role::target, 1);
  loop->probe_now(Job::Role::target, 77);  // unknown: nothing
  REQUIRE(sink.wait_for(2));
  CHECK_FALSE(sink.results()[1].base_schedule);
  loop->cadence(Job::Role::target, 1, 50ms, 0ms);
  REQUIRE(sink.wait_for(6));
  CHECK_FALSE(sink.results()[5].base_schedule);
  loop->cadence(Job::Role::target, 1, 1h, 0ms);
  loop->stop();
}

TEST_CASE("loop: a second request in the same run") {
  RawServer server{[](Connection& c) {
    const std::string head = c.read_head();
    if (head.starts_with("GET /first "))
      c.respond("", "302 Found", "Location: /second\r\n");
    else
      c.respond("arrived");
  }};
  struct Follows final : outaged::Probe {
    std::string base;
    outaged::Request ask(const std::string& path) const {
      outaged::Request request;
      request.url = base + path;
      return request;
    }
    outaged::Ask first() const override { return ask("/first"); }
    outaged::Step next(const outaged::Response& response, outaged::Run& run) const override {
      if (run.requests == 1) return ask(response.header("location"));
      return outaged::Finding{};
    }
  };
  const auto probe = std::make_shared<Follows>();
  probe->base = "http://127.0.0.1:" + std::to_string(server.port());
  const auto result = outaged::probes::run_once({}, probe);
  REQUIRE(result);
  CHECK(result->response.body == "arrived");
  CHECK(server.accepted() == 2);  // a fresh connection each
}

TEST_CASE("loop: stops while everything hangs, and may be stopped twice or never started") {
  RawServer server{[](Connection& c) { c.hang(); }};
  Collector sink;
  {
    const auto loop = make(sink);
    Plan plan;
    for (std::uint32_t id = 0; id < 100; ++id) plan.push_back(job(id, get(server.url(), 60s), 100ms));
    loop->replace(plan);
    loop->start();
    CHECK(eventually([&] { return loop->stats().in_flight == 100; }));
    const auto begun = std::chrono::steady_clock::now();
    loop->stop();
    CHECK(std::chrono::steady_clock::now() - begun < 1s);
    loop->stop();
    CHECK(sink.results().empty());
  }
  CHECK(eventually([&] { return server.open() == 0; }));
  const auto idle = make(sink);
  idle->replace({job(1, get(server.url()), 1s)});
}

TEST_CASE("loop: out of file descriptors is our own fault, and passes") {
  RawServer server{good};
  Collector sink;
  const auto loop = make(sink);
  loop->replace({job(1, get(server.url()), 100ms)});
  loop->start();
  CHECK(sink.wait_for(1));
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{3, before.rlim_max};  // 0, 1 and 2 are taken; what is open stays open
  setrlimit(RLIMIT_NOFILE, &none);
  const bool ours =
      sink.wait([](const auto& results) { return results.back().response.error == TransportError::local; });
  setrlimit(RLIMIT_NOFILE, &before);
  CHECK(ours);
  CHECK(sink.wait([](const auto& results) { return results.back().response.status == 200; }));
}

TEST_CASE("loop: a broken setting is an error and not a crash") {
  Collector sink;
  LoopOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  const auto loop = Loop::create(options, sink);
  REQUIRE_FALSE(loop);
  CHECK(loop.error().find("/nonexistent/ca.pem") != std::string::npos);
}
