#include "daemon/plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "alerts/registry.h"
#include "core/text.h"
#include "daemon/version.h"
#include "probes/kinds/kinds.h"
#include "probes/llm/requests.h"
#include "probes/registry.h"
#include "probes/url.h"

namespace outaged {

using probes::Job;

namespace {

/// Whose door it is that a probe knocks at; "" for what is our own, and for what knocks at nobody's.
std::string host_of(const config::Target& target) {
  const auto of_url = [](const std::string& url) {
    const auto parts = probes::parse_url(url);
    return parts ? parts->host : std::string();
  };
  struct Visitor {
    decltype(of_url)& url;
    std::string operator()(const config::HttpCheck& check) const { return url(check.url); }
    std::string operator()(const config::TcpCheck& check) const { return check.host; }
    std::string operator()(const config::DnsCheck& check) const { return url("http://" + check.server); }  // it may have a port
    std::string operator()(const config::IcmpCheck& check) const { return check.host; }
    std::string operator()(const config::GrpcCheck& check) const { return url(check.url); }
    std::string operator()(const config::ExecCheck&) const { return {}; }
    std::string operator()(const config::FeedCheck& check) const { return url(check.url); }
    std::string operator()(const config::PushCheck&) const { return {}; }
    std::string operator()(const config::LlmCheck& check) const { return url(probes::llm::base_url(check)); }
  };
  const std::string host = lower_ascii(std::visit(Visitor{of_url}, target.check));
  return probes::is_private(host) ? std::string() : host;
}

std::string group_of(const config::Target& target) {
  const auto* llm = std::get_if<config::LlmCheck>(&target.check);
  return llm ? llm->ledger : std::string();
}

}  // namespace

Result<std::vector<PlannedJob>> plan_jobs(const config::Config& config, const Clock& clock,
                                          const std::shared_ptr<probes::llm::Ledger>& ledger,
                                          const std::shared_ptr<probes::Heartbeats>& heartbeats) {
  std::vector<PlannedJob> jobs;
  for (const config::Service& service : config.services) {
    for (const config::Component& component : service.components) {
      for (const config::Target& target : component.targets) {
        auto probe = heartbeats && target.kind == "push"
                         ? Result<std::shared_ptr<const Probe>>(probes::make_push(target, heartbeats, clock))
                         : probes::make_probe(target, config.egress, ledger);
        if (!probe) return Error{fmt::format("target {}: {}", target.name, probe.error())};
        jobs.push_back({Job::Role::target, target.name, target.rules.interval, std::move(*probe), host_of(target), group_of(target)});
      }
    }
    if (service.page) {
      if (service.page->format != "auto" && !probes::page_format(service.page->format)) {
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

std::vector<probes::Heartbeats::Expected> expected_heartbeats(const config::Config& config) {
  std::vector<probes::Heartbeats::Expected> out;
  for (const config::Service& service : config.services) {
    for (const config::Component& component : service.components) {
      for (const config::Target& target : component.targets) {
        if (const auto* check = std::get_if<config::PushCheck>(&target.check)) out.push_back({target.name, check->token});
      }
    }
  }
  return out;
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
    plan.push_back({job.role, found->second, std::move(job.name), job.interval, std::move(job.probe), std::move(job.host), std::move(job.group)});
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
  options.max_per_host = static_cast<std::size_t>(config.probing.max_per_host);
  return options;
}

}  // namespace outaged
