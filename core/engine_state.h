// The engine's state and its parts, shared by engine.cpp (inputs), engine_reports.cpp (what others tell us),
// engine_judge.cpp (verdicts and incidents) and engine_save.cpp (the snapshot). Nobody else includes it.
#pragma once

#include <set>
#include <utility>
#include <vector>

#include "core/controls.h"
#include "core/detector.h"
#include "core/engine.h"
#include "core/page_watch.h"
#include "core/people.h"
#include "core/traffic.h"

namespace outaged {

/// Probes without a usable answer for this many intervals: we cannot see.
inline constexpr int blind_intervals = 3;
/// Reported traffic has no interval: a night without requests is no news, but neither is it sight.
inline constexpr Duration reported_sight = 5min;

struct TargetState {
  const TargetSpec* spec = nullptr;  // null: not configured now; what it learned is kept
  Detector detector;                 // of failures
  Detector slow;                     // of good answers that were slow
  double median_ms = 0;              // running median of good answers that were not; 0: none yet
  Duration cadence{};                // as last told to the probe loop; zero: its own interval
  Timestamp polite_until = never_past;  // it asked us to slow down
  bool proven = false;
  bool baseline_told = false;        // that much failing is normal here
  bool doubt = false;                // its last usable-or-maybe outcome was not good
  std::uint32_t unproven_failures = 0;
  Timestamp last_void = never_past;  // an answer that says nothing of the provider: a challenge, a dead key
  Class void_class = Class::ok;      // which
  Timestamp last_usable = never_past, last_good = never_past, last_bad = never_past,
            last_slow = never_past;
  std::vector<Proof> proof;          // of its last bad probes, oldest first
  Traffic traffic;                   // of a source that reports; unused for a probe
  std::size_t vantage = 0;           // the same: its place in State::vantages

  bool reported() const { return !spec->source.empty(); }
  Duration sight() const { return reported() ? reported_sight : blind_intervals * spec->rules.interval; }
};

struct ComponentState {
  const ComponentSpec* spec = nullptr;
  std::vector<TargetId> targets;     // that are judged: probed ones first, then those of whom somebody reports
  std::size_t probed = 0;            // how many are probed
  std::vector<TargetId> advisory;    // that are not judged
  People people;
  // The same two streams over every target's probes, so that evidence adds up; unused for a single target.
  Detector pooled, pooled_slow;
  DetectionRules pooled_rules;
  Mark total;                        // counted failures and probes of all its targets, ever
  PageWatch page;
  Verdict verdict;
  std::optional<Incident> incident;  // open, or recovered and still of interest
  Mark onset_mark, episode_mark;     // of the incident, and of its latest opening
  Mark last_failure_mark;            // after the last counted failure: what came later is the recovery
  std::uint64_t slow_total = 0, slow_mark = 0;  // slow answers of all its targets, ever; at the incident's onset
  bool gate_passed = false;
  bool unreadable_told = false;      // that its page cannot be read
  bool blind_told = false;           // that we ask, and nothing usable comes
  std::vector<Agreement> called;     // mismatches called during this incident: each is told once
  Timestamp deadline = never;

  bool open() const { return incident && !incident->recovered; }
};

struct Engine::State {
  std::shared_ptr<const Topology> topology = std::make_shared<Topology>();    // with those who report
  std::shared_ptr<const Topology> configured = topology;                      // without them
  std::vector<TargetSpec> reporting;       // sources that report of a component
  std::vector<std::vector<TargetId>> vantages;  // all that one source reports of
  Timestamp now = never_past;
  Seq seq = 0;
  std::vector<TargetState> targets;        // by id
  std::vector<ComponentState> components;  // by id
  Controls controls;
  bool network_down = false;
  bool voters_lacking_told = false;        // that too few controls have a vote
  Timestamp network_deadline = never;
  Timestamp network_back = never_past;     // when it last came back: a reading that failed before proves nothing
  std::set<std::pair<Timestamp, std::uint32_t>> deadlines;  // of components

  // engine.cpp: what comes in
  void apply(const Observation& observation, Effects& out);
  void apply(const Claim& claim, Effects& out);
  void apply(const ConfigChange& change, Effects& out);
  void apply(const OperatorAction& action);
  void apply(const Reporting& change, Effects& out);
  void join_reporting();
  void configure(std::shared_ptr<const Topology> next);
  void observe_control(const Observation& observation, Effects& out);
  void note_unproven(TargetState& target, Effects& out);
  void note_baseline(TargetState& target, Effects& out);
  Disposition observe_target(TargetState& target, const Observation& observation, Effects& out);
  void announce(Detector::Change change, const Detector& stream, const ComponentState& owner, std::optional<TargetId> target,
                bool slow, const DetectionRules& rules, Effects& out);
  Detector::Change feed(Detector& stream, const ComponentState& owner, std::optional<TargetId> target, bool slow, bool bad,
                        Timestamp started, bool teaches, const DetectionRules& rules, const Mark& mark, Effects& out);
  void keep_proof(TargetState& target, const Observation& observation, std::string detail);
  static bool suspicious(const ComponentState& component);
  void set_cadence(TargetState& target, Effects& out, double spread = 0);
  void set_cadence(ComponentState& component, Effects& out);
  void check_network(Effects& out);
  void check_voters(Effects& out);
  void fire_deadline(Effects& out);
  Timestamp next_deadline() const;

  // engine_reports.cpp: what others tell us
  Disposition observe_reported(TargetState& target, const Observation& observation, Effects& out);
  Disposition observe_advisory(TargetState& target, const Observation& observation, Effects& out);
  std::optional<Disposition> doubted(const TargetState& target, Timestamp ended) const;
  bool corroborated(const TargetState& target) const;
  bool advised(const ComponentState& component) const;
  bool speaks(const TargetState& advisory) const;
  void forget_silent(ComponentState& component, Effects& out);

  // engine_judge.cpp: what it means
  void open_incident(ComponentState& component, const Detector& by, bool slow, const DetectionRules& rules, Effects& out);
  void recover(ComponentState& component, Effects& out);
  void evaluate(ComponentState& component, Effects& out);
  bool blind(const ComponentState& component) const;
  Timestamp sees_until(const ComponentState& component, bool reported_only = false) const;
  Status health(const ComponentState& component) const;
  double episode_rate(const ComponentState& component) const;
  Status surely(const ComponentState& component) const;
  bool any_firing(const ComponentState& component) const;

  ComponentState& component(ComponentId id) { return components[index(id)]; }
  const ComponentState& component(ComponentId id) const { return components[index(id)]; }
  void tell(Effects& out, Effect effect) const { out.list.push_back({now, std::move(effect)}); }

 private:
  void refresh_incident(ComponentState& component, Effects& out);
  void follow_page(ComponentState& component, Effects& out);
  void follow_page_only(ComponentState& component, Effects& out);
  void find_common_cause(ComponentState& component, Effects& out);
  void collect_evidence(ComponentState& component);
  void tell_unreadable(ComponentState& component, Agreement agreement, Effects& out);
  void tell_blind(ComponentState& component, bool is_blind, Effects& out);
  std::pair<Agreement, bool> judge(const ComponentState& component, bool is_blind) const;
  void schedule(ComponentState& component);
};

/// Which of its targets fail and which work, in words; empty where there is nothing to tell apart.
std::string scope_sentence(const Engine::State& state, const ComponentState& component);
/// The verdict's sentence, with the numbers (core/why.cpp).
std::string explain(const Engine::State& state, const ComponentState& component, const Verdict& verdict);

}  // namespace outaged
