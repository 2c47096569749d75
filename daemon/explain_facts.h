// What `check-config --explain` needs beside the rules: what a daemon has learned so far, and what paid probes cost.
// Called by the command line. Reads the named database and nothing else; asks nothing, writes nothing.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/result.h"
#include "core/time.h"

namespace outaged {

/// Share of requests that fail on a normal day, by target, as a daemon has learned it.
struct Learned {
  std::map<std::string, double> baselines;
  Timestamp at{};
};
/// From the newest snapshot. Errors: no such file, no database of ours, no snapshot in it that can be read.
Result<Learned> read_learned(const std::string& database);

/// A round figure near to it (1, 1.5, 2, 3, 5 or 7 times a power of ten), so that few promises serve many targets.
double round_rate(double rate);

/// What one ledger's targets ask of a paid API in a day.
struct PaidUse {
  std::string ledger;
  std::vector<std::string> targets;
  double requests = 0, tokens = 0;                       // in calm times
  std::int64_t most_requests = 0, most_tokens = 0;       // its budget: more is never asked
};
std::vector<PaidUse> paid_use(const config::Config& config);

}  // namespace outaged
