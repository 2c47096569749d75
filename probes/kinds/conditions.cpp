#include "probes/kinds/conditions.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

/// As a condition writes it: strings without quotes, everything else as JSON.
std::string text_of(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string in_quotes(std::string_view text) { return fmt::format("\"{}\"", clean_line(text, 80)); }

std::optional<std::string> broken_json(const config::JsonCondition& condition, const json& document) {
  const json* value = nullptr;
  try {
    const json::json_pointer pointer(condition.pointer);
    if (!document.contains(pointer)) return fmt::format("but there is nothing at {}", in_quotes(condition.pointer));
    value = &document.at(pointer);
  } catch (const json::exception&) {
    return fmt::format("but {} is not a JSON pointer", in_quotes(condition.pointer));
  }
  if (!condition.equals || text_of(*value) == *condition.equals) return std::nullopt;
  return fmt::format("but {} is {}, not {}",
                     condition.pointer.empty() ? "the document" : clean_line(condition.pointer, 80),
                     in_quotes(text_of(*value)), in_quotes(*condition.equals));
}

bool starts_with_ignoring_case(std::string_view text, std::string_view prefix) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  if (text.size() < prefix.size()) return false;
  for (std::size_t i = 0; i < prefix.size(); ++i)
    if (lower(text[i]) != lower(prefix[i])) return false;
  return true;
}

}  // namespace

std::optional<std::string> broken_condition(const config::HttpCheck& check, const Response& response) {
  if (const std::string& type = response.header("content-type");
      !check.content_type.empty() && !starts_with_ignoring_case(type, check.content_type))
    return fmt::format("but its content type is {}, not {}", in_quotes(type), in_quotes(check.content_type));
  for (const std::string& word : check.body_contains)
    if (response.body.find(word) == std::string::npos) return fmt::format("but the body lacks {}", in_quotes(word));
  for (const std::string& word : check.body_not_contains)
    if (response.body.find(word) != std::string::npos) return fmt::format("but the body contains {}", in_quotes(word));
  if (check.json.empty()) return std::nullopt;
  json document;
  std::string why;
  if (!parse_json(response.body, document, &why)) return fmt::format("but the body is not JSON ({})", why);
  for (const config::JsonCondition& condition : check.json)
    if (auto broken = broken_json(condition, document)) return broken;
  return std::nullopt;
}

}  // namespace outaged::probes
