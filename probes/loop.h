// The probe loop: one thread that asks everything on time and never blocks. libcurl's multi interface on epoll,
// names by c-ares in the same loop, a scheduler with phases spread over the interval, one probe of a target in flight.
// Who asks to be left alone is, and a 429 halves the rate for a while.
// Created and stopped by the daemon; the public methods may be called from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/model.h"
#include "core/result.h"
#include "probes/probe.h"

namespace outaged::probes {

/// One thing to ask regularly. Targets and controls by TargetId, pages by PageId.
struct Job {
  enum class Role : std::uint8_t { target, control, page } role = Role::target;
  std::uint32_t id = 0;                 // index(TargetId) or index(PageId)
  std::string name;
  Duration interval = 30s;
  std::shared_ptr<const Probe> probe;
  std::string host{};                   // limited to so many runs at once (LoopOptions); empty: not
  std::string group{};                  // one account at one provider: they wait together, and are asked when one fails
};
using Plan = std::vector<Job>;

struct Result {                         // of one run
  Job::Role role = Job::Role::target;
  std::uint32_t id = 0;
  bool base_schedule = true;            // in its turn, and the whole check
  Finding finding;
  Response response;                    // that was judged; its body may have been moved away
  Duration took{};
  Duration lag{};                       // how late it started
};

/// Receives results on the loop's thread; must not block.
class Sink {
 public:
  virtual ~Sink() = default;
  virtual void result(Result&& result) = 0;
};

struct LoopOptions {
  std::string proxy, no_proxy, ca_file, user_agent;
  std::vector<std::string> resolvers;   // "ip[:port]"; empty: resolv.conf
  std::size_t max_in_flight = 4096;
  std::size_t max_per_host = 0;         // runs in flight of jobs with the same host; 0: no limit
};

struct LoopStats {
  std::uint64_t started = 0, finished = 0, skipped = 0;  // skipped: its last run was still in flight
  std::size_t in_flight = 0, jobs = 0;
  Duration lag_max{};                   // since the last call
  double lag_sum_seconds = 0;           // over all runs started
  SteadyTime progress{};                // last turn of the loop, for the watchdog
};

class Loop {
 public:
  /// Errors: no epoll, no resolver, unreadable CA file.
  static outaged::Result<std::unique_ptr<Loop>> create(LoopOptions options, Sink& sink);
  virtual ~Loop() = default;
  virtual void start() = 0;
  /// Aborts what is in flight without reporting it, and joins the thread.
  virtual void stop() = 0;
  /// The new target set; a job that stays (same role and id) keeps its phase. Runs of vanished jobs are dropped.
  virtual void replace(Plan plan) = 0;
  /// From now on this interval, first not before `delay` from now. Its own interval again ends it.
  virtual void cadence(Job::Role role, std::uint32_t id, Duration interval, Duration delay) = 0;
  /// As soon as possible, out of turn (base_schedule = false); nothing if one is in flight, or if it asked to be left
  /// alone (Finding::not_before).
  virtual void probe_now(Job::Role role, std::uint32_t id) = 0;
  virtual LoopStats stats() = 0;
};

/// Performs one run to its end on the calling thread: for the command line.
outaged::Result<Result> run_once(const LoopOptions& options, const std::shared_ptr<const Probe>& probe);

}  // namespace outaged::probes
