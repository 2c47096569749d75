#include "alerts/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>

#include "alerts/http_judge.h"
#include "core/text.h"

namespace outaged::alerts {
namespace {

constexpr Duration unusable_grace = 1h;  // a receiver that vanished by mistake may come back with the next reload

bool same(const config::Receiver& a, const config::Receiver& b) {
  const auto headers_equal = [&] {
    return std::equal(a.headers.begin(), a.headers.end(), b.headers.begin(), b.headers.end(),
                      [](const auto& x, const auto& y) { return x.first == y.first && x.second.reveal() == y.second.reveal(); });
  };
  return a.kind == b.kind && a.url.reveal() == b.url.reveal() && a.signing_secret.reveal() == b.signing_secret.reveal() && headers_equal() &&
         a.timeout == b.timeout && a.backoff_first == b.backoff_first && a.backoff_max == b.backoff_max && a.give_up_after == b.give_up_after;
}

}  // namespace

Worker::Worker(const Shared& shared, std::string name) : shared_(shared), name_(std::move(name)), random_(std::random_device{}()) {
  error_ = fmt::format("receiver \"{}\" is not configured", name_);
  unusable_since_ = shared_.clock.steady();
  thread_ = std::thread([this] { run(); });
}

Worker::~Worker() {
  ask_to_stop();
  abort();
  join();
}

void Worker::configure(const config::Receiver& receiver, std::shared_ptr<const Notifier> notifier, std::string error,
                       std::shared_ptr<Sender> sender) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = shared_.clock.steady();
  const bool changed = !notifier_ || !same(receiver, receiver_);
  if (!notifier && (notifier_ || error_ != error)) unusable_since_ = now;
  receiver_ = receiver;
  scrub_ = Scrubber(receiver);
  notifier_ = std::move(notifier);
  error_ = std::move(error);
  sender_ = std::move(sender);
  if (changed) {
    not_before_ = now;
    for (auto& [group, jobs] : groups_)
      for (Job& job : jobs) job.due = std::min(job.due, now);
  }
  wake_.notify_all();
}

void Worker::vanish() {
  const std::lock_guard lock(mutex_);
  if (notifier_) unusable_since_ = shared_.clock.steady();
  notifier_.reset();
  sender_.reset();
  error_ = fmt::format("receiver \"{}\" is no longer configured", name_);
  wake_.notify_all();
}

void Worker::add(const OutboxRow& row) {
  const std::lock_guard lock(mutex_);
  auto& jobs = groups_[row.group];
  const auto known = std::any_of(jobs.begin(), jobs.end(), [&](const Job& job) { return job.row.id == row.id; });
  if (known || (row.notification.kind == NotificationKind::refire && withdraw(row))) {
    wake_.notify_all();
    return;
  }
  const SteadyTime now = shared_.clock.steady();
  Job job{row, now, false, row.attempts > 0 || row.created < shared_.started};
  if (row.next_attempt) {
    // The stored time is the wall clock's, which may have been set since: never wait longer than we could have meant.
    const Duration longest = std::max(receiver_.backoff_max, retry_after_cap);
    job.due = now + std::clamp<Duration>(*row.next_attempt - shared_.clock.wall(), 0ms, longest);
  }
  jobs.push_back(std::move(job));
  wake_.notify_all();
}

/// The resolve before this "failing again" was never tried: nobody needs to hear either.
bool Worker::withdraw(const OutboxRow& refire) {
  auto& jobs = groups_[refire.group];
  for (auto job = jobs.rbegin(); job != jobs.rend(); ++job) {
    const NotificationKind kind = job->row.notification.kind;
    if (kind == NotificationKind::update) continue;
    if (kind != NotificationKind::resolve || job->flying || job->tried_before || job->row.attempts > 0) return false;
    const std::string why = "withdrawn: it failed again before anyone was told that it works";
    reports_.push_back({job->row.id, OutboxState::cancelled, 0, std::nullopt, why});
    reports_.push_back({refire.id, OutboxState::cancelled, 0, std::nullopt, why});
    jobs.erase(std::next(job).base());
    return true;
  }
  return false;
}

bool Worker::idle() {
  const std::lock_guard lock(mutex_);
  return reports_.empty() && std::all_of(groups_.begin(), groups_.end(), [](const auto& group) { return group.second.empty(); });
}

void Worker::ask_to_stop() {
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  wake_.notify_all();
}

bool Worker::wait_stopped(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  return finished_.wait_until(lock, until, [&] { return stopped_; });
}

