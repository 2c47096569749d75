// The rules against the past: a trace in JSON Lines or a database, through the very engine that runs live.
// Pure but for reading the named files; used by `outaged replay` and by tests.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/engine.h"
#include "core/result.h"

namespace outaged {

struct ReplayOptions {
  std::string trace, claims;         // JSON Lines; or
  std::string database;
  std::optional<Timestamp> since;
  std::shared_ptr<const Topology> topology;  // counterfactual: these rules instead of those of the day (database only)
  // Single rules, over whatever the topology says.
  std::optional<Duration> min_outage, reopen, interval, grace;
  std::optional<double> false_alarms_per_year;
};

/// One alert of a target (its stream fired), as evaluators of detectors expect it.
struct TargetAlert {
  std::string target;
  Timestamp fired{}, onset{};
  std::optional<Timestamp> resolved;
  int reopened = 0;
};

/// One period in which a mismatch was called.
struct MismatchPeriod {
  std::string component;
  Agreement kind = Agreement::page_silent;
  Timestamp from{};
  std::optional<Timestamp> to;
};

struct ReplayReport {
  std::vector<Incident> incidents;          // last known form, by onset
  std::vector<TargetAlert> alerts;          // by time fired
  std::vector<MismatchPeriod> mismatches;   // by begin
  std::shared_ptr<const Topology> topology;
  std::uint64_t inputs = 0;
  std::optional<Timestamp> from, to;
  std::vector<std::string> notes;           // "cold start: …", "counterfactual: …"
};

/// Errors: unreadable file, malformed line (with its number), no snapshot to start from.
Result<ReplayReport> replay(const ReplayOptions& options);

}  // namespace outaged
