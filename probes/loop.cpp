// The loop itself: the scheduler says what is due, the runner performs it, the sink gets the result. Other threads
// reach in through a queue of commands and read the counters; they share nothing else with it.
#include "probes/loop.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "probes/host_doors.h"
#include "probes/runner.h"
#include "probes/scheduler.h"

namespace outaged::probes {
namespace {

using Clockwork = std::chrono::steady_clock;

constexpr Duration longest_hold = 1h;
// When one of a group fails: how many others are asked at once, and how often that may happen.
constexpr std::size_t siblings_at_once = 3;
constexpr Duration sibling_spacing = 30s;

std::uint64_t key_of(Job::Role role, std::uint32_t id) { return static_cast<std::uint64_t>(role) << 32U | id; }

/// Signals are the main thread's: threads that are started meanwhile get none.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

/// A peer that is gone is an error to report, not the end of the process.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~NoSigpipe() {
    if (sigismember(&before_, SIGPIPE) == 0) {
      const timespec now{};
      while (sigtimedwait(&pipe_, nullptr, &now) == SIGPIPE) continue;  // ours, or it would come with the next line
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t pipe_{}, before_{};
};

class ThreadedLoop final : public Loop, private Runner::Owner {
 public:
  ThreadedLoop(const LoopOptions& options, Sink& sink)
      : max_in_flight_(std::max<std::size_t>(1, options.max_in_flight)),
        doors_(options.max_per_host),
        sink_(sink) {}
  ~ThreadedLoop() override { stop_thread(); }

  outaged::Result<void> open(const LoopOptions& options) {
    auto runner = Runner::create(options, *this);
    if (!runner) return Error{runner.error()};
    runner_ = std::move(runner).value();
    return {};
  }

  void start() override {
    const std::lock_guard lock{thread_mutex_};
    if (thread_.joinable() || stopping_) return;
    progress_ = Clockwork::now().time_since_epoch().count();
    const SignalsBlocked blocked;  // the new thread inherits it
    thread_ = std::thread{[this] { work(); }};
  }
  void stop() override { stop_thread(); }

  void replace(Plan plan) override {
    send([this, plan = std::make_shared<Plan>(std::move(plan))] { apply(std::move(*plan)); });
  }
  void cadence(Job::Role role, std::uint32_t id, Duration interval, Duration delay) override {
    send([this, key = key_of(role, id), interval, delay] {
      if (const auto slot = scheduler_.find(key)) scheduler_.cadence(*slot, interval, delay, Clockwork::now());
    });
  }
  void probe_now(Job::Role role, std::uint32_t id) override {
    send([this, key = key_of(role, id)] {
      // When the loop is full, each waits here once at most.
      if (scheduler_.find(key) && std::find(urgent_.begin(), urgent_.end(), key) == urgent_.end())
        urgent_.push_back(key);
    });
  }
  LoopStats stats() override;

 private:
  using Command = std::function<void()>;
  struct Entry {
    Job job;
    Flight* flight = nullptr;
    HostDoors::Pass pass;  // of the run in flight
    bool parked = false;   // before its host's door
  };
  struct Group {
    std::vector<Scheduler::Slot> members;
    std::size_t next = 0;  // whom to ask next when one of them fails
    SteadyTime asked{};
  };

  void send(Command command) {
    {
      const std::lock_guard lock{commands_mutex_};
      commands_.push_back(std::move(command));
    }
    runner_->wake();
  }
  void stop_thread();
  void work();
  void obey();
  void apply(Plan&& plan);
  void start_due(SteadyTime now);
  void begin(const HostDoors::Parked& due, SteadyTime now);
  void launch(const HostDoors::Parked& due, SteadyTime now);
  void concluded(Flight& flight, Finding&& finding) override;
  void slow_down(Scheduler::Slot slot, const Finding& finding, SteadyTime now);
  void ask_siblings(Scheduler::Slot slot, Class cls, SteadyTime now);

  const std::size_t max_in_flight_;
  HostDoors doors_;  // the loop's thread only, as what follows the runner
  Sink& sink_;
  std::unique_ptr<Runner> runner_;  // the loop's thread; wake() from any

  // The loop's thread only.
  Scheduler scheduler_;
  std::vector<Entry> entries_;        // by slot
  std::deque<std::uint64_t> urgent_;  // keys to ask out of turn
  std::map<std::string, Group> groups_;
  std::vector<Command> obeying_;

