#include "core/controls.h"

#include <algorithm>

namespace outaged {
namespace {
// A control must fail this often in a row before its word can be doubted: in the first seconds of an outage of our own
// the others have simply not been asked yet.
constexpr std::uint32_t doubt_after = 3;
}  // namespace

const Controls::Control* Controls::find(std::uint32_t id) const {
  const auto found = std::find_if(controls_.begin(), controls_.end(), [&](const Control& c) { return c.id == id; });
  return found == controls_.end() ? nullptr : &*found;
}

void Controls::configure(const std::vector<std::uint32_t>& ids) {
  std::vector<Control> next;
  for (const std::uint32_t id : ids) {
    const Control* known = find(id);
    next.push_back(known ? *known : Control{.id = id});
  }
  controls_ = std::move(next);
}

void Controls::restore(State state) {
  controls_ = std::move(state.controls);
  good_ = state.good;
  bad_ = state.bad;
}

void Controls::take(std::uint32_t id, bool ok, Timestamp at) {
  const auto found = std::find_if(controls_.begin(), controls_.end(), [&](const Control& c) { return c.id == id; });
  if (found == controls_.end()) return;
  Control& control = *found;
  control.at = at;
  control.ok = ok;
  if (ok) {
    control.proven = control.vote = true;
    control.failing = 0;
    control.last_ok = at;
    return;
  }
  if (control.failing++ == 0) {
    control.failing_since = at;
    control.good_mark = good_;
    control.bad_mark = bad_;
  }
  if (control.failing >= doubt_after && fails_alone(control)) control.vote = false;
}

/// Since it began to fail, at least half of the others or most of the targets have been fine.
bool Controls::fails_alone(const Control& control) const {
  std::size_t others = 0, others_ok = 0;
  for (const Control& other : controls_) {
    if (other.id == control.id || !other.proven) continue;
    ++others;
    if (other.last_ok > control.failing_since) ++others_ok;
  }
  if (others_ok > 0 && others_ok * 2 >= others) return true;
  const std::uint64_t good = good_ - control.good_mark, bad = bad_ - control.bad_mark;
  return good >= doubt_after && good > bad;
}

bool Controls::down(Timestamp at, Duration window) const {
  std::size_t voting = 0, bad = 0;
  for (const Control& control : controls_) {
    if (!control.proven || !control.vote || at - control.at > window) continue;
    ++voting;
    if (!control.ok) ++bad;
  }
  return bad >= 2 && bad * 2 >= voting;
}

Timestamp Controls::expiry(Timestamp at, Duration window) const {
  Timestamp next = never;
  for (const Control& control : controls_) {
    if (!control.proven || control.at == never_past) continue;
    const Timestamp end = control.at + window + 1ms;
    if (end > at) next = std::min(next, end);
  }
  return next;
}

std::size_t Controls::voters() const {
  return static_cast<std::size_t>(
      std::count_if(controls_.begin(), controls_.end(), [](const Control& c) { return c.proven && c.vote; }));
}

}  // namespace outaged
