// What others tell us: traffic that sources report, each a vantage of its own; targets that only advise; people.
// docs/decisions/0012 has the reasons for the rules.
#include <algorithm>

#include "core/engine_state.h"

namespace outaged {
namespace {

// A source may blame a component while something else of it worked this lately.
constexpr Duration works_within = 60s;
// Half as bad is better enough, and so is what fails hardly: a broken egress breaks all that goes through it alike.
constexpr double better_factor = 0.5, hardly = 0.02;
// An advisory target, or a probe, that failed this lately is a witness still.
constexpr Duration witness_for = 60s;

Timestamp fresh_until(const TargetState& target) {
  return target.last_bad + std::max(witness_for, 2 * target.spec->rules.interval);
}

}  // namespace

void Engine::State::apply(const Reporting& change, Effects& out) {
  const TargetSpec& spec = change.target;
  if (spec.source.empty() || !configured->component(spec.component)) return;
  std::erase_if(reporting, [&](const TargetSpec& each) { return each.id == spec.id; });
  if (!change.ended) reporting.push_back(spec);
  configure(configured);
  ComponentState& owner = component(spec.component);
  if (change.ended && index(spec.id) < targets.size() && targets[index(spec.id)].detector.firing()) {
    Detector& stream = targets[index(spec.id)].detector;
    stream.stop();
    announce(Detector::Change::recovered, stream, owner, spec.id, false, configured->traffic, out);
  }
  if (owner.open() && !owner.incident->from_page && !any_firing(owner)) recover(owner, out);
  evaluate(owner, out);
}

void Engine::State::apply(const OperatorAction& action) {
  if (action.action != report_action) return;
  const ComponentSpec* spec = topology->component(action.subject);
  if (spec) component(spec->id).people.take(action.by, now);
}

// ---- what only advises ----------------------------------------------------------------------------------------------

/// It says at this moment that something is wrong.
bool Engine::State::speaks(const TargetState& advisory) const {
  return advisory.detector.firing() ||
         (advisory.last_bad != never_past && advisory.last_bad > advisory.last_good && now <= fresh_until(advisory));
}

bool Engine::State::advised(const ComponentState& each) const {
  return each.people.unusual(now) ||
         std::any_of(each.advisory.begin(), each.advisory.end(), [&](TargetId id) { return speaks(targets[index(id)]); });
}

/// As any target's, but nothing follows from it: no incident, no pooled stream, no health, no faster asking.
Disposition Engine::State::observe_advisory(TargetState& target, const Observation& observation, Effects& out) {
  const Counts counts = info(observation.cls).counts;
  if (counts == Counts::nothing) {
    target.last_void = now;
    target.void_class = observation.cls;
    return Disposition::void_class;
  }
  const bool bad = counts != Counts::good;
  if (counts == Counts::maybe && !target.doubt) {
    target.doubt = true;
    return Disposition::void_uncorroborated;
  }
  target.doubt = bad;
  if (bad && !target.proven) return Disposition::void_unproven;
  if (bad && controls.down(now, topology->control_rules.window)) return Disposition::void_controls;
  target.proven = true;
  target.last_usable = now;
  if (bad) keep_proof(target, observation, observation.evidence ? observation.evidence->detail : "");
  const Timestamp started = observation.at_start ? now : now - observation.took;
  const auto change = target.detector.take(bad, started, observation.base_schedule, target.spec->rules, {});
  (bad ? target.last_bad : target.last_good) = now;
  if (change == Detector::Change::fired || change == Detector::Change::recovered) {
    const Detector::State& state = target.detector.state();
    tell(out, StreamChanged{.component = target.spec->component, .target = target.spec->id, .slow = false,
                            .firing = target.detector.firing(), .onset = state.onset, .failures = state.failures,
                            .probes = state.probes});
  }
  if (change == Detector::Change::refractory) return Disposition::void_refractory;
  return bad ? Disposition::bad : Disposition::good;
}

// ---- reported traffic -----------------------------------------------------------------------------------------------

/// Another stream of the component says the same: a probe, another source, whoever only advises.
bool Engine::State::corroborated(const TargetState& target) const {
  const ComponentState& owner = component(target.spec->component);
  if (advised(owner)) return true;
  return std::any_of(owner.targets.begin(), owner.targets.end(), [&](TargetId id) {
    const TargetState& other = targets[index(id)];
    if (&other == &target || (other.reported() && other.vantage == target.vantage)) return false;
    if (other.detector.firing()) return true;
    if (other.reported()) return other.traffic.fails(now, other.detector.baseline(other.spec->rules));
    return other.last_bad != never_past && other.last_bad > other.last_good && now <= fresh_until(other);
  });
}

/// A failure that a source reports may be its own egress: it counts while another service works for that source. Where
/// there is none to compare with, a second witness of this component must say the same.
std::optional<Disposition> Engine::State::doubted(const TargetState& target, Timestamp ended) const {
  const ServiceId service = component(target.spec->component).spec->service;
  const double failing = target.traffic.failing(now);
  bool others = false;
  for (const TargetId id : vantages[target.vantage]) {
    const TargetState& other = targets[index(id)];
    if (component(other.spec->component).spec->service == service) continue;
    const Timestamp seen = other.traffic.seen(), good = other.traffic.good_at();
    if (seen == never_past || ended - seen >= works_within) continue;
    others = true;
    const bool better = other.traffic.failing(now) < std::max(hardly, better_factor * failing);
    if (good != never_past && ended - good < works_within && better) return std::nullopt;
  }
  if (others) return Disposition::void_controls;
  if (corroborated(target)) return std::nullopt;
  return Disposition::void_uncorroborated;
}

Disposition Engine::State::observe_reported(TargetState& target, const Observation& observation, Effects& out) {
  const Counts counts = info(observation.cls).counts;
  if (counts == Counts::nothing) {
    target.last_void = now;
    target.void_class = observation.cls;
    return Disposition::void_class;
  }
  ComponentState& owner = component(target.spec->component);
  const bool bad = counts != Counts::good;
  // Placed by when they ended: so do those of one source stay in order, whatever each took.
  const Timestamp ended = target.traffic.place(now - observation.age);
  if (counts == Counts::maybe && observation.count == 1 && !target.doubt && !advised(owner)) {
    target.doubt = true;
    return Disposition::void_uncorroborated;
  }
  target.doubt = bad;
  target.traffic.see(bad, observation.count, ended);
  if (bad && !target.proven) return Disposition::void_unproven;
  if (bad) {
    if (const auto doubt = doubted(target, ended)) return *doubt;
  }

  const bool was_blind = owner.verdict.agreement == Agreement::blind;
  const std::size_t effects_before = out.list.size();
  const DetectionRules& rules = target.spec->rules;
  const Mark before = owner.total;
  const bool teaches = !owner.open();
  target.proven = true;
  target.last_usable = now;
  (bad ? target.last_bad : target.last_good) = now;
  owner.total.probes += observation.count;
  if (bad) {
    owner.total.failures += observation.count;
    owner.last_failure_mark = owner.total;
    keep_proof(target, observation, observation.evidence ? observation.evidence->detail : "");
  }

  // Of failures that come together one counts, and what follows it within the refractory time does not: the rest of a
  // lump changes nothing (Detector::take).
  auto change = Detector::Change::none;
  if (target.detector.firing()) {
    if (target.traffic.relieved(bad, observation.count, ended, target.detector, rules)) {
      target.detector.stop();
      change = Detector::Change::recovered;
    }
  } else if (bad) {
    change = target.detector.take(true, ended, teaches, rules, before);
    if (change == Detector::Change::fired) target.traffic.begin(target.detector);
  } else {
    target.detector.take_good(observation.count, ended, teaches, rules);
  }
  announce(change, target.detector, owner, target.spec->id, false, rules, out);
  if (owner.open() && !owner.incident->from_page && !any_firing(owner)) recover(owner, out);
  if (was_blind || owner.open() || out.list.size() != effects_before) evaluate(owner, out);
  note_baseline(target, out);
  return bad ? Disposition::bad : Disposition::good;
}

/// A source that went away while its stream fired would hold the incident open for ever, though others see it work.
void Engine::State::forget_silent(ComponentState& each, Effects& out) {
  bool forgotten = false;
  for (std::size_t i = each.probed; i < each.targets.size(); ++i) {
    TargetState& target = targets[index(each.targets[i])];
    if (!target.detector.firing() || now < target.last_usable + target.spec->rules.gap || blind(each)) continue;
    target.detector.stop();
    forgotten = true;
    announce(Detector::Change::recovered, target.detector, each, target.spec->id, false, target.spec->rules, out);
  }
  if (forgotten && each.open() && !any_firing(each)) recover(each, out);
}

}  // namespace outaged
