// Who has reported that it is alive, and when: what the kind `push` judges. Written by web threads, read by the probe
// loop, told by the pipeline what is expected. Thread-safe. Kept in memory only: after a restart silence counts from the
// start, so that nobody is blamed for our own downtime.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/clock.h"

namespace outaged::probes {

class Heartbeats {
 public:
  struct Expected {
    std::string name;             // of the target: "backup/db/nightly"
    config::Secret token;         // empty: none is asked for
  };
  /// All that are expected now. What is known of those that stay is kept; silence of a new one counts from here.
  void expect(const std::vector<Expected>& all, SteadyTime now);

  enum class Answer : std::uint8_t { taken, unknown, refused };
  Answer beat(const std::string& name, std::string_view token, bool ok, std::string message, SteadyTime now);

  struct Last {
    SteadyTime at{};              // of the last report; before the first, since when it is waited for
    bool heard = false;
    bool ok = true;               // what it said
    std::string message;
  };
  std::optional<Last> last(const std::string& name) const;

 private:
  struct Entry {
    config::Secret token;
    Last last;
  };
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace outaged::probes
