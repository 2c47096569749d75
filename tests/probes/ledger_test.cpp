// Budgets in virtual time: spread over the day, a reserve for suspicion, ten a minute, a 429 halves, a restart forgets
// nothing.
#include "probes/llm/ledger.h"

#include <thread>

#include "tests/probes/llm_support.h"

namespace outaged::probes::llm {
namespace {

constexpr Limits usual{.tokens_per_day = 60'000, .requests_per_day = 2'000};

struct Desk {
  test::TurnedClock clock;
  Ledger ledger{clock};
  std::shared_ptr<Ledger::Seat> seat = ledger.join("acme", "acme/api/tiny");

  Leave ask(Urgency urgency, const Limits& limits = usual, std::int64_t tokens = 17, Class cls = Class::ok, Duration wait = {}) {
    const auto ticket = ledger.reserve(*seat, limits, urgency, tokens);
    if (ticket.leave == Leave::granted) ledger.settle(*seat, ticket, cls, 0, wait);
    return ticket.leave;
  }
  LedgerStatus status() const { return ledger.status().at(0); }
  /// Granted of the runs of so long a time.
  int over(Duration time, Duration interval, Urgency urgency, const Limits& limits = usual, std::int64_t tokens = 17) {
    int granted = 0;
    for (const Duration end = clock.passed + time; clock.passed < end; clock.passed += interval)
      granted += ask(urgency, limits, tokens) == Leave::granted ? 1 : 0;
    return granted;
  }
};

}  // namespace

TEST_CASE("ledger: calm runs use three quarters of the day, evenly") {
  Desk desk;
  const int morning = desk.over(6h, 30s, Urgency::calm);
  const int noon = desk.over(6h, 30s, Urgency::calm);
  const int rest = desk.over(12h, 30s, Urgency::calm);
  CHECK(morning >= 374);
  CHECK(morning <= 377);
  CHECK(noon >= 373);
  CHECK(noon <= 377);
  CHECK(morning + noon + rest <= 1501);
  CHECK(morning + noon + rest >= 1495);
  CHECK_FALSE(desk.status().reduced);
}

TEST_CASE("ledger: tokens bound it as well") {
  Desk desk;
  const int day = desk.over(24h, 30s, Urgency::calm, {.tokens_per_day = 10'000, .requests_per_day = 0}, 50);
  CHECK(day >= 149);  // 7,500 tokens
  CHECK(day <= 151);
  desk.clock.passed -= 1s;  // the day's last moment
  CHECK(desk.status().tokens_today == day * 50);
}

TEST_CASE("ledger: suspicion has a reserve, and then the day's own pace") {
  Desk desk;
  desk.clock.passed = 12h;
  // Nothing was spent this morning: half a day's calm share and the reserve are there.
  const int first = desk.over(4h, 15s, Urgency::urgent);
  CHECK(first == 960);  // every one
  const int later = desk.over(8h, 15s, Urgency::urgent);
  CHECK(first + later <= 2000);
  CHECK(first + later >= 1990);
  CHECK(later > 900);  // to the end of the day, not in one burst
}

TEST_CASE("ledger: at the end of the budget only the end of the day helps, and it is told once") {
  Desk desk;
  const Limits tiny{.tokens_per_day = 0, .requests_per_day = 3};
  for (int i = 0; i < 3; ++i) CHECK(desk.ask(Urgency::fixed, tiny) == Leave::granted);
  for (int i = 0; i < 5; ++i) CHECK(desk.ask(Urgency::fixed, tiny) == Leave::spent);
  CHECK(desk.status().reduced);
  auto notices = desk.ledger.take_notices();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].subject == "LLM budget of acme");
  CHECK(notices[0].text.find("3 requests") != std::string::npos);
  CHECK_FALSE(notices[0].over);
  desk.clock.passed = 24h;
  CHECK(desk.ask(Urgency::fixed, tiny) == Leave::granted);
  notices = desk.ledger.take_notices();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].over);
  CHECK_FALSE(desk.status().reduced);
  CHECK(desk.status().requests_today == 1);
}

