// When each job is due. Pure: time comes in with every call, so that a test runs a day in a millisecond.
// Owned by the probe loop's thread. Never sleeps, never reads a clock, never starts anything.
//
// Jobs are spread over their interval in a low-discrepancy order (multiples of the golden ratio), which stays even
// for three jobs as for thirty thousand, and for each subset of them. A job that missed its slot is counted and put in
// a line, which is served in order, before what is on time, but no faster than all jobs come normally. So a stall is
// followed by no burst, and under overload, when every slot is missed, the line is all there is: each job gets its turn.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <queue>
#include <unordered_map>
#include <vector>

#include "core/clock.h"

namespace outaged::probes {

class Scheduler {
 public:
  using Slot = std::uint32_t;  // a job's place, stable while the job stays; reused after it vanished

  struct Spec {
    std::uint64_t key = 0;  // identifies the job across replace()
    Duration interval{};
  };
  struct Change {
    std::vector<Slot> slots;     // of each spec, in order
    std::vector<Slot> vanished;  // of the jobs that are no more
  };
  struct Due {
    Slot slot = 0;
    SteadyTime at{};   // when it should have started
    bool base = true;  // of the base schedule, not of an override
  };

  /// The new set. A job that stays keeps its phase, and its override unless its own interval changed.
  /// A new one is due within its interval, and within `first_round` at most.
  Change replace(const std::vector<Spec>& specs, SteadyTime now);
  std::optional<Slot> find(std::uint64_t key) const;

  /// From now on `interval`, first at `now + delay`. The job's own interval ends the override: back to its phase.
  void cadence(Slot slot, Duration interval, Duration delay, SteadyTime now);
  /// Not before `until`, whatever its cadence: it asked to be left alone.
  void hold(Slot slot, SteadyTime until, SteadyTime now);
  /// It is asked too often: every other slot only, until so many runs in a row went without another such word.
  void slower(Slot slot);
  void went_well(Slot slot);

  /// The next job to start now, marked as running; nothing if none is due. Counts what it has to skip.
  std::optional<Due> pop(SteadyTime now);
  /// Marks it as running, out of turn. False if it runs already, or wants to be left alone.
  bool claim(Slot slot, SteadyTime now);
  void finished(Slot slot);

  /// When pop() may next have something: SteadyTime::max() if never.
  SteadyTime next();
  std::size_t jobs() const { return by_key_.size(); }
  /// Slots not served in time: the last run was still in flight, or the loop was too late.
  std::uint64_t skipped() const { return skipped_; }

  static constexpr Duration first_round = 5s;
  static constexpr Duration shortest = 10ms;
  /// Phases lie on a grid of this at most: what wakes together shares warm caches (a third of a TLS probe's cost).
  static constexpr Duration coarsest = 100ms;
  static constexpr double together = 20;
  /// A slot that is later than this is missed: the job goes into the line.
  static Duration tolerance(Duration interval);
  /// The line may be served this much ahead of its pace, after nothing was served for as long.
  static constexpr Duration catch_up = 100ms;
  static constexpr int runs_to_recover = 10;

 private:
  struct Job {
    std::uint64_t key = 0;
    Duration interval{};
    double fraction = 0;   // of the interval
    Duration override_{};  // zero: none
    SteadyTime due{};
    SteadyTime held{};          // until then
    SteadyTime missed{};        // the slot for which it stands in the line
    std::uint32_t version = 0;  // tells live heap entries from stale ones
    int calm_runs = 0;
    bool used = false, running = false, settled = false, waits = false, slowed = false;
  };
  struct Entry {
    SteadyTime at;
    Slot slot;
    std::uint32_t version;
    bool operator>(const Entry& other) const { return at > other.at; }
  };

  static Duration grid_for(const std::vector<Spec>& specs);
  void plan(Slot slot, SteadyTime due);
  SteadyTime base_slot(const Job& job, SteadyTime not_before) const;
  /// Moves `due` to the first slot after `now`; the number of slots passed over.
  std::uint64_t advance(Slot slot, SteadyTime now);
  bool stale(const Entry& entry) const;
  std::optional<Due> pop_line(SteadyTime now);

  std::vector<Job> jobs_;
  std::vector<Slot> free_;
  std::unordered_map<std::uint64_t, Slot> by_key_;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
  std::deque<Slot> line_;             // of jobs that missed their slot, in order; those that have gone from it say so
  SteadyTime line_next_{};            // when its next may start
  double pace_ = 0;                   // runs a second of all jobs together, at their own intervals
  std::optional<SteadyTime> origin_;  // all phases count from here
  SteadyTime::duration grid_{coarsest};
  std::uint64_t placed_ = 0;          // jobs ever placed: the next point of the sequence
  std::uint64_t skipped_ = 0;
};

}  // namespace outaged::probes
