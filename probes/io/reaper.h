// Ends child processes: kills the whole process group of one whose exchange is over, and collects it, so that nothing
// outlives its probe and no zombie stays. Owned by the runner, used on its thread. Does not wait for a process, as one
// may be stuck in the kernel, but asks for it again later; only its end waits, for what was killed last, at most
// `last_wait`.
#pragma once

#include <sys/types.h>

#include <optional>
#include <vector>

#include "core/clock.h"

namespace outaged::probes {

class Reaper {
 public:
  static constexpr Duration again = 100ms, last_wait = 300ms;

  Reaper() = default;
  ~Reaper();
  Reaper(const Reaper&) = delete;
  Reaper& operator=(const Reaper&) = delete;

  /// Kills the group that `leader` leads. The leader must not have been collected: until then nobody else gets its id.
  /// Gives the leader's wait status, if it has already ended.
  std::optional<int> bury(pid_t leader);
  /// Collects those that have ended meanwhile.
  void reap();
  bool idle() const { return dying_.empty(); }

 private:
  std::vector<pid_t> dying_;
};

}  // namespace outaged::probes
