// Answers that do not come from the service but from what stands before it: bot challenges, blocks, gateways' own
// error pages. Known by their headers and signatures. Used by attribution only; pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "probes/probe.h"

namespace outaged::probes {

struct EdgeAnswer {
  Class cls = Class::edge_error;
  std::string what;  // "Cloudflare bot challenge (cf-mitigated: challenge)"
};

/// A challenge or a block, on any status: we cannot see past it, so it says nothing about the service.
std::optional<EdgeAnswer> challenge_or_block(const Response& response);

/// A gateway's own error. `json_expected`: HTML then is never the application's answer, unless its request id says so.
std::optional<EdgeAnswer> gateway_error(const Response& response, bool json_expected);

/// The text (lower case) looks like a "we will be back" page.
bool is_maintenance_text(std::string_view body);

}  // namespace outaged::probes
