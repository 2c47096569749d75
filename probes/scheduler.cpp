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

/// So coarse that a few fall on the same moment, and so fine that they are no burst.
Duration Scheduler::grid_for(const std::vector<Spec>& specs) {
  double per_second = 0;
  for (const Spec& spec : specs) per_second += 1.0 / to_seconds(std::max(spec.interval, shortest));
  return std::clamp(Duration{static_cast<Duration::rep>(1000.0 * together / std::max(per_second, 1.0))}, 1ms, coarsest);
}

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
  const Ticks phase = part_of(job.interval, job.fraction);
  const SteadyTime first = *origin_ + phase / grid_ * grid_;
  if (not_before <= first) return first;
  const Ticks interval{job.interval};
  const auto passed = (not_before - first + interval - Ticks{1}) / interval;
  return first + interval * passed;
}

Scheduler::Change Scheduler::replace(const std::vector<Spec>& specs, SteadyTime now) {
  if (!origin_) origin_ = now;
  grid_ = grid_for(specs);
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
        plan(slot, base_slot(job, std::max(now, job.held)));
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
    plan(slot, now + part_of(std::min(interval, first_round), job.fraction) / grid_ * grid_);
    change.slots.push_back(slot);
  }

  for (Slot slot = 0; slot < kept.size(); ++slot) {
    Job& job = jobs_[slot];
    if (kept[slot] || !job.used) continue;
    by_key_.erase(job.key);
    job.used = job.waits = false;
    free_.push_back(slot);
    change.vanished.push_back(slot);
  }
  pace_ = 0;
  for (const Job& job : jobs_)
    if (job.used) pace_ += 1.0 / to_seconds(job.interval);
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
  if (job.held > now) delay = std::max(delay, std::chrono::ceil<Duration>(job.held - now));
  if (delay > Duration{0}) job.waits = false;
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

void Scheduler::hold(Slot slot, SteadyTime until, SteadyTime now) {
  Job& job = jobs_[slot];
  job.held = std::max(job.held, until);
  job.waits = false;
  const SteadyTime due = std::max(job.due, std::max(job.held, now));
  plan(slot, job.override_ > Duration{0} ? due : base_slot(job, due));
}

void Scheduler::slower(Slot slot) {
  jobs_[slot].slowed = true;
  jobs_[slot].calm_runs = 0;
}

void Scheduler::went_well(Slot slot) {
  Job& job = jobs_[slot];
  if (job.slowed && ++job.calm_runs >= runs_to_recover) job.slowed = false;
}

std::uint64_t Scheduler::advance(Slot slot, SteadyTime now) {
  Job& job = jobs_[slot];
  const SteadyTime due = job.due;
  if (job.override_ > Duration{0}) {
    const Ticks interval{job.override_};
    const auto steps = (now - due) / interval + 1;
    plan(slot, due + interval * (steps + (job.slowed ? 1 : 0)));
    return static_cast<std::uint64_t>(steps - 1);
  }
  // The first run may come right before the job's phase: then its first slot is one too many.
  const Ticks interval{job.interval};
  const SteadyTime from = job.settled ? due + Ticks{1} : due + interval / 2;
  const SteadyTime regular = base_slot(job, from);
  const SteadyTime next = std::max(regular, base_slot(job, now + Ticks{1}));
  job.settled = true;
  plan(slot, job.slowed ? next + interval : next);
  return static_cast<std::uint64_t>((next - regular) / interval);
}

/// The first of the line, if its time has come.
std::optional<Scheduler::Due> Scheduler::pop_line(SteadyTime now) {
  while (!line_.empty() && !jobs_[line_.front()].waits) line_.pop_front();
  if (line_.empty() || now < line_next_) return std::nullopt;
  const Slot slot = line_.front();
  line_.pop_front();
  Job& job = jobs_[slot];
  job.waits = false;
  line_next_ = std::max(line_next_, now - Ticks{catch_up}) + std::chrono::duration_cast<Ticks>(std::chrono::duration<double>(1.0 / pace_));
  job.running = true;
  // This run stands for the slot that is nearest.
  const bool base = job.override_ == Duration{0};
  const SteadyTime soon = now + Ticks{base ? job.interval : job.override_} / 2;
  if (job.due < soon) plan(slot, base ? base_slot(job, soon) : soon);
  return Due{slot, job.missed, base};
}

std::optional<Scheduler::Due> Scheduler::pop(SteadyTime now) {
  if (const auto late = pop_line(now)) return late;
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
    if (job.running) {
      ++skipped_;
    } else if (now - top.at <= tolerance(interval)) {
      job.running = true;
      job.waits = false;
      return Due{top.slot, top.at, base};
    } else {
      ++skipped_;
      if (job.waits) continue;
      job.waits = true;
      job.missed = top.at;
      line_.push_back(top.slot);
      if (const auto late = pop_line(now)) return late;
    }
  }
  return std::nullopt;
}

bool Scheduler::claim(Slot slot, SteadyTime now) {
  Job& job = jobs_[slot];
  if (job.running || now < job.held) return false;
  job.running = true;
  job.waits = false;
  return true;
}

void Scheduler::finished(Slot slot) { jobs_[slot].running = false; }

SteadyTime Scheduler::next() {
  while (!heap_.empty() && stale(heap_.top())) heap_.pop();
  while (!line_.empty() && !jobs_[line_.front()].waits) line_.pop_front();
  const SteadyTime due = heap_.empty() ? SteadyTime::max() : heap_.top().at;
  return line_.empty() ? due : std::min(due, line_next_);
}

}  // namespace outaged::probes
