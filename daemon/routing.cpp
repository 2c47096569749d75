#include "daemon/routing.h"

#include <nlohmann/json.hpp>
#include <string>

#include "daemon/naming.h"

namespace outaged {
namespace {

Json place_json(const Published& picture, std::size_t i) {
  const ShortNames names = short_names(*picture.topology, picture.topology->components[i]);
  const ComponentStatus& status = picture.components[i];
  const Status health = known_health(status);
  return {{"service", std::string(names.service)},
          {"component", std::string(names.component)},
          {"usable", !is_down(status)},
          {"health", std::string(to_string(health))},
          {"blind", health == Status::unknown}};
}

}  // namespace

bool is_down(const ComponentStatus& status) { return status.incident && !status.incident->recovered; }

Status known_health(const ComponentStatus& status) {
  return is_down(status) && status.verdict.health == Status::unknown ? status.incident->health : status.verdict.health;
}

Routing route_from(const Published& picture, std::size_t component) {
  const ComponentStatus& own = picture.components[component];
  if (!is_down(own)) return {component, false};
  for (const bool seen : {true, false})
    for (const std::size_t i : own.alternatives) {
      const ComponentStatus& other = picture.components[i];
      if (!is_down(other) && (!seen || known_health(other) != Status::unknown)) return {i, false};
    }
  return {component, true};
}

Json alternatives_json(const Published& picture, std::size_t component) {
  Json out = place_json(picture, component);
  const Routing routing = route_from(picture, component);
  out["route_to"] = picture.topology->components[routing.to].name;
  out["fail_open"] = routing.fail_open;
  out["alternatives"] = Json::array();
  for (const std::size_t i : picture.components[component].alternatives) {
    Json each = place_json(picture, i);
    each["why"] = picture.components[i].verdict.why;
    out["alternatives"].push_back(std::move(each));
  }
  return out;
}

}  // namespace outaged
