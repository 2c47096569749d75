#include "config/config.h"

#include <algorithm>

namespace outaged::config {

std::shared_ptr<const Topology> make_topology(const Config& config, Names& names) {
  auto out = std::make_shared<Topology>();
  out->hash = config.hash;
  out->control_rules = config.control_rules;
  out->traffic = config.ingest.traffic;
  for (const Service& service : config.services) {
    const ServiceId service_id{names.id(Names::Kind::service, service.name)};
    out->services.push_back({service_id, service.name, service.title, service.importance});
    std::optional<PageId> page;
    if (service.page) {
      page = PageId{names.id(Names::Kind::page, service.page->name)};
      out->pages.push_back({*page, service.page->name, service.page->url, service.page->interval});
    }
    for (const Component& component : service.components) {
      ComponentSpec spec;
      spec.id = ComponentId{names.id(Names::Kind::component, component.name)};
      spec.name = component.name;
      spec.title = component.title;
      spec.service = service_id;
      spec.rules = service.rules;
      spec.probed = std::any_of(component.targets.begin(), component.targets.end(),
                                [](const Target& target) { return !target.advisory; });
      if (!component.page.page.empty()) spec.page = page;
      for (const Target& target : component.targets)
        out->targets.push_back({.id = TargetId{names.id(Names::Kind::target, target.name)}, .name = target.name,
                                .component = spec.id, .labels = target.labels, .rules = target.rules,
                                .advisory = target.advisory});
      out->components.push_back(std::move(spec));
    }
  }
  for (const Control& control : config.controls)
    out->controls.push_back({TargetId{names.id(Names::Kind::target, control.name)}, control.name, control.interval});
  return out;
}

}  // namespace outaged::config
