// The response headers that may be kept as evidence: those that prove who answered, or say why. Everything else
// (cookies, tokens, whatever a provider thinks of next) is dropped before it reaches the disk. Pure; any thread.
#pragma once

#include <string_view>

namespace outaged::storage {

/// Name in any case.
bool may_keep_header(std::string_view name);

}  // namespace outaged::storage
