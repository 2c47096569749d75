#include "alerts/context.h"

#include "alerts/router.h"

namespace outaged::alerts {

Context context_of(const Engine& engine) {
  Context context;
  context.topology = engine.topology();
  context.verdict = [&engine](ComponentId id) { return engine.verdict(id); };
  context.claim = [&engine](ComponentId id) { return engine.claim(id); };
  context.claim_at = [&engine](ComponentId id) { return engine.claim_at(id); };
  context.unchecked = engine.unchecked();
  if (context.topology) {
    for (const ControlSpec& control : context.topology->controls) {
      const ControlView view = engine.control(control.id);
      ++context.controls;
      context.controls_voting += view.vote ? 1 : 0;
      context.controls_fine += view.vote && view.ok ? 1 : 0;
    }
  }
  return context;
}

void Router::route(const Effects& effects, const Engine& engine, std::vector<OutboxRow>& out) {
  if (!effects.list.empty()) route(effects, context_of(engine), out);
}

}  // namespace outaged::alerts
