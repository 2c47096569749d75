#include "core/page_watch.h"

#include <algorithm>

namespace outaged {
namespace {
constexpr std::size_t flapping_changes = 3;
}

void PageWatch::take(const Claim& claim, Timestamp at, const AgreementRules& rules) {
  state_.last = claim;
  state_.last_at = at;
  // A page that cannot be read says nothing: the last readable claim holds.
  if (claim.status == Status::unknown && !claim.red) return;
  state_.readable = claim;
  state_.readable_at = at;
  if (state_.sample_red && *state_.sample_red != claim.red) state_.changes.push_back(at);
  std::erase_if(state_.changes, [&](Timestamp t) { return t <= at - rules.flap_window; });
  state_.sample_red = claim.red;
  if (claim.red) state_.last_red_sample = at;
  advance(at, rules);
  if (!claim.red) state_.last_green_sample = at;
}

std::size_t PageWatch::changes(Timestamp now, const AgreementRules& rules) const {
  return static_cast<std::size_t>(std::count_if(state_.changes.begin(), state_.changes.end(),
                                                [&](Timestamp t) { return t > now - rules.flap_window; }));
}

bool PageWatch::flapping(Timestamp now, const AgreementRules& rules) const { return changes(now, rules) >= flapping_changes; }

void PageWatch::advance(Timestamp now, const AgreementRules& rules) {
  if (!state_.sample_red) return;
  const bool held = flapping(now, rules) && now < state_.last_red_sample + rules.flap_hold;
  const bool red = *state_.sample_red || held;
  if (red && !state_.red) {
    state_.red_since = now;
    state_.green_before_red = state_.last_green_sample;
  }
  if (!red && (state_.red || state_.green_since == never_past)) state_.green_since = now;
  state_.red = red;
}

bool PageWatch::unreadable(Timestamp now, const AgreementRules& rules) const {
  const Timestamp last = state_.readable_at != never_past ? state_.readable_at : state_.watched_since;
  return last != never_past && now >= last + rules.unreadable_after;
}

Status PageWatch::claim(Timestamp now, const AgreementRules& rules) const {
  if (!state_.readable || unreadable(now, rules)) return Status::unknown;
  return state_.readable->status;
}

Timestamp PageWatch::next_deadline(Timestamp now, const AgreementRules& rules) const {
  Timestamp next = never;
  const auto consider = [&](Timestamp t) { if (t > now) next = std::min(next, t); };
  const Timestamp last = state_.readable_at != never_past ? state_.readable_at : state_.watched_since;
  if (last != never_past) consider(last + rules.unreadable_after);
  if (flapping(now, rules)) {
    consider(state_.last_red_sample + rules.flap_hold);
    for (const Timestamp change : state_.changes) consider(change + rules.flap_window);
  }
  return next;
}

}  // namespace outaged
