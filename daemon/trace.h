// Probe and claim traces in JSON Lines:
//   probes: {"t": epoch seconds, "target", "service", "role": "target"|"control", "ok", "http_status", "latency_ms", "error"}
//   claims: {"t", "component", "claim": "operational"|"degraded"|…, "incident": name|null}
// A service is its only component. Reads files; nothing else.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/input.h"
#include "core/result.h"

namespace outaged {

/// Who appears in a trace, with default rules. Errors name file and line.
Result<std::shared_ptr<Topology>> read_trace_topology(const std::string& probes, const std::string& claims);
/// Every line of both files as inputs, merged in order of time.
Result<void> read_trace(const std::string& probes, const std::string& claims, const Topology& topology,
                        const std::function<void(const Input&)>& each);

}  // namespace outaged
