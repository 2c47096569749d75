// What an error of an LLM API means: the wire's own rules, codes, message, status, type, in this order; and when there
// is no body, the status with the request id. Used by judge.cpp; pure.
#pragma once

#include "probes/llm/wire.h"

namespace outaged::probes::llm {

/// Of a response with a status of failure. `error` is null where the body is none.
Reading read_failure(const Wire& wire, const ProviderError* error, int status, bool has_request_id);

/// Of an error inside a 2xx answer: an event of a stream, or a document.
Reading read_error_within(const Wire& wire, const ProviderError& error);

}  // namespace outaged::probes::llm
