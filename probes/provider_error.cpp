#include "probes/provider_error.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <nlohmann/json.hpp>
#include <string_view>

#include "core/text.h"
#include "probes/bounded_json.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

constexpr std::size_t max_error_body = 256 * 1024;
constexpr int max_unwraps = 3;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

struct Word {
  std::string_view word;  // lower case
  Class cls;
};

// Codes and types that mean one thing wherever they occur. Types that providers use for anything
// (invalid_request_error, unavailable_error, bad_request) are not here: the message or the status tells.
constexpr std::array words = {
    Word{"overloaded_error", Class::overloaded},
    Word{"server_is_overloaded", Class::overloaded},
    Word{"slow_down", Class::overloaded},
    Word{"service_unavailable_error", Class::overloaded},
    Word{"serviceunavailableexception", Class::overloaded},
    Word{"modelnotreadyexception", Class::overloaded},
    Word{"unavailable", Class::overloaded},
    Word{"api_error", Class::server_error},
    Word{"server_error", Class::server_error},
    Word{"internal_server_error", Class::server_error},
    Word{"internal", Class::server_error},
    Word{"internalserverexception", Class::server_error},
    Word{"internalfailure", Class::server_error},
    Word{"modelerrorexception", Class::server_error},
    Word{"modeltimeoutexception", Class::server_error},
    Word{"timeout_error", Class::server_error},
    Word{"deadline_exceeded", Class::server_error},
    Word{"enforced_spend_limit_reached", Class::account},
    Word{"insufficient_quota", Class::account},
    Word{"credit_balance_exhausted", Class::account},
    Word{"billing_error", Class::account},
    Word{"billing_hard_limit_reached", Class::account},
    Word{"rate_limit_error", Class::rate_limited},
    Word{"rate_limit_exceeded", Class::rate_limited},
    Word{"rate_limited", Class::rate_limited},
    Word{"resource_exhausted", Class::rate_limited},
    Word{"throttlingexception", Class::rate_limited},
    Word{"toomanyrequestsexception", Class::rate_limited},
    Word{"authentication_error", Class::auth},
    Word{"permission_error", Class::auth},
    Word{"invalid_api_key", Class::auth},
    Word{"api_key_invalid", Class::auth},
    Word{"unauthenticated", Class::auth},
    Word{"permission_denied", Class::auth},
    Word{"expiredtokenexception", Class::auth},
    Word{"unrecognizedclientexception", Class::auth},
    Word{"accessdeniedexception", Class::auth},
    Word{"not_found_error", Class::not_found},
    Word{"model_not_found", Class::not_found},
    Word{"not_found", Class::not_found},
    Word{"deploymentnotfound", Class::not_found},
    Word{"resourcenotfoundexception", Class::not_found},
    Word{"unsupported_country_region_territory", Class::access_blocked},
    Word{"cf_bad_gateway", Class::edge_error},
};

struct Phrase {
  int from, to;  // statuses
  std::string_view text;
  Class cls;
};

// The last resort, and only under a status that fits.
constexpr std::array phrases = {
    Phrase{400, 499, "credit balance is too low", Class::account},
    Phrase{400, 499, "user location is not supported", Class::access_blocked},
    Phrase{400, 400, "api key not valid", Class::auth},
    Phrase{400, 400, "model identifier is invalid", Class::not_found},
    Phrase{429, 429, "experiencing high demand", Class::overloaded},
    Phrase{429, 429, "service tier capacity exceeded", Class::overloaded},
    Phrase{503, 503, "loading model", Class::starting},
    Phrase{500, 599, "overloaded", Class::overloaded},
    Phrase{500, 599, "server busy", Class::overloaded},
};

void add_word(ProviderError& out, std::string word) {
  if (word.empty() || word.size() > 80 || word.find_first_of(" :/<") != std::string::npos) return;  // prose or a URL
  if (int number = 0;
      std::from_chars(word.data(), word.data() + word.size(), number).ptr == word.data() + word.size()) {
    if (out.code == 0) out.code = number;
    return;
  }
  if (std::find(out.words.begin(), out.words.end(), word) == out.words.end()) out.words.push_back(std::move(word));
}

