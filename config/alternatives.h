// The names that `alternatives` refers to, held against the components there are. Called by the loader when all
// services are read.
#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "config/reader.h"

namespace outaged::config {

/// A name that nothing has is a mistake where a person wrote it. A catalog entry (its file is among `entries`) names
/// what would do if it were configured: there it is dropped.
void check_alternatives(Reader& reader, const std::vector<std::string>& entries, std::vector<Service>& services);

}  // namespace outaged::config
