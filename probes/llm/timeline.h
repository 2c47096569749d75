// A recorded exchange with arrival times, one JSON object a line, as a response that can be judged again:
//   {"t_ms": 0, "ev": "request_sent"}  {"t_ms": 380, "ev": "headers", "status": 200, "content_type": …, "request-id":
//   …}
//   {"t_ms": 498, "ev": "chunk", "data": "…"}   and, at the end, how it ended: "eof", "reset", "client_idle_timeout", …
// Used by `outaged classify` and tests; pure.
#pragma once

#include <string_view>

#include "core/result.h"
#include "probes/llm/judge.h"

namespace outaged::probes::llm {

struct Recorded {
  Response response;
  bool gave_up = false;  // the client ended it, for a limit of its own on silence
};

/// The error names the line.
outaged::Result<Recorded> read_timeline(std::string_view text);

/// The limits under which the client that recorded it gave up, where they were tighter than these.
LlmExpectation as_recorded(LlmExpectation expectation, const Wire& wire, const Recorded& recorded);

}  // namespace outaged::probes::llm
