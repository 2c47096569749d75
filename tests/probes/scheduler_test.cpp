#include "probes/scheduler.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>

using namespace std::chrono_literals;
using outaged::Duration;
using outaged::SteadyTime;
using outaged::probes::Scheduler;

namespace {

const SteadyTime start = SteadyTime{} + 1000h;

struct Started {
  SteadyTime at;
  Scheduler::Slot slot;
  bool base;
};

/// Runs the schedule in virtual time; every run ends at once.
std::vector<Started> play(Scheduler& scheduler, SteadyTime from, SteadyTime to) {
  std::vector<Started> all;
  for (SteadyTime now = std::max(from, std::min(to, scheduler.next())); now < to; now = scheduler.next()) {
    const auto due = scheduler.pop(std::max(now, from));
    if (!due) continue;
    all.push_back({due->at, due->slot, due->base});
    scheduler.finished(due->slot);
  }
  return all;
}

std::vector<Scheduler::Spec> jobs(std::size_t count, Duration interval) {
  std::vector<Scheduler::Spec> specs;
  for (std::size_t i = 0; i < count; ++i) specs.push_back({i, interval});
  return specs;
}

}  // namespace

TEST_CASE("each job runs once per interval, spread evenly") {
  Scheduler scheduler;
  scheduler.replace(jobs(1000, 10s), start);
  play(scheduler, start, start + 20s);  // the first round is compressed
  const auto runs = play(scheduler, start + 20s, start + 120s);
  CHECK(runs.size() == 10000);
  std::map<long, int> per_100ms;
  for (const Started& run : runs) ++per_100ms[(run.at - start) / 100ms];
  for (const auto& [bin, count] : per_100ms) {
    CHECK(count >= 8);
    CHECK(count <= 12);
  }
  CHECK(scheduler.skipped() == 0);
}

TEST_CASE("a few jobs are spread too") {
  Scheduler scheduler;
  scheduler.replace(jobs(3, 30s), start);
  play(scheduler, start, start + 60s);
  const auto runs = play(scheduler, start + 60s, start + 90s);
  REQUIRE(runs.size() == 3);
  CHECK(runs[1].at - runs[0].at > 5s);
  CHECK(runs[2].at - runs[1].at > 5s);
}

TEST_CASE("the first answer comes early and the second not at once") {
  Scheduler scheduler;
  scheduler.replace(jobs(50, 300s), start);
  const auto runs = play(scheduler, start, start + 900s);
  std::map<Scheduler::Slot, std::vector<SteadyTime>> by_slot;
  for (const Started& run : runs) by_slot[run.slot].push_back(run.at);
  REQUIRE(by_slot.size() == 50);
  for (const auto& [slot, times] : by_slot) {
    REQUIRE(times.size() >= 3);
    CHECK(times[0] - start <= Scheduler::first_round);
    CHECK(times[1] - times[0] >= 150s);
    CHECK(times[1] - times[0] <= 450s);
    CHECK(times[2] - times[1] == 300s);
  }
}

TEST_CASE("a job in flight is not started again, and the slot is counted") {
  Scheduler scheduler;
  scheduler.replace(jobs(1, 10s), start);
  const auto first = scheduler.pop(start + 10s - 1ms);
  // Late by more than the tolerance or not, it is one job: run it in its own time.
  SteadyTime now = scheduler.next();
  const auto due = first ? first : scheduler.pop(now);
  REQUIRE(due);
  now = scheduler.next();
  CHECK_FALSE(scheduler.pop(now));
  CHECK_FALSE(scheduler.claim(due->slot, now));
  const auto skipped = scheduler.skipped();
  CHECK(skipped >= 1);
  scheduler.finished(due->slot);
  CHECK(scheduler.pop(scheduler.next()));
  CHECK(scheduler.skipped() == skipped);
}

TEST_CASE("after a stall there is no burst and the missed slots are counted") {
  Scheduler scheduler;
  scheduler.replace(jobs(1000, 5s), start);
  play(scheduler, start, start + 20s);
  const SteadyTime back = start + 50s;  // asleep for 30 s: six slots of each job
  std::size_t at_once = 0;
  while (const auto due = scheduler.pop(back)) {
    ++at_once;
    scheduler.finished(due->slot);
  }
  CHECK(at_once <= 25);  // a tenth of a second's worth of the line
  CHECK(scheduler.skipped() >= 6000);
  CHECK(scheduler.skipped() <= 6025);  // those due at this very moment wait in the line too
  const auto after = play(scheduler, back, back + 5s);
  CHECK(after.size() >= 950);  // each once, from the line or on its slot
  CHECK(after.size() <= 1050);
  std::set<Scheduler::Slot> served;
  for (const Started& run : after) served.insert(run.slot);
  CHECK(served.size() >= 970);
}

