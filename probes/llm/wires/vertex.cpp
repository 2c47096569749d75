// Vertex AI: generateContent, and the Messages API of Anthropic's models there (rawPredict).
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/llm/wires/all.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {
namespace {

/// Its quotas are of two kinds. A quota of ours is named in the message; "Resource exhausted" alone is the pool that
/// all customers share, so the capacity is theirs.
std::optional<Reading> read_error(const ProviderError& error, int status) {
  if (status != 0 && status != 429) return std::nullopt;
  const std::string message = lower_ascii(error.message);
  const auto says = [&](std::string_view words) { return message.find(words) != std::string::npos; };
  const bool exhausted = says("resource exhausted") || says("resource has been exhausted");
  if (exhausted && !says("quota exceeded") && !says("exceeded your"))
    return Reading{Class::overloaded, "RESOURCE_EXHAUSTED"};
  return std::nullopt;
}

bool is_messages(const nlohmann::json& document) {
  return string_at(document, "type") == "message" || member(document, "input_tokens");
}

BodyReading read_body(const nlohmann::json& document, Asked asked) {
  return is_messages(document) ? read_messages_body(document, asked) : read_gemini_body(document, asked);
}

StreamReading read_stream(std::string_view body, const std::vector<Arrival>& arrivals) {
  if (first_byte(body) == '[') return read_gemini_stream(body, arrivals);
  MessagesEvents messages;
  return read_sse(body, arrivals, [&](std::string_view name, const nlohmann::json& event, Tally& tally) {
    if (!string_at(event, "type").empty())
      messages(name, event, tally);
    else
      read_gemini_event(name, event, tally);
  });
}

}  // namespace

Wire vertex() {
  return {.name = "vertex",
          .domain = "googleapis.com",
          .read_stream = read_stream,
          .read_body = read_body,
          .read_error = read_error};
}

Wire vertex_anthropic() {
  return {.name = "vertex-anthropic",
          .domain = "googleapis.com",
          .read_stream = read_messages_stream,
          .read_body = read_messages_body,
          .read_error = read_error};
}

}  // namespace outaged::probes::llm
