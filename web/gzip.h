// gzip made by ourselves: the library's own choice would be brotli at its slowest, seconds of CPU for one /metrics.
// Called on pool threads.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace outaged::web {

/// The gzip form, fast rather than small. nullopt: out of memory, or it would not be smaller.
std::optional<std::string> gzip(std::string_view body);

/// Text in one form or another; pictures and archives do not shrink.
bool worth_compressing(std::string_view content_type);

}  // namespace outaged::web
