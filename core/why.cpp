// The verdict's sentence: what we see with its numbers, then what the page said and when.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/engine_state.h"
#include "core/scope.h"
#include "core/words.h"

namespace outaged {
namespace {

std::string seen(const Engine::State& state, const ComponentState& component, const Verdict& verdict) {
  if (!component.spec->probed) {
    if (!component.open()) return "Nothing of ours watches it.";
    return fmt::format("Nothing of ours watches it; their page reports {} since {}.", spell(component.incident->health),
                       format_clock(component.incident->onset));
  }
  if (verdict.agreement == Agreement::blind) {
    if (state.network_down) return "We cannot see: our own network is down, our control sites fail too.";
    bool any_proven = false;
    for (const TargetId id : component.targets) any_proven = any_proven || state.targets[index(id)].proven;
    return any_proven ? "We cannot see: no probe has had a usable answer lately."
                      : "We cannot see: no probe has been ok yet.";
  }
  if (component.open()) {
    const Incident& incident = *component.incident;
    std::string text = fmt::format("{} {} since {}. By chance alone this would happen {} here.",
                                   spell_failures(incident.slow ? incident.slow_answers : incident.failures, incident.probes, incident.baseline),
                                   incident.slow ? "are answered slowly" : "fail", format_clock(incident.onset),
                                   spell_budget(incident.false_alarms_per_year));
    const std::string extent = scope_sentence(state, component);
    if (!extent.empty()) text += " " + extent;
    if (!incident.together_with.empty()) {
      text += fmt::format(" {} began to fail at the same time: a common cause is likely.", fmt::join(incident.together_with, ", "));
    }
    if (incident.unchecked) text += " Unchecked: too few control sites to rule out our own network.";
    return text;
  }
  if (component.incident) {
    return fmt::format("Works again since {}; it failed from {}.", format_clock(*component.incident->recovered),
                       format_clock(component.incident->onset));
  }
  return "All is well as far as we see.";
}

/// What others say of it beside what we measure: sources whose traffic fails, advisory targets, people.
std::string told(const Engine::State& state, const ComponentState& component) {
  std::string text;
  for (const TargetId id : component.targets) {
    const TargetState& target = state.targets[index(id)];
    if (!target.reported() || !target.detector.firing()) continue;
    const Traffic::State& traffic = target.traffic.state();
    text += fmt::format(" {} reports {} of {} requests failing.", target.spec->source, traffic.failures, traffic.requests);
  }
  for (const TargetId id : component.advisory) {
    const TargetState& target = state.targets[index(id)];
    if (!state.speaks(target) || target.proof.empty() || target.proof.back().detail.empty()) continue;
    text += " " + target.proof.back().detail;
    if (!text.ends_with('.')) text += '.';
  }
  const std::size_t people = component.people.last_hour(state.now);
  if (people > 0 && (component.open() || component.people.unusual(state.now))) {
    text += people == 1 ? " One person reports that it fails for them."
                        : fmt::format(" {} people report that it fails for them.", people);
  }
  return text;
}

std::string claimed(const Engine::State& state, const ComponentState& component, const Verdict& verdict) {
  if (!component.spec->page) return "No status page is configured.";
  const PageWatch& page = component.page;
  if (!page.readable()) {
    return page.last() ? fmt::format("Their page cannot be read: {}.", page.last()->text)
                       : "Their page has not been read yet.";
  }
  const std::string words = page.readable()->text.empty() ? std::string(spell(page.readable()->status))
                                                          : page.readable()->text;
  std::string sentence = fmt::format("Their page says \"{}\" (read {}).", words, format_clock(page.readable_at(), true));
  const auto& rules = component.spec->rules;
  switch (verdict.agreement) {
    case Agreement::page_silent: sentence += " It has not admitted this."; break;
    case Agreement::page_too_early: sentence += " It gave the all-clear, yet it still fails."; break;
    case Agreement::page_understates:
      sentence += fmt::format(" It admits {}, we see {}.", spell(verdict.claim), spell(verdict.health));
      break;
    case Agreement::page_overstates:
      sentence += component.incident ? " It looks stale: it recovered." : " We cannot see what it reports from here.";
      break;
    case Agreement::page_unreadable:
      sentence = fmt::format("Their page cannot be read since {}: {}.", format_clock(page.readable_at()),
                             page.last() ? page.last()->text : "no answer");
      break;
    case Agreement::pending:
      if (component.open() && state.now < component.incident->onset + rules.grace) {
        sentence += fmt::format(" It has until {} to admit it.", format_clock(component.incident->onset + rules.grace, true));
      }
      break;
    case Agreement::agrees:
      if (component.open() && page.red()) sentence += " It admits it.";
      break;
    case Agreement::blind:
    case Agreement::page_only:
    case Agreement::no_page: break;
  }
  if (page.flapping(state.now, rules)) sentence += " The page keeps changing its mind.";
  return sentence;
}

}  // namespace

std::string scope_sentence(const Engine::State& state, const ComponentState& component) {
  std::vector<const TargetSpec*> bad, good;
  for (const TargetId id : component.incident->affected) {
    if (const TargetSpec* spec = state.topology->target(id)) bad.push_back(spec);
  }
  for (const TargetId id : component.incident->unaffected) {
    if (const TargetSpec* spec = state.topology->target(id)) good.push_back(spec);
  }
  return spell_scope(bad, good);
}

std::string explain(const Engine::State& state, const ComponentState& component, const Verdict& verdict) {
  std::string text = seen(state, component, verdict) + told(state, component) + " " + claimed(state, component, verdict);
  if (is_mismatch(verdict.agreement) && !verdict.called) text += " Too mild to call it a mismatch yet.";
  return text;
}

}  // namespace outaged
