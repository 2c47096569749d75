// The makers of the probe kinds, one file each; listed in registry.cpp. Called when a configuration is built.
// They read the configuration only: no I/O.
#pragma once

#include <memory>

#include "config/config.h"
#include "probes/probe.h"

namespace outaged::probes {

/// One HTTP exchange judged by conditions (kinds/http.cpp).
std::shared_ptr<const Probe> make_http(const config::Target& target, const config::Egress& egress);

}  // namespace outaged::probes
