// Counted failures: which requests of an endpoint fail, and how long each takes, from seed and number alone. Not random:
// of each 25 requests in a row that begin a block, the stated share fails, to the request; what a block cannot hold
// exactly is carried into the next. Pure, the same on every machine.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/time.h"

namespace outaged::simulator {

/// A stream of its own for each thing that has a name.
std::uint64_t mix_seed(std::uint64_t seed, std::string_view name, std::uint64_t number = 0);

/// Whether the `n`-th request (from 0) fails at this rate: a seeded shuffle within each block of 25.
bool counted_failure(std::uint64_t seed, double rate, std::uint64_t n);

/// Within [least, most], spread evenly over any run of requests.
Duration counted_latency(std::uint64_t seed, Duration least, Duration most, std::uint64_t n);

}  // namespace outaged::simulator
