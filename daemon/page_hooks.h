// The secret paths at which a status page tells us that it changed: Statuspage's subscriber webhooks, or whoever can call a
// URL. A call is a reason to read the page now and nothing else; what it says is logged, never believed.
// Written on reload, called by web threads. Thread-safe.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/clock.h"

namespace outaged {

class PageHooks {
 public:
  /// The pages that have a hook. What is known of those that stay is kept.
  void configure(const config::Config& config);

  enum class Answer : std::uint8_t { read, just_read, unknown };
  struct Called {
    Answer answer = Answer::unknown;
    std::string page;             // its name; empty: unknown
  };
  /// `just_read`: another call has had it read within the last five seconds.
  Called call(std::string_view token, SteadyTime now);

 private:
  struct Hook {
    std::string page;
    config::Secret token;
    SteadyTime called{};
    bool ever = false;
  };
  std::mutex mutex_;
  std::vector<Hook> hooks_;
};

}  // namespace outaged
