// How an enum finds its value by name: through to_string, so that a name stands once. For enums numbered from 0
// without gaps. Used by core's own .cpp files; never by a hot path (it is a linear search).
#pragma once

#include <optional>
#include <string_view>

namespace outaged {

/// The value of that name, up to and including `last`.
template <class Enum>
std::optional<Enum> from_name(std::string_view name, Enum last) {
  for (unsigned i = 0; i <= static_cast<unsigned>(last); ++i) {
    const auto value = static_cast<Enum>(i);
    if (to_string(value) == name) return value;
  }
  return std::nullopt;
}

}  // namespace outaged