void Worker::abort() {
  const std::lock_guard lock(mutex_);
  aborted_ = true;
  if (flying_) flying_->abort();
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::run() {
  std::unique_lock lock(mutex_);
  while (true) {
    hand_over(lock);
    if (stopping_) break;
    const SteadyTime now = shared_.clock.steady();
    SteadyTime wake = SteadyTime::max();
    if (Job* job = next(now, wake)) {
      if (notifier_) attempt(lock, *job);
      else expire(*job);
    } else if (reports_.empty()) {
      shared_.waiter.wait(wake_, lock, wake);
    }
  }
  stopped_ = true;
  finished_.notify_all();
}

void Worker::hand_over(std::unique_lock<std::mutex>& lock) {
  while (!reports_.empty()) {
    const std::vector<DeliveryReport> reports = std::move(reports_);
    reports_.clear();
    lock.unlock();
    for (const DeliveryReport& report : reports) shared_.reporter(report);
    lock.lock();
  }
}

Worker::Job* Worker::next(SteadyTime now, SteadyTime& wake) {
  Job* best = nullptr;
  for (auto group = groups_.begin(); group != groups_.end();) {
    if (group->second.empty()) {
      group = groups_.erase(group);
      continue;
    }
    Job& head = group->second.front();
    const SteadyTime due = notifier_ ? std::max(head.due, not_before_) : unusable_since_ + unusable_grace;
    if (due > now) wake = std::min(wake, due);
    else if (!best || head.row.id < best->row.id) best = &head;
    ++group;
  }
  return best;
}

void Worker::attempt(std::unique_lock<std::mutex>& lock, Job& job) {
  job.flying = true;
  const std::shared_ptr<const Notifier> notifier = notifier_;
  const std::shared_ptr<Sender> sender = flying_ = sender_;
  const Notification notification = job.row.notification;
  const Duration timeout = receiver_.timeout;
  lock.unlock();

  HttpResponse response;
  Disposition disposition;
  try {
    response = sender->send(notifier->render(notification, shared_.clock.wall()), timeout);
    disposition = notifier->judge(response, shared_.clock.wall());
  } catch (const std::exception& e) {
    disposition = {Disposition::Kind::retry, std::nullopt, fmt::format("could not be sent: {}", e.what())};
  }

  lock.lock();
  flying_.reset();
  job.flying = false;
  if (aborted_ && response.status == 0) return;  // our doing, not the receiver's: it stays pending as it was
  if (response.status == 429 && disposition.retry_after) not_before_ = shared_.clock.steady() + *disposition.retry_after;
  const DeliveryReport report = conclude(job, disposition);
  if (report.state != OutboxState::pending) remove(job);
  reports_.push_back(report);
}

DeliveryReport Worker::conclude(Job& job, const Disposition& disposition) {
  using Kind = Disposition::Kind;
  const Timestamp now = shared_.clock.wall();
  DeliveryReport report;
  report.outbox_id = job.row.id;
  report.attempts = ++job.row.attempts;
  report.error = clean_line(scrub_(disposition.error));
  switch (disposition.kind) {
    case Kind::delivered:
      report.state = OutboxState::delivered;
      report.error.clear();
      return report;
    case Kind::refused:
      report.state = OutboxState::dead;
      return report;
    case Kind::retry: break;
  }
  if (now - job.row.created >= receiver_.give_up_after) {
    report.state = OutboxState::dead;
    report.error = clean_line(fmt::format("gave up after {}: {}", spell_duration(receiver_.give_up_after), report.error));
    return report;
  }
  Duration delay = backoff(report.attempts);
  if (disposition.retry_after && *disposition.retry_after > 0ms) delay = std::min(*disposition.retry_after, retry_after_cap);
  job.due = shared_.clock.steady() + delay;
  report.next_attempt = now + delay;
  return report;
}

/// Doubles from the first to the longest, and takes between half of it and all, so that many do not come at once.
Duration Worker::backoff(std::uint32_t attempts) {
  const Duration first = std::max<Duration>(receiver_.backoff_first, 1ms);
  const Duration longest = std::max(receiver_.backoff_max, first);
  const std::uint32_t doublings = std::min<std::uint32_t>(attempts - 1, 20);
  const Duration whole = std::min(longest, std::max(first, Duration{first.count() << doublings}));
  return Duration{std::uniform_int_distribution<Duration::rep>(std::max<Duration::rep>(whole.count() / 2, 1), whole.count())(random_)};
}

void Worker::expire(Job& job) {
  reports_.push_back({job.row.id, OutboxState::dead, job.row.attempts, std::nullopt, error_});
  remove(job);
}

void Worker::remove(const Job& job) { groups_[job.row.group].pop_front(); }

}  // namespace outaged::alerts
