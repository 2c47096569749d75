// The log: to stderr, as text, as JSON, or with journald's priorities when systemd reads it. The only file that knows
// spdlog. Thread-safe. Callers sanitise what came from outside (core/text.h); secrets never get here.
#pragma once

#include <string>
#include <string_view>

#include "daemon/timeline.h"

namespace outaged {

/// `level`: debug, info, warn, error. `format`: text or json.
void log_setup(std::string_view level, std::string_view format);
void log_debug(std::string_view text);
void log_info(std::string_view text);
void log_warning(std::string_view text);
void log_error(std::string_view text);

/// What happened, one line each.
class LogTimeline : public Timeline {
 public:
  void effect(Timestamp at, const Effect& effect, const Topology& topology) override;
  void notification(Timestamp at, const OutboxRow& row) override;
  void resumed(const Incident& incident, const Topology& topology) override;
  void restore_problem(const std::string& problem) override;
  void storage_problem(const std::string& problem) override;
  void clock_step(Timestamp at, Duration by) override;
};

}  // namespace outaged
