// The pipeline: one thread that turns what was observed into what is true, stores it, and tells. Each turn drains the
// inbox, folds it through the engine, routes the effects, and commits all of it in one transaction; only then is
// anything delivered. Owns the engine, the router and the only write connection; shares nothing but the inbox, the board
// and the delivery queues.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "alerts/delivery.h"
#include "alerts/router.h"
#include "daemon/inbox.h"
#include "daemon/plan.h"
#include "daemon/published.h"
#include "daemon/timeline.h"
#include "probes/loop.h"
#include "storage/store.h"

namespace outaged {

struct PipelineOptions {
  std::string database;              // the store's path, to fold the whole log should the snapshot be refused
  Duration linger = 50ms;            // how long samples wait for company before they are judged
  Duration commit_every = 1s;        // how long good samples wait to be stored; anything else is stored at once
  Duration publish_every = 1s;
  Duration snapshot_every = 5min;
  std::size_t inbox_capacity = 100'000;
  std::shared_ptr<probes::Heartbeats> heartbeats{};  // what kind `push` looks at; null: nothing is ever heard
  std::shared_ptr<IngestCounters> ingest{};          // for the picture; null: none
};

class Pipeline {
 public:
  /// Restores the engine and what is owed from the store. Errors: storage, an unreadable snapshot.
  static Result<std::unique_ptr<Pipeline>> create(std::unique_ptr<storage::Store> store, alerts::Delivery& delivery,
                                                  Board& board, Timeline& timeline, const Clock& clock,
                                                  PipelineOptions options = {});
  ~Pipeline();

  /// Where jobs go and controls are asked again; set once, before start. Not owned.
  void attach(probes::Loop* loop);
  void start();
  /// Takes what is in the inbox, writes a last snapshot, joins.
  void stop();

  Inbox& inbox();
  /// Puts a configuration in force, once all that it needs could be built. Blocks until it holds and the transaction that
  /// carries it was tried.
  Result<void> reconfigure(std::shared_ptr<const config::Config> config);
  void count_failed_reload(std::string problem);
  /// Of the last turn, for the watchdog.
  SteadyTime progress() const;

 private:
  class Impl;
  explicit Pipeline(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace outaged
