#include "core/topology.h"

#include <algorithm>

namespace outaged {
namespace {

/// Ids mostly rise with the position, so bisection mostly finds them; where they do not (a target was added in the
/// middle of the file) nothing but the scan is lost.
template <class Spec, class Id>
const Spec* find(const std::vector<Spec>& specs, Id id) {
  std::size_t low = 0, high = specs.size();
  while (low < high) {
    const std::size_t middle = low + (high - low) / 2;
    if (specs[middle].id == id) return &specs[middle];
    if (specs[middle].id < id) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  const auto found = std::find_if(specs.begin(), specs.end(), [&](const Spec& spec) { return spec.id == id; });
  return found == specs.end() ? nullptr : &*found;
}

}  // namespace

const TargetSpec* Topology::target(TargetId id) const { return find(targets, id); }
const ComponentSpec* Topology::component(ComponentId id) const { return find(components, id); }
const ServiceSpec* Topology::service(ServiceId id) const { return find(services, id); }
const PageSpec* Topology::page(PageId id) const { return find(pages, id); }

const ComponentSpec* Topology::component(std::string_view name) const {
  const auto found = std::find_if(components.begin(), components.end(),
                                  [&](const ComponentSpec& component) { return component.name == name; });
  return found == components.end() ? nullptr : &*found;
}

}  // namespace outaged
