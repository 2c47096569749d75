#include "core/engine.h"

#include <algorithm>
#include <map>

#include "core/engine_state.h"
#include "core/words.h"

namespace outaged {
namespace {

constexpr std::size_t proofs_per_target = 6;
constexpr std::uint32_t unproven_notice_after = 3;
// Slow: eight times the running median, which moves by 2 % a probe (a stochastic median: no window to keep).
constexpr double slow_factor = 8, median_step = 1.02, default_median_ms = 1000;
// A learned baseline above this is told, until it is below that again.
constexpr double baseline_worth_telling = 0.01, baseline_calm = 0.008;
// Asked to slow down, we do not probe fast again for this long.
constexpr Duration politeness = 10min;

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
  } else if (const auto* action = std::get_if<OperatorAction>(&input.what)) {
    state.apply(*action);
  } else if (const auto* reporting = std::get_if<Reporting>(&input.what)) {
    state.apply(*reporting, out);
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
  TargetState& target = targets[id];
  out.disposition = target.reported()        ? observe_reported(target, observation, out)
                    : target.spec->advisory ? observe_advisory(target, observation, out)
                                            : observe_target(target, observation, out);
}

void Engine::State::observe_control(const Observation& observation, Effects& out) {
  const Counts counts = info(observation.cls).counts;
  if (counts == Counts::nothing) return;
  controls.take(index(observation.target), counts == Counts::good, now);
  check_voters(out);
  check_network(out);
}

/// With fewer than two voters nothing tells "us" from "them": told once they had been enough, and when they are again.
void Engine::State::check_voters(Effects& out) {
  const bool lacking = controls.voters() < 2;
  if (lacking == voters_lacking_told || topology->controls.size() < 2) return;
  const bool had_been_enough = std::count_if(controls.all().begin(), controls.all().end(),
                                             [](const Controls::Control& control) { return control.proven; }) >= 2;
  if (lacking && !had_been_enough) return;
  voters_lacking_told = lacking;
  tell(out, SelfNotice{.subject = "controls",
                       .text = lacking ? "too few of them work to tell our own network from theirs: we decide all the same, unchecked"
                                       : "enough of them work again",
                       .over = !lacking});
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

void Engine::State::keep_proof(TargetState& target, const Observation& observation, std::string detail) {
  if (target.proof.size() == proofs_per_target) target.proof.erase(target.proof.begin());
  target.proof.push_back({.seq = seq, .target = observation.target, .at = now, .cls = observation.cls,
                          .http_status = observation.http_status, .took = observation.took,
                          .request_id = observation.evidence ? observation.evidence->request_id : "",
                          .detail = std::move(detail)});
}

void Engine::State::note_unproven(TargetState& target, Effects& out) {
  if (target.proven || ++target.unproven_failures != unproven_notice_after) return;
  tell(out, SelfNotice{.subject = target.spec->name, .text = "has never once been ok: check its URL, key and conditions"});
}

/// A vendor that is always 4 % broken must not become normal without a word.
void Engine::State::note_baseline(TargetState& target, Effects& out) {
  const double learned = target.detector.state().weighed;
  const bool high = learned > (target.baseline_told ? baseline_calm : baseline_worth_telling);
  if (high == target.baseline_told) return;
  target.baseline_told = high;
  tell(out, SelfNotice{.subject = target.spec->name,
                       .text = high ? "fails " + spell_rate(learned) + " of the time on normal days: milder outages go unseen. expected_error_rate caps what counts as normal"
                                    : "fails less than 1 % on normal days again",
                       .over = !high});
}

Disposition Engine::State::observe_target(TargetState& target, const Observation& observation, Effects& out) {
  const Timestamp started = observation.at_start ? now : now - observation.took;
  const Counts counts = info(observation.cls).counts;
  if (counts == Counts::nothing) {
    if (observation.cls == Class::rate_limited) {
      target.polite_until = now + politeness;
      set_cadence(target, out);
    }
    if (wants_mending(observation.cls)) note_unproven(target, out);
    target.last_void = now;
    target.void_class = observation.cls;
    ComponentState& challenged = component(target.spec->component);
    if (challenged.verdict.agreement == Agreement::blind && !challenged.blind_told) evaluate(challenged, out);
    return Disposition::void_class;
  }
  const bool bad = counts != Counts::good;
  controls.witness(!bad);

  // "Maybe" needs a second witness: the same target again, or what others say of the component.
  ComponentState& owner = component(target.spec->component);
  if (counts == Counts::maybe && !target.doubt && !advised(owner)) {
    target.doubt = true;
    return Disposition::void_uncorroborated;
  }
  target.doubt = bad;
  if (bad && !target.proven) {
    note_unproven(target, out);
    return Disposition::void_unproven;
  }
  if (bad && controls.down(now, topology->control_rules.window)) return Disposition::void_controls;

  const bool was_blind = owner.verdict.agreement == Agreement::blind;
  const bool teaches = observation.base_schedule && target.cadence == Duration{} && !owner.open();
  const DetectionRules& rules = target.spec->rules;
  const TargetId id = observation.target;
  const Mark before = owner.total;
  target.proven = true;
  target.last_usable = now;
  const std::size_t effects_before = out.list.size();
  if (bad) keep_proof(target, observation, observation.evidence ? observation.evidence->detail : "");

  const auto change = feed(target.detector, owner, id, false, bad, started, teaches, rules, before, out);
  if (change != Detector::Change::refractory) {
    ++owner.total.probes;
    if (bad) {
      ++owner.total.failures;
      owner.last_failure_mark = owner.total;
    }
    (bad ? target.last_bad : target.last_good) = now;
  }
  const bool was_suspicious = suspicious(owner);
  const bool pooled = owner.spec->pooled && owner.probed > 1 && rules.failure_threshold == 0;
  if (pooled) feed(owner.pooled, owner, {}, false, bad, started, teaches, owner.pooled_rules, before, out);
  if (!bad && rules.slow_cap > Duration{}) {
    const double took = static_cast<double>(observation.took.count());
    const double median = target.median_ms > 0 ? target.median_ms : default_median_ms;
    const bool slow = took > std::clamp(slow_factor * median, static_cast<double>(rules.slow_floor.count()),
                                        static_cast<double>(rules.slow_cap.count()));
    if (slow) {
      ++owner.slow_total;
      target.last_slow = now;
      keep_proof(target, observation, "a good answer, but slow");
    } else {
      target.median_ms = target.median_ms == 0 ? took : target.median_ms * (took > target.median_ms ? median_step : 1 / median_step);
    }
    feed(target.slow, owner, id, true, slow, started, teaches, rules, before, out);
    if (pooled) feed(owner.pooled_slow, owner, {}, true, slow, started, teaches, owner.pooled_rules, before, out);
  }
  if (owner.open() && !owner.incident->from_page && !any_firing(owner)) recover(owner, out);
  if (was_blind || owner.open() || out.list.size() != effects_before) evaluate(owner, out);
  if (suspicious(owner) && !was_suspicious) {
    set_cadence(owner, out);
  } else {
    set_cadence(target, out);
  }
  note_baseline(target, out);

  if (change == Detector::Change::refractory) return Disposition::void_refractory;
  return bad ? Disposition::bad : Disposition::good;
}

/// One stream takes one probe; what follows from a change follows at once.
Detector::Change Engine::State::feed(Detector& stream, const ComponentState& owner, std::optional<TargetId> target, bool slow,
                                     bool bad, Timestamp started, bool teaches, const DetectionRules& rules, const Mark& mark,
                                     Effects& out) {
  const Detector::Change change = stream.take(bad, started, teaches, rules, mark);
  announce(change, stream, owner, target, slow, rules, out);
  return change;
}

void Engine::State::announce(Detector::Change change, const Detector& stream, const ComponentState& owner,
                             std::optional<TargetId> target, bool slow, const DetectionRules& rules, Effects& out) {
  if (change != Detector::Change::fired && change != Detector::Change::recovered) return;
  const Detector::State& state = stream.state();
  tell(out, StreamChanged{.component = owner.spec->id, .target = target, .slow = slow, .firing = stream.firing(),
                          .onset = state.onset, .failures = state.failures, .probes = state.probes});
  if (change == Detector::Change::fired) open_incident(component(owner.spec->id), stream, slow, rules, out);
}

/// Together its targets are suspicious: then all of them are asked faster, not only those that failed.
bool Engine::State::suspicious(const ComponentState& owner) {
  return owner.pooled.suspicious(owner.pooled_rules) || owner.pooled_slow.suspicious(owner.pooled_rules);
}

/// How often this target should be asked now. Told only when it changes, or when a failure calls for a pause.
void Engine::State::set_cadence(TargetState& target, Effects& out, double spread) {
  if (target.reported() || target.spec->advisory) return;
  const DetectionRules& rules = target.spec->rules;
  ComponentState& owner = component(target.spec->component);
  Duration wanted = rules.interval;
  Timestamp not_before = now;
  const bool firing = target.detector.firing() || target.slow.firing();
  const bool alone = target.detector.suspicious(rules) || target.slow.suspicious(rules);
  if (now < target.polite_until) {
    wanted = rules.interval;
  } else if ((alone || suspicious(owner)) && !firing) {
    wanted = std::min(rules.interval, rules.fast_interval);
    // The next one counts only once the refractory window is over: asking earlier would be wasted.
    // Its full interval, jitter allowance and all: the fourth failure in a row comes when min_outage has passed.
    const Timestamp until = alone ? std::max(target.detector.refractory_until(), target.slow.refractory_until())
                                  : std::max(owner.pooled.refractory_until(), owner.pooled_slow.refractory_until());
    if (until != never_past) not_before = std::max(now, until + std::max(Duration{}, rules.interval - rules.refractory));
    not_before += std::chrono::round<Duration>(wanted * spread);
  } else if (firing || owner.open()) {
    wanted = std::min(rules.interval, rules.down_interval);
  }
  const Duration current = target.cadence == Duration{} ? rules.interval : target.cadence;
  const bool pause = not_before > now && wanted < rules.interval && target.last_usable == now;
  if (wanted == current && !pause) return;
  target.cadence = wanted == rules.interval ? Duration{} : wanted;
  tell(out, CadenceChanged{.target = target.spec->id, .interval = wanted, .not_before = not_before});
}

/// All at once would be a burst at whoever is in trouble already: one after the other, within one interval.
void Engine::State::set_cadence(ComponentState& owner, Effects& out) {
  double place = 0;
  for (const TargetId id : owner.targets) {
    TargetState& target = targets[index(id)];
    const bool just_asked = target.last_usable == now;
    set_cadence(target, out, just_asked ? 0 : ++place / static_cast<double>(owner.targets.size()));
  }
}

// ---- claims and configuration ---------------------------------------------------------------------------------------

void Engine::State::apply(const Claim& claim, Effects& out) {
  if (index(claim.component) >= components.size()) return;
  ComponentState& owner = component(claim.component);
  if (!owner.spec) return;
  owner.page.take(claim, now, owner.spec->rules);
  evaluate(owner, out);
}

/// The configuration, and beside it the targets of those who report of its components.
void Engine::State::join_reporting() {
  std::erase_if(reporting, [&](const TargetSpec& spec) { return !configured->component(spec.component); });
  topology = configured;
  if (reporting.empty()) return;
  auto joined = std::make_shared<Topology>(*configured);
  std::erase_if(joined->targets, [](const TargetSpec& spec) { return !spec.source.empty(); });
  for (const TargetSpec& spec : reporting) {
    joined->targets.push_back(spec);
    joined->targets.back().rules = joined->traffic;
    for (ComponentSpec& component : joined->components) component.probed = component.probed || component.id == spec.component;
  }
  topology = std::move(joined);
}

void Engine::State::configure(std::shared_ptr<const Topology> next) {
  configured = std::move(next);
  join_reporting();
  for (TargetState& target : targets) target.spec = nullptr;
  for (ComponentState& each : components) {
    each.spec = nullptr;
    each.targets.clear();
    each.advisory.clear();
    each.probed = 0;
  }
  vantages.clear();
  for (const ComponentSpec& spec : topology->components) {
    ComponentState& each = at_id(components, index(spec.id));
    each.spec = &spec;
    each.verdict.component = spec.id;
    if (each.verdict.since == Timestamp{}) each.verdict.since = now;
    each.people.begin(now);
    if (spec.page) each.page.begin(now);
  }
  std::map<std::string_view, std::size_t> known;
  for (const TargetSpec& spec : topology->targets) {  // those who report come last
    TargetState& target = at_id(targets, index(spec.id));
    ComponentState& owner = at_id(components, index(spec.component));
    target.spec = &spec;
    (spec.advisory ? owner.advisory : owner.targets).push_back(spec.id);
    if (target.reported()) {
      target.vantage = known.try_emplace(spec.source, known.size()).first->second;
      vantages.resize(known.size());
      vantages[target.vantage].push_back(spec.id);
    } else if (!spec.advisory) {
      ++owner.probed;
    }
  }
  for (ComponentState& each : components) {
    std::vector<const DetectionRules*> rules;
    for (std::size_t i = 0; i < each.probed; ++i) rules.push_back(&targets[index(each.targets[i])].spec->rules);
    if (!rules.empty()) each.pooled_rules = outaged::pooled_rules(rules);
  }
  std::vector<std::uint32_t> ids;
  for (const ControlSpec& spec : topology->controls) ids.push_back(index(spec.id));
  controls.configure(ids);
}

void Engine::State::apply(const ConfigChange& change, Effects& out) {
  if (!change.topology) return;
  if (change.topology->hash == topology->hash && !topology->hash.empty()) return;
  const auto probed = [](const ComponentState& each) {
    return std::vector(each.targets.begin(), each.targets.begin() + static_cast<std::ptrdiff_t>(each.probed));
  };
  std::vector<std::vector<TargetId>> targets_before;
  for (const ComponentState& each : components) targets_before.push_back(probed(each));
  const auto before = topology;  // specs of what vanishes are needed until its incidents are closed
  configure(change.topology);
  for (TargetState& target : targets) {
    if (target.spec) continue;
    // Should it come back, still failing, that is news: the incident it held open is over by then.
    target.detector.stop();
    target.slow.stop();
    target.cadence = {};
    target.doubt = false;
    target.unproven_failures = 0;
  }
  for (std::size_t id = 0; id < components.size(); ++id) {
    ComponentState& each = components[id];
    if (id >= targets_before.size() || targets_before[id] != probed(each)) {
      // What the others add up to is another question now.
      each.pooled.stop();
      each.pooled_slow.stop();
    }
    if (each.spec && !same_page(*before, *topology, *each.spec)) {
      each.page = {};
      each.unreadable_told = false;
      if (each.spec->page) each.page.begin(now);
    }
    // What nobody watches any more cannot stay "down" for ever: every fire gets its resolve.
    const bool held_open = each.spec && (any_firing(each) || (each.incident && each.incident->from_page && !each.spec->probed && each.spec->page));
    if (each.open() && !held_open) recover(each, out);
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
  view.cadence = target.cadence;
  view.blind = (state_->network_down && !target.reported()) || target.last_usable == never_past ||
               state_->now >= target.last_usable + target.sight();
  view.firing = target.detector.firing() || target.slow.firing();
  view.health = view.blind    ? Status::unknown
                : view.firing ? Status::degraded_performance
                              : Status::operational;
  view.suspicion = std::max(target.detector.suspicion(rules), target.slow.suspicion(rules));
  view.baseline = target.detector.baseline(rules);
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

PeopleView Engine::people(ComponentId id) const {
  if (index(id) >= state_->components.size()) return {};
  const People& people = state_->components[index(id)].people;
  return {people.last_hour(state_->now), people.normal(state_->now), people.unusual(state_->now)};
}

PageSteadiness Engine::steadiness(ComponentId id) const {
  const ComponentSpec* spec = state_->topology->component(id);
  if (!spec || index(id) >= state_->components.size()) return {};
  const PageWatch& page = state_->components[index(id)].page;
  return {page.changes(state_->now, spec->rules), page.flapping(state_->now, spec->rules)};
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
