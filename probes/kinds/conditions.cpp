#include "probes/kinds/conditions.h"

#include <fmt/format.h>

#include <algorithm>
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

std::optional<std::string> broken_value(const config::JsonCondition& condition, const json& document) {
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

Conditions::Match Conditions::compiled(const std::string& text) {
  Match out;
  out.text = text;
  if (text.empty()) return out;
  if (auto pattern = Pattern::compile(text)) out.pattern = std::move(*pattern);
  return out;
}

Conditions::Conditions(const config::HttpCheck& check) : check_(check) {
  for (const std::string& text : check.body_matches) matches_.push_back(compiled(text));
  for (const std::string& text : check.body_not_matches) not_matches_.push_back(compiled(text));
  for (const auto& header : check.header_conditions)
    headers_.push_back({lower_ascii(header.name), compiled(header.matches), header.absent});
}

std::optional<std::string> Conditions::broken_header(const Header& header, const Response& response) const {
  const std::string* seen = nullptr;
  for (const auto& [name, value] : response.headers) {
    if (name != header.name) continue;
    if (header.absent) return fmt::format("but it has the header {}", header.name);
    if (header.match.text.empty() || (header.match.pattern && header.match.pattern->found_in(value)))
      return std::nullopt;
    seen = &value;
  }
  if (header.absent) return std::nullopt;
  if (!seen) return fmt::format("but it lacks the header {}", header.name);
  // Never the value: it may be a cookie.
  return fmt::format("but its header {} does not match {}", header.name, in_quotes(header.match.text));
}

std::optional<std::string> Conditions::broken_text(const std::string& body) const {
  if (check_.min_size && body.size() < *check_.min_size)
    return fmt::format("but the body has {} bytes, fewer than {}", body.size(), *check_.min_size);
  if (check_.max_size && body.size() > *check_.max_size)
    return fmt::format("but the body has {} bytes, more than {}", body.size(), *check_.max_size);
  for (const std::string& word : check_.body_contains)
    if (body.find(word) == std::string::npos) return fmt::format("but the body lacks {}", in_quotes(word));
  for (const std::string& word : check_.body_not_contains)
    if (body.find(word) != std::string::npos) return fmt::format("but the body contains {}", in_quotes(word));
  for (const Match& match : matches_)
    if (!match.pattern || !match.pattern->found_in(body))
      return fmt::format("but the body does not match {}", in_quotes(match.text));
  for (const Match& match : not_matches_)
    if (!match.pattern || match.pattern->found_in(body))
      return fmt::format("but the body matches {}", in_quotes(match.text));
  return std::nullopt;
}

std::optional<std::string> Conditions::broken_json(const std::string& body) const {
  if (check_.json.empty()) return std::nullopt;
  json document;
  std::string why;
  if (!parse_json(body, document, &why)) return fmt::format("but the body is not JSON ({})", why);
  for (const config::JsonCondition& condition : check_.json)
    if (auto broken = broken_value(condition, document)) return broken;
  return std::nullopt;
}

std::optional<std::string> Conditions::broken(const Response& response) const {
  if (const std::string& type = response.header("content-type");
      !check_.content_type.empty() && !starts_with_ignoring_case(type, check_.content_type))
    return fmt::format("but its content type is {}, not {}", in_quotes(type), in_quotes(check_.content_type));
  for (const Header& header : headers_)
    if (auto broken = broken_header(header, response)) return broken;
  if (auto broken = broken_text(response.body)) return broken;
  return broken_json(response.body);
}

std::optional<std::string> Conditions::expires_soon(const Response& response, Timestamp now) const {
  if (!check_.min_cert_left || !response.cert_expiry) return std::nullopt;
  const Duration left = *response.cert_expiry - now;
  if (left >= *check_.min_cert_left) return std::nullopt;
  return fmt::format("its certificate ends at {}, in {}, sooner than {}", format_time(*response.cert_expiry),
                     spell_duration(std::max(Duration::zero(), left)), spell_duration(*check_.min_cert_left));
}

}  // namespace outaged::probes
