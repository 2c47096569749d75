// Anthropic's Messages API, as it is spoken by Anthropic itself, on Bedrock and on Vertex.
// Source: https://docs.anthropic.com/en/api/messages and /en/api/messages-streaming
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
  return {count_of(*usage, "input_tokens") + count_of(*usage, "cache_creation_input_tokens") +
              count_of(*usage, "cache_read_input_tokens"),
          count_of(*usage, "output_tokens")};
}

}  // namespace

void MessagesEvents::operator()(std::string_view name, const json& event, Tally& tally) {
  // The `event:` line may be missing; the type stands in the data too.
  std::string type = string_at(event, "type");
  if (type.empty()) type = name;
  if (type == "error" || name == "error" || (type.empty() && tells_error(event))) {
    tally.fail(event);
  } else if (type == "message_start") {
    start(event, tally);
  } else if (type == "content_block_start") {
    const json* block = member(event, "content_block");
    const std::string kind = block ? string_at(*block, "type") : "";
    if (block && (size_of(*block, "text") > 0 || size_of(*block, "thinking") > 0 || size_of(*block, "data") > 0 ||
                  kind.ends_with("tool_use")))
      tally.content();
  } else if (type == "content_block_delta") {
    if (const json* delta = member(event, "delta"))
      for (const char* key : {"text", "thinking", "partial_json"})
        if (size_of(*delta, key) > 0) {
          tally.content();
          break;
        }
  } else if (type == "message_delta") {
    delta(event, tally);
  } else if (type == "message_stop") {
    if (!tally.reading.stop_reason.empty())
      tally.terminate();
    else
      tally.note("message_stop without a stop_reason");
  }
}

void MessagesEvents::start(const json& event, Tally& tally) {
  // Their upstream began anew and the pieces were joined: what was said before does not end this message.
  if (started_) {
    tally.note("message_start twice");
    tally.reading.stop_reason.clear();
    tally.reading.terminated = false;
  }
  started_ = true;
  if (const json* message = member(event, "message")) {
    merge(tally.reading.usage, usage_of(*message));
    tally.reading.request_id = clean_line(string_at(*message, "id"), 200);
  }
}

void MessagesEvents::delta(const json& event, Tally& tally) {
  merge(tally.reading.usage, usage_of(event));
  const json* delta = member(event, "delta");
  if (!delta) return;
  if (const std::string reason = string_at(*delta, "stop_reason"); !reason.empty()) {
    tally.reading.stop_reason = clean_line(reason, 80);
    tally.reading.refused = reason == "refusal";
  }
}

StreamReading read_messages_stream(std::string_view body, const std::vector<Arrival>& arrivals) {
  MessagesEvents events;
  return read_sse(body, arrivals,
                  [&](std::string_view name, const json& event, Tally& tally) { events(name, event, tally); });
}

BodyReading read_messages_body(const json& document, Asked asked) {
  if (auto error = read_error_body(document)) return *error;
  const bool any = asked == Asked::anything;
  if (any || asked == Asked::completion) {
    if (string_at(document, "type") == "message") {
      const json* content = member(document, "content");
      if (!content || !content->is_array()) return wrong("a message without content");
      const std::string reason = string_at(document, "stop_reason");
      if (reason.empty()) return wrong("a message without a stop_reason");
      BodyReading out = right("a message");
      out.stop_reason = clean_line(reason, 80);
      out.refused = reason == "refusal";
      out.request_id = clean_line(string_at(document, "id"), 200);
      out.usage = usage_of(document);
      return out;
    }
  }
  if ((any || asked == Asked::count_tokens) && member(document, "input_tokens")) {
    if (document["input_tokens"].is_number_integer()) return right("a count of tokens");
  }
  if (any || asked == Asked::models) {
    if (const json* data = member(document, "data"); data && data->is_array()) return right("a list");
    if (string_at(document, "type") == "model") return right("a model");
  }
  return wrong("JSON that is no answer of the Messages API");
}

}  // namespace outaged::probes::llm
