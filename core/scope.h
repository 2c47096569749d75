// Which parts of a service are bad and which are good at the same moment: by component, target and label (model, region,
// …), as data and as a sentence. Pure.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/engine.h"
#include "core/topology.h"

namespace outaged {

/// One label's values that are bad everywhere, and those that are good everywhere. A value that is both tells nothing.
struct LabelSplit {
  std::string label;
  std::set<std::string> bad, good;
};

struct Scope {
  std::vector<ComponentId> bad, good;              // with an open incident; seen, without one
  std::vector<TargetId> bad_targets, good_targets; // firing or failing since the onset; working
  std::vector<LabelSplit> labels;                  // only those that split
};

std::vector<LabelSplit> split_labels(const std::vector<const TargetSpec*>& bad, const std::vector<const TargetSpec*>& good);
/// As of now, over all components of the service.
Scope scope_of(const Engine& engine, ServiceId service);

/// "Affected: model opus, sonnet. Works: model haiku." or by the targets' own names; empty if all or none is bad.
std::string spell_scope(const std::vector<const TargetSpec*>& bad, const std::vector<const TargetSpec*>& good);

}  // namespace outaged
