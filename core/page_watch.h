// One component's claims over time: what the page says now, since when it is red or green, whether it flaps.
// "Red" is degraded or worse, or an unresolved incident that touches the component; maintenance and unknown are not.
// Pure; owned by the engine.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "core/topology.h"

namespace outaged {

class PageWatch {
 public:
  void begin(Timestamp at) { if (state_.watched_since == never_past) state_.watched_since = at; }
  void take(const Claim& claim, Timestamp at, const AgreementRules& rules);
  /// Brings red and green up to `now`: a flapping page is held red for a while after its last red sample.
  void advance(Timestamp now, const AgreementRules& rules);

  /// As of the last advance.
  bool red() const { return state_.red; }
  Timestamp red_since() const { return state_.red_since; }
  Timestamp green_since() const { return state_.green_since; }
  /// Our last green sample so far, and the one before it turned red; never_past: we never saw it green.
  Timestamp last_green() const { return state_.last_green_sample; }
  Timestamp green_before_red() const { return state_.green_before_red; }
  bool flapping(Timestamp now, const AgreementRules& rules) const;
  /// How often the samples turned red or green within the flap window.
  std::size_t changes(Timestamp now, const AgreementRules& rules) const;
  bool readable_once() const { return state_.readable.has_value(); }
  bool unreadable(Timestamp now, const AgreementRules& rules) const;

  const std::optional<Claim>& last() const { return state_.last; }
  const std::optional<Claim>& readable() const { return state_.readable; }
  Timestamp last_at() const { return state_.last_at; }
  Timestamp readable_at() const { return state_.readable_at; }
  /// The readable claim's status, or unknown once it is too old.
  Status claim(Timestamp now, const AgreementRules& rules) const;
  Timestamp next_deadline(Timestamp now, const AgreementRules& rules) const;

  struct State {
    std::optional<Claim> last, readable;
    Timestamp watched_since = never_past, last_at = never_past, readable_at = never_past;
    std::optional<bool> sample_red;          // the last readable sample, without holding
    std::vector<Timestamp> changes;          // of the sample's colour, within the flap window
    Timestamp last_red_sample = never_past, last_green_sample = never_past;
    bool red = false;
    Timestamp red_since = never_past, green_since = never_past, green_before_red = never_past;
  };
  const State& state() const { return state_; }
  void restore(State state) { state_ = std::move(state); }

 private:
  State state_;
};

}  // namespace outaged
