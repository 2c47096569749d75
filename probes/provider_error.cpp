#include "probes/provider_error.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/retry_after.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

constexpr std::size_t max_error_body = 256 * 1024;
constexpr int max_unwraps = 3;

bool read_document(ProviderError& out, json document, int unwraps);

bool is_spent_budget(const ProviderError& error) {
  return lower_ascii(error.message).find("max_tokens or model output limit was reached") != std::string::npos;
}

void add_word(ProviderError& out, std::string word) {
  // Amazon's "__type" is "com.amazon.coral.service#ThrottlingException".
  if (const auto hash = word.find('#'); hash != std::string::npos) word.erase(0, hash + 1);
  if (word.empty() || word.size() > 80 || word.find_first_of(" :/<") != std::string::npos) return;  // prose or a URL
  int number = 0;
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), number);
  if (parsed.ec == std::errc{} && parsed.ptr == word.data() + word.size() && number >= 100 && number <= 599) {
    if (out.code == 0) out.code = number;
    return;
  }
  if (std::find(out.words.begin(), out.words.end(), word) == out.words.end()) out.words.push_back(std::move(word));
}

void read_number(ProviderError& out, const json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number_integer()) return;
  const auto number = it->get<std::int64_t>();
  if (number >= 100 && number <= 599 && out.code == 0) out.code = static_cast<int>(number);
}

void read_details(ProviderError& out, const json& object) {
  const auto details = object.find("details");
  if (details == object.end()) return;
  if (details->is_object()) add_word(out, string_at(*details, "error_code"));
  if (!details->is_array()) return;
  for (const json& detail : *details) {
    add_word(out, string_at(detail, "reason"));
    if (out.retry_after == Duration{})
      out.retry_after = read_delay(string_at(detail, "retryDelay")).value_or(Duration{});
  }
}

/// Gateways put a whole error document into the message of theirs, alone or after words of their own.
bool read_nested(ProviderError& out, std::string_view text, int unwraps) {
  const auto open = text.find_first_of("{[");
  const auto close = text.find_last_of("}]");
  if (unwraps <= 0 || open == std::string_view::npos || close == std::string_view::npos || close < open) return false;
  json inner;
  if (!parse_json(text.substr(open, close - open + 1), inner)) return false;
  // After words, only what calls itself an error: a message may quote what we sent.
  if (text.find_first_not_of(" \t\r\n") != open && !(inner.is_object() && inner.contains("error"))) return false;
  ProviderError nested;
  if (!read_document(nested, std::move(inner), unwraps - 1) || nested.message.empty()) return false;
  for (std::string& word : nested.words) add_word(out, std::move(word));
  if (nested.code != 0) out.code = nested.code;
  if (nested.retry_after != Duration{}) out.retry_after = nested.retry_after;
  out.message = nested.message;
  return true;
}

void read_metadata(ProviderError& out, const json& object, std::string& message) {
  const auto metadata = object.find("metadata");
  if (metadata == object.end() || !metadata->is_object()) return;
  out.upstream = clean_line(string_at(*metadata, "provider_name"), 80);
  out.moderated = metadata->contains("reasons") && metadata->contains("flagged_input");
  if (const std::string raw = string_at(*metadata, "raw"); !raw.empty() && first_byte(raw) != '{')
    message += ": " + raw;
}

/// One object of error; true if anything in it reads like one.
bool read_object(ProviderError& out, const json& object, int unwraps) {
  if (!object.is_object()) return false;
  for (const char* key : {"code", "errorCode", "error_code"}) add_word(out, string_at(object, key));
  for (const char* key : {"code", "statusCode", "status_code", "StatusCode", "raw_status_code"})
    read_number(out, object, key);
  read_details(out, object);
  if (const auto delay = object.find("retry_after"); delay != object.end() && delay->is_number())
    out.retry_after = std::clamp<Duration>(from_seconds(delay->get<double>()), Duration{}, std::chrono::days{366});
  for (const char* key : {"status", "type", "__type"}) add_word(out, string_at(object, key));
  std::string message;
  for (const char* key : {"message", "Message", "detail", "error_description", "status"})
    if (message.empty()) message = string_at(object, key);
  if (message == string_at(object, "status") && message.find(' ') == std::string::npos) message.clear();  // a word
  read_metadata(out, object, message);
  const bool nested = out.upstream.empty() && read_nested(out, message, unwraps);
  if (!nested && out.message.empty()) out.message = message;
  return !out.words.empty() || !out.message.empty() || out.code != 0;
}

