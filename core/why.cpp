// The verdict's sentence: what we see with its numbers, then what the page said and when.
#include <fmt/format.h>

#include "core/engine_state.h"
#include "core/words.h"

namespace outaged {
namespace {

std::string seen(const Engine::State& state, const ComponentState& component, const Verdict& verdict) {
  if (!component.spec->probed) return "Nothing of ours watches it.";
  if (state.network_down) return "We cannot see: our own network is down, our control sites fail too.";
  if (verdict.agreement == Agreement::blind) {
    bool any_proven = false;
    for (const TargetId id : component.targets) any_proven = any_proven || state.targets[index(id)].proven;
    return any_proven ? "We cannot see: no probe has had a usable answer lately."
                      : "We cannot see: no probe has been ok yet.";
  }
  if (component.open()) {
    const Incident& incident = *component.incident;
    return fmt::format("{} fail since {}. By chance alone this would happen {} here.{}",
                       spell_failures(incident.failures, incident.probes, incident.baseline),
                       format_clock(incident.onset), spell_budget(incident.false_alarms_per_year),
                       incident.unchecked ? " Unchecked: too few control sites to rule out our own network." : "");
  }
  if (component.incident) {
    return fmt::format("Works again since {}; it failed from {}.", format_clock(*component.incident->recovered),
                       format_clock(component.incident->onset));
  }
  return "All is well as far as we see.";
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

std::string explain(const Engine::State& state, const ComponentState& component, const Verdict& verdict) {
  std::string text = seen(state, component, verdict) + " " + claimed(state, component, verdict);
  if (is_mismatch(verdict.agreement) && !verdict.called) text += " Too mild to call it a mismatch yet.";
  return text;
}

}  // namespace outaged
