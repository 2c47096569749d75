// A file, or standard input, as the command line names it. Used by the sub-commands.
#pragma once

#include <string>

#include "core/result.h"

namespace outaged::commands {

/// All bytes of a file; "-" is standard input. At most 64 MiB.
Result<std::string> read_input(const std::string& path);

}  // namespace outaged::commands
