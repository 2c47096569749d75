#include "probes/llm/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace outaged::probes::llm {
namespace {

constexpr Duration day_length = 24h;
constexpr std::int64_t kept_days = 3;
constexpr Duration first_backoff = 1min;  // after a 429 that does not say how long
constexpr Duration longest_wait_of_failure = 1min;  // an outage must still be watched: its end is worth a request

std::string subject_of(const std::string& ledger) { return "LLM budget of " + ledger; }

}  // namespace

std::string_view spell(Leave leave) {
  switch (leave) {
    case Leave::granted: return "may be asked";
    case Leave::not_its_turn: return "not asked in this run";
    case Leave::ahead: return "not asked: the budget is used up for this time of the day";
    case Leave::spent: return "not asked: today's budget is spent";
    case Leave::too_fast: return "not asked: paid requests come at most so often";
    case Leave::waiting: return "not asked: we were told to wait";
    case Leave::stopped: return "not asked: the account is out of credit, over its limit or disabled";
  }
  return "not asked";
}

std::int64_t Ledger::today() const {
  return std::chrono::floor<std::chrono::days>(clock_.wall()).time_since_epoch().count();
}

double Ledger::day_part() const {
  const Timestamp now = clock_.wall();
  const Duration since = now - std::chrono::floor<std::chrono::days>(now);
  return static_cast<double>(since.count()) / static_cast<double>(Duration{day_length}.count());
}

std::shared_ptr<Ledger::Seat> Ledger::join(const std::string& ledger, const std::string& target) {
  const std::lock_guard lock(mutex_);
  Account& account = accounts_[ledger];
  std::erase_if(account.seats, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<Seat>& known = account.seats[target];
  auto seat = known.lock();
  if (!seat) known = seat = std::make_shared<Seat>(ledger, target);
  return seat;
}

void Ledger::limit_all(Limits limits) {
  const std::lock_guard lock(mutex_);
  all_ = limits;
}

Ledger::Count Ledger::total(std::int64_t day) const {
  Count sum;
  for (const auto& [name, account] : accounts_) {
    const auto found = account.days.find(day);
    if (found == account.days.end()) continue;
    sum.requests += found->second.requests;
    sum.tokens += found->second.tokens;
  }
  return sum;
}

bool Ledger::over_limit(const Count& count, const Limits& limits, std::int64_t tokens) const {
  return (limits.requests_per_day > 0 && count.requests + 1 > limits.requests_per_day) ||
         (limits.tokens_per_day > 0 && count.tokens + tokens > limits.tokens_per_day);
}

Duration calm_gap(const Limits& limits, std::int64_t tokens, std::int64_t seats) {
  double seconds = 0;
  const auto at_most = [&](std::int64_t limit, std::int64_t each) {
    if (limit > 0)
      seconds = std::max(seconds, 86400.0 * static_cast<double>(each) / (Ledger::calm_share * static_cast<double>(limit)));
  };
  at_most(limits.requests_per_day, 1);
  at_most(limits.tokens_per_day, tokens);
  return from_seconds(seconds * static_cast<double>(std::max<std::int64_t>(1, seats)));
}

Duration Ledger::gap(const Account& account, const Limits& limits, std::int64_t tokens) const {
  std::int64_t seats = 0;
  for (const auto& entry : account.seats) seats += entry.second.expired() ? 0 : 1;
  return from_seconds(to_seconds(calm_gap(limits, tokens, seats)) * account.slowed);
}

bool Ledger::in_turn(const Account& account, const Seat& seat, const Limits& limits, std::int64_t tokens, SteadyTime now) const {
  if (now < seat.next_turn) return false;
  // Turns are counted from the start of this process; the curve holds across restarts.
  const auto counted = account.days.find(today());
  const Count count = counted == account.days.end() ? Count{} : counted->second;
  const double seats = static_cast<double>(account.seats.size()), part = day_part() * calm_share;
  const auto within = [&](std::int64_t used, std::int64_t limit, double each) {
    return limit <= 0 || static_cast<double>(used) <= part * static_cast<double>(limit) + seats * each;
  };
  return within(count.requests, limits.requests_per_day, 1) &&
         within(count.tokens, limits.tokens_per_day, static_cast<double>(tokens));
}

/// After a 429 everything comes half as often; every ten minutes without one it doubles again.
void Ledger::ease(Account& account, SteadyTime now) {
  while (account.slowed > 1 && now - account.slowed_at >= recovery) {
    account.slowed = std::max(1.0, account.slowed / 2);
    account.slowed_at += recovery;
  }
}

void Ledger::new_day(const std::string& name, Account& account, std::int64_t today) {
  for (auto& [day, count] : account.days) {
    if (day >= today || !count.told) continue;
    count.told = false;
    count.changed = true;
    notices_.push_back({subject_of(name), "a new day: completions are asked again", true});
  }
  // Only what is stored already.
  std::erase_if(account.days, [&](const auto& entry) { return entry.first < today - kept_days && !entry.second.changed; });
}

Leave Ledger::may(Account& account, Seat& seat, const Limits& limits, Urgency urgency, std::int64_t tokens, SteadyTime now) {
  if (now < account.stopped_until) return Leave::stopped;
  if (now < account.wait_until) return Leave::waiting;
  const auto today_is = today();
  Count& count = account.days[today_is];
  if (over_limit(count, limits, tokens) || over_limit(total(today_is), all_, tokens)) return Leave::spent;
  const bool turn = in_turn(account, seat, limits, tokens, now);
  switch (urgency) {
    case Urgency::calm:
      if (!turn) return Leave::not_its_turn;
      break;
    case Urgency::urgent: {
      const double part = day_part() * calm_share + (1 - calm_share);
      const auto within = [&](std::int64_t after, std::int64_t limit) {
        return limit <= 0 || static_cast<double>(after) <= part * static_cast<double>(limit);
      };
      if (!turn && !(within(count.requests + 1, limits.requests_per_day) && within(count.tokens + tokens, limits.tokens_per_day)))
        return Leave::ahead;
      break;
    }
    case Urgency::fixed: break;
  }
  while (!account.recent.empty() && now - account.recent.front() >= 1min) account.recent.pop_front();
  const double a_minute = std::max(1.0, paid_per_minute / account.slowed);
  if (static_cast<double>(account.recent.size()) + 1 > a_minute) return Leave::too_fast;
  return Leave::granted;
}

Ledger::Ticket Ledger::reserve(Seat& seat, const Limits& limits, Urgency urgency, std::int64_t tokens) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.steady();
  Account& account = accounts_[seat.ledger];
  account.limits = limits;
  ease(account, now);
  new_day(seat.ledger, account, today());
  Ticket ticket{may(account, seat, limits, urgency, tokens, now), today(), tokens};
  Count& count = account.days[ticket.day];
  switch (ticket.leave) {
    case Leave::granted: {
      account.reduced = false;
      ++count.requests;
      count.tokens += tokens;
      count.changed = true;
      ++account.requests;
      account.recent.push_back(now);
      // A turn that came late (runs are on a grid of their own) is made up for, but never more than one.
      const Duration every = gap(account, limits, tokens);
      seat.next_turn = seat.next_turn == SteadyTime{} ? now + every : std::max(seat.next_turn + every, now);
      break;
    }
    case Leave::spent:
      account.reduced = true;
      if (count.told) break;
      count.told = count.changed = true;
      notices_.push_back({subject_of(seat.ledger),
                          fmt::format("today's budget of paid requests is spent ({} requests, about {} tokens): until "
                                      "midnight UTC only free requests are asked, which cannot see failing completions",
                                      count.requests, count.tokens),
                          false});
      break;
    case Leave::ahead:
    case Leave::waiting:
    case Leave::stopped: account.reduced = true; break;
    case Leave::not_its_turn:
    case Leave::too_fast: break;
  }
  return ticket;
}

