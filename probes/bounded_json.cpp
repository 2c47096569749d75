#include "probes/bounded_json.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"

namespace outaged::probes {
namespace {

/// Brackets outside strings; a syntax error further on is the parser's to find.
bool too_deep(std::string_view text) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\')
        ++i;
      else if (c == '"')
        in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_json_depth) return true;
    } else if (c == ']' || c == '}') {
      if (depth > 0) --depth;
    }
  }
  return false;
}

std::string without_prefix(std::string_view what) {  // "[json.exception.parse_error.101] parse error at line 1, …"
  if (const auto end = what.find("] "); what.starts_with('[') && end != std::string_view::npos)
    what.remove_prefix(end + 2);
  return clean_line(what, 160);
}

}  // namespace

bool parse_json(std::string_view text, nlohmann::json& out, std::string* why) {
  if (too_deep(text)) {
    if (why) *why = fmt::format("nested deeper than {} levels", max_json_depth);
    return false;
  }
  try {
    out = nlohmann::json::parse(text.begin(), text.end());
    return true;
  } catch (const nlohmann::json::exception& e) {
    if (why) *why = without_prefix(e.what());
    return false;
  }
}

char first_byte(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const auto at = text.find_first_not_of(" \t\r\n");
  return at == std::string_view::npos ? '\0' : text[at];
}

bool is_blank(std::string_view text) { return text.empty() || (first_byte(text) == '\0' && text.find('\0') == std::string_view::npos); }

std::string string_at(const nlohmann::json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string{};
}

}  // namespace outaged::probes
