// The pipeline on a real database, with a clock that tests turn and receivers and a loop that only note what they were
// given. For tests of the daemon's pipeline.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>

#include "core/clock.h"
#include "daemon/pipeline.h"
#include "storage/history.h"

namespace outaged::testing {

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

inline constexpr std::string_view config_text = R"(
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

  const std::string_view config;

  Life(Folder& f, HandClock& c, std::string_view text = config_text) : folder(f), clock(c), config(text) {
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
    auto loaded = outaged::config::load_text(config, "test");
    REQUIRE(loaded.config);
    REQUIRE(pipeline->reconfigure(std::make_shared<const outaged::config::Config>(*loaded.config)).ok());
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

inline std::vector<Incident> stored_incidents(const Folder& folder) {
  auto history = storage::History::open(folder.database());
  REQUIRE(history.ok());
  return (*history)->incidents(std::nullopt, never_past, 100);
}

/// The board is filled by the pipeline thread right after the order was answered.
inline void wait_for_board(const Board& board) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (!board.latest() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
  REQUIRE(board.latest());
}

}  // namespace outaged::testing