TEST_CASE("ledger: a restart forgets neither what was spent nor what was told") {
  const Limits tiny{.tokens_per_day = 100, .requests_per_day = 0};
  std::vector<Spent> stored;
  {
    Desk desk;
    CHECK(desk.ask(Urgency::fixed, tiny, 60) == Leave::granted);
    CHECK(desk.ask(Urgency::fixed, tiny, 60) == Leave::spent);
    CHECK(desk.ledger.take_notices().size() == 1);
    stored = desk.ledger.take_changes();
    CHECK(desk.ledger.take_changes().empty());
  }
  REQUIRE(stored.size() == 1);
  CHECK(stored[0].ledger == "acme");
  CHECK(stored[0].day == 20556);  // 2026-04-13
  CHECK(stored[0].requests == 1);
  CHECK(stored[0].tokens == 60);
  CHECK(stored[0].told);
  Desk again;
  again.ledger.restore(stored);
  again.clock.passed = 1h;
  CHECK(again.ask(Urgency::fixed, tiny, 60) == Leave::spent);
  CHECK(again.ledger.take_notices().empty());
  CHECK(again.ask(Urgency::fixed, tiny, 40) == Leave::granted);
  CHECK(again.ledger.take_changes().at(0).tokens == 100);
  again.clock.passed = 25h;
  CHECK(again.ask(Urgency::fixed, tiny, 60) == Leave::granted);
  CHECK(again.ledger.take_notices().at(0).over);
}

TEST_CASE("ledger: the restart's first runs are held to the day's curve, not granted anew each time") {
  Desk desk;
  int granted = 0;
  std::vector<Spent> stored;
  for (int restart = 0; restart < 100; ++restart) {  // a crash loop
    Ledger fresh(desk.clock);
    fresh.restore(stored);
    auto seat = fresh.join("acme", "acme/api/tiny");
    granted += fresh.reserve(*seat, usual, Urgency::calm, 17).leave == Leave::granted ? 1 : 0;
    if (auto changes = fresh.take_changes(); !changes.empty()) stored = changes;
    desk.clock.passed += 1s;
  }
  CHECK(granted <= 4);
}

TEST_CASE("ledger: what the provider counted replaces the estimate") {
  Desk desk;
  auto ticket = desk.ledger.reserve(*desk.seat, usual, Urgency::urgent, 17);
  CHECK(desk.status().tokens_today == 17);
  desk.ledger.settle(*desk.seat, ticket, Class::ok, 350, {});
  CHECK(desk.status().tokens_today == 350);
  CHECK(desk.status().tokens == 350);
  ticket = desk.ledger.reserve(*desk.seat, usual, Urgency::urgent, 17);
  desk.ledger.settle(*desk.seat, ticket, Class::server_error, 0, {});
  CHECK(desk.status().tokens_today == 367);
}

TEST_CASE("ledger: at most ten a minute, whoever asks") {
  Desk desk;
  auto other = desk.ledger.join("acme", "acme/api/other");
  int granted = 0;
  for (int i = 0; i < 60; ++i, desk.clock.passed += 1s) {
    granted += desk.ledger.reserve(*desk.seat, usual, Urgency::urgent, 17).leave == Leave::granted ? 1 : 0;
    granted += desk.ledger.reserve(*other, usual, Urgency::urgent, 17).leave == Leave::granted ? 1 : 0;
  }
  CHECK(granted == 10);
  CHECK(desk.ledger.reserve(*other, usual, Urgency::urgent, 17).leave == Leave::granted);
  CHECK(desk.ledger.reserve(*desk.ledger.join("elsewhere", "x"), usual, Urgency::urgent, 17).leave == Leave::granted);
}

