// What a rule promises: how long until an outage that fails this share of requests is found. By simulation of the very
// detector, seeded, so that the same rule always promises the same. Pure.
#pragma once

#include "core/topology.h"

namespace outaged {

struct Promise {
  Duration median{}, p95{}, p99{};  // from the start of the outage
  double found = 1;                 // share found within the horizon; quantiles count the rest as the horizon
};

/// For one target at its fixed interval, starting from a fresh baseline. Time: about 10 ms.
Promise promise(const DetectionRules& rules, double failure_rate);

}  // namespace outaged
