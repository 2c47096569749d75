// LLM probes through the real loop, on loopback: a stream that comes, stalls, breaks off; siblings; who is told to wait;
// how many go to one host at once.
#include <atomic>

#include "tests/probes/llm_support.h"
#include "tests/probes/loop_support.h"
#include "tests/support/raw_server.h"

namespace outaged::probes {
namespace {

using test::Collector;
using test::Connection;
using test::eventually;
using test::RawServer;

std::string request_body(Connection& peer, std::string& head) {
  head = peer.read_head();
  const auto at = head.find("Content-Length: ");
  return at == std::string::npos ? "" : peer.read_exactly(std::stoul(head.substr(at + 16)));
}

void begin_stream(Connection& peer) {
  peer.write("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nrequest-id: req_7\r\nConnection: close\r\n\r\n");
}

const std::size_t after_content = test::message_stream.find("event: content_block_stop");

config::Target target(const RawServer& server, const std::string& name = "acme/api/tiny") {
  auto check = test::llm_check("anthropic");
  check.url = server.url("");
  check.max_gap = 300ms;
  check.first_token = 1s;
  auto out = test::llm_target(check, name);
  out.timeout = 1500ms;
  return out;
}

/// One run through the loop's own machinery.
outaged::probes::Result run(const RawServer& server) {
  auto result = run_once({}, make_llm(target(server), {}, std::make_shared<llm::Ledger>(system_clock())));
  REQUIRE(result.ok());
  return std::move(result.value());
}

}  // namespace

TEST_CASE("llm loop: a stream that comes in pieces is ok at its terminator") {
  std::string head, body;
  RawServer server([&](Connection& peer) {
    body = request_body(peer, head);
    begin_stream(peer);
    for (std::size_t at = 0; at < test::message_stream.size(); at += 97) {
      peer.write(test::message_stream.substr(at, 97));
      peer.pause(2ms);
    }
  });
  const auto result = run(server);
  CHECK(result.finding.cls == Class::ok);
  CHECK(head.starts_with("POST /v1/messages HTTP/1.1\r\n"));
  CHECK(head.find("x-api-key: sk-test-key-0123456789\r\n") != std::string::npos);
  CHECK(body.find("\"stream\":true") != std::string::npos);
  REQUIRE(result.finding.evidence);
  CHECK(result.finding.evidence->request_id == "req_7");
  CHECK(result.finding.evidence->detail.find("first token after") != std::string::npos);
  CHECK(result.response.status == 200);
}

TEST_CASE("llm loop: a stream that stalls after its first token, and one that never had one") {
  std::atomic<bool> content = true;
  RawServer server([&](Connection& peer) {
    std::string head;
    const std::string body = request_body(peer, head);
    if (body.find("\"stream\":true") == std::string::npos) {
      if (head.find("x-api-key") == std::string::npos)
        peer.respond(test::anthropic_error("authentication_error", "x-api-key header is required"), "401 Unauthorized", "request-id: r\r\ncontent-type: application/json\r\n");
      else
        peer.respond(R"({"input_tokens":8})", "200 OK", "request-id: r\r\ncontent-type: application/json\r\n");
      return;
    }
    begin_stream(peer);
    if (content) peer.write(test::message_stream.substr(0, after_content));
    peer.hang();
  });
  const auto stalled = run(server);
  CHECK(stalled.finding.cls == Class::stream_stalled);
  REQUIRE(stalled.finding.evidence);
  CHECK(stalled.finding.evidence->detail.find("our key is accepted by POST /v1/messages/count_tokens; the completion fails") != std::string::npos);
  CHECK(stalled.response.status == 200);  // of the stream, not of the last control
  content = false;
  const auto silent = run(server);
  CHECK(info(silent.finding.cls).counts == Counts::bad);
}

TEST_CASE("llm loop: a stream that breaks off is never ok") {
  for (const std::size_t cut : {std::size_t{0}, std::size_t{50}, after_content, test::message_stream.size() - 30}) {
    CAPTURE(cut);
    RawServer server([&](Connection& peer) {
      std::string head;
      request_body(peer, head);
      begin_stream(peer);
      peer.write(test::message_stream.substr(0, cut));
    });
    CHECK(run(server).finding.cls != Class::ok);
  }
}

TEST_CASE("llm loop: when one model fails its siblings of the ledger are asked now, within bounds") {
  std::atomic<int> paid = 0;
  RawServer server([&](Connection& peer) {
    std::string head;
    const std::string body = request_body(peer, head);
    const bool model_a = body.find("model-a") != std::string::npos;
    paid += body.find("\"stream\":true") != std::string::npos ? 1 : 0;
    if (model_a && body.find("\"stream\":true") != std::string::npos)
      peer.respond(test::anthropic_error("api_error", "boom"), "500 Internal Server Error", "request-id: r\r\ncontent-type: application/json\r\n");
    else if (body.find("\"stream\":true") != std::string::npos)
      begin_stream(peer), peer.write(test::message_stream);
    else
      peer.respond(R"({"input_tokens":8})", "200 OK", "request-id: r\r\ncontent-type: application/json\r\n");
  });
  const auto ledger = std::make_shared<llm::Ledger>(system_clock());
  Plan plan;
  for (std::uint32_t id = 0; id < 6; ++id) {
    auto each = target(server, "acme/api/m" + std::to_string(id));
    std::get<config::LlmCheck>(each.check).model = id == 0 ? "model-a" : "model-b";
    plan.push_back(test::job(id, make_llm(each, {}, ledger), 1h));  // of themselves none would be asked again soon
    plan.back().group = "acme";
  }
  Collector collector;
  auto loop = Loop::create({}, collector);
  REQUIRE(loop.ok());
  loop.value()->replace(std::move(plan));
  loop.value()->start();
  REQUIRE(collector.wait([](const auto& results) {  // each once in the first round
    std::size_t seen = 0;
    for (std::uint32_t id = 0; id < 6; ++id) seen += std::any_of(results.begin(), results.end(), [&](const auto& r) { return r.id == id; }) ? 1U : 0U;
    return seen == 6;
  }));
  REQUIRE(collector.wait_for(7));
  const auto results = collector.results();
  std::size_t out_of_turn = 0;
  for (const auto& result : results) {
    CHECK((result.finding.cls == Class::ok) == (result.id != 0));
    out_of_turn += result.base_schedule ? 0U : 1U;
  }
  CHECK(out_of_turn >= 1);
  loop.value()->stop();
  CHECK(collector.results().size() <= 9);  // three of five, once
  CHECK(paid <= 10);
}

TEST_CASE("llm loop: who is told to wait is left alone, with all of its ledger, and no others") {
  /// Answers at once, as it is told.
  struct Canned final : Probe {
    Finding finding;
    Ask first() const override { return Nothing{}; }
    Step next(const Response&, Run&) const override { return finding; }
  };
  const auto canned = [](Class cls, Duration wait) {
    auto probe = std::make_shared<Canned>();
    probe->finding.cls = cls;
    probe->finding.not_before = wait;
    return probe;
  };
  Plan plan = {test::job(0, canned(Class::rate_limited, 1h), 20ms), test::job(1, canned(Class::ok, 0s), 20ms),
               test::job(2, canned(Class::ok, 0s), 20ms), test::job(3, canned(Class::server_error, 1h), 20ms)};
  plan[0].group = plan[1].group = "acme";
  Collector collector;
  auto loop = Loop::create({}, collector);
  REQUIRE(loop.ok());
  loop.value()->replace(std::move(plan));
  loop.value()->start();
  REQUIRE(collector.wait([](const auto& results) { return std::any_of(results.begin(), results.end(), [](const auto& r) { return r.id == 0; }); }));
  const std::size_t sibling = collector.count(1);
  REQUIRE(eventually([&] { return collector.count(2) >= 30; }));
  CHECK(collector.count(0) == 1);
  CHECK(collector.count(1) <= sibling + 1);
  CHECK(collector.count(3) == 1);
  loop.value()->probe_now(Job::Role::target, 0);
  const std::size_t others = collector.count(2);
  REQUIRE(eventually([&] { return collector.count(2) >= others + 5; }));
  CHECK(collector.count(0) == 1);
  loop.value()->stop();
}

TEST_CASE("llm loop: so many at one host at once, each in its turn, and other hosts are not delayed") {
  std::atomic<int> inside = 0, most = 0;
  RawServer slow([&](Connection& peer) {
    peer.read_head();
    const int now = ++inside;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) continue;
    peer.pause(30ms);
    --inside;
    peer.respond("ok");
  });
  RawServer quick([&](Connection& peer) {
    peer.read_head();
    peer.respond("ok");
  });
  Plan plan;
  for (std::uint32_t id = 0; id < 20; ++id) {
    plan.push_back(test::job(id, test::get(slow.url()), 100ms));
    plan.back().host = "slow.example";
  }
  plan.push_back(test::job(100, test::get(quick.url()), 100ms));
  plan.back().host = "quick.example";
  Collector collector;
  LoopOptions options;
  options.max_per_host = 2;
  auto loop = Loop::create(options, collector);
  REQUIRE(loop.ok());
  loop.value()->replace(std::move(plan));
  loop.value()->start();
  REQUIRE(collector.wait([](const auto& results) { return results.size() >= 200; }));
  loop.value()->stop();
  CHECK(most == 2);
  for (std::uint32_t id = 0; id < 20; ++id) {
    CAPTURE(id);
    CHECK(collector.count(id) >= 4);
  }
  CHECK(collector.count(100) >= 20);
  for (const auto& result : collector.results())
    if (result.id == 100) CHECK(result.lag < 200ms);
}

}  // namespace outaged::probes
