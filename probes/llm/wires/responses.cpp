// OpenAI's Responses API, and the mixture of both that servers of that family speak.
// Source: https://platform.openai.com/docs/api-reference/responses-streaming
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
  return {count_of(*usage, "input_tokens"), count_of(*usage, "output_tokens")};
}

std::string incomplete_reason(const json& response) {
  const json* details = member(response, "incomplete_details");
  return details ? clean_line(string_at(*details, "reason"), 80) : "";
}

void read_response(const json& event, Tally& tally) {
  const json* response = member(event, "response");
  if (!response) return;
  if (const std::string id = string_at(*response, "id"); !id.empty()) tally.reading.request_id = clean_line(id, 200);
  merge(tally.reading.usage, usage_of(*response));
  if (tells_error(*response)) tally.fail(*response);
}

}  // namespace

void read_responses_event(std::string_view name, const json& event, Tally& tally) {
  std::string type = string_at(event, "type");
  if (type.empty()) type = name;
  read_response(event, tally);
  const json* response = member(event, "response");
  if (type == "error" || name == "error" || tells_error(event)) {
    tally.fail(event);
  } else if (type == "response.failed" || type == "response.cancelled") {
    tally.fail(ProviderError{});  // no words where read_response found none
  } else if (type == "response.completed" || type == "response.incomplete") {
    const std::string status = response ? string_at(*response, "status") : "";
    const std::string reason = response ? incomplete_reason(*response) : "";
    tally.reading.stop_reason = !reason.empty() ? reason : type.substr(std::string_view("response.").size());
    if (reason == "content_filter") tally.reading.refused = true;
    if (status == "failed")
      tally.fail(ProviderError{});
    else
      tally.terminate();
  } else if (type.starts_with("response.") && type.ends_with(".delta") && size_of(event, "delta") > 0) {
    if (type == "response.refusal.delta") tally.reading.refused = true;
    tally.content();
  }
}

void read_openai_event(std::string_view name, const json& event, Tally& tally) {
  const std::string type = string_at(event, "type");
  if (type.starts_with("response.") || (type == "error" && !member(event, "choices")))
    read_responses_event(name, event, tally);
  else
    read_chat_event(name, event, tally);
}

StreamReading read_openai_stream(std::string_view body, const std::vector<Arrival>& arrivals) {
  return read_sse(body, arrivals, read_openai_event);
}

BodyReading read_responses_body(const json& document, Asked asked) {
  if (auto error = read_error_body(document)) return *error;
  const bool any = asked == Asked::anything;
  if ((any || asked == Asked::completion) && string_at(document, "object") == "response") {
    const std::string status = string_at(document, "status");
    BodyReading out;
    if (status == "completed" || status == "incomplete") {
      out = right("a response");
    } else if (status == "failed") {
      out.shape = BodyReading::Shape::error;
      out.error = ProviderError{};
    } else {
      return wrong("a response that is neither completed nor incomplete");
    }
    const std::string reason = incomplete_reason(document);
    out.stop_reason = reason.empty() ? status : reason;
    out.refused = reason == "content_filter";
    out.request_id = clean_line(string_at(document, "id"), 200);
    out.usage = usage_of(document);
    return out;
  }
  if ((any || asked == Asked::count_tokens) && string_at(document, "object") == "response.input_tokens")
    return right("a count of tokens");
  if (any || asked == Asked::models) {
    if (const json* data = member(document, "data"); data && data->is_array()) return right("a list");
    if (string_at(document, "object") == "model") return right("a model");
  }
  return wrong("JSON that is no answer of the Responses API");
}

BodyReading read_openai_body(const json& document, Asked asked) {
  return string_at(document, "object").starts_with("response") ? read_responses_body(document, asked)
                                                               : read_chat_body(document, asked);
}

}  // namespace outaged::probes::llm
