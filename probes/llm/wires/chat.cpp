// OpenAI's chat completions, as OpenAI and the many that imitate it speak them.
// Source: https://platform.openai.com/docs/api-reference/chat
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {
namespace {

using nlohmann::json;

Usage usage_of(const json& object) {
  const json* usage = member(object, "usage");
  if (!usage) return {};
  return {count_of(*usage, "prompt_tokens"), count_of(*usage, "completion_tokens")};
}

bool has_content(const json& delta) {
  for (const char* key : {"content", "reasoning_content", "reasoning", "refusal", "tool_calls", "reasoning_details"})
    if (size_of(delta, key) > 0) return true;
  for (const char* key : {"function_call", "audio"})
    if (const json* object = member(delta, key); object && object->is_object() && !object->empty()) return true;
  return false;
}

void read_choice(const json& choice, Tally& tally) {
  if (tells_error(choice)) tally.fail(choice);
  if (const json* delta = member(choice, "delta"); delta && has_content(*delta))
    tally.content();
  else if (size_of(choice, "text") > 0)
    tally.content();  // the older completions
  const std::string reason = string_at(choice, "finish_reason");
  if (reason.empty()) return;
  tally.reading.stop_reason = clean_line(reason, 80);
  if (reason == "error") {
    tally.fail(ProviderError{});
  } else {
    tally.reading.refused = reason == "content_filter";
    tally.terminate();
  }
}

}  // namespace

void read_chat_event(std::string_view name, const json& event, Tally& tally) {
  if (const std::string id = string_at(event, "id"); !id.empty()) tally.reading.request_id = clean_line(id, 200);
  if (const std::string who = string_at(event, "provider"); !who.empty()) tally.reading.upstream = clean_line(who, 80);
  merge(tally.reading.usage, usage_of(event));
  const json* groq = member(event, "x_groq");
  if (groq) merge(tally.reading.usage, usage_of(*groq));
  if (name == "error" || tells_error(event)) return tally.fail(event);
  if (groq && tells_error(*groq)) return tally.fail(*groq);
  const json* choices = member(event, "choices");
  if (choices && choices->is_array())
    for (const json& choice : *choices) read_choice(choice, tally);
}

BodyReading read_chat_body(const json& document, Asked asked) {
  if (auto error = read_error_body(document)) return *error;
  const json* choices = member(document, "choices");
  const bool any = asked == Asked::anything;
  if ((any || asked == Asked::completion) && choices) {
    if (!choices->is_array() || choices->empty()) return wrong("a completion without choices");
    const json& choice = choices->front();
    if (auto error = read_error_body(choice)) return *error;
    const json* message = member(choice, "message");
    if (!(message && message->is_object()) && !member(choice, "text")) return wrong("a completion without a message");
    const std::string reason = string_at(choice, "finish_reason");
    if (reason.empty()) return wrong("a completion without a finish_reason");
    BodyReading out = right("a completion");
    if (reason == "error") {
      out.shape = BodyReading::Shape::error;
      out.error = ProviderError{};
    }
    out.stop_reason = clean_line(reason, 80);
    out.refused = reason == "content_filter" || (message && size_of(*message, "refusal") > 0);
    out.request_id = clean_line(string_at(document, "id"), 200);
    out.usage = usage_of(document);
    return out;
  }
  if (any || asked == Asked::models) {
    if (const json* data = member(document, "data"); data && data->is_array()) return right("a list");
    if (string_at(document, "object") == "model") return right("a model");
  }
  return wrong("JSON that is no answer of the chat completions API");
}

}  // namespace outaged::probes::llm
