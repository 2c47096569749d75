// A budget of paid probes through the pipeline: spent, stored in its transaction, told once to `self`, shown, and still
// spent after a restart.
#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <mutex>
#include <thread>

#include "daemon/pipeline.h"
#include "storage/history.h"

using namespace outaged;

namespace {

struct Folder {
  Folder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "outaged-budget-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()));
    path = pattern;
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string path;
};

/// Noon, always: at midnight a budget begins anew.
struct Noon final : Clock {
  Timestamp wall() const override { return *parse_time("2026-04-13T12:00:00Z"); }
  SteadyTime steady() const override { return SteadyTime{} + 1000h; }
};
const Noon noon;

struct Delivered final : alerts::Delivery {
  void reconfigure(const std::vector<config::Receiver>&) override {}
  void enqueue(const std::vector<OutboxRow>& more) override {
    const std::lock_guard lock(mutex);
    rows.insert(rows.end(), more.begin(), more.end());
  }
  void stop(Duration) override {}
  std::vector<OutboxRow> told() {
    const std::lock_guard lock(mutex);
    return rows;
  }
  std::mutex mutex;
  std::vector<OutboxRow> rows;
};

/// Takes the plan, and asks nothing.
struct Planned final : probes::Loop {
  void start() override {}
  void stop() override {}
  void replace(probes::Plan next) override {
    const std::lock_guard lock(mutex);
    plan = std::move(next);
  }
  void cadence(probes::Job::Role, std::uint32_t, Duration, Duration) override {}
  void probe_now(probes::Job::Role, std::uint32_t) override {}
  probes::LoopStats stats() override { return {}; }
  probes::Job job() {
    const std::lock_guard lock(mutex);
    return plan.at(0);
  }
  std::mutex mutex;
  probes::Plan plan;
};

constexpr std::string_view config_text = R"(
controls: []
services:
  - name: acme
    components:
      - name: api
        targets:
          - name: tiny
            kind: llm
            wire: anthropic
            url: https://llm.acme.example
            model: m
            api_key: sk-test-key-0123456789
            interval: 12h
            ladder: completion
            budget: {requests_per_day: 2}
receivers:
  - {name: self, kind: webhook, url: "http://127.0.0.1:1/self"}
)";

struct Life {
  Delivered delivery;
  Planned loop;
  Board board;
  Timeline timeline;
  std::unique_ptr<Pipeline> pipeline;

  explicit Life(const Folder& folder) {
    const std::string database = folder.path + "/test.db";
    auto store = storage::Store::open({.path = database, .retention = 24h});
    REQUIRE_MESSAGE(store.ok(), (store ? "" : store.error()));
    auto created = Pipeline::create(std::move(*store), delivery, board, timeline, noon, {.database = database, .linger = 0ms});
    REQUIRE_MESSAGE(created.ok(), (created ? "" : created.error()));
    pipeline = std::move(*created);
    pipeline->attach(&loop);
    pipeline->start();
    settle();
  }
  void settle() {
    auto loaded = config::load_text(config_text, "test");
    REQUIRE(loaded.config);
    REQUIRE(pipeline->reconfigure(std::make_shared<const config::Config>(*loaded.config)).ok());
  }
  /// One run as the loop would make it, answered by nobody.
  Class run() {
    Run state;
    const auto probe = loop.job().probe;
    auto step = probe->next(Response{}, state);
    Response refused;
    refused.error = TransportError::connect_refused;
    while (std::holds_alternative<Request>(step)) step = probe->next(refused, state);
    return std::get<Finding>(step).cls;
  }
  /// An order is answered before its rows are handed over and its picture is published: whoever looks must wait for it.
  bool eventually(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      settle();
    }
    return true;
  }
  bool shows(const std::function<bool(const probes::llm::LedgerStatus&)>& right) {
    return eventually([&] {
      const auto picture = board.latest();
      return picture && picture->ledgers.size() == 1 && right(picture->ledgers[0]);
    });
  }
};

}  // namespace

TEST_CASE("a spent budget is told once, shown, and still spent after a restart") {
  const Folder folder;
  {
    Life life(folder);
    CHECK(life.loop.job().host == "llm.acme.example");
    CHECK(life.loop.job().group == "acme");
    CHECK(life.run() == Class::tcp_refused);
    CHECK(life.shows([](const auto& ledger) { return ledger.requests_today == 1 && !ledger.reduced; }));
    CHECK(life.run() == Class::tcp_refused);
    CHECK(life.run() == Class::not_asked);
    CHECK(life.run() == Class::not_asked);
    CHECK(life.shows([](const auto& ledger) { return ledger.requests_today == 2 && ledger.reduced; }));
    REQUIRE(life.eventually([&] { return !life.delivery.told().empty(); }));
    const auto told = life.delivery.told();
    REQUIRE(told.size() == 1);
    CHECK(told[0].receiver == "self");
    CHECK(told[0].notification.kind == NotificationKind::self);
    CHECK(told[0].notification.text.find("today's budget of paid requests is spent (2 requests") != std::string::npos);
    life.pipeline->stop();
  }
  Life again(folder);
  CHECK(again.run() == Class::not_asked);
  CHECK(again.shows([](const auto& ledger) { return ledger.requests_today == 2 && ledger.requests == 0; }));  // of this process
  // What was told is still to be delivered, but nothing more is told.
  CHECK(again.eventually([&] { return !again.delivery.told().empty(); }));
  again.pipeline->stop();
  CHECK(again.delivery.told().size() == 1);
}
