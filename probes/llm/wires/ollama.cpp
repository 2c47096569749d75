// Ollama: JSON lines, errors that are bare strings, and the OpenAI dialect under /v1.
// Source: https://docs.ollama.com/api and /api/errors
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/llm/wires/all.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {
namespace {

using nlohmann::json;

bool is_done(const json& document) {
  const json* done = member(document, "done");
  return done && done->is_boolean() && done->get<bool>();
}

Usage usage_of(const json& document) {
  return {count_of(document, "prompt_eval_count"), count_of(document, "eval_count")};
}

void read_line(std::string_view, const json& line, Tally& tally) {
  if (tells_error(line)) return tally.fail(line);
  const json* message = member(line, "message");
  if (size_of(line, "response") > 0 || size_of(line, "thinking") > 0 ||
      (message &&
       (size_of(*message, "content") > 0 || size_of(*message, "thinking") > 0 || size_of(*message, "tool_calls") > 0)))
    tally.content();
  if (!is_done(line)) return;
  tally.reading.stop_reason = clean_line(string_at(line, "done_reason"), 80);
  merge(tally.reading.usage, usage_of(line));
  tally.terminate();
}

StreamReading read_stream(std::string_view body, const std::vector<Arrival>& arrivals) {
  const char first = first_byte(body);
  return first == '{' || first == '\0' ? read_ndjson(body, arrivals, read_line) : read_openai_stream(body, arrivals);
}

BodyReading read_body(const json& document, Asked asked) {
  if (auto error = read_error_body(document)) return *error;
  const bool any = asked == Asked::anything;
  if (any || asked == Asked::completion) {
    if (member(document, "response") || member(document, "message")) {
      if (!is_done(document)) return wrong("an answer that is not done");
      BodyReading out = right("an answer");
      out.stop_reason = clean_line(string_at(document, "done_reason"), 80);
      out.usage = usage_of(document);
      return out;
    }
  }
  if (any && (member(document, "embeddings") || member(document, "embedding"))) return right("an embedding");
  if ((any || asked == Asked::models) && member(document, "models")) return right("a list");
  if ((any || asked == Asked::health) && member(document, "version")) return right("a version");
  BodyReading other = read_openai_body(document, asked);
  return other.shape == BodyReading::Shape::wrong ? wrong("JSON that is no answer of Ollama") : other;
}

std::optional<Reading> read_error(const ProviderError&, int status) {
  // It stands between us and a model in somebody's cloud.
  if (status == 502) return Reading{Class::upstream_error, ""};
  return std::nullopt;
}

}  // namespace

Wire ollama() {
  return {.name = "ollama", .domain = "", .read_stream = read_stream, .read_body = read_body, .read_error = read_error};
}

}  // namespace outaged::probes::llm