void Ledger::settle(Seat& seat, const Ticket& ticket, Class cls, std::int64_t tokens, Duration wait) {
  const std::lock_guard lock(mutex_);
  const SteadyTime now = clock_.steady();
  Account& account = accounts_[seat.ledger];
  if (tokens > 0 && tokens != ticket.tokens) {
    Count& count = account.days[ticket.day];
    count.tokens += tokens - ticket.tokens;
    count.changed = true;
  }
  account.tokens += static_cast<std::uint64_t>(tokens > 0 ? tokens : ticket.tokens);
  if (cls == Class::account) {
    account.stopped_until = now + stop_for;
    if (!account.stop_told) {
      account.stop_told = true;
      notices_.push_back({"LLM account of " + seat.ledger,
                          "it is out of credit, over its limit or disabled: paid requests stop, one an hour tries again", false});
    }
    return;
  }
  if (cls == Class::ok && account.stop_told) {
    account.stop_told = false;
    notices_.push_back({"LLM account of " + seat.ledger, "paid requests are answered again", true});
  }
  if (cls == Class::rate_limited || cls == Class::upstream_limited) {
    ease(account, now);
    account.slowed = std::min(most_slowed, account.slowed * 2);
    account.slowed_at = now;
    const int doublings = std::min(account.limited_in_a_row++, 6);
    const Duration pause = wait > Duration{} ? wait : first_backoff * (1 << doublings);
    account.wait_until = std::max(account.wait_until, now + std::min<Duration>(pause, longest_wait));
    return;
  }
  account.limited_in_a_row = 0;
  if (wait > Duration{} && cls != Class::ok)
    account.wait_until = std::max(account.wait_until, now + std::min<Duration>(wait, longest_wait_of_failure));
}

void Ledger::restore(const std::vector<Spent>& rows) {
  const std::lock_guard lock(mutex_);
  for (const Spent& row : rows) {
    Count& count = accounts_[row.ledger].days[row.day];
    count.requests += row.requests;
    count.tokens += row.tokens;
    count.told = row.told;
  }
}

std::vector<Spent> Ledger::take_changes() {
  const std::lock_guard lock(mutex_);
  std::vector<Spent> out;
  for (auto& [name, account] : accounts_) {
    for (auto& [day, count] : account.days) {
      if (!std::exchange(count.changed, false)) continue;
      out.push_back({name, day, count.requests, count.tokens, count.told});
    }
  }
  return out;
}

std::vector<LedgerNotice> Ledger::take_notices() {
  const std::lock_guard lock(mutex_);
  return std::exchange(notices_, {});
}

std::vector<LedgerStatus> Ledger::status() const {
  const std::lock_guard lock(mutex_);
  std::vector<LedgerStatus> out;
  const std::int64_t day = today();
  for (const auto& [name, account] : accounts_) {
    const bool seated = std::any_of(account.seats.begin(), account.seats.end(), [](const auto& entry) { return !entry.second.expired(); });
    if (!seated) continue;
    LedgerStatus status{.name = name, .requests = account.requests, .tokens = account.tokens, .limits = account.limits, .reduced = account.reduced};
    if (const auto count = account.days.find(day); count != account.days.end()) {
      status.requests_today = count->second.requests;
      status.tokens_today = count->second.tokens;
    }
    out.push_back(std::move(status));
  }
  return out;
}

}  // namespace outaged::probes::llm