namespace {

/// A loop that can make so many runs a second and no more: what is asked, how often each job, how late.
struct Overload {
  std::map<Scheduler::Slot, int> runs;
  std::size_t total = 0;
  Duration latest{};
  Overload(Scheduler& scheduler, SteadyTime from, SteadyTime to, Duration each) {
    for (SteadyTime now = from; now < to;) {
      const auto due = scheduler.pop(now);
      if (!due) {
        now = std::max(now + each, scheduler.next());
        continue;
      }
      ++runs[due->slot];
      ++total;
      latest = std::max(latest, std::chrono::duration_cast<Duration>(now - due->at));
      now += each;
      scheduler.finished(due->slot);
    }
  }
};

}  // namespace

TEST_CASE("overload: the rate stays at the maximum and every job gets its turn") {
  for (const Duration each : {10ms, 20ms, 33ms}) {  // 100 a second are asked for: just enough, half, a third
    CAPTURE(each.count());
    Scheduler scheduler;
    scheduler.replace(jobs(500, 5s), start);
    const Overload warm_up(scheduler, start, start + 60s, each);
    const std::uint64_t skipped = scheduler.skipped();
    const Overload overload(scheduler, start + 60s, start + 360s, each);
    const auto capacity = static_cast<std::size_t>(300s / each);
    CHECK(overload.total >= capacity * 98 / 100);
    REQUIRE(overload.runs.size() == 500);
    const int fair = static_cast<int>(overload.total / 500);
    for (const auto& [slot, runs] : overload.runs) {
      CHECK(runs >= fair - 2);
      CHECK(runs <= fair + 2);
    }
    CHECK(overload.latest <= each * 500 + 5s);  // one round, and no more with time
    if (each > 10ms) CHECK(scheduler.skipped() > skipped);
  }
}

TEST_CASE("overload: when it ends everything is on time again at once") {
  Scheduler scheduler;
  scheduler.replace(jobs(500, 5s), start);
  const Overload overload(scheduler, start, start + 120s, 40ms);
  const Overload after(scheduler, start + 120s, start + 140s, 1ms);
  const std::uint64_t skipped = scheduler.skipped();
  const auto calm = play(scheduler, start + 140s, start + 160s);
  CHECK(calm.size() >= 1990);
  CHECK(calm.size() <= 2010);
  CHECK(scheduler.skipped() == skipped);
}

TEST_CASE("overload: jobs of different intervals all get their turn") {
  Scheduler scheduler;
  auto specs = jobs(300, 2s);  // 150 a second
  for (std::size_t i = 300; i < 400; ++i) specs.push_back({i, 60s});
  scheduler.replace(specs, start);
  const Overload overload(scheduler, start, start + 600s, 20ms);
  REQUIRE(overload.runs.size() == 400);
  for (const auto& [slot, runs] : overload.runs) CHECK(runs >= 8);
}

TEST_CASE("a job that asked to be left alone is, whatever its cadence") {
  Scheduler scheduler;
  scheduler.replace(jobs(2, 10s), start);
  play(scheduler, start, start + 100s);
  scheduler.hold(0, start + 160s, start + 100s);
  scheduler.cadence(0, 2s, 0s, start + 101s);
  CHECK_FALSE(scheduler.claim(0, start + 110s));
  const auto runs = play(scheduler, start + 101s, start + 170s);
  const auto of = [&](Scheduler::Slot slot) { return std::count_if(runs.begin(), runs.end(), [&](const Started& run) { return run.slot == slot; }); };
  CHECK(of(1) == 7);
  CHECK(of(0) == 5);
  for (const Started& run : runs)
    if (run.slot == 0) CHECK(run.at >= start + 160s);
  // A reload does not wake it either.
  scheduler.cadence(0, 10s, 0s, start + 170s);
  scheduler.hold(0, start + 260s, start + 170s);
  scheduler.replace({{0, 20s}, {1, 10s}}, start + 180s);
  for (const Started& run : play(scheduler, start + 180s, start + 300s))
    if (run.slot == 0) CHECK(run.at >= start + 260s);
  CHECK(scheduler.claim(0, start + 300s));
}

