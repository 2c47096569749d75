#include "core/engine.h"

#include <algorithm>

#include "core/engine_state.h"

namespace outaged {
namespace {

constexpr std::size_t proofs_per_target = 6;
constexpr std::uint32_t unproven_notice_after = 3;

/// Says nothing about the provider, and will not pass by itself: whoever configured it must mend it.
bool wants_mending(Class cls) {
  return cls == Class::not_found || cls == Class::auth || cls == Class::account || cls == Class::bad_request ||
         cls == Class::body_too_large;
}

template <class T>
T& at_id(std::vector<T>& list, std::uint32_t id) {
  if (list.size() <= id) list.resize(id + 1);
  return list[id];
}

/// Whether the component's claims come from where they came from before.
bool same_page(const Topology& before, const Topology& after, const ComponentSpec& component) {
  const ComponentSpec* was = before.component(component.id);
  if (!was || was->page != component.page) return false;
  if (!component.page) return true;
  const PageSpec* old_page = before.page(*component.page);
  const PageSpec* new_page = after.page(*component.page);
  return old_page && new_page && old_page->url == new_page->url;
}

}  // namespace

Engine::Engine() : state_(std::make_unique<State>()) {}
Engine::~Engine() = default;
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;

void Engine::step(const Input& input, Effects& out) {
  out.clear();
  State& state = *state_;
  const Timestamp at = std::max(input.at, state.now);
  while (state.next_deadline() <= at) state.fire_deadline(out);
  state.now = at;
  if (input.seq != 0) state.seq = input.seq;
  if (const auto* observation = std::get_if<Observation>(&input.what)) {
    state.apply(*observation, out);
  } else if (const auto* claim = std::get_if<Claim>(&input.what)) {
    state.apply(*claim, out);
  } else if (const auto* change = std::get_if<ConfigChange>(&input.what)) {
    state.apply(*change, out);
  }
}

Timestamp Engine::next_deadline() const { return state_->next_deadline(); }

Timestamp Engine::State::next_deadline() const {
  return deadlines.empty() ? network_deadline : std::min(network_deadline, deadlines.begin()->first);
}

void Engine::State::fire_deadline(Effects& out) {
  now = std::max(now, next_deadline());
  if (network_deadline <= now) check_network(out);
  while (!deadlines.empty() && deadlines.begin()->first <= now) {
    evaluate(components[deadlines.begin()->second], out);
  }
}

// ---- observations ---------------------------------------------------------------------------------------------------

void Engine::State::apply(const Observation& observation, Effects& out) {
  const std::uint32_t id = index(observation.target);
  if (controls.find(id)) {
    out.disposition = Disposition::control;
    observe_control(observation, out);
    return;
  }
  if (id >= targets.size() || !targets[id].spec) {
    out.disposition = Disposition::ignored;
    return;
  }
  out.disposition = observe_target(targets[id], observation, out);
}

void Engine::State::observe_control(const Observation& observation, Effects& out) {
  const Counts counts = info(observation.cls).counts;
  if (counts == Counts::nothing) return;
  controls.take(index(observation.target), counts == Counts::good, now);
  check_network(out);
}

void Engine::State::check_network(Effects& out) {
  const Duration window = topology->control_rules.window;
  const bool down = controls.down(now, window);
  network_deadline = down ? controls.expiry(now, window) : never;
  if (down == network_down) return;
  network_down = down;
  if (!down) network_back = now;
  tell(out, NetworkChanged{.down = down,
                           .text = down ? "Our own network is down: our control sites fail too. Nobody is blamed."
                                        : "Our own network works again."});
  for (ComponentState& each : components) {
    if (each.spec) evaluate(each, out);
  }
}

void Engine::State::note_unproven(TargetState& target, Effects& out) {
  if (target.proven || ++target.unproven_failures != unproven_notice_after) return;
  tell(out, SelfNotice{.subject = target.spec->name, .text = "has never once been ok: check its URL, key and conditions"});
}

Disposition Engine::State::observe_target(TargetState& target, const Observation& observation, Effects& out) {
  const Timestamp started = now - observation.took;
  const Counts counts = info(observation.cls).counts;
  if (counts == Counts::nothing) {
    if (wants_mending(observation.cls)) note_unproven(target, out);
    return Disposition::void_class;
  }
  const bool bad = counts != Counts::good;
  controls.witness(!bad);

  // "Maybe" needs a second witness: the same target again.
  if (counts == Counts::maybe && !target.doubt) {
    target.doubt = true;
    return Disposition::void_uncorroborated;
  }
  target.doubt = bad;
  if (bad && !target.proven) {
    note_unproven(target, out);
    return Disposition::void_unproven;
  }
  if (bad && controls.down(now, topology->control_rules.window)) return Disposition::void_controls;

  ComponentState& owner = component(target.spec->component);
  const bool was_blind = owner.verdict.agreement == Agreement::blind;
  const bool teaches = observation.base_schedule && !owner.open();
  const Detector::Change change = target.detector.take(bad, started, teaches, target.spec->rules, owner.total);

  target.proven = true;
  target.last_usable = now;
  if (bad) {
    if (target.proof.size() == proofs_per_target) target.proof.erase(target.proof.begin());
    target.proof.push_back({.seq = seq, .target = observation.target, .at = now, .cls = observation.cls,
                            .http_status = observation.http_status, .took = observation.took,
                            .request_id = observation.evidence ? observation.evidence->request_id : "",
                            .detail = observation.evidence ? observation.evidence->detail : ""});
  }
  if (change != Detector::Change::refractory) {
    ++owner.total.probes;
    if (bad) ++owner.total.failures;
    (bad ? target.last_bad : target.last_good) = now;
  }
  if (change == Detector::Change::fired || change == Detector::Change::recovered) {
    const Detector::State& stream = target.detector.state();
    tell(out, TargetChanged{.target = observation.target, .firing = target.detector.firing(), .onset = stream.onset,
                            .failures = stream.failures, .probes = stream.probes});
  }
  if (change == Detector::Change::fired) open_incident(owner, target, out);
  if (change == Detector::Change::recovered && owner.open() && !any_firing(owner)) recover(owner, out);
  if (was_blind || owner.open() || change != Detector::Change::none) evaluate(owner, out);

  if (change == Detector::Change::refractory) return Disposition::void_refractory;
  return bad ? Disposition::bad : Disposition::good;
}

// ---- claims and configuration ---------------------------------------------------------------------------------------

void Engine::State::apply(const Claim& claim, Effects& out) {
  if (index(claim.component) >= components.size()) return;
  ComponentState& owner = component(claim.component);
  if (!owner.spec) return;
  owner.page.take(claim, now, owner.spec->rules);
  evaluate(owner, out);
}

void Engine::State::configure(std::shared_ptr<const Topology> next) {
  topology = std::move(next);
  for (TargetState& target : targets) target.spec = nullptr;
  for (ComponentState& each : components) {
    each.spec = nullptr;
    each.targets.clear();
  }
  for (const ComponentSpec& spec : topology->components) {
    ComponentState& each = at_id(components, index(spec.id));
    each.spec = &spec;
    each.verdict.component = spec.id;
    if (each.verdict.since == Timestamp{}) each.verdict.since = now;
    if (spec.page) each.page.begin(now);
  }
  for (const TargetSpec& spec : topology->targets) {
    at_id(targets, index(spec.id)).spec = &spec;
    at_id(components, index(spec.component)).targets.push_back(spec.id);
  }
  std::vector<std::uint32_t> ids;
  for (const ControlSpec& spec : topology->controls) ids.push_back(index(spec.id));
  controls.configure(ids);
}

void Engine::State::apply(const ConfigChange& change, Effects& out) {
  if (!change.topology) return;
  if (change.topology->hash == topology->hash && !topology->hash.empty()) return;
  const auto before = topology;  // specs of what vanishes are needed until its incidents are closed
  configure(change.topology);
  for (TargetState& target : targets) {
    if (target.spec) continue;
    // Should it come back, still failing, that is news: the incident it held open is over by then.
    target.detector.stop();
    target.doubt = false;
    target.unproven_failures = 0;
  }
  for (ComponentState& each : components) {
    if (each.spec && !same_page(*before, *topology, *each.spec)) {
      each.page = {};
      each.unreadable_told = false;
      if (each.spec->page) each.page.begin(now);
    }
    // What nobody watches any more cannot stay "down" for ever: every fire gets its resolve.
    if (each.open() && (!each.spec || !any_firing(each))) recover(each, out);
    if (each.spec) {
      evaluate(each, out);
    } else {
      deadlines.erase({each.deadline, index(each.verdict.component)});
      each.deadline = never;
    }
  }
  check_network(out);
}

// ---- views ----------------------------------------------------------------------------------------------------------

Timestamp Engine::now() const { return state_->now; }
Seq Engine::seq() const { return state_->seq; }
const std::shared_ptr<const Topology>& Engine::topology() const { return state_->topology; }
bool Engine::network_down() const { return state_->network_down; }
bool Engine::unchecked() const { return state_->controls.voters() < 2; }

TargetView Engine::target(TargetId id) const {
  TargetView view;
  if (index(id) >= state_->targets.size() || !state_->targets[index(id)].spec) return view;
  const TargetState& target = state_->targets[index(id)];
  const DetectionRules& rules = target.spec->rules;
  view.proven = target.proven;
  view.blind = state_->network_down || target.last_usable == never_past ||
               state_->now >= target.last_usable + blind_intervals * rules.interval;
  view.firing = target.detector.firing();
  view.health = view.blind    ? Status::unknown
                : view.firing ? Status::degraded_performance
                              : Status::operational;
  view.suspicion = target.detector.suspicion(rules);
  view.baseline = target.detector.baseline();
  view.threshold = detection_threshold(rules.interval, rules.false_alarms_per_year);
  view.failures = target.detector.excursion_failures();
  view.probes = target.detector.excursion_probes();
  if (view.suspicion > 0) view.onset = target.detector.onset();
  if (target.last_good != never_past) view.last_good = target.last_good;
  if (target.last_bad != never_past) view.last_bad = target.last_bad;
  return view;
}

ControlView Engine::control(TargetId id) const {
  ControlView view;
  if (const Controls::Control* control = state_->controls.find(index(id))) {
    view.ok = control->ok;
    view.proven = control->proven;
    view.vote = control->proven && control->vote;
    if (control->at != never_past) view.at = control->at;
  }
  return view;
}

Verdict Engine::verdict(ComponentId id) const {
  if (index(id) >= state_->components.size()) {
    Verdict none;
    none.component = id;
    return none;
  }
  const ComponentState& component = state_->components[index(id)];
  Verdict verdict = component.verdict;
  if (component.spec) verdict.why = explain(*state_, component, verdict);
  return verdict;
}

const Claim* Engine::claim(ComponentId id) const {
  if (index(id) >= state_->components.size()) return nullptr;
  const auto& last = state_->components[index(id)].page.last();
  return last ? &*last : nullptr;
}

std::optional<Timestamp> Engine::claim_at(ComponentId id) const {
  if (!claim(id)) return std::nullopt;
  return state_->components[index(id)].page.last_at();
}

const Incident* Engine::incident(ComponentId id) const {
  if (index(id) >= state_->components.size()) return nullptr;
  const auto& incident = state_->components[index(id)].incident;
  return incident ? &*incident : nullptr;
}

}  // namespace outaged
