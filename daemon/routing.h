// What can I route to now? The same answer for /health and /api/v1/alternatives, from one published picture. Pure; any
// thread. An outage is an open incident of ours and nothing else: a blind monitor takes nothing out of rotation.
#pragma once

#include <cstddef>

#include "daemon/api_json.h"
#include "daemon/published.h"

namespace outaged {

/// Down is an open incident.
bool is_down(const ComponentStatus& status);
/// A component that is down is known to be bad even while we are blind: blindness freezes an open incident.
Status known_health(const ComponentStatus& status);

struct Routing {
  std::size_t to = 0;      // place in picture.components
  bool fail_open = false;  // it and every alternative are down: `to` is the component itself
};
/// The component itself if it is not down; else the first alternative that is seen to work, else the first that is not
/// down; else the component itself, for somebody who may be wrong must not stop all traffic.
Routing route_from(const Published& picture, std::size_t component);

/// {"service", "component", "usable", "health", "blind", "route_to", "fail_open", "alternatives": [...]}
Json alternatives_json(const Published& picture, std::size_t component);

}  // namespace outaged
