// From what the streams and the page say to incidents and verdicts.
#include <algorithm>
#include <cmath>

#include "core/engine_state.h"
#include "core/honesty.h"

namespace outaged {
namespace {

constexpr double major_rate = 0.9, partial_rate = 0.5, level_slack = 0.03;
constexpr std::size_t proofs_per_incident = 8;
// Severity rises are told only on this much evidence: four failures of seven are no "partial outage" yet.
constexpr std::uint64_t severity_failures = 10;
constexpr Duration common_cause_window = 5min;
constexpr std::size_t common_cause_services = 3;

/// "claude/api" and its onset give "claude.api-20260413T140300123Z": the same on every machine and after every restart.
IncidentId make_id(const ComponentSpec& component, Timestamp onset) {
  std::string id = component.name;
  std::replace(id.begin(), id.end(), '/', '.');
  const std::string time = format_time(onset);  // 2026-04-13T14:03:00[.123]Z
  id += '-';
  for (const char c : time) {
    if (c == 'Z' || c == '.') break;
    if (c != '-' && c != ':') id += c;
  }
  const auto millis = ((to_millis(onset) % 1000) + 1000) % 1000;
  std::string fraction = std::to_string(millis);
  fraction.insert(0, 3 - fraction.size(), '0');
  return id + fraction + "Z";
}

}  // namespace

bool Engine::State::any_firing(const ComponentState& each) const {
  return each.pooled.firing() || each.pooled_slow.firing() ||
         std::any_of(each.targets.begin(), each.targets.end(), [&](TargetId id) {
           return targets[index(id)].detector.firing() || targets[index(id)].slow.firing();
         });
}

Timestamp Engine::State::sees_until(const ComponentState& each, bool reported_only) const {
  Timestamp until = never_past;
  for (std::size_t i = reported_only ? each.probed : 0; i < each.targets.size(); ++i) {
    const TargetState& target = targets[index(each.targets[i])];
    if (target.last_usable == never_past) continue;
    until = std::max(until, target.last_usable + target.sight());
  }
  return until;
}

/// While our own network is down, those who report from elsewhere are our eyes.
bool Engine::State::blind(const ComponentState& each) const {
  return each.spec->probed && now >= sees_until(each, network_down);
}

double Engine::State::episode_rate(const ComponentState& each) const {
  const auto probes = each.total.probes - each.episode_mark.probes;
  const auto failures = each.total.failures - each.episode_mark.failures;
  return probes == 0 ? 0 : static_cast<double>(failures) / static_cast<double>(probes);
}

Status Engine::State::health(const ComponentState& each) const {
  if (!each.open()) return Status::operational;
  if (each.incident->from_page) return each.incident->health;
  // A rate that hovers at a border must not change the level with every probe: it falls only once clearly below.
  const int now_at = level(each.incident->health);
  const auto reaches = [&, rate = episode_rate(each)](double border, Status status) {
    return rate >= border - (now_at >= level(status) ? level_slack : 0);
  };
  if (reaches(major_rate, Status::major_outage)) return Status::major_outage;
  if (reaches(partial_rate, Status::partial_outage)) return Status::partial_outage;
  return Status::degraded_performance;
}

/// The level that is beyond doubt: a page is not called wrong because a rate of 44 % passed 50 % by chance.
Status Engine::State::surely(const ComponentState& each) const {
  const double probes = static_cast<double>(each.total.probes - each.episode_mark.probes), rate = episode_rate(each);
  if (probes == 0) return Status::degraded_performance;
  // Three standard errors, for it is looked at after every probe and need be beyond them only once; with a prior failure
  // and a prior success, so that ten of ten are not certainty.
  const double share = (rate * probes + 1) / (probes + 2);
  const double least = share - 3 * std::sqrt(share * (1 - share) / (probes + 2));
  if (least >= major_rate) return Status::major_outage;
  return least >= partial_rate ? Status::partial_outage : Status::degraded_performance;
}

// ---- incidents ------------------------------------------------------------------------------------------------------

void Engine::State::open_incident(ComponentState& each, const Detector& by, bool slow, const DetectionRules& rules, Effects& out) {
  if (each.open()) return;  // a second stream of a component that is down already
  each.episode_mark = by.onset_mark();
  each.gate_passed = false;
  if (each.incident && now - *each.incident->recovered <= each.spec->rules.reopen) {
    Incident& incident = *each.incident;
    incident.recovered.reset();
    incident.slow = slow;
    ++incident.reopened;
    ++incident.told;
    refresh_incident(each, out);
    tell(out, IncidentReopened{incident});
    return;
  }
  each.called.clear();
  each.onset_mark = each.episode_mark;
  Incident incident;
  incident.component = each.spec->id;
  incident.onset = by.onset();
  incident.id = make_id(*each.spec, incident.onset);
  incident.detected = now;
  incident.baseline = by.onset_baseline();
  incident.false_alarms_per_year = rules.false_alarms_per_year;
  incident.slow = slow;
  each.slow_mark = each.slow_total - (slow ? std::min<std::uint64_t>(each.slow_total, by.excursion_failures()) : 0);
  incident.unchecked = controls.voters() < 2;
  incident.told = 1;
  each.incident = std::move(incident);
  each.incident->worst = health(each);
  each.page.advance(now, each.spec->rules);
  if (const auto& claim = each.page.readable()) {
    each.incident->page = {.claim = each.page.claim(now, each.spec->rules), .text = claim->text,
                           .document = claim->document, .url = claim->url, .fetched = each.page.readable_at()};
  }
  collect_evidence(each);
  follow_page(each, out);
  refresh_incident(each, out);
  find_common_cause(each, out);
  tell(out, IncidentOpened{*each.incident});
  set_cadence(each, out);
}

void Engine::State::collect_evidence(ComponentState& each) {
  Incident& incident = *each.incident;
  incident.proof.clear();
  for (const TargetId id : each.targets) {
    for (const Proof& proof : targets[index(id)].proof) {
      if (proof.at >= incident.onset) incident.proof.push_back(proof);
    }
  }
  std::sort(incident.proof.begin(), incident.proof.end(), [](const Proof& a, const Proof& b) { return a.seq < b.seq; });
  if (incident.proof.size() > proofs_per_incident) {
    incident.proof.erase(incident.proof.begin(), incident.proof.end() - proofs_per_incident);
  }
}

void Engine::State::recover(ComponentState& each, Effects& out) {
  Incident& incident = *each.incident;
  if (each.spec) refresh_incident(each, out);
  // The good probes since the last failure are the recovery, not the outage.
  if (each.spec && !incident.slow && each.last_failure_mark.probes > each.onset_mark.probes) {
    incident.probes = each.last_failure_mark.probes - each.onset_mark.probes;
  }
  incident.recovered = now;
  incident.health = Status::operational;
  ++incident.told;
  tell(out, IncidentRecovered{incident});
  if (each.spec) set_cadence(each, out);
}

/// Its numbers, level and scope as of now; a rise in severity is told.
void Engine::State::refresh_incident(ComponentState& each, Effects& out) {
  if (!each.open() || each.incident->from_page) return;
  Incident& incident = *each.incident;
  const AgreementRules& rules = each.spec->rules;
  incident.failures = each.total.failures - each.onset_mark.failures;
  incident.probes = each.total.probes - each.onset_mark.probes;
  incident.slow_answers = each.slow_total - each.slow_mark;
  incident.affected.clear();
  incident.unaffected.clear();
  for (const TargetId id : each.targets) {
    const TargetState& target = targets[index(id)];
    const Timestamp last = incident.slow ? std::max(target.last_bad, target.last_slow) : target.last_bad;
    if (last != never_past && last >= incident.onset) {
      incident.affected.push_back(id);
      incident.last_failure = std::max(incident.last_failure, last);
    } else if (target.last_good != never_past && target.last_good >= incident.onset) {
      incident.unaffected.push_back(id);
    }
  }
  incident.health = health(each);
  const double slow_rate = incident.probes == 0 ? 0 : static_cast<double>(incident.slow_answers) / static_cast<double>(incident.probes);
  const double rate = std::max(episode_rate(each), incident.slow ? slow_rate : 0);
  each.gate_passed = each.gate_passed ||
                     (rate >= rules.gate_rate && (incident.affected.size() >= 2 || rate >= partial_rate ||
                                                  now >= incident.onset + rules.gate_after));
  const bool enough = each.total.failures - each.episode_mark.failures >= severity_failures;
  if (enough && level(incident.health) > level(incident.worst)) {
    incident.worst = incident.health;
    ++incident.told;
    tell(out, IncidentUpdated{incident, UpdateReason::severity});
  }
}

/// Admission and all-clear, from the page's colour.
void Engine::State::follow_page(ComponentState& each, Effects& out) {
  if (!each.incident || !each.spec->page || each.incident->from_page) return;
  Incident& incident = *each.incident;
  const PageWatch& page = each.page;
  const bool opening = incident.detected == now && incident.probes == 0;  // told by the opening itself
  const bool in_time = each.open() || now <= *incident.recovered + late_admission;
  // Red, or green again: between onset and decision a page may have turned red and back.
  const bool red_since_onset = page.red() || (page.red_since() != never_past && page.green_since() >= incident.onset);
  if (red_since_onset && !incident.admitted && in_time) {
    Admission admission;
    admission.first_red = page.red_since();
    admission.already_red = page.red_since() < incident.onset - each.spec->rules.already_red;
    // Never seen green: the page may have turned red at any time since the onset.
    admission.last_green = page.green_before_red() != never_past ? page.green_before_red()
                                                                 : std::min(incident.onset, admission.first_red);
    if (page.readable()) {
      admission.text = page.readable()->incident.empty() ? page.readable()->text : page.readable()->incident;
    }
    incident.admitted = std::move(admission);
    if (!opening) {
      ++incident.told;
      tell(out, IncidentUpdated{incident, UpdateReason::admitted});
    }
  }
  if (!incident.admitted) return;
  if (page.red()) {
    incident.cleared.reset();
  } else if (!incident.cleared && page.green_since() > incident.admitted->first_red) {
    incident.cleared = page.green_since();
    if (opening) return;
    if (!each.open()) ++incident.told;
    tell(out, IncidentUpdated{incident, each.open() ? UpdateReason::none : UpdateReason::cleared});
  }
}

/// Nothing of ours watches it: its page speaks for it, from the user's least level on.
void Engine::State::follow_page_only(ComponentState& each, Effects& out) {
  const AgreementRules& rules = each.spec->rules;
  // Should somebody begin to report meanwhile: what its page opened, its page ends.
  const bool its_own = each.open() && each.incident->from_page;
  if ((each.spec->probed && !its_own) || !each.spec->page || rules.page_only_level == Status::unknown) return;
  const PageWatch& page = each.page;
  const Status claim = page.claim(now, rules);
  const Status says = std::max(claim, Status::degraded_performance);  // an open incident under a green component, at least
  if (!each.open()) {
    if (!page.red() || page.unreadable(now, rules) || level(says) < level(rules.page_only_level)) return;
    if (each.incident && now - *each.incident->recovered <= rules.reopen) {
      Incident& incident = *each.incident;
      incident.recovered.reset();
      incident.cleared.reset();
      incident.health = says;
      ++incident.reopened;
      ++incident.told;
      return tell(out, IncidentReopened{incident});
    }
    Incident incident;
    incident.component = each.spec->id;
    incident.from_page = true;
    incident.onset = page.red_since();
    incident.id = make_id(*each.spec, incident.onset);
    incident.detected = now;
    incident.worst = incident.health = says;
    incident.told = 1;
    const auto& words = page.readable();
    incident.page = {.claim = claim, .text = words->text, .document = words->document, .url = words->url, .fetched = page.readable_at()};
    Admission admission;
    admission.first_red = page.red_since();
    admission.last_green = page.green_before_red() != never_past ? page.green_before_red() : page.red_since();
    admission.text = words->incident.empty() ? words->text : words->incident;
    incident.admitted = std::move(admission);
    each.incident = std::move(incident);
    find_common_cause(each, out);
    return tell(out, IncidentOpened{*each.incident});
  }
  if (page.unreadable(now, rules)) return;  // frozen until it can be read again
  Incident& incident = *each.incident;
  if (!page.red()) {
    incident.recovered = incident.cleared = page.green_since();
    incident.health = Status::operational;
    ++incident.told;
    return tell(out, IncidentRecovered{incident});
  }
  incident.health = says;
  if (level(says) > level(incident.worst)) {
    incident.worst = says;
    ++incident.told;
    tell(out, IncidentUpdated{incident, UpdateReason::severity});
  }
}

/// Three or more services that begin to fail within five minutes are one story: they likely share what failed.
void Engine::State::find_common_cause(ComponentState& each, Effects& out) {
  std::vector<ComponentState*> together;
  std::set<ServiceId> services;
  for (ComponentState& other : components) {
    if (!other.spec || !other.open() || other.incident->detected < now - common_cause_window) continue;
    together.push_back(&other);
    services.insert(other.spec->service);
  }
  if (services.size() < common_cause_services) return;
  for (ComponentState* other : together) {
    std::vector<std::string> names;
    for (const ServiceId id : services) {
      const ServiceSpec* service = topology->service(id);
      if (service && id != other->spec->service) names.push_back(service->name);
    }
    if (names == other->incident->together_with) continue;
    other->incident->together_with = std::move(names);
    if (other != &each) tell(out, IncidentUpdated{*other->incident, UpdateReason::none});
  }
}

// ---- verdicts -------------------------------------------------------------------------------------------------------

/// The table of the design, section 6: agreement, and whether a mismatch is called or only listed.
std::pair<Agreement, bool> Engine::State::judge(const ComponentState& each, bool is_blind) const {
  const AgreementRules& rules = each.spec->rules;
  const PageWatch& page = each.page;
  if (is_blind) return {Agreement::blind, false};
  if (!each.spec->page) return {Agreement::no_page, false};
  if (page.unreadable(now, rules)) return {Agreement::page_unreadable, false};
  if (!page.readable_once()) return {Agreement::pending, false};
  if (!each.spec->probed) return {Agreement::page_only, false};
  const Status claim = page.claim(now, rules);

  if (!each.open()) {
    if (!page.red()) return {Agreement::agrees, false};
    Timestamp since = page.red_since();
    if (each.incident) since = std::max(since, *each.incident->recovered);
    return now >= since + rules.overstated_after ? std::pair{Agreement::page_overstates, true}
                                                 : std::pair{Agreement::pending, false};
  }
  const Incident& incident = *each.incident;
  const bool after_grace = now >= incident.onset + rules.grace;
  if (page.red()) {
    // A page whose component is green again while its incident is "monitoring" admits it, whatever the level.
    const bool understates = level(claim) > 0 && level(claim) < level(surely(each));
    if (understates && after_grace) return {Agreement::page_understates, each.gate_passed};
    return {Agreement::agrees, false};
  }
  if (claim == Status::under_maintenance) return {Agreement::agrees, false};
  if (!incident.admitted) {
    return after_grace ? std::pair{Agreement::page_silent, each.gate_passed} : std::pair{Agreement::pending, false};
  }
  // Until enough good probes have come the incident stays open; only a failure after the all-clear proves it wrong. And
  // it must have been read green once its time was up: it may have turned red again since we last looked.
  const bool failed_since = incident.last_failure > page.green_since();
  return failed_since && page.last_green() >= page.green_since() + rules.too_early_after
             ? std::pair{Agreement::page_too_early, each.gate_passed}
             : std::pair{Agreement::pending, false};
}

/// Told once, and once that it is over. Our own silence (a restart, our network) is not the page's fault: it takes a
/// reading that failed.
void Engine::State::tell_unreadable(ComponentState& each, Agreement agreement, Effects& out) {
  const Timestamp last = each.page.last_at(), readable = each.page.readable_at();
  if (!each.unreadable_told && agreement == Agreement::page_unreadable && last > readable && last >= network_back) {
    each.unreadable_told = true;
    tell(out, SelfNotice{.subject = each.spec->name, .text = "its status page cannot be read"});
  } else if (each.unreadable_told && last == readable) {
    each.unreadable_told = false;
    tell(out, SelfNotice{.subject = each.spec->name, .text = "its status page can be read again", .over = true});
  }
}

/// We asked and got answers, but none that says anything: a dead key, a bot challenge. Not our network, not a restart.
void Engine::State::tell_blind(ComponentState& each, bool is_blind, Effects& out) {
  if (!is_blind && each.blind_told) {
    each.blind_told = false;
    tell(out, SelfNotice{.subject = each.spec->name, .text = "can be seen again", .over = true});
  }
  if (!is_blind || each.blind_told || network_down) return;
  for (const TargetId id : each.targets) {
    const TargetState& target = targets[index(id)];
    if (target.reported() || target.void_class == Class::waiting || !target.proven || target.last_void == never_past || target.last_void <= target.last_usable) continue;
    each.blind_told = true;
    return tell(out, SelfNotice{.subject = each.spec->name,
                                .text = "cannot be seen: its probes end in " + std::string(to_string(target.void_class))});
  }
}

void Engine::State::evaluate(ComponentState& each, Effects& out) {
  const AgreementRules& rules = each.spec->rules;
  each.page.advance(now, rules);
  forget_silent(each, out);
  refresh_incident(each, out);
  follow_page(each, out);
  follow_page_only(each, out);

  const bool is_blind = blind(each);
  const auto [agreement, called] = judge(each, is_blind);
  Verdict next = each.verdict;
  next.health = is_blind || !each.spec->probed ? Status::unknown : health(each);
  next.claim = each.spec->page ? each.page.claim(now, rules) : Status::unknown;
  next.agreement = agreement;
  next.called = called;
  next.unchecked = controls.voters() < 2;
  const Verdict& before = each.verdict;
  if (next.agreement != before.agreement) next.since = now;
  if (next.agreement != before.agreement || next.called != before.called || next.health != before.health ||
      next.claim != before.claim) {
    next.why = explain(*this, each, next);
    tell(out, VerdictChanged{each.verdict, next});
  }
  tell_unreadable(each, agreement, out);
  tell_blind(each, is_blind, out);
  each.verdict = std::move(next);

  if (called && each.open() && std::find(each.called.begin(), each.called.end(), agreement) == each.called.end()) {
    Incident& incident = *each.incident;
    each.called.push_back(agreement);
    if (!incident.mismatch_since) incident.mismatch_since = now;
    incident.mismatch = agreement;
    ++incident.told;
    tell(out, IncidentUpdated{incident, UpdateReason::mismatch});
  }

  if (each.incident && each.incident->recovered) {
    const Timestamp recovered = *each.incident->recovered;
    const bool settled = !each.spec->page || (each.incident->admitted ? each.incident->cleared.has_value()
                                                                      : now >= recovered + late_admission);
    if (settled && now > recovered + rules.reopen) each.incident.reset();
  }
  schedule(each);
}

/// The next time at which this component changes by time alone.
void Engine::State::schedule(ComponentState& each) {
  const AgreementRules& rules = each.spec->rules;
  Timestamp next = never;
  const auto consider = [&](Timestamp t) {
    if (t > now) next = std::min(next, t);
  };
  if (each.spec->probed) {
    const Timestamp until = sees_until(each, network_down);
    if (until != never_past) consider(until);
    for (std::size_t i = each.probed; i < each.targets.size(); ++i) {
      const TargetState& target = targets[index(each.targets[i])];
      if (target.detector.firing()) consider(target.last_usable + target.spec->rules.gap);
    }
  }
  if (each.spec->page) {
    consider(each.page.next_deadline(now, rules));
    if (each.open()) {
      consider(each.incident->onset + rules.grace);
      consider(each.incident->onset + rules.gate_after);
    } else if (each.page.red()) {
      Timestamp since = each.page.red_since();
      if (each.incident) since = std::max(since, *each.incident->recovered);
      consider(since + rules.overstated_after);
    }
  }
  if (each.incident && each.incident->recovered) {
    consider(*each.incident->recovered + rules.reopen + 1ms);
    if (!each.incident->admitted) consider(*each.incident->recovered + late_admission);
  }
  const std::uint32_t id = index(each.spec->id);
  if (next == each.deadline) return;
  if (each.deadline != never) deadlines.erase({each.deadline, id});
  each.deadline = next;
  if (next != never) deadlines.insert({next, id});
}

}  // namespace outaged
