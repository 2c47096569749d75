// Delivery in virtual time: a test moves the clock and never sleeps.
#include "alerts/delivery.h"

#include <doctest/doctest.h>

#include "tests/alerts/fakes.h"

using namespace outaged;
using outaged::test::row;
using outaged::test::Sent;
using State = OutboxState;
using alerts::HttpResponse;

namespace {

struct Bench {
  test::FakeClock clock;
  test::FakeWaiter waiter;
  test::Reports reports;
  test::Wire wire;
  std::unique_ptr<alerts::Delivery> delivery;

  explicit Bench(test::Wire::Script script, std::vector<config::Receiver> receivers = {test::receiver("webhook", "hook")})
      : wire(clock, std::move(script)),
        delivery(alerts::Delivery::create(clock, reports.reporter(), [this] { return wire.sender(); }, waiter)) {
    delivery->reconfigure(receivers);
  }
  ~Bench() { delivery->stop(0ms); }

  /// Fails once more: waits for the nth report and moves the clock to when it will be tried again.
  DeliveryReport fail_and_move_on(std::size_t reported) {
    REQUIRE(reports.wait_for(reported));
    const DeliveryReport last = reports.all().at(reported - 1);
    REQUIRE(last.next_attempt);
    clock.advance(*last.next_attempt - clock.wall());
    return last;
  }
};

HttpResponse status(int code) { return {code, "", std::nullopt, "said so"}; }

}  // namespace

TEST_CASE("errors are tried again with a growing pause and one key") {
  Bench b([n = 0](const Sent&, const auto&) mutable { return status(++n <= 3 ? 500 : 200); });
  b.delivery->enqueue({row(1)});
  Duration least = 2500ms, most = 5s;
  for (std::size_t i = 1; i <= 3; ++i) {
    const Timestamp before = b.clock.wall();
    const DeliveryReport report = b.fail_and_move_on(i);
    CHECK(report.state == State::pending);
    CHECK(report.attempts == i);
    CHECK(report.error == "HTTP 500: said so");
    CHECK(*report.next_attempt - before >= least);
    CHECK(*report.next_attempt - before <= most);
    least *= 2, most *= 2;
  }
  REQUIRE(b.reports.wait_for(4));
  CHECK(b.reports.all()[3].state == State::delivered);
  CHECK(b.reports.all()[3].attempts == 4);
  CHECK(b.reports.all()[3].error == "");
  for (const Sent& sent : b.wire.sent()) CHECK(sent.key == "key1");
}

TEST_CASE("Retry-After is honoured to the second, for the receiver as a whole, and capped") {
  for (const auto& [asked, pause] : {std::pair{"120", Duration(120s)}, std::pair{"999999", Duration(1h)}, std::pair{"Mon, 13 Apr 2026 14:07:00 GMT", Duration(7min)}}) {
    CAPTURE(asked);
    Bench b([n = 0, after = std::string(asked)](const Sent&, const auto&) mutable {
      if (++n > 1) return status(200);
      HttpResponse response = status(429);
      response.retry_after = after;
      return response;
    });
    b.delivery->enqueue({row(1)});
    REQUIRE(b.reports.wait_for(1));
    const Timestamp due = *b.reports.all()[0].next_attempt;
    CHECK(due == test::t("14:00:00") + pause);
    b.delivery->enqueue({row(2, "hook", "another group")});
    b.waiter.settle();
    b.clock.advance(pause - 1ms);
    b.delivery->enqueue({row(3, "hook", "a third")});
    b.waiter.settle();
    CHECK(b.wire.sent().size() == 1);
    b.clock.advance(1ms);
    REQUIRE(b.reports.wait_for(4));
    const auto sent = b.wire.sent();
    for (std::size_t i = 1; i < sent.size(); ++i) CHECK(sent[i].at >= due);
    CHECK(sent[1].key == "key1");
  }
}

TEST_CASE("a group keeps its order while other groups go on") {
  Bench b([](const Sent& sent, const auto&) { return status(sent.key == "key1" && sent.at < test::t("14:10:00") ? 503 : 200); });
  b.delivery->enqueue({row(1), row(2), row(3, "hook", "other"), row(4)});
  REQUIRE(b.reports.wait_for(2));
  CHECK(b.reports.of(3).at(0).state == State::delivered);
  b.waiter.settle();
  CHECK(b.reports.of(2).empty());
  b.clock.advance(10min);
  REQUIRE(b.reports.wait_for(5));
  std::vector<std::string> keys;
  for (const Sent& sent : b.wire.sent())
    if (sent.key != "key3") keys.push_back(sent.key);
  CHECK(keys == std::vector<std::string>{"key1", "key1", "key2", "key4"});
}

