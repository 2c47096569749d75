// The sequential test behind every "it is down": one Bernoulli stream, good or bad, probe by probe.
//
// Three CUSUMs (Page 1954) run side by side against a learned baseline p0, one for each failure rate we want to find
// fast: 90 %, 40 % and 10 % (and 2 %, where there is data enough for it). Each adds up the log-likelihood ratio of "fails at p1" against "fails at p0" and never
// falls below zero; the first to reach h fires. For a known p1 no rule with the same false-alarm rate is faster in
// Lorden's (1971) sense (Moustakides 1986). The threshold needs no tuning: exp(S) is at most the Shiryaev-Roberts
// statistic, whose mean grows by one a probe while all is well, so h = ln(rungs · probes a year / budget) gives at most
// `budget` false alarms a year, whatever p0 is.
//
// Pure and deterministic; owned by the engine. Times rise with each call up to scheduling jitter.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "core/topology.h"

namespace outaged {

/// Failure rate of a target that nothing is known of yet.
inline constexpr double prior_baseline = 0.005;
/// The rungs in use: three, and one at 2 % for streams with much data (ten probes a second or more).
int detection_rungs(Duration interval);
/// h in nats for this probing interval and budget (false alarms per target-year).
double detection_threshold(Duration interval, double false_alarms_per_year);
/// The rules of a stream that takes the probes of all these targets: its rate is their sum, its budget one target's.
DetectionRules pooled_rules(const std::vector<const DetectionRules*>& targets);

/// A position in counters that the owner keeps (the component's pooled failures and probes). The detector remembers the
/// one at which an excursion began, so that the owner can tell what it counted since.
struct Mark {
  std::uint64_t failures = 0, probes = 0;
};

class Detector {
 public:
  static constexpr std::array<double, 4> rungs = {0.9, 0.4, 0.1, 0.02};
  /// What the baseline is learned from is never fewer probes than this: at first, and after a silence, as if so many had
  /// failed at the rate that was taken to be normal.
  static constexpr double least_memory = 2000;
  enum class Change : std::uint8_t { none, fired, recovered, refractory /* not counted */ };

  /// Takes one usable probe that started at `at`. `teaches`: of the base schedule while nothing is open, so that it may
  /// teach the baseline. `mark` is the owner's position before this probe.
  Change take(bool bad, Timestamp at, bool teaches, const DetectionRules& rules, const Mark& mark);

  /// The same for `count` good ones at the same moment, at the cost of one. Not while it fires, nor by the classic rule.
  void take_good(std::uint64_t count, Timestamp at, bool teaches, const DetectionRules& rules);

  /// Forgets suspicion, keeps the baseline. Used after a gap.
  void calm();
  /// Forgets the outage too: nobody watches it any more.
  void stop();

  bool firing() const { return state_.firing; }
  /// Failure rate that is normal here, as learned: from 0.1 % to 5 %, or to what the user says is to be expected.
  double baseline(const DetectionRules& rules) const;
  /// 0 calm, 1 fires.
  double suspicion(const DetectionRules& rules) const;

  /// Start of the excursion that fired or, while calm, of the most suspicious one.
  Timestamp onset() const;
  Mark onset_mark() const;
  /// Some sum is above zero, or it fires.
  bool suspicious(const DetectionRules& rules) const;
  /// Nothing is counted before this time.
  Timestamp refractory_until() const { return state_.refractory_until; }
  double onset_baseline() const { return state_.onset_baseline; }
  std::uint64_t excursion_failures() const;
  std::uint64_t excursion_probes() const;
  /// Good probes in a row that end it: fewer than one chance in a thousand if it still went on.
  int recovery_run() const;

  /// One CUSUM: its sum, and what it saw since the sum last left zero.
  struct Rung {
    double sum = 0;
    Timestamp start{};
    std::uint32_t failures = 0, probes = 0;
    Mark mark;
  };
  /// All it knows; stored with the engine's snapshot.
  struct State {
    std::array<Rung, 4> rungs;
    double good = least_memory, bad = least_memory * prior_baseline;  // decayed counts behind the baseline (all probes, failures)
    double weighed = 0;                  // the baseline that the weights in use were made for; 0: none yet
    Timestamp learned = never_past, last = never_past, refractory_until = never_past;
    bool firing = false;
    // while firing: of the excursion that fired
    Timestamp onset{};
    Mark mark;
    double onset_baseline = 0.005;
    std::uint64_t failures = 0, probes = 0;
    std::uint32_t run = 0;               // good probes in a row (classic rule: also failures in a row, while calm)
    Timestamp run_start{};
  };
  const State& state() const { return state_; }
  void restore(const State& state);

 private:
  void forget_after_gap(Timestamp at, const DetectionRules& rules);
  void learn(std::uint64_t count, bool bad, Timestamp at, Duration half_life);
  void weigh(const DetectionRules& rules);
  void make_weights();
  void fire(const Rung& rung, const DetectionRules& rules);
  Change take_firing(bool bad, Timestamp at, const DetectionRules& rules);
  Change take_classic(bool bad, Timestamp at, const DetectionRules& rules, const Mark& mark);
  const Rung& highest() const;

  State state_;
  double top_ = 0;  // the highest of the sums
  // Logarithms, for state_.weighed; kept until the baseline has moved by half a percent: they are most of a probe's cost.
  struct Weight {
    bool used = false;
    double bad = 0, good = 0;
  };
  std::array<Weight, 4> weights_;
  double kept_ = 1;  // of the baseline's counts over kept_for_
  Duration kept_for_{}, kept_half_life_{};
  // The threshold of the rules last seen: a logarithm too.
  double threshold_ = 0, threshold_budget_ = 0;
  Duration threshold_interval_{};
  double threshold(const DetectionRules& rules);
};

}  // namespace outaged
