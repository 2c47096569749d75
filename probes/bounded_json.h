// JSON from outside, parsed with bounds. Used by everything in probes that reads a body; pure, any thread.
// Never throws and never recurses: copy, dump and comparison of a deep value would, so depth is checked before parsing.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace outaged::probes {

inline constexpr std::size_t max_json_depth = 64;

/// False if it is not JSON or nested deeper than max_json_depth; `why` (may be null) then says where, in one line.
bool parse_json(std::string_view text, nlohmann::json& out, std::string* why = nullptr);

/// The first byte that is not white space or a byte order mark, or 0: tells '<' (HTML) from '{'.
char first_byte(std::string_view text);

/// Nothing but white space. (A binary body may begin with a zero byte and is not blank.)
bool is_blank(std::string_view text);

/// The member's string, or "" if there is none or it is no string. `object` may be of any type.
std::string string_at(const nlohmann::json& object, const char* key);

}  // namespace outaged::probes
