// Delivers outbox rows: one worker thread per receiver, so that a dead one never delays another. In order within a
// (receiver, group); jittered exponential backoff; Retry-After; days of patience; then dead. Reports each attempt.
// Withdrawal: when "failing again" arrives while the resolve before it was never tried, both are reported cancelled;
// delivery does it because only it knows what was tried.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "alerts/notifier.h"
#include "core/clock.h"
#include "core/notification.h"

namespace outaged::alerts {

/// Sends one request and waits for its answer. The real one is libcurl (alerts/http_sender.cpp); tests have their own.
class Sender {
 public:
  virtual ~Sender() = default;
  virtual HttpResponse send(const HttpRequest& request, Duration timeout) = 0;
  /// Makes a send in progress return soon, and every later one at once. Called from another thread.
  virtual void abort() = 0;
};
std::unique_ptr<Sender> make_http_sender(const config::Egress& egress);

/// How a worker sleeps: until the condition is notified or its clock says `until`. Waking too early does no harm.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual void wait(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, SteadyTime until) = 0;
};
/// By the machine's steady clock.
Waiter& steady_waiter();

/// Called on the worker's thread; must not block long.
using Reporter = std::function<void(const DeliveryReport&)>;

class Delivery {
 public:
  /// The clock and the waiter must outlive it. `make_sender` is called in reconfigure and enqueue, on their thread.
  static std::unique_ptr<Delivery> create(const Clock& clock, Reporter reporter,
                                          std::function<std::unique_ptr<Sender>()> make_sender,
                                          Waiter& waiter = steady_waiter());
  virtual ~Delivery() = default;
  /// Starts workers for new receivers and keeps the queues of the others. A changed receiver tries all it has at once. A
  /// vanished one sends nothing more: what it still has ends as dead after an hour, unless it comes back.
  virtual void reconfigure(const std::vector<config::Receiver>& receivers) = 0;
  /// Rows that were committed (or restored), in order of id. Rows that are not pending are ignored.
  virtual void enqueue(const std::vector<OutboxRow>& rows) = 0;
  /// Lets what is in flight finish within `patience`, then aborts; joins the workers. What is left stays pending, and what
  /// is enqueued later is ignored. From any thread.
  virtual void stop(Duration patience) = 0;
};

}  // namespace outaged::alerts
