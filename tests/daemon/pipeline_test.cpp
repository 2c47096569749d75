// The pipeline on a real database, with a clock that tests turn and receivers that only note what they were given.
#include <doctest/doctest.h>

#include "daemon/replay.h"
#include "tests/daemon/pipeline_support.h"

using namespace outaged;
using testing::Folder;
using testing::HandClock;
using testing::Life;
using testing::stored_incidents;
using testing::wait_for_board;

TEST_CASE("from observations to an incident, its rows in the database and its notification in the outbox") {
  Folder folder;
  HandClock clock;
  Life life(folder, clock);
  wait_for_board(life.board);
  for (int i = 0; i < 20; ++i) life.turn(Class::ok);
  CHECK(stored_incidents(folder).empty());
  for (int i = 0; i < 12; ++i) life.turn(Class::server_error);
  const auto incidents = stored_incidents(folder);
  REQUIRE(incidents.size() == 1);
  CHECK_FALSE(incidents.front().recovered);
  CHECK(incidents.front().mismatch == Agreement::page_silent);
  CHECK(incidents.front().page.text == "All Systems Operational");
  const auto rows = life.delivery.rows();
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].notification.kind == NotificationKind::fire);
  CHECK(rows[1].notification.kind == NotificationKind::update);
  life.stop();
}

TEST_CASE("a restart at any moment: the same incident, the same keys, nothing told twice") {
  for (int cut = 21; cut < 45; cut += 4) {
    CAPTURE(cut);
    Folder folder;
    HandClock clock;
    std::vector<OutboxRow> told;
    std::unique_ptr<Life> life;
    const auto begin = [&] {
      life = std::make_unique<Life>(folder, clock);
      wait_for_board(life->board);
    };
    begin();
    for (int i = 0; i < 50; ++i) {
      if (i == cut) {
        life->stop();
        for (const OutboxRow& row : life->delivery.rows()) told.push_back(row);
        life.reset();
        begin();
      }
      life->turn(i < 20 || i >= 36 ? Class::ok : Class::server_error);
    }
    life->stop();
    for (const OutboxRow& row : life->delivery.rows()) told.push_back(row);
    const auto incidents = stored_incidents(folder);
    REQUIRE(incidents.size() == 1);
    CHECK(incidents.front().id == "acme.api-20260413T121000000Z");
    CHECK(incidents.front().recovered);
    // Delivered nowhere, so each is handed over again after the restart; by key there is each once.
    std::map<std::string, int> keys;
    for (const OutboxRow& row : told) ++keys[row.notification.key];
    CHECK(keys.size() == 3);  // fire, mismatch, resolve
  }
}

TEST_CASE("the picture shows what is") {
  Folder folder;
  HandClock clock;
  Life life(folder, clock);
  wait_for_board(life.board);
  for (int i = 0; i < 5; ++i) life.turn(Class::ok);
  life.stop();
  const auto picture = life.board.latest();
  REQUIRE(picture->components.size() == 1);
  CHECK(picture->components[0].verdict.agreement == Agreement::agrees);
  CHECK(picture->targets[0].by_class.front().first == Class::ok);
  CHECK(picture->receivers.front().name == "hook");
}

TEST_CASE("what a stray observation brings on has its cause in the log") {
  Folder folder;
  HandClock clock;
  Life life(folder, clock);
  wait_for_board(life.board);
  for (int i = 0; i < 5; ++i) life.turn(Class::ok);
  clock.advance(10min);  // by now we are blind
  Observation stray;
  stray.target = TargetId{999};
  REQUIRE(life.pipeline->inbox().push(stray));
  life.settle();
  life.stop();

  auto history = storage::History::open(folder.database());
  REQUIRE(history.ok());
  Engine engine;
  Effects effects;
  REQUIRE((*history)->replay(never_past, 0, [&](const Input& input) { engine.step(input, effects); }).ok());
  CHECK(engine.verdict(life.topology()->components.front().id).agreement == Agreement::blind);
}

TEST_CASE("a replay from the middle of the log goes by the configuration of that time") {
  Folder folder;
  HandClock clock;
  Life life(folder, clock);
  wait_for_board(life.board);
  for (int i = 0; i < 10; ++i) life.turn(Class::ok);
  const Timestamp middle = clock.wall();
  for (int i = 0; i < 10; ++i) life.turn(Class::ok);
  for (int i = 0; i < 12; ++i) life.turn(Class::server_error);
  life.stop();

  ReplayOptions options;
  options.database = folder.database();
  options.since = middle;
  const auto report = replay(options);
  REQUIRE_MESSAGE(report.ok(), (report ? "" : report.error()));
  REQUIRE(report->incidents.size() == 1);
  CHECK(report->incidents.front().id == stored_incidents(folder).front().id);
}

TEST_CASE("a clock that is stepped between two turns is an event") {
  class SteppedClock : public Clock {
   public:
    Timestamp wall() const override { return now; }
    SteadyTime steady() const override { return SteadyTime{}; }
    Timestamp now = from_millis(1776081600000);
  } clock;
  Inbox inbox(clock, 10);
  std::vector<Entry> entries;
  inbox.drain(entries, never_past, 0ms);
  CHECK(entries.empty());
  clock.now += 1h;
  inbox.drain(entries, never_past, 0ms);
  REQUIRE(entries.size() == 1);
  REQUIRE(std::holds_alternative<ClockStep>(entries.front().what));
  CHECK(std::get<ClockStep>(entries.front().what).by == 1h);
}

TEST_CASE("what was asked faster before a restart is asked faster after it") {
  Folder folder;
  HandClock clock;
  auto life = std::make_unique<Life>(folder, clock);
  wait_for_board(life->board);
  for (int i = 0; i < 5; ++i) life->turn(Class::ok);
  CHECK(life->loop.told().empty());
  life->turn(Class::server_error);
  life->stop();
  CHECK(life->loop.told().size() == 2);
  life.reset();
  life = std::make_unique<Life>(folder, clock);
  life->stop();
  const auto told = life->loop.told();
  REQUIRE(told.size() == 2);
  CHECK(told.begin()->second == 6s);
}
