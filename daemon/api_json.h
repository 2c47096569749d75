// The picture and the history as the API shows them: snake_case, RFC 3339 times, durations in seconds, names instead of
// ids; what is not there is null. Pure; used by the API's handlers on web threads. docs/api.md describes the fields.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "daemon/published.h"
#include "storage/history.h"

namespace outaged {

using Json = nlohmann::ordered_json;  // fields in the order in which a person wants to read them

/// Names for ids: the configured ones, and those that history still knows.
class Directory {
 public:
  explicit Directory(const Published& picture, storage::History* history = nullptr);

  struct Component {
    std::string service, component, name, title;
  };
  Component component(ComponentId id) const;
  std::string target(TargetId id) const;  // full name
  /// Ids whose service and component have these short names; "" is any. Empty: none such is known.
  std::vector<ComponentId> components(const std::string& service, const std::string& component) const;

 private:
  std::map<ComponentId, Component> components_;
  std::map<TargetId, std::string> targets_;
};

/// The service's health: the worst of its probed components; what we cannot see is not fine.
Status roll_up(const Published& picture, ServiceId service);

Json service_json(const Published& picture, const ServiceSpec& service);
Json component_json(const Published& picture, std::size_t position);
Json target_json(const Published& picture, std::size_t position);
Json observation_json(const storage::RecordedObservation& observation);
Json claim_json(const Claim& claim, std::optional<Timestamp> at);
Json verdict_json(const Verdict& verdict);
/// `whole`: with its proof and what the page said.
Json incident_json(const Incident& incident, const Directory& names, Timestamp now, bool whole);
Json notification_json(const OutboxRow& row);

/// Compact; bytes that are not UTF-8 become U+FFFD.
std::string to_text(const Json& json);

}  // namespace outaged