TEST_CASE("a receiver that hangs does not delay another") {
  Bench b([](const Sent& sent, const auto& until_aborted) {
    if (sent.url.ends_with("dead")) until_aborted();
    return sent.url.ends_with("dead") ? HttpResponse{} : status(200);
  }, {test::receiver("webhook", "dead", "https://x.example.com/dead"), test::receiver("webhook", "alive", "https://x.example.com/alive")});
  b.delivery->enqueue({row(1, "dead"), row(2, "alive")});
  REQUIRE(b.reports.wait_for(1));
  CHECK(b.reports.all()[0].outbox_id == 2);
  CHECK(b.reports.all()[0].state == State::delivered);
}

TEST_CASE("what is refused is dead at once and lets the next one pass") {
  for (const int code : {400, 410, 413, 422}) {
    Bench b([code](const Sent& sent, const auto&) { return status(sent.key == "key1" ? code : 200); });
    b.delivery->enqueue({row(1), row(2)});
    REQUIRE(b.reports.wait_for(2));
    CHECK(b.reports.of(1).at(0).state == State::dead);
    CHECK(b.reports.of(2).at(0).state == State::delivered);
  }
}

TEST_CASE("patience ends after give_up_after, also for a wrong secret") {
  config::Receiver hook = test::receiver("webhook", "hook");
  hook.give_up_after = 2h;
  Bench b([](const Sent&, const auto&) { return status(403); }, {hook});
  b.delivery->enqueue({row(1)});
  std::size_t count = 1;
  while (b.fail_and_move_on(count).state == State::pending && b.clock.wall() < test::t("16:00:00")) ++count;
  REQUIRE(b.reports.wait_for(count + 1));
  const DeliveryReport last = b.reports.all().at(count);
  CHECK(last.state == State::dead);
  CHECK(last.error.starts_with("gave up after 2 h: HTTP 403"));
  CHECK(count > 20);
}

TEST_CASE("a mended receiver is tried at once") {
  config::Receiver hook = test::receiver("webhook", "hook");
  hook.backoff_first = hook.backoff_max = 1h;
  Bench b([](const Sent& sent, const auto&) { return status(sent.url.ends_with("mended") ? 200 : 401); }, {hook});
  b.delivery->enqueue({row(1), row(2)});
  REQUIRE(b.reports.wait_for(1));
  b.delivery->reconfigure({test::receiver("webhook", "hook", "https://hooks.example.com/mended")});
  REQUIRE(b.reports.wait_for(3));
  CHECK(b.reports.of(1).at(1).state == State::delivered);
  CHECK(b.reports.of(2).at(0).state == State::delivered);
}

TEST_CASE("a vanished receiver keeps its rows an hour, and they end with a clear error") {
  Bench b([](const Sent&, const auto&) { return status(500); });
  b.delivery->enqueue({row(1), row(2, "hook", "other")});
  REQUIRE(b.reports.wait_for(2));
  b.delivery->reconfigure({});
  b.delivery->enqueue({row(3)});
  b.clock.advance(1h - 1ms);
  b.waiter.settle();
  CHECK(b.reports.all().size() == 2);
  b.clock.advance(1ms);
  REQUIRE(b.reports.wait_for(5));
  for (const std::uint64_t id : {1, 2, 3}) {
    CHECK(b.reports.of(id).back().state == State::dead);
    CHECK(b.reports.of(id).back().error == "receiver \"hook\" is no longer configured");
  }
  CHECK(b.wire.sent().size() == 2);
}

TEST_CASE("a receiver that comes back takes up its rows") {
  Bench b([n = 0](const Sent&, const auto&) mutable { return status(++n == 1 ? 500 : 200); });
  b.delivery->enqueue({row(1)});
  REQUIRE(b.reports.wait_for(1));
  b.delivery->reconfigure({});
  b.clock.advance(30min);
  b.delivery->reconfigure({test::receiver("webhook", "hook")});
  REQUIRE(b.reports.wait_for(2));
  CHECK(b.reports.all()[1].state == State::delivered);
}

TEST_CASE("a resolve never tried and the failing again after it are both withdrawn") {
  Bench b([](const Sent& sent, const auto&) { return status(sent.key == "key1" && sent.at < test::t("14:10:00") ? 500 : 200); });
  b.delivery->enqueue({row(1), row(2, "hook", "incident", NotificationKind::resolve)});
  REQUIRE(b.reports.wait_for(1));
  b.delivery->enqueue({row(3, "hook", "incident", NotificationKind::refire), row(4, "hook", "incident", NotificationKind::resolve)});
  REQUIRE(b.reports.wait_for(3));
  CHECK(b.reports.of(2).at(0).state == State::cancelled);
  CHECK(b.reports.of(3).at(0).state == State::cancelled);
  b.clock.advance(10min);
  REQUIRE(b.reports.wait_for(5));
  CHECK(b.reports.of(1).back().state == State::delivered);
  CHECK(b.reports.of(4).back().state == State::delivered);
}

