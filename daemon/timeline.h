// What happened, as it happens: for the log and for the demo's live table. Called on the pipeline thread, after the
// change was stored; must not block long.
#pragma once

#include <string>

#include "core/input.h"
#include "core/notification.h"

namespace outaged {

class Timeline {
 public:
  virtual ~Timeline() = default;
  virtual void effect(Timestamp /*at*/, const Effect& /*effect*/, const Topology& /*topology*/) {}
  /// A row became pending, delivered, dead, or an attempt failed.
  virtual void notification(Timestamp /*at*/, const OutboxRow& /*row*/) {}
  /// At start: something stored could not be read, and was left out or worked around.
  virtual void restore_problem(const std::string& /*problem*/) {}
  /// At start: an incident that was open when we stopped still is.
  virtual void resumed(const Incident& /*incident*/, const Topology& /*topology*/) {}
  /// Nothing can be stored for now; an empty text: it works again.
  virtual void storage_problem(const std::string& /*problem*/) {}
  virtual void clock_step(Timestamp /*at*/, Duration /*by*/) {}
};

}  // namespace outaged