TEST_CASE("a job that asks too often is asked half as often, until ten runs went well") {
  Scheduler scheduler;
  scheduler.replace(jobs(1, 10s), start);
  play(scheduler, start, start + 100s);
  scheduler.slower(0);
  const auto slow = play(scheduler, start + 100s, start + 300s);
  CHECK(slow.size() >= 10);
  CHECK(slow.size() <= 11);
  CHECK(scheduler.skipped() == 0);  // nothing was missed: it was not to be asked
  for (int i = 0; i < Scheduler::runs_to_recover; ++i) scheduler.went_well(0);
  CHECK(play(scheduler, start + 300s, start + 500s).size() >= 19);
}

TEST_CASE("a reload keeps phases, drops the vanished and spreads the new") {
  Scheduler scheduler;
  scheduler.replace(jobs(100, 10s), start);
  const auto before = play(scheduler, start + 0s, start + 40s);
  std::map<Scheduler::Slot, SteadyTime> last;
  for (const Started& run : before) last[run.slot] = run.at;

  auto specs = jobs(150, 10s);
  specs.erase(specs.begin(), specs.begin() + 20);
  specs[0].interval = 20s;  // key 20
  const auto change = scheduler.replace(specs, start + 40s);
  CHECK(change.vanished.size() == 20);
  CHECK_FALSE(scheduler.find(3));
  REQUIRE(scheduler.find(99));
  const auto after = play(scheduler, start + 40s, start + 80s);
  std::map<Scheduler::Slot, std::vector<SteadyTime>> runs;
  for (const Started& run : after) runs[run.slot].push_back(run.at);
  CHECK(runs.size() == 130);
  for (std::size_t key = 21; key < 100; ++key) {
    const auto& times = runs[*scheduler.find(key)];
    REQUIRE(times.size() == 4);
    CHECK((times[0] - last[*scheduler.find(key)]) == 10s);
  }
  CHECK(runs[*scheduler.find(20)].size() == 2);
  // Those that are new are not all asked at the moment of the reload.
  std::set<long> seconds;
  for (std::size_t key = 100; key < 150; ++key) seconds.insert((runs[*scheduler.find(key)].front() - start) / 1s);
  CHECK(seconds.size() >= 4);
}

TEST_CASE("an override begins after its delay, is not of the base schedule, and its end is back on the phase") {
  Scheduler scheduler;
  scheduler.replace(jobs(1, 30s), start);
  const auto base = play(scheduler, start, start + 120s);
  const SteadyTime phase = base.back().at;
  scheduler.cadence(0, 6s, 20s, start + 120s);
  const auto fast = play(scheduler, start + 120s, start + 160s);
  REQUIRE(fast.size() == 4);
  CHECK(fast[0].at == start + 140s);
  CHECK(fast[1].at == start + 146s);
  for (const Started& run : fast) CHECK_FALSE(run.base);
  // It lasts through a reload.
  scheduler.replace(jobs(1, 30s), start + 160s);
  CHECK(play(scheduler, start + 160s, start + 172s).size() == 2);
  scheduler.cadence(0, 30s, 0s, start + 172s);
  const auto calm = play(scheduler, start + 172s, start + 240s);
  REQUIRE(calm.size() >= 2);
  CHECK(calm[0].base);
  CHECK((calm[0].at - phase) % 30s == 0s);
  CHECK(calm[1].at - calm[0].at == 30s);
}

TEST_CASE("the normal cadence with a delay pauses a job") {
  Scheduler scheduler;
  scheduler.replace(jobs(1, 10s), start);
  play(scheduler, start, start + 100s);
  scheduler.cadence(0, 10s, 60s, start + 100s);
  CHECK(play(scheduler, start + 100s, start + 160s).empty());
  CHECK(play(scheduler, start + 160s, start + 180s).size() == 2);
}

TEST_CASE("many overrides do not pile up in the heap") {
  Scheduler scheduler;
  scheduler.replace(jobs(2, 3600s), start);
  for (int i = 0; i < 100000; ++i) scheduler.cadence(0, 1800s + std::chrono::seconds{i % 2}, 0s, start);
  // Observable as time: each stale entry would have to be looked at.
  CHECK(scheduler.next() == start);
  CHECK(scheduler.pop(start));
  CHECK(scheduler.next() > start);
}

TEST_CASE("nothing to do is never due") {
  Scheduler scheduler;
  CHECK(scheduler.next() == SteadyTime::max());
  CHECK_FALSE(scheduler.pop(start));
  scheduler.replace(jobs(1, 0s), start);  // nonsense is bounded
  CHECK(play(scheduler, start, start + 1s).size() <= 101);
  scheduler.replace({}, start + 1s);
  CHECK(scheduler.next() == SteadyTime::max());
  CHECK(scheduler.jobs() == 0);
}
