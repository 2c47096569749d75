// What the router needs to know beside the effects: a narrow view of the engine's state after the step.
// Made by context_of on the pipeline thread and used within that turn only; tests fill one by hand.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>

#include "core/engine.h"

namespace outaged::alerts {

struct Context {
  std::shared_ptr<const Topology> topology;
  std::function<Verdict(ComponentId)> verdict;
  std::function<const Claim*(ComponentId)> claim;
  std::function<std::optional<Timestamp>(ComponentId)> claim_at;
  std::size_t controls = 0, controls_voting = 0, controls_fine = 0;
  bool unchecked = false;
};

/// The engine must outlive the context.
Context context_of(const Engine& engine);

}  // namespace outaged::alerts
