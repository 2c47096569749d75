// Tells systemd how we are: ready, reloading, stopping, alive. The only user of libsystemd's sd-daemon. Used by the main
// thread only; without NOTIFY_SOCKET (a terminal, a container) it does nothing at all. Never blocks, never fails a start.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/clock.h"

namespace outaged {

class ServiceManager {
 public:
  /// Looks at NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID once.
  ServiceManager();

  bool present() const { return present_; }

  /// Start or reload is complete.
  void ready(std::string_view status);
  /// One line for `systemctl status`.
  void status(std::string_view text);
  /// A reload begins; `ready` ends it, whether the new configuration was taken or not.
  void reloading();
  void stopping();

  /// Half of WatchdogSec; nullopt: no watchdog is set.
  std::optional<Duration> feeding_interval() const { return interval_; }
  /// When to call `feed` next; SteadyTime::max() without a watchdog.
  SteadyTime next_feeding() const { return next_; }
  /// Feeds the watchdog if it is time to and `healthy`: the probe loop and the pipeline both make progress. Too early does
  /// no harm. Told unhealthy until WatchdogSec is over, systemd kills and restarts us.
  void feed(SteadyTime now, bool healthy);

 private:
  void send(const std::string& state) const;

  bool present_ = false;
  std::optional<Duration> interval_;
  SteadyTime next_ = SteadyTime::max();
};

}  // namespace outaged