  std::mutex commands_mutex_;
  std::vector<Command> commands_;

  std::mutex thread_mutex_;  // start and stop
  std::thread thread_;
  std::atomic<bool> stopping_ = false;

  // Written by the loop's thread, read by any.
  std::atomic<std::uint64_t> started_ = 0, finished_ = 0, skipped_ = 0;
  std::atomic<std::size_t> in_flight_ = 0, jobs_ = 0;
  std::atomic<std::int64_t> lag_max_ms_ = 0, lag_sum_ms_ = 0;
  std::atomic<Clockwork::rep> progress_ = 0;
};

void ThreadedLoop::stop_thread() {
  const std::lock_guard lock{thread_mutex_};
  stopping_ = true;
  if (!thread_.joinable()) return;
  runner_->wake();
  thread_.join();
}

LoopStats ThreadedLoop::stats() {
  LoopStats stats;
  stats.started = started_;
  stats.finished = finished_;
  stats.skipped = skipped_;
  stats.in_flight = in_flight_;
  stats.jobs = jobs_;
  stats.lag_max = Duration{lag_max_ms_.exchange(0)};
  stats.lag_sum_seconds = static_cast<double>(lag_sum_ms_.load()) / 1000.0;
  stats.progress = SteadyTime{SteadyTime::duration{progress_.load()}};
  return stats;
}

void ThreadedLoop::work() {
  pthread_setname_np(pthread_self(), "probes");
  while (!stopping_) {
    obey();
    start_due(Clockwork::now());
    const bool full = runner_->in_flight() >= max_in_flight_;
    runner_->turn(full ? SteadyTime::max() : scheduler_.next());
    skipped_ = scheduler_.skipped();
    in_flight_ = runner_->in_flight();
    progress_ = Clockwork::now().time_since_epoch().count();
  }
  for (Entry& entry : entries_)
    if (entry.flight) runner_->abort(*std::exchange(entry.flight, nullptr));
  in_flight_ = 0;
}

void ThreadedLoop::obey() {
  {
    const std::lock_guard lock{commands_mutex_};
    obeying_.swap(commands_);
  }
  for (const Command& command : obeying_) command();
  obeying_.clear();
}

void ThreadedLoop::apply(Plan&& plan) {
  std::vector<Scheduler::Spec> specs;
  specs.reserve(plan.size());
  for (const Job& job : plan) specs.push_back({key_of(job.role, job.id), job.interval});
  const Scheduler::Change change = scheduler_.replace(specs, Clockwork::now());
  for (const Scheduler::Slot slot : change.vanished) {
    Entry& entry = entries_[slot];
    if (entry.flight) runner_->abort(*entry.flight);
    doors_.leave(entry.pass);
    entry = Entry{};
  }
  groups_.clear();
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const Scheduler::Slot slot = change.slots[i];
    if (slot >= entries_.size()) entries_.resize(slot + 1);
    entries_[slot].job = std::move(plan[i]);  // a run in flight keeps the probe it began with
    if (const Job& job = entries_[slot].job; !job.group.empty()) groups_[job.group].members.push_back(slot);
  }
  jobs_ = scheduler_.jobs();
}

void ThreadedLoop::start_due(SteadyTime now) {
  while (runner_->in_flight() < max_in_flight_) {
    const auto free = doors_.next();
    if (!free) break;
    Entry& entry = entries_[free->slot];
    // It may have vanished meanwhile, and its place may be another's by now.
    if (entry.parked && key_of(entry.job.role, entry.job.id) == free->key) launch(*free, now);
  }
  while (!urgent_.empty() && runner_->in_flight() < max_in_flight_) {
    const std::uint64_t key = urgent_.front();
    const auto slot = scheduler_.find(key);
    urgent_.pop_front();
    if (slot && scheduler_.claim(*slot, now)) begin({*slot, key, false, now}, now);
  }
  while (runner_->in_flight() < max_in_flight_) {
    const auto due = scheduler_.pop(now);
    if (!due) return;
    const Job& job = entries_[due->slot].job;
    begin({due->slot, key_of(job.role, job.id), due->base, due->at}, now);
  }
}

void ThreadedLoop::begin(const HostDoors::Parked& due, SteadyTime now) {
  Entry& entry = entries_[due.slot];
  if (doors_.open(entry.job.host)) return launch(due, now);
  entry.parked = true;
  doors_.park(entry.job.host, due);
}

void ThreadedLoop::launch(const HostDoors::Parked& due, SteadyTime now) {
  Entry& entry = entries_[due.slot];
  entry.parked = false;
  entry.pass = doors_.enter(entry.job.host);
  const auto lag = std::chrono::duration_cast<Duration>(now - due.at);
  entry.flight = &runner_->start(entry.job.probe, due.slot, due.base, lag, now);
  ++started_;
  lag_sum_ms_ += lag.count();
  if (lag.count() > lag_max_ms_) lag_max_ms_ = lag.count();
}

void ThreadedLoop::concluded(Flight& flight, Finding&& finding) {
  Entry& entry = entries_[flight.tag];
  entry.flight = nullptr;
  doors_.leave(entry.pass);
  scheduler_.finished(flight.tag);
  ++finished_;
  const SteadyTime now = Clockwork::now();
  slow_down(flight.tag, finding, now);
  ask_siblings(flight.tag, finding.cls, now);
  Result result;
  result.role = entry.job.role;
  result.id = entry.job.id;
  result.base_schedule = flight.base && !finding.shallow;
  result.response = finding.response ? std::move(*finding.response) : std::move(flight.response);
  result.finding = std::move(finding);
  result.took = std::chrono::duration_cast<Duration>(now - flight.started);
  result.lag = flight.lag;
  sink_.result(std::move(result));
}

void ThreadedLoop::slow_down(Scheduler::Slot slot, const Finding& finding, SteadyTime now) {
  const bool limited = finding.cls == Class::rate_limited;
  if (limited)
    scheduler_.slower(slot);
  else
    scheduler_.went_well(slot);
  if (finding.not_before <= Duration{0}) return;
  const SteadyTime until = now + std::min<Duration>(finding.not_before, longest_hold);
  scheduler_.hold(slot, until, now);
  // A rate limit is that of the account, not of one model.
  const auto group = groups_.find(entries_[slot].job.group);
  if (!limited || group == groups_.end()) return;
  for (const Scheduler::Slot member : group->second.members) scheduler_.hold(member, until, now);
}

/// One model fails: do the others? That is what tells a model's outage from a provider's.
void ThreadedLoop::ask_siblings(Scheduler::Slot slot, Class cls, SteadyTime now) {
  const Counts counts = info(cls).counts;
  if (counts != Counts::bad && counts != Counts::maybe) return;
  const auto found = groups_.find(entries_[slot].job.group);
  if (found == groups_.end()) return;
  Group& group = found->second;
  if (group.asked != SteadyTime{} && now - group.asked < sibling_spacing) return;
  group.asked = now;
  std::size_t asked = 0;
  for (std::size_t i = 0; i < group.members.size() && asked < siblings_at_once; ++i) {
    const Scheduler::Slot sibling = group.members[group.next++ % group.members.size()];
    if (sibling == slot) continue;
    const Job& job = entries_[sibling].job;
    const std::uint64_t key = key_of(job.role, job.id);
    if (std::find(urgent_.begin(), urgent_.end(), key) == urgent_.end()) urgent_.push_back(key);
    ++asked;
  }
}

}  // namespace

outaged::Result<std::unique_ptr<Loop>> Loop::create(LoopOptions options, Sink& sink) {
  auto loop = std::make_unique<ThreadedLoop>(options, sink);
  if (const auto opened = loop->open(options); !opened) return Error{opened.error()};
  return std::unique_ptr<Loop>{std::move(loop)};
}

outaged::Result<Result> run_once(const LoopOptions& options, const std::shared_ptr<const Probe>& probe) {
  struct Once final : Runner::Owner {
    bool done = false;
    Result result;
    void concluded(Flight& flight, Finding&& finding) override {
      done = true;
      result.response = finding.response ? std::move(*finding.response) : std::move(flight.response);
      result.finding = std::move(finding);
      result.took = std::chrono::duration_cast<Duration>(Clockwork::now() - flight.started);
    }
  } once;
  const NoSigpipe guard;
  auto runner = Runner::create(options, once);
  if (!runner) return Error{runner.error()};
  runner.value()->start(probe, 0, false, Duration{0}, Clockwork::now());
  while (!once.done) runner.value()->turn(SteadyTime::max());
  return std::move(once.result);
}

}  // namespace outaged::probes
