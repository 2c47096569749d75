#include "probes/scheduler.h"

#include <algorithm>
#include <cmath>

namespace outaged::probes {
namespace {

using Ticks = SteadyTime::duration;

Ticks part_of(Duration interval, double fraction) {
  return Ticks{static_cast<Ticks::rep>(static_cast<double>(Ticks{interval}.count()) * fraction)};
}

}  // namespace

Duration Scheduler::tolerance(Duration interval) { return std::min(interval / 2, Duration{1s}); }

bool Scheduler::stale(const Entry& entry) const {
  const Job& job = jobs_[entry.slot];
  return !job.used || job.version != entry.version;
}

void Scheduler::plan(Slot slot, SteadyTime due) {
  Job& job = jobs_[slot];
  job.due = due;
  heap_.push({due, slot, ++job.version});
  // Overrides leave dead entries behind; they must not pile up.
  if (heap_.size() > 4 * jobs_.size() + 64) {
    std::vector<Entry> live;
    for (Slot i = 0; i < jobs_.size(); ++i)
      if (jobs_[i].used) live.push_back({jobs_[i].due, i, jobs_[i].version});
    heap_ = decltype(heap_)(std::greater<>{}, std::move(live));
  }
}

SteadyTime Scheduler::base_slot(const Job& job, SteadyTime not_before) const {
  const SteadyTime first = *origin_ + part_of(job.interval, job.fraction);
  if (not_before <= first) return first;
  const Ticks interval{job.interval};
  const auto passed = (not_before - first + interval - Ticks{1}) / interval;
  return first + interval * passed;
}

Scheduler::Change Scheduler::replace(const std::vector<Spec>& specs, SteadyTime now) {
  if (!origin_) origin_ = now;
  Change change;
  change.slots.reserve(specs.size());
  std::vector<bool> kept(jobs_.size(), false);

  for (const Spec& spec : specs) {
    const Duration interval = std::max(spec.interval, shortest);
    if (const auto found = by_key_.find(spec.key); found != by_key_.end()) {
      const Slot slot = found->second;
      Job& job = jobs_[slot];
      if (slot < kept.size()) kept[slot] = true;
      if (job.interval != interval) {
        job.interval = interval;
        job.override_ = {};
        plan(slot, base_slot(job, now));
      }
      change.slots.push_back(slot);
      continue;
    }
    Slot slot = 0;
    if (free_.empty()) {
      slot = static_cast<Slot>(jobs_.size());
      jobs_.emplace_back();
    } else {
      slot = free_.back();
      free_.pop_back();
      if (slot < kept.size()) kept[slot] = true;
    }
    constexpr double golden = 0.6180339887498949;
    const double point = static_cast<double>(++placed_) * golden;
    Job& job = jobs_[slot];
    const std::uint32_t version = job.version;
    job = Job{};
    job.version = version;
    job.key = spec.key;
    job.interval = interval;
    job.fraction = point - std::floor(point);
    job.used = true;
    by_key_.emplace(spec.key, slot);
    // The first answer should not take an interval of five minutes; the second is on the phase.
    plan(slot, now + part_of(std::min(interval, first_round), job.fraction));
    change.slots.push_back(slot);
  }

  for (Slot slot = 0; slot < kept.size(); ++slot) {
    Job& job = jobs_[slot];
    if (kept[slot] || !job.used) continue;
    by_key_.erase(job.key);
    job.used = false;
    free_.push_back(slot);
    change.vanished.push_back(slot);
  }
  return change;
}

std::optional<Scheduler::Slot> Scheduler::find(std::uint64_t key) const {
  const auto found = by_key_.find(key);
  if (found == by_key_.end()) return std::nullopt;
  return found->second;
}

void Scheduler::cadence(Slot slot, Duration interval, Duration delay, SteadyTime now) {
  Job& job = jobs_[slot];
  interval = std::max(interval, shortest);
  delay = std::max(delay, Duration{0});
  if (interval != job.interval) {
    job.override_ = interval;
    plan(slot, now + delay);
    return;
  }
  if (job.override_ == Duration{0} && delay == Duration{0}) return;
  job.override_ = {};
  job.settled = true;
  plan(slot, base_slot(job, now + delay));
}

std::uint64_t Scheduler::advance(Slot slot, SteadyTime now) {
  Job& job = jobs_[slot];
  const SteadyTime due = job.due;
  if (job.override_ > Duration{0}) {
    const Ticks interval{job.override_};
    const auto steps = (now - due) / interval + 1;
    plan(slot, due + interval * steps);
    return static_cast<std::uint64_t>(steps - 1);
  }
  // The first run may come right before the job's phase: then its first slot is one too many.
  const Ticks interval{job.interval};
  const SteadyTime from = job.settled ? due + Ticks{1} : due + interval / 2;
  const SteadyTime regular = base_slot(job, from);
  const SteadyTime next = std::max(regular, base_slot(job, now + Ticks{1}));
  job.settled = true;
  plan(slot, next);
  return static_cast<std::uint64_t>((next - regular) / interval);
}

std::optional<Scheduler::Due> Scheduler::pop(SteadyTime now) {
  while (!heap_.empty()) {
    const Entry top = heap_.top();
    if (stale(top)) {
      heap_.pop();
      continue;
    }
    if (top.at > now) return std::nullopt;
    heap_.pop();
    Job& job = jobs_[top.slot];
    const bool base = job.override_ == Duration{0};
    const Duration interval = base ? job.interval : job.override_;
    skipped_ += advance(top.slot, now);
    if (job.running || now - top.at > tolerance(interval)) {
      ++skipped_;
      continue;
    }
    job.running = true;
    return Due{top.slot, top.at, base};
  }
  return std::nullopt;
}

bool Scheduler::claim(Slot slot) {
  if (jobs_[slot].running) return false;
  jobs_[slot].running = true;
  return true;
}

void Scheduler::finished(Slot slot) { jobs_[slot].running = false; }

SteadyTime Scheduler::next() {
  while (!heap_.empty() && stale(heap_.top())) heap_.pop();
  return heap_.empty() ? SteadyTime::max() : heap_.top().at;
}

}  // namespace outaged::probes
