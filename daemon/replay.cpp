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
    if (!options.slow_stream) rules.slow_cap = Duration{};
    // A trace at a fixed pace cannot be probed faster than it was.
    if (!options.trace.empty() && options.dense == Duration{}) rules.fast_interval = rules.down_interval = rules.interval;
  }
  for (ComponentSpec& component : out->components) {
    if (options.reopen) component.rules.reopen = *options.reopen;
    component.pooled = component.pooled && options.component_stream;
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
      if ((options_.topology && options_.trace.empty()) || !change->topology) return;  // counterfactual: the day's own rules do not hold
      report_.topology = with_overrides(*change->topology, options_);
      step({.seq = input.seq, .at = input.at, .what = ConfigChange{report_.topology}});
      return;
    }
    const auto* observation = std::get_if<Observation>(&input.what);
    const TargetSpec* target = observation && options_.dense > Duration{} ? report_.topology->target(observation->target) : nullptr;
    if (!target) return step(input);
    // Adaptive: of a dense trace only what was due is taken.
    Pace& pace = paces_.try_emplace(target->id, Pace{.interval = target->rules.interval}).first->second;
    if (pace.last != never_past && input.at < pace.due() - options_.dense / 2) return;
    pace.last = input.at;
    pace.not_before = never_past;
    step(input);
  }

  void begin(std::shared_ptr<const Topology> topology, Timestamp at) {
    report_.topology = topology;
    step({.seq = 0, .at = at, .what = ConfigChange{std::move(topology)}});
  }

  void finish() {
    for (auto& [id, record] : records_) {
      const ComponentSpec* spec = report_.topology->component(id);
      if (!spec || !spec->page) continue;
      account(id, report_.to.value_or(record.since));
      std::vector<HonestyCase> cases;
      for (const auto& [incident_id, incident] : incidents_) {
        if (incident.component != id) continue;
        HonestyCase each = honesty_case(incident, report_.to.value_or(incident.detected));
        const auto times = record.cases.find(incident_id);
        if (times != record.cases.end()) {
          each.silent = times->second.silent;
          each.covered = times->second.covered;
        }
        cases.push_back(each);
      }
      report_.pages[spec->name] = honesty(cases, record.overclaimed);
    }
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
      if (const auto* opened = std::get_if<IncidentOpened>(&effect)) incident_changed(opened->incident, at, true);
      if (const auto* again = std::get_if<IncidentReopened>(&effect)) incident_changed(again->incident, at, true);
      if (const auto* over = std::get_if<IncidentRecovered>(&effect)) incident_changed(over->incident, at, false);
      if (const auto* update = std::get_if<IncidentUpdated>(&effect)) incidents_[update->incident.id] = update->incident;
      if (const auto* stream = std::get_if<StreamChanged>(&effect); stream && stream->target) target_changed(*stream, at);
      if (const auto* verdict = std::get_if<VerdictChanged>(&effect)) verdict_changed(*verdict, at);
      if (const auto* cadence = std::get_if<CadenceChanged>(&effect)) {
        Pace& pace = paces_[cadence->target];
        pace.interval = cadence->interval;
        pace.not_before = cadence->not_before;
      }
    }
  }

  /// A target fires while any of its streams does.
  void target_changed(const StreamChanged& change, Timestamp at) {
    const TargetSpec* spec = engine_.topology()->target(*change.target);  // with those who report
    if (!spec || spec->advisory) return;
    int& streams = firing_[*change.target];
    streams += change.firing ? 1 : -1;
    if (change.firing && streams == 1) {
      fire(spec->name, false, at, change.onset, report_.topology->component(spec->component)->rules.reopen);
    } else if (!change.firing && streams == 0) {
      resolve(spec->name, at);
    }
  }

  void incident_changed(const Incident& incident, Timestamp at, bool open) {
    account(incident.component, at);
    incidents_[incident.id] = incident;
    down_[incident.component] = open ? incident.id : IncidentId{};
    const ComponentSpec* spec = report_.topology->component(incident.component);
    if (!options_.component_stream || !spec) return;
    if (open) {
      fire(spec->name, true, at, incident.onset, spec->rules.reopen);
    } else {
      resolve(spec->name, at);
    }
  }

  void fire(const std::string& name, bool component, Timestamp at, Timestamp onset, Duration reopen) {
    const auto last = last_alert_.find(name);
    if (last != last_alert_.end()) {
      Alert& before = report_.alerts[last->second];
      if (before.resolved && at - *before.resolved <= reopen) {
        before.resolved.reset();
        ++before.reopened;
        return;
      }
    }
    last_alert_[name] = report_.alerts.size();
    Alert alert;
    alert.target = name;
    alert.component = component;
    alert.fired = at;
    alert.onset = onset;
    report_.alerts.push_back(std::move(alert));
  }

  void resolve(const std::string& name, Timestamp at) {
    const auto last = last_alert_.find(name);
    if (last != last_alert_.end()) report_.alerts[last->second].resolved = at;
  }

  /// Adds the time since the last change of this component's verdict or incident to what its page was silent, or not.
  void account(ComponentId id, Timestamp at) {
    Record& record = records_[id];
    const Duration passed = record.since == never_past ? Duration{} : at - record.since;
    record.since = at;
    const auto down = down_.find(id);
    const bool is_down = down != down_.end() && !down->second.empty();
    switch (record.agreement) {
      case Agreement::agrees:
      case Agreement::page_understates:
        if (is_down) record.cases[down->second].covered += passed;
        break;
      case Agreement::pending:
      case Agreement::page_silent:
      case Agreement::page_too_early:
        if (is_down) record.cases[down->second].silent += passed;
        break;
      case Agreement::page_overstates: record.overclaimed += passed; break;
      case Agreement::blind:
      case Agreement::page_only:
      case Agreement::page_unreadable:
      case Agreement::no_page: break;
    }
  }

  void verdict_changed(const VerdictChanged& change, Timestamp at) {
    const ComponentId id = change.after.component;
    account(id, at);
    records_[id].agreement = change.after.agreement;
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

  /// When a target is to be asked next.
  struct Pace {
    Duration interval{};
    Timestamp last = never_past, not_before = never_past;
    Timestamp due() const { return last == never_past ? never_past : std::max(last + interval, not_before); }
  };
  /// A page's record with one component.
  struct Record {
    Agreement agreement = Agreement::blind;
    Timestamp since = never_past;
    Duration overclaimed{};
    std::map<IncidentId, HonestyCase> cases;
  };

  ReplayReport& report_;
  const ReplayOptions& options_;
  Engine engine_;
  Effects effects_;
  std::map<IncidentId, Incident> incidents_;
  std::map<std::string, std::size_t> last_alert_;   // by name
  std::map<TargetId, int> firing_;                  // streams
  std::map<TargetId, Pace> paces_;
  std::map<ComponentId, IncidentId> down_;          // open incident, or empty
  std::map<ComponentId, Record> records_;
  std::map<ComponentId, std::size_t> open_mismatch_;
};

