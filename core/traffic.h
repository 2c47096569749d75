// What a reported stream needs beside its detector (docs/decisions/0012): thousands of requests a second come in lumps,
// so it is over when the rate is normal again, not after a run of good ones; and whether it fails just now is its
// weight as a witness for others. Pure; owned by the engine, one per reported target.
#pragma once

#include <cstdint>

#include "core/detector.h"

namespace outaged {

class Traffic {
 public:
  /// One lump of requests that ended at `at`, whatever it will count for.
  void see(bool bad, std::uint32_t count, Timestamp at);
  /// Where in time a lump that ended at `at` stands: not before what was taken already.
  Timestamp place(Timestamp at);

  /// The share that fails, over the last half minute or so; 0 if nothing came for two minutes.
  double failing(Timestamp now) const;
  /// It fails far more than is normal, and not by chance: at least three of it.
  bool fails(Timestamp now, double baseline) const;
  /// When the last good one ended.
  Timestamp good_at() const { return state_.good_at; }
  Timestamp seen() const { return state_.seen; }

  /// The detector fired: from here on `relieved` decides when it is over.
  void begin(const Detector& detector);
  /// While it fires: one more lump. True: over. The reverse of the test that fired: log-likelihood of "normal" against
  /// "as in this outage", which must reach ln 1000 and stay there for a minute.
  bool relieved(bool bad, std::uint32_t count, Timestamp at, const Detector& detector, const DetectionRules& rules);

  struct State {
    double recent_good = 0, recent_bad = 0;      // decayed, half-life 30 s
    Timestamp seen = never_past, good_at = never_past;
    Timestamp placed = never_past;
    std::uint64_t failures = 0, requests = 0;    // of the outage
    double relief = 0;
    Timestamp relieved_since = never_past, clean_since = never_past, last = never_past;
    std::uint64_t clean = 0;                     // good ones since the last bad one
  };
  const State& state() const { return state_; }
  void restore(const State& state) { state_ = state; }

 private:
  State state_;
};

}  // namespace outaged