TEST_CASE("ledger: a 429 stops, then halves, and it recovers slowly") {
  Desk desk;
  const Limits plenty{.tokens_per_day = 0, .requests_per_day = 100'000};
  const int before = desk.over(10min, 5s, Urgency::urgent, plenty);
  CHECK(before == 100);
  CHECK(desk.ask(Urgency::urgent, plenty, 17, Class::rate_limited, 30s) == Leave::granted);
  desk.clock.passed += 29s;
  CHECK(desk.ask(Urgency::urgent, plenty) == Leave::waiting);
  desk.clock.passed += 1s;
  const int slowed = desk.over(9min, 5s, Urgency::urgent, plenty);
  CHECK(slowed >= 40);
  CHECK(slowed <= 46);
  desk.clock.passed += 10min;
  CHECK(desk.over(10min, 5s, Urgency::urgent, plenty) == 100);
}

TEST_CASE("ledger: a 429 that does not say how long is taken more seriously each time") {
  Desk desk;
  std::vector<Duration> pauses;
  for (int i = 0; i < 8; ++i) {
    REQUIRE(desk.ask(Urgency::urgent, usual, 17, Class::rate_limited) == Leave::granted);
    const Duration from = desk.clock.passed;
    while (desk.ledger.reserve(*desk.seat, usual, Urgency::calm, 17).leave == Leave::waiting) desk.clock.passed += 10s;
    pauses.push_back(desk.clock.passed - from);
    desk.clock.passed += 2min;
  }
  CHECK(pauses[0] == 1min);
  CHECK(pauses[1] == 2min);
  CHECK(pauses[2] == 4min);
  CHECK(pauses[7] == 1h);  // and no further
  CHECK(desk.ask(Urgency::urgent, usual, 17, Class::rate_limited, 86400s) == Leave::granted);
  desk.clock.passed += 1h;
  CHECK(desk.ask(Urgency::urgent) == Leave::granted);
}

TEST_CASE("ledger: an outage's Retry-After is honoured for a minute at most, for its end is worth a request") {
  Desk desk;
  CHECK(desk.ask(Urgency::urgent, usual, 17, Class::overloaded, 1h) == Leave::granted);
  desk.clock.passed += 59s;
  CHECK(desk.ask(Urgency::urgent) == Leave::waiting);
  desk.clock.passed += 1s;
  CHECK(desk.ask(Urgency::urgent) == Leave::granted);
}

TEST_CASE("ledger: an account out of credit stops at once, is told once, and is tried once an hour") {
  Desk desk;
  CHECK(desk.ask(Urgency::urgent, usual, 17, Class::account) == Leave::granted);
  CHECK(desk.ask(Urgency::fixed) == Leave::stopped);
  CHECK(desk.ledger.take_notices().size() == 1);
  desk.clock.passed += 1h;
  CHECK(desk.ask(Urgency::urgent, usual, 17, Class::account) == Leave::granted);
  CHECK(desk.ask(Urgency::urgent) == Leave::stopped);
  CHECK(desk.ledger.take_notices().empty());
  desk.clock.passed += 1h;
  CHECK(desk.ask(Urgency::urgent) == Leave::granted);
  const auto notices = desk.ledger.take_notices();
  REQUIRE(notices.size() == 1);
  CHECK(notices[0].over);
}

TEST_CASE("ledger: targets of one ledger share its day, each in its turn") {
  Desk desk;
  std::vector<std::shared_ptr<Ledger::Seat>> seats;
  for (int i = 0; i < 4; ++i) seats.push_back(desk.ledger.join("acme", "acme/api/m" + std::to_string(i)));
  desk.seat.reset();
  std::vector<int> granted(4);
  for (; desk.clock.passed < 24h; desk.clock.passed += 30s)
    for (std::size_t i = 0; i < 4; ++i)
      granted[i] += desk.ledger.reserve(*seats[i], usual, Urgency::calm, 17).leave == Leave::granted ? 1 : 0;
  for (const int count : granted) {
    CHECK(count >= 368);
    CHECK(count <= 380);
  }
}

TEST_CASE("ledger: a limit over all ledgers together") {
  Desk desk;
  desk.ledger.limit_all({.tokens_per_day = 0, .requests_per_day = 2});
  auto other = desk.ledger.join("elsewhere", "x");
  CHECK(desk.ask(Urgency::urgent) == Leave::granted);
  CHECK(desk.ledger.reserve(*other, usual, Urgency::urgent, 17).leave == Leave::granted);
  CHECK(desk.ask(Urgency::urgent) == Leave::spent);
}

TEST_CASE("ledger: a place outlives a reload, and goes with its last holder") {
  Desk desk;
  desk.seat->suspect = true;
  CHECK(desk.ledger.join("acme", "acme/api/tiny") == desk.seat);
  desk.seat.reset();
  CHECK(desk.ledger.status().empty());
  CHECK_FALSE(desk.ledger.join("acme", "acme/api/tiny")->suspect);
}

TEST_CASE("ledger: read by one thread while another spends") {
  Desk desk;
  std::thread reader([&] {
    for (int i = 0; i < 2000; ++i) {
      desk.ledger.take_changes();
      desk.ledger.status();
      desk.ledger.take_notices();
    }
  });
  for (int i = 0; i < 2000; ++i) desk.ask(Urgency::urgent);
  reader.join();
  CHECK(desk.status().requests_today == 10);
}

}  // namespace outaged::probes::llm
