#include "core/scope.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace outaged {
namespace {

std::string short_name(const std::string& full) { return full.substr(full.rfind('/') + 1); }

std::map<std::string, std::set<std::string>> values(const std::vector<const TargetSpec*>& targets) {
  std::map<std::string, std::set<std::string>> out;
  for (const TargetSpec* target : targets) {
    for (const auto& [label, value] : target->labels) out[label].insert(value);
  }
  return out;
}

std::string names(const std::vector<const TargetSpec*>& targets) {
  std::vector<std::string> list;
  for (const TargetSpec* target : targets) list.push_back(short_name(target->name));
  return fmt::format("{}", fmt::join(list, ", "));
}

}  // namespace

std::vector<LabelSplit> split_labels(const std::vector<const TargetSpec*>& bad, const std::vector<const TargetSpec*>& good) {
  std::vector<LabelSplit> splits;
  const auto bad_values = values(bad), good_values = values(good);
  for (const auto& [label, failing] : bad_values) {
    const auto working = good_values.find(label);
    if (working == good_values.end()) continue;
    LabelSplit split{.label = label, .bad = {}, .good = {}};
    std::set_difference(failing.begin(), failing.end(), working->second.begin(), working->second.end(),
                        std::inserter(split.bad, split.bad.end()));
    std::set_difference(working->second.begin(), working->second.end(), failing.begin(), failing.end(),
                        std::inserter(split.good, split.good.end()));
    if (!split.bad.empty() && !split.good.empty()) splits.push_back(std::move(split));
  }
  return splits;
}

Scope scope_of(const Engine& engine, ServiceId service) {
  Scope scope;
  const Topology& topology = *engine.topology();
  std::vector<const TargetSpec*> bad, good;
  for (const ComponentSpec& component : topology.components) {
    if (component.service != service) continue;
    const Incident* incident = engine.incident(component.id);
    const bool open = incident && !incident->recovered;
    if (open) {
      scope.bad.push_back(component.id);
    } else if (engine.verdict(component.id).health == Status::operational) {
      scope.good.push_back(component.id);
    }
    for (const TargetSpec& target : topology.targets) {
      if (target.component != component.id || target.advisory) continue;
      const TargetView view = engine.target(target.id);
      const bool affected = open && std::find(incident->affected.begin(), incident->affected.end(), target.id) != incident->affected.end();
      if (view.firing || affected) {
        scope.bad_targets.push_back(target.id);
        bad.push_back(&target);
      } else if (view.health == Status::operational) {
        scope.good_targets.push_back(target.id);
        good.push_back(&target);
      }
    }
  }
  scope.labels = split_labels(bad, good);
  return scope;
}

std::string spell_scope(const std::vector<const TargetSpec*>& bad, const std::vector<const TargetSpec*>& good) {
  if (bad.empty() || good.empty()) return "";
  const auto splits = split_labels(bad, good);
  for (const LabelSplit& split : splits) {
    // A label that tells all of them apart says it best.
    const auto carries = [&](const std::vector<const TargetSpec*>& targets, const std::set<std::string>& among) {
      return std::all_of(targets.begin(), targets.end(), [&](const TargetSpec* target) {
        const auto value = target->labels.find(split.label);
        return value != target->labels.end() && among.contains(value->second);
      });
    };
    if (carries(bad, split.bad) && carries(good, split.good)) {
      return fmt::format("Affected: {0} {1}. Works: {0} {2}.", split.label, fmt::join(split.bad, ", "), fmt::join(split.good, ", "));
    }
  }
  return fmt::format("Affected: {}. Works: {}.", names(bad), names(good));
}

}  // namespace outaged
