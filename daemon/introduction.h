// What a person reads in the first second: what is watched and how deeply, what cannot be seen, where to look. Pure.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"

namespace outaged {

/// Lines without newlines.
std::vector<std::string> introduce(const config::Config& config);
/// `address` is where the page is served: "http://127.0.0.1:9721".
std::string where_to_look(const std::string& address);

}  // namespace outaged