/// A trace knows no rules: those of the configured service of the same name hold, of its first component and target.
void take_rules(Topology& trace, const Topology& configured, std::vector<std::string>& notes) {
  for (ComponentSpec& component : trace.components) {
    const auto service = std::find_if(configured.services.begin(), configured.services.end(),
                                      [&](const ServiceSpec& each) { return each.name == component.name; });
    const auto like = std::find_if(configured.components.begin(), configured.components.end(), [&](const ComponentSpec& each) {
      return service != configured.services.end() && each.service == service->id && each.probed;
    });
    if (like == configured.components.end()) {
      notes.push_back(fmt::format("the configuration has no service \"{}\" with targets: the default rules hold for it", component.name));
      continue;
    }
    component.rules = like->rules;
    const auto rules = std::find_if(configured.targets.begin(), configured.targets.end(),
                                    [&](const TargetSpec& each) { return each.component == like->id; });
    for (TargetSpec& target : trace.targets) {
      if (target.component == component.id && rules != configured.targets.end()) target.rules = rules->rules;
    }
  }
}

Result<ReplayReport> replay_trace(const ReplayOptions& options) {
  const auto found = read_trace_topology(options.trace, options.claims);
  if (!found) return Error{found.error()};
  ReplayReport report;
  if (options.topology) take_rules(**found, *options.topology, report.notes);
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
  // Who reported before the first input that is read; those after it are in the log.
  if (after == 0) {
    for (const Input& input : history.reporting_before(from)) recorder.take(input);
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
