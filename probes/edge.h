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

/// What is known of the answer that belongs here.
struct EdgeExpectation {
  bool json = false;     // an API: HTML then is never the application's answer, unless its request id says so
  bool fronted = false;  // a vendor's service, always behind a front end, that answers in JSON when it answers itself
};

/// A challenge or a block, on any status: we cannot see past it, so it says nothing about the service.
std::optional<EdgeAnswer> challenge_or_block(const Response& response, bool json_expected = false);

/// A gateway's own error.
std::optional<EdgeAnswer> gateway_error(const Response& response, const EdgeExpectation& expectation);

/// The text looks like a "we will be back" page.
bool is_maintenance_text(std::string_view body);
/// The same of a whole answer, with whatever status: a short page that says so to those who look at it.
bool is_maintenance_page(const Response& response);
/// What a person sees of a page, roughly: without tags, scripts and styles.
std::string visible_text(std::string_view html);

/// A redirect's target, or its path, that asks to sign in.
bool leads_to_login(std::string_view path);
/// A page with a password field: where JSON belongs, that is a proxy or a captive portal.
bool asks_for_password(const Response& response);

}  // namespace outaged::probes
