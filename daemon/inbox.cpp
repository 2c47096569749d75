#include "daemon/inbox.h"

#include <algorithm>

namespace outaged {
namespace {
constexpr Duration longest_wait = 1s;  // the clock may be stepped while we wait
}

Inbox::Inbox(const Clock& clock, std::size_t capacity, Timestamp not_before)
    : clock_(clock, not_before), capacity_(capacity) {}

void Inbox::stamp_step(const MonotoneClock::Reading& reading) {
  if (reading.step != Duration{}) entries_.push_back({reading.now, ClockStep{reading.step}});
}

bool Inbox::push(decltype(Entry::what) what) {
  std::size_t reported = 0;
  if (const auto* traffic = std::get_if<ReportedTraffic>(&what)) {
    for (const ReportedStream& stream : traffic->streams) reported += stream.observations.size();
  }
  const bool sample = std::holds_alternative<Observation>(what) || reported > 0;
  const std::lock_guard lock(mutex_);
  // Each has its own share: a flood of what is reported must not cost us a probe.
  if (reported > 0 && reported_ + reported > capacity_) return false;
  if (sample && reported == 0 && entries_.size() >= capacity_) {
    ++dropped_;
    return false;
  }
  reported_ += reported;
  const MonotoneClock::Reading reading = clock_.read();
  stamp_step(reading);
  entries_.push_back({reading.now, std::move(what)});
  if (!sample) urgent_ = true;
  if (entries_.size() == 1 || !sample) changed_.notify_one();
  return true;
}

Timestamp Inbox::drain(std::vector<Entry>& out, Timestamp until, Duration linger) {
  out.clear();
  std::unique_lock lock(mutex_);
  const MonotoneClock::Reading begun = clock_.read();
  stamp_step(begun);
  const Duration patience = until <= begun.now ? Duration{} : std::min(longest_wait, until - begun.now);
  changed_.wait_for(lock, patience, [&] { return stopped_ || !entries_.empty(); });
  if (!entries_.empty() && !urgent_ && !stopped_) {
    changed_.wait_for(lock, linger, [&] { return stopped_ || urgent_ || entries_.size() >= capacity_ / 2; });
  }
  urgent_ = false;
  reported_ = 0;
  const MonotoneClock::Reading reading = clock_.read();
  stamp_step(reading);
  out.swap(entries_);
  return reading.now;
}

void Inbox::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  changed_.notify_all();
}

bool Inbox::stopped() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

std::size_t Inbox::depth() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::uint64_t Inbox::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace outaged
