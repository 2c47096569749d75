// What the families of requests share: a request from a method, a path and a body. Included by probes/llm/requests/*.cpp
// and requests.cpp only, for it brings nlohmann along.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "probes/llm/requests.h"

namespace outaged::probes::llm {

/// `url` holds the path until request_for puts the base before it.
Request get_path(std::string path);
Request post_json(std::string path, const nlohmann::json& body);
/// Adds the header, unless this is the canary, which goes without a key, or there is none.
void authorize(Request& request, Rung rung, const char* header, const std::string& value);
/// The same as "Authorization: Bearer …".
void authorize_bearer(Request& request, Rung rung, const config::LlmCheck& check);

}  // namespace outaged::probes::llm
