// What people report ("it fails for me too"): how many of them, against how many there normally are. One word each
// counts. A signal of its own that opens nothing. Pure; owned by the engine, one per component.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/time.h"

namespace outaged {

class People {
 public:
  static constexpr Duration window = 1h;

  /// From here on silence counts too: nobody says anything is the normal case.
  void begin(Timestamp now);
  void take(const std::string& by, Timestamp at);

  /// Different people within the last hour.
  std::size_t last_hour(Timestamp now) const;
  /// How many an hour are normal here, as learned.
  double normal(Timestamp now) const;
  /// Three or more, and so many that chance gives as many less than once in ten thousand hours.
  bool unusual(Timestamp now) const;

  struct Word {
    std::string by;
    Timestamp at{};
  };
  struct State {
    std::vector<Word> words;   // of the last hour, one per person, oldest first
    double learned = 0;        // words, decayed with a half-life of a week
    Timestamp learned_at = never_past, since = never_past;
  };
  const State& state() const { return state_; }
  void restore(State state) { state_ = std::move(state); }

 private:
  State state_;
};

}  // namespace outaged
