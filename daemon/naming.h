// Short names out of full ones: configuration and engine say "claude/api/messages", labels and URLs say service "claude",
// component "api", target "messages". Pure; any thread.
#pragma once

#include <string_view>

#include "core/topology.h"

namespace outaged {

/// "api" of "claude/api" below "claude"; a name that is not below its parent (a trace's) stays whole.
inline std::string_view name_below(std::string_view name, std::string_view parent) {
  const bool below = name.size() > parent.size() + 1 && name.starts_with(parent) && name[parent.size()] == '/';
  return below ? name.substr(parent.size() + 1) : name;
}

/// The three names of a component or a target, as labels and URLs give them. Views into the topology.
struct ShortNames {
  std::string_view service, component, target;
};

inline ShortNames short_names(const Topology& topology, const ComponentSpec& component) {
  const ServiceSpec* service = topology.service(component.service);
  const std::string_view service_name = service != nullptr ? std::string_view(service->name) : std::string_view();
  return {service_name, name_below(component.name, service_name), {}};
}

inline ShortNames short_names(const Topology& topology, const TargetSpec& target) {
  const ComponentSpec* component = topology.component(target.component);
  if (component == nullptr) return {{}, {}, target.name};
  ShortNames names = short_names(topology, *component);
  names.target = name_below(target.name, component->name);
  return names;
}

}  // namespace outaged