void read_code(ProviderError& out, const json& object) {
  const auto code = object.find("code");
  if (code == object.end()) return;
  if (code->is_string()) add_word(out, code->get<std::string>());
  if (code->is_number_integer()) {
    const auto number = code->get<std::int64_t>();
    if (number >= 100 && number <= 599 && out.code == 0) out.code = static_cast<int>(number);
  }
}

void read_details(ProviderError& out, const json& object) {
  const auto details = object.find("details");
  if (details == object.end()) return;
  if (details->is_object()) add_word(out, string_at(*details, "error_code"));
  if (details->is_array())
    for (const json& detail : *details)
      if (const std::string reason = string_at(detail, "reason"); reason == "API_KEY_INVALID") add_word(out, reason);
}

/// One object of error; true if anything in it reads like one.
bool read_object(ProviderError& out, const json& object, int unwraps) {
  if (!object.is_object()) return false;
  read_code(out, object);
  read_details(out, object);
  add_word(out, string_at(object, "status"));
  add_word(out, string_at(object, "type"));
  std::string message;
  for (const char* key : {"message", "Message", "detail", "error_description"})
    if (message.empty()) message = string_at(object, key);
  if (const auto metadata = object.find("metadata"); metadata != object.end() && metadata->is_object()) {
    out.upstream = clean_line(string_at(*metadata, "provider_name"), 80);
    if (const std::string raw = string_at(*metadata, "raw"); !raw.empty() && first_byte(raw) != '{')
      message += ": " + raw;
  }
  // Gateways put a whole error document into the message of theirs.
  if (unwraps > 0 && out.upstream.empty() && first_byte(message) == '{') {
    json inner;
    if (parse_json(message, inner)) {
      const auto error = inner.find("error");
      ProviderError nested;
      if (read_object(nested, error != inner.end() ? *error : inner, unwraps - 1) && !nested.message.empty()) {
        for (std::string& word : nested.words) add_word(out, std::move(word));
        if (nested.code != 0) out.code = nested.code;
        message = nested.message;
      }
    }
  }
  if (out.message.empty()) out.message = message;
  return !out.words.empty() || !out.message.empty() || out.code != 0;
}

bool read_body(ProviderError& out, const std::string& body) {
  const char first = first_byte(body);
  if ((first != '{' && first != '[') || body.size() > max_error_body) return false;
  json document;
  if (!parse_json(body, document)) return false;
  for (int i = 0; i < max_unwraps && document.is_array() && !document.empty(); ++i) {
    json element = std::move(document.front());
    document = std::move(element);
  }
  if (!document.is_object()) return false;
  for (const char* key : {"request_id", "requestId"})
    if (out.request_id.empty()) out.request_id = clean_line(string_at(document, key), 200);
  const auto error = document.find("error");
  if (error == document.end()) return read_object(out, document, max_unwraps);
  if (error->is_string()) {
    out.message = error->get<std::string>();
    // OAuth's form: {"error": "invalid_grant", "error_description": "…"}
    if (const std::string description = string_at(document, "error_description"); !description.empty()) {
      add_word(out, out.message);
      out.message = description;
    }
    return !out.message.empty();
  }
  if (out.request_id.empty()) out.request_id = clean_line(string_at(*error, "request_id"), 200);
  return read_object(out, *error, max_unwraps);
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

std::optional<Reading> read_meaning(const ProviderError& error, int status, bool has_request_id) {
  const std::string message = lower(error.message);
  // The model answered and spent our tiny budget on thinking: the service works.
  if (status == 400 && message.find("max_tokens or model output limit was reached") != std::string::npos)
    return Reading{Class::ok, ""};
  if (!error.upstream.empty()) {
    if (status == 429 || error.code == 429) return Reading{Class::upstream_limited, ""};
    if (status >= 500 || error.code >= 500) return Reading{Class::upstream_error, ""};
  }
  for (const std::string& word : error.words) {
    const std::string key = lower(word);
    // Refused before it reached the API: that one always gives a request id.
    if (key == "forbidden" && status == 403 && !has_request_id) return Reading{Class::access_blocked, word};
    for (const Word& known : words)
      if (known.word == key) return Reading{known.cls, word};
  }
  for (const Phrase& phrase : phrases)
    if (status >= phrase.from && status <= phrase.to && message.find(phrase.text) != std::string::npos)
      return Reading{phrase.cls, ""};
  if (status >= 500 && error.code == 429) return Reading{Class::rate_limited, ""};
  return std::nullopt;
}

}  // namespace outaged::probes
