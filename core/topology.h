// What the engine must know of the configuration: who is watched, how they hang together, which rules hold.
// Immutable once built; a reload builds a new one. Made by config/topology.h (or by a replay, from a trace).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"

namespace outaged {

/// How one target's failures are judged (core/detector.h).
struct DetectionRules {
  Duration interval = 30s;
  double false_alarms_per_year = 1.0;   // the budget, per target
  Duration min_outage = 90s;
  Duration refractory = 28500ms;        // one counted failure per this long; interval less a twentieth
  Duration recovery_cap = 15min;        // clean minutes that always suffice
  Duration baseline_half_life = 72h;
  int failure_threshold = 0;            // classic "N in a row" instead of the sequential test; 0: not used
  int success_threshold = 0;
  double expected_error_rate = 0.05;    // what is learned as normal never exceeds it
  // A good answer slower than clamp(8 x the running median, floor, cap) is bad for the slow stream; cap 0: no such stream.
  Duration slow_floor = 3s, slow_cap = 15s;
  // How often a target is asked while suspicious, and while its component is down. Never slower than `interval`.
  Duration fast_interval = 6s, down_interval = 15s;
  Duration gap{};                       // after such a silence what was suspicious is forgotten; zero: ten intervals
};

/// How reported traffic is judged unless the user says otherwise (docs/decisions/0012).
inline DetectionRules traffic_rules() {
  DetectionRules rules;
  rules.interval = 1ms;       // the threshold is made for up to a thousand requests a second and source
  rules.min_outage = 60s;
  rules.refractory = 15s;     // a client that retries at once is one failure; four more must follow
  rules.slow_floor = rules.slow_cap = Duration{};
  rules.fast_interval = rules.down_interval = rules.interval;
  rules.gap = 10min;
  return rules;
}

/// When health and claim are called different (core/engine_judge.cpp).
struct AgreementRules {
  Duration grace = 5min;             // from onset, before a silent page is called silent
  Duration too_early_after = 5min;   // green again while it still fails
  Duration overstated_after = 60min; // red while we see it fine
  Duration unreadable_after = 5min;
  Duration gate_after = 10min;       // one target below 50 %: called only after this long
  double gate_rate = 0.10;           // milder failures are listed, not called
  Duration already_red = 60min;
  Duration flap_window = 60min;      // three changes within it are flapping
  Duration flap_hold = 15min;
  Duration reopen = 10min;           // a return within it is the same incident
  Status page_only_level = Status::degraded_performance;  // a page that nobody checks opens an incident from this on; unknown: never
};

struct ControlRules {
  Duration window = 45s;
};

struct TargetSpec {
  TargetId id{};
  std::string name;                  // "claude/api/messages"
  ComponentId component{};
  Labels labels;
  DetectionRules rules;
  bool advisory = false;             // shown and named, a second witness of what is doubtful; opens nothing, counts nowhere
  std::string source{};              // not empty: traffic that this source reports; its rules are Topology::traffic
};

struct ComponentSpec {
  ComponentId id{};
  std::string name;                  // "claude/api"
  std::string title;                 // "Claude API", for people
  ServiceId service{};
  AgreementRules rules;
  std::optional<PageId> page;        // whose claims it gets
  bool probed = false;               // some target belongs to it
  bool pooled = true;                // its targets' probes are judged together too
};

struct ServiceSpec {
  ServiceId id{};
  std::string name, title;
  Importance importance = Importance::notify;
};

struct ControlSpec {
  TargetId id{};
  std::string name;
  Duration interval = 30s;
};

struct PageSpec {
  PageId id{};
  std::string name, url;
  Duration interval = 60s;
};

struct Topology {
  std::string hash;                  // of the configuration it came from
  std::vector<ServiceSpec> services;
  std::vector<ComponentSpec> components;
  std::vector<TargetSpec> targets;
  std::vector<ControlSpec> controls;
  std::vector<PageSpec> pages;
  ControlRules control_rules;
  DetectionRules traffic = traffic_rules();

  const TargetSpec* target(TargetId id) const;
  const ComponentSpec* component(ComponentId id) const;
  const ServiceSpec* service(ServiceId id) const;
  const PageSpec* page(PageId id) const;
  const ComponentSpec* component(std::string_view name) const;
};

/// Gives each name its id, the same one for ever. Implemented by storage (names table) and by replays (in order).
class Names {
 public:
  virtual ~Names() = default;
  enum class Kind : std::uint8_t { service, component, target, page };  // controls are targets
  virtual std::uint32_t id(Kind kind, std::string_view name) = 0;
};

}  // namespace outaged