void read_request_id(ProviderError& out, const json& object) {
  for (const char* key : {"request_id", "requestId"})
    if (out.request_id.empty()) out.request_id = clean_line(string_at(object, key), 200);
}

bool read_document(ProviderError& out, json document, int unwraps) {
  for (int i = 0; i < max_unwraps && document.is_array() && !document.empty(); ++i) {
    json element = std::move(document.front());
    document = std::move(element);
  }
  if (document.is_string()) return read_nested(out, document.get_ref<const std::string&>(), unwraps);
  if (!document.is_object()) return false;
  read_request_id(out, document);
  const auto error = document.find("error");
  if (error == document.end() || error->is_null()) return read_object(out, document, unwraps);
  read_number(out, document, "status_code");
  read_number(out, document, "StatusCode");
  if (error->is_string()) {
    out.message = error->get<std::string>();
    read_nested(out, std::string(out.message), unwraps);
    // OAuth's form: {"error": "invalid_grant", "error_description": "…"}
    if (const std::string description = string_at(document, "error_description"); !description.empty()) {
      add_word(out, out.message);
      out.message = description;
    }
    return !out.message.empty();
  }
  if (error->is_object()) read_request_id(out, *error);
  return read_object(out, *error, unwraps);
}

bool read_body(ProviderError& out, const std::string& body) {
  const char first = first_byte(body);
  if ((first != '{' && first != '[' && first != '"') || body.size() > max_error_body) return false;
  json document;
  return parse_json(body, document) && read_document(out, std::move(document), max_unwraps);
}

}  // namespace

std::optional<ProviderError> read_provider_error(const Response& response) {
  ProviderError out;
  const std::string& typed_by_header = response.header("x-amzn-errortype");
  add_word(out, typed_by_header.substr(0, typed_by_header.find(':')));  // ThrottlingException:http://…
  const bool typed = !out.words.empty();
  if (!read_body(out, response.body) && !typed) return std::nullopt;
  return out;
}

std::optional<ProviderError> read_error_document(const json& document) {
  ProviderError out;
  if (!read_document(out, document, max_unwraps)) return std::nullopt;
  return out;
}

std::optional<Reading> read_certain_meaning(const ProviderError& error, int status, bool has_request_id) {
  // The model answered and spent our tiny budget on thinking: the service works.
  if (status == 400 && is_spent_budget(error)) return Reading{Class::ok, ""};
  if (!error.upstream.empty()) {
    if (status == 429 || error.code == 429) return Reading{Class::upstream_limited, ""};
    if (status >= 500 || error.code >= 500) return Reading{Class::upstream_error, ""};
  }
  // Refused before it reached the API: that one always gives a request id.
  if (status == 403 && !has_request_id)
    for (const std::string& word : error.words)
      if (lower_ascii(word) == "forbidden") return Reading{Class::access_blocked, word};
  if (auto reading = read_code_words(error)) return reading;
  if (auto reading = read_phrases(error, status)) return reading;
  if (status >= 500 && error.code == 429) return Reading{Class::rate_limited, ""};
  return std::nullopt;
}

std::optional<Reading> read_meaning(const ProviderError& error, int status, bool has_request_id) {
  auto certain = read_certain_meaning(error, status, has_request_id);
  return certain ? certain : read_type_words(error);
}

std::string spell_error(const ProviderError& error, const std::optional<Reading>& meaning) {
  std::string out;
  const auto is_number = [](const std::string& word) {
    return word.find_first_not_of("0123456789") == std::string::npos;
  };
  const auto shown = std::find_if_not(error.words.begin(), error.words.end(), is_number);
  if (meaning && !meaning->word.empty())
    out += " " + meaning->word;
  else if (shown != error.words.end())
    out += " " + *shown;
  if (!error.message.empty()) out += ": " + error.message;
  if (!error.upstream.empty()) out += " (upstream: " + error.upstream + ")";
  return out;
}

}  // namespace outaged::probes
