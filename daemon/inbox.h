// The one door into the pipeline: a bounded queue, stamped with the engine's time as each input enters.
// Any thread pushes; the pipeline thread drains. When it is full, observations are dropped and counted; what must not
// be lost (page readings, delivery reports, orders) is always taken: there are few of them.
#pragma once

#include <condition_variable>
#include <functional>
#include <future>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "config/config.h"
#include "core/clock.h"
#include "core/input.h"
#include "core/page.h"

namespace outaged {

/// One reading of a status page, changed or not.
struct PageReading {
  PageId page{};
  std::shared_ptr<const PageReport> report;
  std::shared_ptr<const PageDocument> document;
};

/// A configuration to put in force; answered once it holds, or with why it cannot.
struct Reconfigure {
  std::shared_ptr<const config::Config> config;
  std::shared_ptr<std::promise<Result<void>>> done;
};

struct Entry {
  Timestamp at{};
  std::variant<Observation, PageReading, DeliveryReport, Reconfigure, ClockStep, OperatorAction> what;
};

class Inbox {
 public:
  Inbox(const Clock& clock, std::size_t capacity, Timestamp not_before = never_past);

  /// False: dropped.
  bool push(decltype(Entry::what) what);
  /// Waits until something came, `until` (engine time) passed, or stop() was called. Takes all there is; returns the
  /// engine's time, which is not earlier than any entry taken nor later than any that follows. After the first entry
  /// it lingers a moment, so that many make one transaction.
  Timestamp drain(std::vector<Entry>& out, Timestamp until, Duration linger);
  void stop();
  bool stopped() const;

  std::size_t depth() const;
  std::uint64_t dropped() const;

 private:
  void stamp_step(const MonotoneClock::Reading& reading);

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  MonotoneClock clock_;
  const std::size_t capacity_;
  std::vector<Entry> entries_;
  std::uint64_t dropped_ = 0;
  bool urgent_ = false, stopped_ = false;
};

}  // namespace outaged
