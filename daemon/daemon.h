// Everything wired together: build, start, reload, stop, each in one straight line. Used by `run` and by `demo`.
// start and stop on one thread; reload from any.
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "alerts/delivery.h"
#include "config/config.h"
#include "daemon/ingest.h"
#include "daemon/page_hooks.h"
#include "daemon/pipeline.h"
#include "daemon/published.h"
#include "probes/loop.h"
#include "web/server.h"

namespace outaged {

/// Loads the configuration anew (with the command line's overrides applied). Problems as one text, a line each.
using ConfigSource = std::function<Result<config::Config>()>;

class Daemon : private probes::Sink {
 public:
  /// Builds everything, then starts it. Errors: database in use or unreadable, address in use, a probe that cannot be made.
  static Result<std::unique_ptr<Daemon>> start(config::Config config, ConfigSource source, Timeline& timeline,
                                               PipelineOptions options = {});
  ~Daemon() override;

  /// A bad configuration leaves the old one running.
  Result<void> reload();
  /// Stops asking, lets deliveries in flight finish for a moment, stores the last of it.
  void stop();

  int port() const { return server_->port(); }
  const Board& board() const { return board_; }
  /// The loop and the pipeline have both made progress lately.
  bool healthy() const;
  /// Why it cannot go on; empty while all is well.
  std::string failure() const;

 private:
  explicit Daemon(ConfigSource source) : source_(std::move(source)) {}
  void result(probes::Result&& result) override;
  void read_page_now(const std::string& name);

  const ConfigSource source_;
  Board board_;
  PageHooks hooks_;
  const std::shared_ptr<probes::Heartbeats> heartbeats_ = std::make_shared<probes::Heartbeats>();
  std::mutex reload_mutex_;
  config::Config running_;             // only what a reload must compare
  // In order of construction; stopped in reverse.
  std::unique_ptr<alerts::Delivery> delivery_;
  std::unique_ptr<Pipeline> pipeline_;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<probes::Loop> loop_;
  std::unique_ptr<web::Server> server_;
  mutable std::mutex failure_mutex_;
  std::string failure_;
  bool stopped_ = false;
};

}  // namespace outaged
