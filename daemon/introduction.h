// What a person reads in the first second: what is watched and how deeply, what cannot be seen, where to look. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace outaged {

/// Lines without newlines. `address` is where the page is served ("http://127.0.0.1:9721"), empty where nothing is.
std::vector<std::string> introduce(const config::Config& config, const std::string& address);

}  // namespace outaged
