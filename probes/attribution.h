// Whose fault? From one response, and what was expected of it, to its class and the evidence for it. The first match
// wins: transport, challenge or block, the status the user expects, gateway, the provider's own error body, the status
// alone. (Step 1 of the design, our own network, is the engine's: it needs more than one response.)
// Called by every probe kind on the loop's thread; pure: no clock, no I/O, no state.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/probe.h"
#include "probes/provider_error.h"

namespace outaged::probes {

struct Expectation {
  std::vector<std::pair<int, int>> status;  // inclusive ranges; empty: 200 to 299
  bool json = false;                        // JSON belongs here: HTML or nothing is somebody else's answer
  bool content = false;                     // some body belongs here
  bool fronted = false;                     // a vendor's API behind a front end of its own (probes/edge.h)
  bool broken_off = false;                  // a body that broke off under an expected status is the caller's to judge
  std::string_view domain = {};  // where the service lives, for redirects: "example.com"; empty: the URL's host
  /// What an error (null: the body is none) means, in place of the common tables; nullopt: what the status means.
  std::function<std::optional<Reading>(const ProviderError* error, const Response& response)> read = nullptr;
};

struct Attribution {
  Class cls = Class::ok;
  Evidence evidence;
  // Where this case differs from what its class is by itself.
  std::optional<Fault> fault = std::nullopt;
  std::optional<Counts> counts = std::nullopt;
};

/// Whose fault this case is, and whether it counts: its own word before its class's.
Fault fault_of(const Attribution& attribution);
Counts counts_of(const Attribution& attribution);

bool expects(const Expectation& expectation, int status);

/// `Class::ok`: a complete answer with an expected status and, where one is expected, a body of the right sort; what it
/// says is for the kind to judge.
Attribution attribute(const Response& response, const Expectation& expectation = {});

/// A transport error's class.
Class class_of(TransportError error);

/// The class that a status has by itself.
Class class_of_status(int status);

}  // namespace outaged::probes
