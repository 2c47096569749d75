#include "daemon/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "alerts/registry.h"
#include "daemon/version.h"
#include "probes/registry.h"

namespace outaged {

using probes::Job;

Result<std::vector<PlannedJob>> plan_jobs(const config::Config& config, const Clock& clock) {
  std::vector<PlannedJob> jobs;
  for (const config::Service& service : config.services) {
    for (const config::Component& component : service.components) {
      for (const config::Target& target : component.targets) {
        auto probe = probes::make_probe(target, config.egress);
        if (!probe) return Error{fmt::format("target {}: {}", target.name, probe.error())};
        jobs.push_back({Job::Role::target, target.name, target.rules.interval, std::move(*probe)});
      }
    }
    if (service.page) {
      if (!probes::page_format(service.page->format)) {
        return Error{fmt::format("page {}: unknown format \"{}\"", service.page->name, service.page->format)};
      }
      jobs.push_back({Job::Role::page, service.page->name, service.page->interval,
                      probes::make_page_probe(*service.page, config.egress, clock)});
    }
  }
  for (const config::Control& control : config.controls) {
    jobs.push_back({Job::Role::control, control.name, control.interval, probes::make_control(control, config.egress)});
  }
  return jobs;
}

probes::Plan number_jobs(std::vector<PlannedJob> jobs, const Topology& topology) {
  std::map<std::string_view, std::uint32_t> targets, controls, pages;
  for (const TargetSpec& spec : topology.targets) targets[spec.name] = index(spec.id);
  for (const ControlSpec& spec : topology.controls) controls[spec.name] = index(spec.id);
  for (const PageSpec& spec : topology.pages) pages[spec.name] = index(spec.id);
  probes::Plan plan;
  for (PlannedJob& job : jobs) {
    const auto& ids = job.role == Job::Role::target ? targets : job.role == Job::Role::control ? controls : pages;
    const auto found = ids.find(job.name);
    if (found == ids.end()) continue;
    plan.push_back({job.role, found->second, std::move(job.name), job.interval, std::move(job.probe)});
  }
  return plan;
}

std::map<PageId, std::vector<PageListener>> page_listeners(const config::Config& config, const Topology& topology) {
  std::map<std::string_view, const config::Component*> configured;
  for (const config::Service& service : config.services) {
    for (const config::Component& component : service.components) configured[component.name] = &component;
  }
  std::map<PageId, std::vector<PageListener>> listeners;
  for (const ComponentSpec& spec : topology.components) {
    const auto found = configured.find(spec.name);
    if (!spec.page || found == configured.end()) continue;
    listeners[*spec.page].push_back({spec.id, found->second->page.components});
  }
  return listeners;
}

Result<void> check_receivers(const config::Config& config) {
  for (const config::Receiver& receiver : config.receivers) {
    const auto made = alerts::make_notifier(receiver);
    if (!made) return Error{fmt::format("receiver {}: {}", receiver.name, made.error())};
  }
  return {};
}

config::Egress signed_egress(const config::Config& config) {
  config::Egress egress = config.egress;
  if (egress.user_agent.empty()) {
    egress.user_agent = config.web.external_url.empty() ? fmt::format("outaged/{}", version)
                                                        : fmt::format("outaged/{} (+{})", version, config.web.external_url);
  }
  return egress;
}

probes::LoopOptions loop_options(const config::Config& config) {
  const config::Egress egress = signed_egress(config);
  probes::LoopOptions options;
  options.proxy = egress.proxy;
  options.no_proxy = egress.no_proxy;
  options.ca_file = egress.ca_file;
  options.user_agent = egress.user_agent;
  options.resolvers = egress.resolvers;
  return options;
}

}  // namespace outaged
