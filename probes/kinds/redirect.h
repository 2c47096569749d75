// Where a redirect leads, if it may be followed: never from https to http, and what we send to one host (keys, cookies,
// a body) goes to no other. Used by the kinds that follow redirects; pure.
#pragma once

#include <string>
#include <variant>

#include "probes/probe.h"

namespace outaged::probes {

/// A complete answer with 301, 302, 303, 307 or 308 and a Location.
bool is_redirect(const Response& response);

/// The request that it leads to, with `left` as its time limit; or, in words, why it is not followed.
std::variant<Request, std::string> follow_redirect(const Request& asked, const Response& response, Duration left);

/// A GET for something that the answer to `asked` refers to, by its absolute URL. Headers of ours that may be secret go
/// to the same origin only.
Request request_beside(const Request& asked, const std::string& url, Duration left);

}  // namespace outaged::probes
