// One receiver's queue and its thread. Used by delivery.cpp only.
// Its lock is never held across I/O, nor while the reporter runs.
#pragma once

#include <condition_variable>
#include <list>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "alerts/delivery.h"
#include "alerts/scrub.h"

namespace outaged::alerts {

class Worker {
 public:
  struct Shared {                      // the same for all workers
    const Clock& clock;
    Waiter& waiter;
    Reporter reporter;
    Timestamp started{};               // rows created before may have been tried by an earlier process
  };

  /// Without a receiver: rows for a name that is not configured.
  Worker(const Shared& shared, std::string name);
  ~Worker();

  /// `notifier` null: unusable, `error` says why. Queued rows stay.
  void configure(const config::Receiver& receiver, std::shared_ptr<const Notifier> notifier, std::string error,
                 std::shared_ptr<Sender> sender);
  void vanish();
  void add(const OutboxRow& row);
  bool idle();                         // nothing queued, nothing to report

  void ask_to_stop();
  bool wait_stopped(std::chrono::steady_clock::time_point until);
  void abort();
  void join();

 private:
  struct Job {
    OutboxRow row;
    SteadyTime due{};
    bool flying = false;
    bool tried_before = false;         // perhaps, by a process that was killed
  };

  void run();
  /// The job with the lowest id among the heads of the groups that are due; null: none, and `wake` says when.
  Job* next(SteadyTime now, SteadyTime& wake);
  void attempt(std::unique_lock<std::mutex>& lock, Job& job);
  DeliveryReport conclude(Job& job, const Disposition& disposition);
  void expire(Job& job);
  void remove(const Job& job);
  bool withdraw(const OutboxRow& refire);
  Duration backoff(std::uint32_t attempts);
  void hand_over(std::unique_lock<std::mutex>& lock);

  const Shared& shared_;
  const std::string name_;

  std::mutex mutex_;                   // guards all below
  std::condition_variable wake_, finished_;
  config::Receiver receiver_;
  Scrubber scrub_;
  std::shared_ptr<const Notifier> notifier_;
  std::shared_ptr<Sender> sender_, flying_;
  std::string error_;                  // why there is no notifier
  SteadyTime unusable_since_{};
  SteadyTime not_before_{};            // the receiver asked for quiet
  std::map<std::string, std::list<Job>> groups_;  // a flying job must stay where it is
  std::vector<DeliveryReport> reports_;
  bool stopping_ = false, stopped_ = false, aborted_ = false;
  std::mt19937_64 random_;

  std::thread thread_;                 // last: starts when all else is built
};

}  // namespace outaged::alerts
