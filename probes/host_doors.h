// At most so many runs at one host at once; the others wait before its door, in order. Owned by the probe loop's thread.
// Pure: never starts anything, reads no clock. Jobs without a host have no door.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>

#include "probes/scheduler.h"

namespace outaged::probes {

class HostDoors {
 public:
  /// A run that is due but has to wait.
  struct Parked {
    Scheduler::Slot slot = 0;
    std::uint64_t key = 0;  // whose it was
    bool base = true;
    SteadyTime at{};        // when it should have started
  };
  /// To be given back when the run has ended. Empty: of no host.
  using Pass = std::string;

  /// `limit` 0: every door is open.
  explicit HostDoors(std::size_t limit) : limit_(limit) {}

  /// Whether one more may go in now. Nobody overtakes those who wait.
  bool open(const std::string& host) const {
    if (host.empty() || limit_ == 0) return true;
    const auto found = hosts_.find(host);
    return found == hosts_.end() || (found->second.inside < limit_ && found->second.line.empty());
  }
  Pass enter(const std::string& host) {
    if (!host.empty()) ++hosts_[host].inside;
    return host;
  }
  void leave(Pass& pass) {
    if (pass.empty()) return;
    if (const auto found = hosts_.find(pass); found != hosts_.end()) {
      if (found->second.inside > 0) --found->second.inside;
      offer(pass, found->second);
      if (found->second.inside == 0 && found->second.line.empty()) hosts_.erase(found);
    }
    pass.clear();
  }
  void park(const std::string& host, const Parked& run) { hosts_[host].line.push_back(run); }
  /// The next that may go in after having waited; nothing if none may.
  std::optional<Parked> next() {
    while (!ready_.empty()) {
      const auto found = hosts_.find(ready_.front());
      if (found == hosts_.end() || found->second.line.empty() || full(found->second)) {
        if (found != hosts_.end()) found->second.offered = false;
        ready_.pop_front();
        continue;
      }
      const Parked run = found->second.line.front();
      found->second.line.pop_front();
      if (found->second.line.empty()) {
        found->second.offered = false;
        if (found->second.inside == 0) hosts_.erase(found);
        ready_.pop_front();
      }
      return run;
    }
    return std::nullopt;
  }

 private:
  struct Host {
    std::size_t inside = 0;
    std::deque<Parked> line;
    bool offered = false;  // stands in ready_
  };
  bool full(const Host& host) const { return limit_ != 0 && host.inside >= limit_; }
  void offer(const std::string& name, Host& host) {
    if (host.offered || host.line.empty() || full(host)) return;
    host.offered = true;
    ready_.push_back(name);
  }

  const std::size_t limit_;
  std::unordered_map<std::string, Host> hosts_;
  std::deque<std::string> ready_;  // hosts whose line may move
};

}  // namespace outaged::probes