TEST_CASE("a resolve that may have arrived is followed by failing again") {
  SUBCASE("tried once") {
    Bench b([n = 0](const Sent&, const auto&) mutable { return status(++n == 1 ? 500 : 200); });
    b.delivery->enqueue({row(1, "hook", "incident", NotificationKind::resolve)});
    REQUIRE(b.reports.wait_for(1));
    b.delivery->enqueue({row(2, "hook", "incident", NotificationKind::refire)});
    b.fail_and_move_on(1);
    REQUIRE(b.reports.wait_for(3));
    CHECK(b.reports.of(2).at(0).state == State::delivered);
  }
  SUBCASE("perhaps tried by a process that was killed") {
    Bench b([](const Sent&, const auto&) { return status(200); }, {});
    const Timestamp before = test::t("13:59:00");
    b.delivery->enqueue({row(1, "hook", "incident", NotificationKind::resolve, before), row(2, "hook", "incident", NotificationKind::refire, before)});
    b.delivery->reconfigure({test::receiver("webhook", "hook")});
    REQUIRE(b.reports.wait_for(2));
    CHECK(b.reports.of(1).at(0).state == State::delivered);
    CHECK(b.reports.of(2).at(0).state == State::delivered);
  }
}

TEST_CASE("restored rows wait for their time, a row known already is not doubled") {
  Bench b([](const Sent&, const auto&) { return status(200); });
  OutboxRow later = row(1);
  later.attempts = 3;
  later.next_attempt = test::t("14:20:00");
  OutboxRow done = row(9);
  done.state = State::delivered;
  b.delivery->enqueue({later, later, done});
  b.delivery->enqueue({row(2, "hook", "other")});
  REQUIRE(b.reports.wait_for(1));
  CHECK(b.reports.all()[0].outbox_id == 2);
  b.clock.advance(20min - 1ms);
  b.waiter.settle();
  CHECK(b.wire.sent().size() == 1);
  b.clock.advance(1ms);
  REQUIRE(b.reports.wait_for(2));
  CHECK(b.reports.all()[1].attempts == 4);
  CHECK(b.wire.sent().back().at >= test::t("14:20:00"));
  b.delivery->stop(5s);
  CHECK(b.wire.sent().size() == 2);
}

TEST_CASE("stop lets a send finish, or ends it when patience is over") {
  SUBCASE("finishes") {
    std::atomic<bool> let_go{false};
    Bench b([&](const Sent&, const auto&) {
      while (!let_go) std::this_thread::yield();
      return status(200);
    });
    b.delivery->enqueue({row(1), row(2)});
    REQUIRE(b.wire.wait_for(1));
    std::thread stopper([&] { b.delivery->stop(20s); });
    let_go = true;
    stopper.join();
    CHECK(b.reports.of(1).at(0).state == State::delivered);
  }
  SUBCASE("aborted") {
    Bench b([](const Sent&, const auto& until_aborted) { return until_aborted(), HttpResponse{0, "aborted", std::nullopt, ""}; });
    b.delivery->enqueue({row(1)});
    REQUIRE(b.wire.wait_for(1));
    const auto begun = std::chrono::steady_clock::now();
    b.delivery->stop(10ms);
    CHECK(std::chrono::steady_clock::now() - begun < 20s);
    CHECK(b.reports.all().empty());
  }
}

TEST_CASE("what a receiver echoes is shown without its secrets") {
  config::Receiver hook = test::receiver("webhook", "hook");
  hook.signing_secret = config::Secret("whsec_MDEyMzQ1Njc4OWFiY2RlZg==");
  hook.headers = {{"Authorization", config::Secret("Bearer topsecrettoken")}};
  Bench b([](const Sent& sent, const auto&) {
    return HttpResponse{400, "", std::nullopt, "no such hook " + sent.url + " verysecretpath topsecrettoken MDEyMzQ1Njc4OWFiY2RlZg=="};
  }, {hook});
  b.delivery->enqueue({row(1)});
  REQUIRE(b.reports.wait_for(1));
  const std::string error = b.reports.all()[0].error;
  CHECK(error.find("no such hook") != std::string::npos);
  for (const char* secret : {"verysecretpath", "topsecrettoken", "MDEyMzQ1", "hooks.example.com/services"}) CHECK(error.find(secret) == std::string::npos);
}
