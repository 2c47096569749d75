// The pipeline on a real database, with a clock that tests turn and receivers that only note what they were given.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "core/clock.h"
#include "daemon/pipeline.h"
#include "daemon/replay.h"
#include "storage/history.h"

using namespace outaged;

namespace {

class HandClock : public Clock {
 public:
  // One moment for both: turned between the two, it would look like a step of the wall clock.
  SteadyTime steady() const override { return SteadyTime{std::chrono::milliseconds{read_ = now_.load()}}; }
  Timestamp wall() const override { return from_millis(read_); }
  void advance(Duration by) { now_ += by.count(); }

 private:
  static inline thread_local std::int64_t read_ = 0;  // by this thread's last steady(), which a MonotoneClock asks first
  std::atomic<std::int64_t> now_{1776081600000};      // 2026-04-13T12:00:00Z
};

class NotingDelivery : public alerts::Delivery {
 public:
  void reconfigure(const std::vector<config::Receiver>&) override {}
  void enqueue(const std::vector<OutboxRow>& rows) override {
    const std::lock_guard lock(mutex_);
    rows_.insert(rows_.end(), rows.begin(), rows.end());
  }
  void stop(Duration) override {}
  std::vector<OutboxRow> rows() const {
    const std::lock_guard lock(mutex_);
    return rows_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<OutboxRow> rows_;
};

/// Notes how often it was told to ask.
class NotingLoop : public probes::Loop {
 public:
  void start() override {}
  void stop() override {}
  void replace(probes::Plan) override {}
  void cadence(probes::Job::Role, std::uint32_t id, Duration interval, Duration) override {
    const std::lock_guard lock(mutex_);
    told_[id] = interval;
  }
  void probe_now(probes::Job::Role, std::uint32_t) override {}
  probes::LoopStats stats() override { return {}; }
  std::map<std::uint32_t, Duration> told() const {
    const std::lock_guard lock(mutex_);
    return told_;
  }

 private:
  mutable std::mutex mutex_;
  std::map<std::uint32_t, Duration> told_;
};

class Folder {
 public:
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "outaged-pipeline-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()));
    path_ = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string database() const { return path_ + "/test.db"; }

 private:
  std::string path_;
};

constexpr std::string_view config_text = R"(
controls: []
services:
  - name: acme
    title: Acme
    page: {url: "http://127.0.0.1:1/status"}
    components:
      - name: api
        title: Acme API
        targets:
          - {name: one, url: "http://127.0.0.1:1/one"}
          - {name: two, url: "http://127.0.0.1:1/two"}
receivers:
  - {name: hook, kind: webhook, url: "http://127.0.0.1:1/hook"}
)";

struct Life {
  Folder& folder;
  HandClock& clock;
  NotingDelivery delivery;
  NotingLoop loop;
  Board board;
  Timeline timeline;
  std::unique_ptr<Pipeline> pipeline;

  Life(Folder& f, HandClock& c) : folder(f), clock(c) {
    auto store = storage::Store::open({.path = folder.database(), .retention = 24h});
    REQUIRE_MESSAGE(store.ok(), (store ? "" : store.error()));
    PipelineOptions options;
    options.database = folder.database();
    options.linger = 0ms;
    auto created = Pipeline::create(std::move(*store), delivery, board, timeline, clock, options);
    REQUIRE_MESSAGE(created.ok(), (created ? "" : created.error()));
    pipeline = std::move(*created);
    pipeline->attach(&loop);
    pipeline->start();
    configure();
  }
  void configure() {
    auto loaded = config::load_text(config_text, "test");
    REQUIRE(loaded.config);
    REQUIRE(pipeline->reconfigure(std::make_shared<const config::Config>(*loaded.config)).ok());
  }
  /// One turn of both targets and the page, then half a minute passes.
  void turn(Class cls, Status page = Status::operational) {
    auto report = std::make_shared<PageReport>();
    report->format = "statuspage";
    report->readable = true;
    report->indicator = report->claim = page;
    report->description = page == Status::operational ? "All Systems Operational" : "Partial Outage";
    pipeline->inbox().push(PageReading{page_id(), report, nullptr});
    for (const TargetSpec& spec : topology()->targets) {
      Observation observation;
      observation.target = spec.id;
      observation.cls = cls;
      observation.http_status = cls == Class::ok ? 200 : 500;
      REQUIRE(pipeline->inbox().push(observation));
      clock.advance(1s);
    }
    clock.advance(28s);
    settle();
  }
  std::shared_ptr<const Topology> topology() { return board.latest()->topology; }
  PageId page_id() { return topology()->pages.front().id; }
  /// Until everything pushed so far is stored and published: an order is answered after what came before it.
  void settle() { configure(); }
  void stop() { pipeline->stop(); }
};

std::vector<Incident> stored_incidents(const Folder& folder) {
  auto history = storage::History::open(folder.database());
  REQUIRE(history.ok());
  return (*history)->incidents(std::nullopt, never_past, 100);
}

/// The board is filled by the pipeline thread right after the order was answered.
void wait_for_board(const Board& board) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!board.latest() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  REQUIRE(board.latest());
}

}  // namespace

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
