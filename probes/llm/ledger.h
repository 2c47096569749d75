// What paid probes may cost, and what they have cost: requests and tokens per UTC day, for each ledger (one account at
// one provider) and for all together; how fast they may come; who must wait. Reserved before a request is asked, settled
// after its answer. The counts outlive a restart: the pipeline stores what take_changes() gives.
// Any thread: the probe loop reserves and settles, the pipeline reads. Never blocks on anything but its own mutex.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/model.h"

namespace outaged::probes::llm {

/// Of one UTC day; 0: none.
struct Limits {
  std::int64_t tokens_per_day = 0, requests_per_day = 0;
};

/// Between two paid runs of one target in calm times, so that all `seats` of a ledger together use the calm share of the
/// day's budget, at so many tokens each.
Duration calm_gap(const Limits& limits, std::int64_t tokens, std::int64_t seats);

/// How much the answer matters just now.
enum class Urgency : std::uint8_t {
  calm,    // in its turn, spread evenly over the day
  urgent,  // something is suspected: what is held back for it may be used
  fixed,   // the user asked for this rung at every run: as long as the day's budget lasts
};

/// Whether a paid request may be asked, or why not.
enum class Leave : std::uint8_t {
  granted,
  not_its_turn,  // the paid rung comes every few runs
  ahead,         // the day's budget has been used faster than the day passes, and the reserve is gone
  spent,         // the day's budget has ended
  too_fast,      // ten a minute for each ledger, fewer after a 429
  waiting,       // asked to wait, by a 429 or a Retry-After
  stopped,       // the account is out of credit or disabled
};
/// For evidence: "today's budget is spent".
std::string_view spell(Leave leave);

/// What the ledgers show of themselves.
struct LedgerStatus {
  std::string name;
  std::uint64_t requests = 0, tokens = 0;  // since the start of this process
  std::int64_t requests_today = 0, tokens_today = 0;
  Limits limits;
  bool reduced = false;                    // for now only free requests are asked
};

/// Our own trouble, for the receiver `self`.
struct LedgerNotice {
  std::string subject, text;
  bool over = false;
};

class Ledger {
 public:
  explicit Ledger(const Clock& clock) : clock_(clock) {}

  /// A target's place at its ledger. The day's requests are shared among the places that exist.
  struct Seat {
    const std::string ledger, target;
    // The llm kind's own memory of the target, which outlives a reload; on the thread that runs its probe.
    bool suspect = false;            // its last paid answer was not ok: only a paid one can say ok again
    bool streamed = false;           // … and it was the streamed one
    int variant = 0;                 // how this model wants its cap written
    std::uint64_t free_runs = 0, paid_runs = 0;
    SteadyTime last_ok{};            // of a paid answer; zero: never
    // The ledger's, under its mutex.
    SteadyTime next_turn{};
    Seat(std::string in_ledger, std::string of_target) : ledger(std::move(in_ledger)), target(std::move(of_target)) {}
  };
  /// The same place for the same target, as long as anybody holds it.
  std::shared_ptr<Seat> join(const std::string& ledger, const std::string& target);

  /// A limit over all ledgers together.
  void limit_all(Limits limits);

  struct Ticket {
    Leave leave = Leave::not_its_turn;
    std::int64_t day = 0, tokens = 0;  // reserved
  };
  /// Takes one request and so many tokens off the budget, if it may be asked.
  Ticket reserve(Seat& seat, const Limits& limits, Urgency urgency, std::int64_t tokens);
  /// What became of it. `tokens`: as the provider counted; 0: it did not say, the estimate stands.
  /// `wait`: how long it asks to be left alone; zero: it does not say.
  void settle(Seat& seat, const Ticket& ticket, Class cls, std::int64_t tokens, Duration wait);

  /// From the database, at start.
  void restore(const std::vector<Spent>& rows);
  /// What changed since the last call, to be stored.
  std::vector<Spent> take_changes();
  std::vector<LedgerNotice> take_notices();
  std::vector<LedgerStatus> status() const;
  const Clock& clock() const { return clock_; }

  static constexpr int paid_per_minute = 10;
  static constexpr double calm_share = 0.75;        // of the day's budget; the rest is held back for suspicion
  static constexpr Duration longest_wait = 1h;
  static constexpr Duration stop_for = 1h;          // after `account`, until one request may try again
  static constexpr Duration recovery = 10min;       // after a 429 the pace doubles again this often
  static constexpr double most_slowed = 16;

 private:
  struct Count {
    std::int64_t requests = 0, tokens = 0;
    bool told = false, changed = false;
  };
  struct Account {
    std::map<std::int64_t, Count> days;
    std::map<std::string, std::weak_ptr<Seat>> seats;
    std::deque<SteadyTime> recent;                  // paid requests of the last minute
    SteadyTime wait_until{}, stopped_until{}, slowed_at{};
    double slowed = 1;
    int limited_in_a_row = 0;
    bool stop_told = false, reduced = false;
    std::uint64_t requests = 0, tokens = 0;
    Limits limits;                                  // as last asked with
  };

  Leave may(Account& account, Seat& seat, const Limits& limits, Urgency urgency, std::int64_t tokens, SteadyTime now);
  bool in_turn(const Account& account, const Seat& seat, const Limits& limits, std::int64_t tokens, SteadyTime now) const;
  bool over_limit(const Count& count, const Limits& limits, std::int64_t tokens) const;
  Duration gap(const Account& account, const Limits& limits, std::int64_t tokens) const;
  void ease(Account& account, SteadyTime now);
  void new_day(const std::string& name, Account& account, std::int64_t today);
  Count total(std::int64_t day) const;
  std::int64_t today() const;
  double day_part() const;

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Account> accounts_;
  Limits all_;
  std::vector<LedgerNotice> notices_;
};

}  // namespace outaged::probes::llm
