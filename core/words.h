// Numbers in sentences, the same everywhere: verdicts, alerts, terminal. Pure.
#pragma once

#include <cstdint>
#include <string>

namespace outaged {

/// "44 %", "0.1 %", "<0.1 %": at most two significant digits.
std::string spell_rate(double rate);
/// "12 of 27 requests (44 %; normal 0.1 %)"
std::string spell_failures(std::uint64_t failures, std::uint64_t probes, double baseline);
/// "at most once a year", "at most 5 times a year", "at most once in 10 years"
std::string spell_budget(double false_alarms_per_year);

}  // namespace outaged
