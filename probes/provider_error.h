// The error body of an API, in the many shapes that providers give it, and what its words mean.
// Used by attribution, and for errors inside streams; pure. The tables of words and phrases (provider_words.cpp) are
// the one place to add a provider's code. Order of evidence: its code, the status, its type, its message.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/classes.h"
#include "probes/probe.h"

namespace outaged::probes {

struct ProviderError {
  std::vector<std::string> words;  // codes and types, most specific first: "model_not_found", "invalid_request_error"
  int code = 0;                    // an HTTP status in the body, as `"code": 429` within an envelope of another status
  std::string message;
  std::string request_id;  // from the body
  std::string upstream;    // a router's word for who failed behind it
  bool moderated = false;  // a router's filter refused the text
  Duration retry_after{};  // asked for in the body; zero: nothing
};

/// nullopt if the body (and the error-type header) is not an API's error.
std::optional<ProviderError> read_provider_error(const Response& response);
/// The same of a document, or of an event inside a stream, that is known to tell of an error.
std::optional<ProviderError> read_error_document(const nlohmann::json& document);

struct Reading {
  Class cls;
  std::string word;                             // that decided, or ""
  std::optional<Counts> counts = std::nullopt;  // where this case counts otherwise than its class
};

/// What it means under this status (0: none, it came inside a stream): codes, then the message, then types; nullopt if
/// only the status can tell.
std::optional<Reading> read_meaning(const ProviderError& error, int status, bool has_request_id);
/// The same without the types, which some use loosely: for those who ask the status before them.
std::optional<Reading> read_certain_meaning(const ProviderError& error, int status, bool has_request_id);

/// " api_error: Internal server error (upstream: Google)", to follow "HTTP 500".
std::string spell_error(const ProviderError& error, const std::optional<Reading>& meaning);

// The tables.
/// Codes that mean one thing wherever they occur, whatever the status says.
std::optional<Reading> read_code_words(const ProviderError& error);
/// The message, and only under a status that fits (0: any).
std::optional<Reading> read_phrases(const ProviderError& error, int status);
std::optional<Reading> read_type_words(const ProviderError& error);

}  // namespace outaged::probes
