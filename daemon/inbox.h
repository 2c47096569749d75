// The one door into the pipeline: a bounded queue, stamped with the engine's time as each input enters.
// Any thread pushes; the pipeline thread drains. When it is full, observations are dropped and counted, and reported
// traffic is refused; what must not be lost (page readings, delivery reports, orders) is always taken: there are few of
// them. What people do is bounded where it comes in.
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
#include "daemon/lumps.h"

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

/// Real traffic, as one request brought it.
struct ReportedTraffic {
  std::vector<ReportedStream> streams;
};

struct Entry {
  Timestamp at{};
  std::variant<Observation, PageReading, DeliveryReport, Reconfigure, ClockStep, OperatorAction, ReportedTraffic> what;
};

class Inbox {
 public:
  Inbox(const Clock& clock, std::size_t capacity, Timestamp not_before = never_past);

  /// False: dropped, or refused.
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
  std::size_t reported_ = 0;           // observations within reported traffic
  std::uint64_t dropped_ = 0;
  bool urgent_ = false, stopped_ = false;
};

}  // namespace outaged
