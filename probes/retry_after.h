// When to come back, as an answer asks for it: in headers (seconds, fractions too, a date, milliseconds), in the
// error's details or in its prose. Used by attribution and the llm kind; pure: a date is taken against the answer's own
// clock. Never capped here: what to make of "86400" is the scheduler's to decide.
#pragma once

#include <optional>
#include <string_view>

#include "probes/probe.h"

namespace outaged::probes {

/// A delay as providers spell it: "34.4s", "1m47.58s", "120ms", "6m0s", "20 seconds"; bare numbers are seconds.
std::optional<Duration> read_delay(std::string_view text);

/// From prose: "Please try again in 50.6s", "retry after 45 seconds".
std::optional<Duration> delay_in_prose(std::string_view message);

/// From the headers retry-after-ms and Retry-After; nullopt if there is none that can be read.
std::optional<Duration> retry_after_header(const Response& response);

}  // namespace outaged::probes
