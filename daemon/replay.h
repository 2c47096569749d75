// The rules against the past: a trace in JSON Lines or a database, through the very engine that runs live.
// Pure but for reading the named files; used by `outaged replay` and by tests.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/engine.h"
#include "core/honesty.h"
#include "core/result.h"

namespace outaged {

struct ReplayOptions {
  std::string trace, claims;         // JSON Lines; or
  std::string database;
  std::optional<Timestamp> since;
  std::shared_ptr<const Topology> topology;  // counterfactual: these rules instead of those of the day
  // Single rules, over whatever the topology says.
  std::optional<Duration> min_outage, reopen, interval, grace;
  bool component_stream = true, slow_stream = true;
  // The trace holds what a probe would have seen this often: probe adaptively, taking what is due. Zero: every line.
  Duration dense{};
  std::optional<double> false_alarms_per_year;
};

/// One alert, as evaluators of detectors expect it: a target's (one of its streams fired), or a component's (its incident).
struct Alert {
  std::string target;       // a component's stands under its own name
  bool component = false;
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
  std::vector<Alert> alerts;                // by time fired
  std::vector<MismatchPeriod> mismatches;   // by begin
  std::shared_ptr<const Topology> topology;
  std::uint64_t inputs = 0;
  std::map<std::string, Honesty> pages;     // by component, where a page was watched
  std::optional<Timestamp> from, to;
  std::vector<std::string> notes;           // "cold start: …", "counterfactual: …"
};

/// Errors: unreadable file, malformed line (with its number), no snapshot to start from.
Result<ReplayReport> replay(const ReplayOptions& options);

}  // namespace outaged
