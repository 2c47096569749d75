// Zstandard, for page documents, snapshots and topologies. Used inside storage/ only, on any thread; no state.
// Never trusts what it unpacks: a frame must name its size, and that size is bounded.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace outaged::storage {

std::string compress(std::string_view bytes);
/// Errors: not a whole zstd frame, or larger than 256 MiB unpacked.
Result<std::string> decompress(std::string_view frame);

}  // namespace outaged::storage
