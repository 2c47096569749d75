// The conditions of an `http` target on what was answered: content type, words, JSON values. Pure.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "probes/probe.h"

namespace outaged::probes {

/// The first condition that does not hold, as the end of a sentence ("but the body lacks \"pong\""); nullopt: all hold.
std::optional<std::string> broken_condition(const config::HttpCheck& check, const Response& response);

}  // namespace outaged::probes
