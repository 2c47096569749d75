// Takes our own secrets out of evidence: a provider may repeat the key it refuses. Used by the kinds that send secrets;
// pure, any thread.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "config/config.h"
#include "core/model.h"

namespace outaged::probes {

/// What of these headers' values must never be kept. Short and common values ("2023-06-01", "application/json") are left
/// out: to look for them would only mutilate the evidence.
std::vector<std::string> secrets_of(const std::vector<std::pair<std::string, config::Secret>>& headers);

/// Every occurrence of each secret becomes "[redacted]".
void redact(Evidence& evidence, const std::vector<std::string>& secrets);

}  // namespace outaged::probes
