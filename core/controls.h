// "Is it us?": what the control targets say of our own network. Only looks back: no failure is ever held.
// Pure; owned by the engine.
#pragma once

#include <cstdint>
#include <vector>

#include "core/time.h"

namespace outaged {

class Controls {
 public:
  struct Control {
    std::uint32_t id = 0;
    bool proven = false;      // has been ok at least once
    bool ok = false;
    bool vote = true;         // lost while it fails alone, back with its next ok
    Timestamp at = never_past, last_ok = never_past;
    std::uint32_t failing = 0;            // failures in a row
    Timestamp failing_since{};
    std::uint64_t good_mark = 0, bad_mark = 0;  // target observations before this run of failures
  };

  /// One control's outcome.
  void take(std::uint32_t id, bool ok, Timestamp at);
  /// One target's outcome, as a witness: a control that fails while targets work has no vote.
  void witness(bool good) { ++(good ? good_ : bad_); }

  /// Two or more voters, and at least half of them, were bad within the window.
  bool down(Timestamp at, Duration window) const;
  /// When `down` would next change by age alone; `never` if it would not.
  Timestamp expiry(Timestamp at, Duration window) const;
  std::size_t voters() const;

  const std::vector<Control>& all() const { return controls_; }
  const Control* find(std::uint32_t id) const;
  /// Keeps what is known of those that stay.
  void configure(const std::vector<std::uint32_t>& ids);

  struct State {
    std::vector<Control> controls;
    std::uint64_t good = 0, bad = 0;
  };
  State state() const { return {controls_, good_, bad_}; }
  void restore(State state);

 private:
  bool fails_alone(const Control& control) const;

  std::vector<Control> controls_;
  std::uint64_t good_ = 0, bad_ = 0;
};

}  // namespace outaged
