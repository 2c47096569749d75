// The demo as people read it: real time turned into the scenario's, and the live table's rows. Main thread, but for the
// Timeline half, which the pipeline thread calls.
#pragma once

#include <deque>
#include <mutex>
#include <set>
#include <string>

#include "daemon/published.h"
#include "daemon/timeline.h"

namespace outaged {

/// The scenario's clock: `began` is its zero, told as 13:58 on 13 April 2026.
struct StoryClock {
  Timestamp began{};
  double speed = 60;
  Timestamp story(Timestamp real) const;
  Duration story(Duration real) const { return from_seconds(to_seconds(real) * speed); }
  Duration elapsed(Timestamp real) const { return story(real - began); }
};

/// What happened to one component, to print.
class Story : public Timeline {
 public:
  struct Event {
    Timestamp at{};
    std::string what;
  };
  void effect(Timestamp at, const Effect& effect, const Topology& topology) override;
  void notification(Timestamp at, const OutboxRow& row) override;
  void storage_problem(const std::string& problem) override;

  /// Only this component's story is told.
  void follow(std::string component) { component_ = std::move(component); }
  std::deque<Event> take();

  struct Deliveries {
    std::size_t made = 0, delivered = 0, failed_attempts = 0, dead = 0;
    std::set<std::string> delivered_keys;  // of the followed component's incidents, webhook and slack alike
  };
  Deliveries deliveries() const;

 private:
  void add(Timestamp at, std::string what);

  std::string component_;
  mutable std::mutex mutex_;
  std::deque<Event> events_;
  std::set<std::uint64_t> made_;
  Deliveries deliveries_;
};

/// "4 of 9 fail (44 %)", "all is well", "cannot see"
std::string what_we_see(const ComponentStatus& component);
/// "\"All Systems Operational\""
std::string what_they_say(const ComponentStatus& component);

}  // namespace outaged
