#include "daemon/replay.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "daemon/trace.h"
#include "storage/history.h"

namespace outaged {
namespace {

std::shared_ptr<const Topology> with_overrides(const Topology& topology, const ReplayOptions& options) {
  auto out = std::make_shared<Topology>(topology);
  for (TargetSpec& target : out->targets) {
    DetectionRules& rules = target.rules;
    if (options.interval) {
      rules.interval = *options.interval;
      rules.refractory = rules.interval - rules.interval / 20;
    }
    if (options.min_outage) rules.min_outage = *options.min_outage;
    if (options.false_alarms_per_year) rules.false_alarms_per_year = *options.false_alarms_per_year;
  }
  for (ComponentSpec& component : out->components) {
    if (options.reopen) component.rules.reopen = *options.reopen;
    if (options.grace) component.rules.grace = *options.grace;
  }
  return out;
}

/// Folds inputs and keeps what a reader of the past wants to know.
class Recorder {
 public:
  explicit Recorder(ReplayReport& report, const ReplayOptions& options) : report_(report), options_(options) {}

  void start(Engine engine) { engine_ = std::move(engine); }

  void take(const Input& input) {
    if (const auto* change = std::get_if<ConfigChange>(&input.what)) {
      if (options_.topology || !change->topology) return;  // counterfactual: the day's own rules do not hold
      report_.topology = with_overrides(*change->topology, options_);
      step({.seq = input.seq, .at = input.at, .what = ConfigChange{report_.topology}});
      return;
    }
    step(input);
  }

  void begin(std::shared_ptr<const Topology> topology, Timestamp at) {
    report_.topology = topology;
    step({.seq = 0, .at = at, .what = ConfigChange{std::move(topology)}});
  }

  void finish() {
    for (auto& [id, incident] : incidents_) report_.incidents.push_back(std::move(incident));
    std::stable_sort(report_.incidents.begin(), report_.incidents.end(),
                     [](const Incident& a, const Incident& b) { return a.onset < b.onset; });
  }

 private:
  void step(const Input& input) {
    engine_.step(input, effects_);
    ++report_.inputs;
    if (!report_.from) report_.from = input.at;
    report_.to = input.at;
    for (const auto& [at, effect] : effects_.list) {
      if (const auto* e = std::get_if<IncidentOpened>(&effect)) incidents_[e->incident.id] = e->incident;
      if (const auto* e = std::get_if<IncidentReopened>(&effect)) incidents_[e->incident.id] = e->incident;
      if (const auto* e = std::get_if<IncidentRecovered>(&effect)) incidents_[e->incident.id] = e->incident;
      if (const auto* e = std::get_if<IncidentUpdated>(&effect)) incidents_[e->incident.id] = e->incident;
      if (const auto* e = std::get_if<TargetChanged>(&effect)) target_changed(*e, at);
      if (const auto* e = std::get_if<VerdictChanged>(&effect)) verdict_changed(*e, at);
    }
  }

  void target_changed(const TargetChanged& change, Timestamp at) {
    const TargetSpec* spec = report_.topology->target(change.target);
    if (!spec) return;
    const ComponentSpec* owner = report_.topology->component(spec->component);
    const auto last = last_alert_.find(change.target);
    if (!change.firing) {
      if (last != last_alert_.end()) report_.alerts[last->second].resolved = at;
      return;
    }
    if (last != last_alert_.end()) {
      TargetAlert& before = report_.alerts[last->second];
      if (before.resolved && at - *before.resolved <= owner->rules.reopen) {
        before.resolved.reset();
        ++before.reopened;
        return;
      }
    }
    last_alert_[change.target] = report_.alerts.size();
    TargetAlert alert;
    alert.target = spec->name;
    alert.fired = at;
    alert.onset = change.onset;
    report_.alerts.push_back(std::move(alert));
  }

  void verdict_changed(const VerdictChanged& change, Timestamp at) {
    const ComponentId id = change.after.component;
    const auto open = open_mismatch_.find(id);
    const bool called = change.after.called;
    if (open != open_mismatch_.end()) {
      if (called && report_.mismatches[open->second].kind == change.after.agreement) return;
      report_.mismatches[open->second].to = at;
      open_mismatch_.erase(open);
    }
    if (!called) return;
    const ComponentSpec* spec = report_.topology->component(id);
    open_mismatch_[id] = report_.mismatches.size();
    report_.mismatches.push_back({.component = spec ? spec->name : "", .kind = change.after.agreement, .from = at, .to = {}});
  }

  ReplayReport& report_;
  const ReplayOptions& options_;
  Engine engine_;
  Effects effects_;
  std::map<IncidentId, Incident> incidents_;
  std::map<TargetId, std::size_t> last_alert_;
  std::map<ComponentId, std::size_t> open_mismatch_;
};

Result<ReplayReport> replay_trace(const ReplayOptions& options) {
  const auto found = read_trace_topology(options.trace, options.claims);
  if (!found) return Error{found.error()};
  ReplayReport report;
  Recorder recorder(report, options);
  recorder.begin(with_overrides(**found, options), from_millis(0));
  report.from.reset();
  const auto read = read_trace(options.trace, options.claims, **found, [&](const Input& input) { recorder.take(input); });
  if (!read) return Error{read.error()};
  recorder.finish();
  return report;
}

Result<ReplayReport> replay_database(const ReplayOptions& options) {
  auto opened = storage::History::open(options.database);
  if (!opened) return Error{opened.error()};
  storage::History& history = **opened;
  ReplayReport report;
  Recorder recorder(report, options);
  Timestamp from = options.since.value_or(never_past);
  Seq after = 0;
  if (options.topology) {
    report.notes.push_back("counterfactual: other rules, on the cadence of the day");
    recorder.begin(with_overrides(*options.topology, options), from);
  } else if (const auto snapshot = history.oldest_snapshot(); snapshot && from == never_past) {
    const auto topology = history.topology(snapshot->config);
    if (!topology) return Error{"the snapshot's configuration is missing from the database"};
    report.topology = with_overrides(*topology, options);
    auto engine = Engine::load(snapshot->document, report.topology);
    if (!engine) return Error{engine.error()};
    recorder.start(std::move(*engine));
    after = snapshot->seq;
    from = never_past;
    report.notes.push_back(fmt::format("starts from the snapshot of {}", format_time(snapshot->at)));
  } else {
    report.notes.push_back("cold start: baselines and controls are learned anew, the first hours are a warm-up");
    if (const auto topology = history.topology_at(from)) recorder.begin(with_overrides(*topology, options), from);
  }
  const auto read = history.replay(from, after, [&](const Input& input) { recorder.take(input); });
  if (!read) return Error{read.error()};
  if (!report.topology) return Error{options.database + ": holds no configuration to replay under"};
  recorder.finish();
  return report;
}

}  // namespace

Result<ReplayReport> replay(const ReplayOptions& options) {
  return options.trace.empty() ? replay_database(options) : replay_trace(options);
}

}  // namespace outaged
