#include "alerts/delivery.h"

#include <algorithm>
#include <map>

#include "alerts/worker.h"

namespace outaged::alerts {
namespace {

class SteadyWaiter : public Waiter {
 public:
  void wait(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, SteadyTime until) override {
    if (until == SteadyTime::max()) condition.wait(lock);
    else condition.wait_until(lock, until);
  }
};

class Workers : public Delivery {
 public:
  Workers(const Clock& clock, Reporter reporter, std::function<std::unique_ptr<Sender>()> make_sender, Waiter& waiter)
      : shared_{clock, waiter, std::move(reporter), clock.wall()}, make_sender_(std::move(make_sender)) {}
  ~Workers() override { stop(0ms); }

  void reconfigure(const std::vector<config::Receiver>& receivers) override {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    for (const config::Receiver& receiver : receivers) {
      Result<std::shared_ptr<const Notifier>> notifier = make_notifier(receiver);
      worker(receiver.name).configure(receiver, notifier ? *notifier : nullptr, notifier ? "" : notifier.error(), make_sender_());
    }
    for (auto it = workers_.begin(); it != workers_.end();) {
      const bool stays = std::any_of(receivers.begin(), receivers.end(), [&](const auto& receiver) { return receiver.name == it->first; });
      if (!stays) it->second->vanish();
      // A vanished worker ends with its last row; its send in flight, if any, belongs to a row and so is waited for.
      it = !stays && it->second->idle() ? workers_.erase(it) : std::next(it);
    }
  }

  void enqueue(const std::vector<OutboxRow>& rows) override {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    for (const OutboxRow& row : rows)
      if (row.state == OutboxState::pending) worker(row.receiver).add(row);
  }

  void stop(Duration patience) override {
    // Taken out under the lock and ended without it: the pipeline may still be handing over rows, and must not wait.
    std::map<std::string, std::unique_ptr<Worker>> workers;
    {
      const std::lock_guard lock(mutex_);
      stopped_ = true;
      workers.swap(workers_);
    }
    for (auto& [name, worker] : workers) worker->ask_to_stop();
    const auto until = std::chrono::steady_clock::now() + patience;
    for (auto& [name, worker] : workers)
      if (!worker->wait_stopped(until)) worker->abort();
  }

 private:
  Worker& worker(const std::string& name) {
    auto& worker = workers_[name];
    if (!worker) worker = std::make_unique<Worker>(shared_, name);
    return *worker;
  }

  Worker::Shared shared_;
  std::function<std::unique_ptr<Sender>()> make_sender_;
  std::mutex mutex_;  // guards what follows: rows come from one thread, the order to stop from another
  std::map<std::string, std::unique_ptr<Worker>> workers_;
  bool stopped_ = false;
};

}  // namespace

Waiter& steady_waiter() {
  static SteadyWaiter waiter;
  return waiter;
}

std::unique_ptr<Delivery> Delivery::create(const Clock& clock, Reporter reporter, std::function<std::unique_ptr<Sender>()> make_sender,
                                           Waiter& waiter) {
  return std::make_unique<Workers>(clock, std::move(reporter), std::move(make_sender), waiter);
}

}  // namespace outaged::alerts
