#include "daemon/introduction.h"

#include <fmt/format.h>

namespace outaged {
namespace {

std::string plural(std::size_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

}  // namespace

std::vector<std::string> introduce(const config::Config& config) {
  std::vector<std::string> lines;
  std::size_t targets = 0;
  for (const config::Service& service : config.services) {
    std::size_t probes = 0;
    std::string blind;
    for (const config::Component& component : service.components) {
      probes += component.targets.size();
      if (component.targets.empty()) {
        if (!blind.empty()) blind += ", ";
        blind += component.title.empty() ? component.name : component.title;
      }
    }
    targets += probes;
    lines.push_back(fmt::format("watching {}: {}, {}; {}", service.title.empty() ? service.name : service.title,
                                plural(service.components.size(), "component", "components"), plural(probes, "target", "targets"),
                                service.page ? fmt::format("compared with {}", service.page->url)
                                             : "no status page configured: nothing to compare with"));
    if (!blind.empty()) lines.push_back(fmt::format("  cannot see {}: no target; only their page speaks for it", blind));
  }
  if (targets == 0) lines.push_back("watching nothing ourselves: no target is configured");
  lines.push_back(config.controls.empty()
                      ? "cannot tell \"us\" from \"them\": no control sites are configured"
                      : fmt::format("\"is it us?\" is settled by {}", plural(config.controls.size(), "control site", "control sites")));
  if (config.receivers.empty()) {
    lines.push_back("tells nobody: no receivers are configured");
  } else {
    std::string names;
    for (const config::Receiver& receiver : config.receivers) {
      if (!names.empty()) names += ", ";
      names += fmt::format("{} ({})", receiver.name, receiver.kind);
    }
    lines.push_back(fmt::format("tells {}", names));
  }
  for (const std::string& note : config.notes) lines.push_back("note: " + note);
  return lines;
}

std::string where_to_look(const std::string& address) {
  return fmt::format("page {0}/  metrics {0}/metrics  API {0}/api/v1/services", address);
}

}  // namespace outaged
