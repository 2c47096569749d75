// The error body of an API, in the many shapes that providers give it, and what its words mean.
// Used by attribution; pure. The table of words is the one place to add a provider's code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/classes.h"
#include "probes/probe.h"

namespace outaged::probes {

struct ProviderError {
  std::vector<std::string> words;  // codes and types, most specific first: "model_not_found", "invalid_request_error"
  int code = 0;                    // a number in the body, as `"code": 429` within an envelope of another status
  std::string message;
  std::string request_id;  // from the body
  std::string upstream;    // a router's word for who failed behind it
};

/// nullopt if the body (and the error-type header) is not an API's error.
std::optional<ProviderError> read_provider_error(const Response& response);

struct Reading {
  Class cls;
  std::string word;  // that decided, or ""
};
/// What it means under this status: the table of words, then the message; nullopt if only the status can tell.
std::optional<Reading> read_meaning(const ProviderError& error, int status, bool has_request_id);

}  // namespace outaged::probes
