// From one answer of an LLM API to its class, its fault and the evidence, in the order of the design's section 7:
// transport, challenge, edge, the provider's error, status, content. A 2xx stream is ok only with the terminator of its
// wire; `[DONE]` proves nothing, pings are no progress, refusals and a spent max_tokens are healthy.
// Called by the llm kind on the loop's thread and by `outaged classify`; pure: no clock, no I/O, no state.
#pragma once

#include "probes/attribution.h"
#include "probes/llm/wire.h"

namespace outaged::probes::llm {

struct LlmExpectation {
  bool stream = false;                      // a streamed completion was asked for
  Asked asked = Asked::anything;            // where not streamed
  std::vector<std::pair<int, int>> status;  // that are right whatever the body says (a canary's 401); empty: 200 to 299
  Duration first_token = 45s;               // later than this is timeout_first_token
  Duration max_gap = 30s;                   // between two contents; longer is stream_stalled
};

struct LlmAttribution : Attribution {
  std::optional<Micros> first_token;  // of a stream with content, where arrivals are known
  std::optional<Micros> largest_gap;
  Usage usage;
  std::string stop_reason, upstream;
  Duration retry_after{};  // what the answer asks for, in header or body; zero: nothing
};

LlmAttribution attribute_llm(const Wire& wire, const Response& response, const LlmExpectation& expectation = {});

}  // namespace outaged::probes::llm
