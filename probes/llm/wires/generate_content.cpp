// Google's generateContent, on the Gemini API and on Vertex AI.
// Source: https://ai.google.dev/api/generate-content
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {
namespace {

using nlohmann::json;

Usage usage_of(const json& object) {
  const json* usage = member(object, "usageMetadata");
  if (!usage) return {};
  return {count_of(*usage, "promptTokenCount"),
          count_of(*usage, "candidatesTokenCount") + count_of(*usage, "thoughtsTokenCount")};
}

bool is_refusal(std::string_view reason) {
  static constexpr std::array words = {
      std::string_view{"SAFETY"}, std::string_view{"RECITATION"},         std::string_view{"BLOCKLIST"},
      std::string_view{"SPII"},   std::string_view{"PROHIBITED_CONTENT"}, std::string_view{"IMAGE_SAFETY"}};
  return std::find(words.begin(), words.end(), reason) != words.end();
}

/// The reason why it ended, "" if it did not: a candidate's, or the prompt's that was blocked.
std::string end_of(const json& event) {
  if (const json* candidates = member(event, "candidates"); candidates && candidates->is_array())
    for (const json& candidate : *candidates)
      if (const std::string reason = string_at(candidate, "finishReason");
          !reason.empty() && reason != "FINISH_REASON_UNSPECIFIED")
        return reason;
  const json* feedback = member(event, "promptFeedback");
  return feedback ? string_at(*feedback, "blockReason") : "";
}

bool has_content(const json& candidate) {
  const json* content = member(candidate, "content");
  const json* parts = content ? member(*content, "parts") : nullptr;
  if (!parts || !parts->is_array()) return false;
  for (const json& part : *parts) {
    if (size_of(part, "text") > 0) return true;
    for (const char* key : {"functionCall", "inlineData", "executableCode", "codeExecutionResult"})
      if (member(part, key)) return true;
  }
  return false;
}

}  // namespace

void read_gemini_event(std::string_view name, const json& event, Tally& tally) {
  if (event.is_array()) {
    for (const json& element : event)
      if (element.is_object()) read_gemini_event(name, element, tally);
    return;
  }
  merge(tally.reading.usage, usage_of(event));
  if (const std::string id = string_at(event, "responseId"); !id.empty())
    tally.reading.request_id = clean_line(id, 200);
  if (name == "error" || tells_error(event)) return tally.fail(event);
  if (const json* candidates = member(event, "candidates"); candidates && candidates->is_array())
    for (const json& candidate : *candidates)
      if (has_content(candidate)) {
        tally.content();
        break;
      }
  if (const std::string reason = end_of(event); !reason.empty()) {
    tally.reading.stop_reason = clean_line(reason, 80);
    tally.reading.refused = is_refusal(reason) || !member(event, "candidates");
    tally.terminate();
  }
}

StreamReading read_gemini_stream(std::string_view body, const std::vector<Arrival>& arrivals) {
  // Asked to stream without `alt=sse` it answers with one array of what would have been the events.
  if (first_byte(body) == '[') {
    Tally tally;
    json document;
    if (parse_json(body, document)) {
      tally.event();
      read_gemini_event("", document, tally);
    } else {
      ++tally.reading.unparsable;
      tally.note("an array that does not end");
    }
    return tally.reading;
  }
  return read_sse(body, arrivals, read_gemini_event);
}

BodyReading read_gemini_body(const json& document, Asked asked) {
  if (document.is_array()) {
    if (document.empty()) return wrong("an empty array");
    for (const json& element : document)
      if (auto error = read_error_body(element)) return *error;
    return read_gemini_body(document.back(), asked);
  }
  if (auto error = read_error_body(document)) return *error;
  const bool any = asked == Asked::anything;
  if ((any || asked == Asked::completion) && (member(document, "candidates") || member(document, "promptFeedback"))) {
    const std::string reason = end_of(document);
    if (reason.empty()) return wrong("a response without a finishReason");
    BodyReading out = right("a response");
    out.stop_reason = clean_line(reason, 80);
    out.refused = is_refusal(reason) || !member(document, "candidates");
    out.request_id = clean_line(string_at(document, "responseId"), 200);
    out.usage = usage_of(document);
    return out;
  }
  if ((any || asked == Asked::count_tokens) && member(document, "totalTokens")) return right("a count of tokens");
  if (any || asked == Asked::models) {
    if (member(document, "models") || member(document, "publisherModels")) return right("a list");
    if (string_at(document, "name").find("models/") != std::string::npos) return right("a model");
  }
  return wrong("JSON that is no answer of generateContent");
}

}  // namespace outaged::probes::llm
