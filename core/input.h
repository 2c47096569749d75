// The engine's inputs and effects. Inputs in order of their sequence number are the log; folding it gives the state.
#pragma once

#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "core/model.h"
#include "core/notification.h"
#include "core/topology.h"

namespace outaged {

/// Time passed and nothing else. Extra ticks never change an outcome.
struct Tick {};

/// From here on this topology holds.
struct ConfigChange {
  std::shared_ptr<const Topology> topology;
};

/// The wall clock was stepped. An event, not a smaller time.
struct ClockStep {
  Duration by{};
};

/// Something a person did (silence, acknowledge, …). Recorded; the engine itself takes `report` only: it fails for
/// somebody too, `subject` is the component's name, and one word of each person (`by`) counts.
struct OperatorAction {
  std::string action, subject, by, comment;
};
inline constexpr std::string_view report_action = "report";

/// From here on this source reports its traffic with this component; or no more, to make room. The target carries the
/// source, and belongs to a component of the configuration.
struct Reporting {
  TargetSpec target;
  bool ended = false;
};

struct Input {
  Seq seq = 0;
  Timestamp at{};  // monotone
  std::variant<Tick, Observation, Claim, ConfigChange, DeliveryReport, ClockStep, OperatorAction, Reporting> what;
};

struct VerdictChanged {
  Verdict before, after;
};
struct IncidentOpened {
  Incident incident;
};
/// Returned within the hold time: the same incident, open again.
struct IncidentReopened {
  Incident incident;
};
struct IncidentRecovered {
  Incident incident;
};
struct IncidentUpdated {
  Incident incident;
  UpdateReason reason = UpdateReason::none;  // none: only its numbers changed; worth storing, not telling
};
/// A stream began to fire, or stopped: a target's, or (no target) the one that takes all its component's probes.
struct StreamChanged {
  ComponentId component{};
  std::optional<TargetId> target;
  bool slow = false;                       // of slow answers, not of failures
  bool firing = false;
  Timestamp onset{};
  std::uint64_t failures = 0, probes = 0;  // of the excursion
};
/// Our own network: while down, nothing counts against anyone.
struct NetworkChanged {
  bool down = false;
  std::string text;
};
/// The probe loop should ask this target at this interval from now on, but not before that time.
struct CadenceChanged {
  TargetId target{};
  Duration interval{};
  Timestamp not_before{};
};
/// Our own troubles, for the receiver `self`.
struct SelfNotice {
  std::string subject, text;
  bool over = false;
};

using Effect = std::variant<VerdictChanged, IncidentOpened, IncidentReopened, IncidentRecovered, IncidentUpdated,
                            StreamChanged, NetworkChanged, CadenceChanged, SelfNotice>;

/// What one step did. Reused between steps to avoid allocation.
struct Effects {
  struct Timed {
    Timestamp at{};  // the deadline's own time, or the input's
    Effect effect;
  };
  Disposition disposition = Disposition::ignored;  // of the observation, if the input was one
  std::vector<Timed> list;
  void clear() { disposition = Disposition::ignored; list.clear(); }
};

}  // namespace outaged
