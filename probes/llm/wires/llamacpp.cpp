// llama.cpp's server: a native completion API beside the OpenAI dialect, and a health check that tells of loading.
// Source: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/llm/wires/all.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {
namespace {

using nlohmann::json;

bool is_native(const json& document) {
  return document.is_object() && document.contains("stop") && document.contains("content");
}

bool has_stopped(const json& document) {
  const json* stop = member(document, "stop");
  return stop && stop->is_boolean() && stop->get<bool>();
}

Usage usage_of(const json& document) {
  return {count_of(document, "tokens_evaluated"), count_of(document, "tokens_predicted")};
}

void read_event(std::string_view name, const json& event, Tally& tally) {
  if (!is_native(event)) return read_openai_event(name, event, tally);
  if (name == "error" || tells_error(event)) return tally.fail(event);
  if (size_of(event, "content") > 0) tally.content();
  if (!has_stopped(event)) return;
  tally.reading.stop_reason = clean_line(string_at(event, "stop_type"), 80);
  merge(tally.reading.usage, usage_of(event));
  tally.terminate();
}

StreamReading read_stream(std::string_view body, const std::vector<Arrival>& arrivals) {
  return read_sse(body, arrivals, read_event);
}

BodyReading starting(std::string_view what) {
  BodyReading out = wrong(what);
  out.shape = BodyReading::Shape::starting;
  return out;
}

/// The list is answered while the model still loads; what it knows of the model comes only after.
bool is_loading(const json& data) {
  return std::any_of(data.begin(), data.end(), [](const json& model) {
    if (!model.is_object()) return false;
    const auto meta = model.find("meta");
    return meta != model.end() && meta->is_null();
  });
}

BodyReading read_body(const json& document, Asked asked) {
  if (auto error = read_error_body(document)) return *error;
  const bool any = asked == Asked::anything;
  const std::string status = string_at(document, "status");
  if (any || asked == Asked::health) {
    if (status == "ok") return right("its word that it is ready");
    if (status == "loading model") return starting("loading the model");
    if (any && document.is_array() && !document.empty() && document.front().is_object()) return right("a list");
    if (any && (member(document, "tokens") || member(document, "embedding"))) return right("an answer");
  }
  if (const json* data = member(document, "data"); data && data->is_array() && is_loading(*data))
    return starting("a list of models that are not loaded yet");
  if ((any || asked == Asked::completion) && is_native(document)) {
    if (!has_stopped(document)) return wrong("a completion that has not stopped");
    BodyReading out = right("a completion");
    out.stop_reason = clean_line(string_at(document, "stop_type"), 80);
    out.usage = usage_of(document);
    return out;
  }
  return read_openai_body(document, asked);
}

}  // namespace

Wire llamacpp() { return {.name = "llamacpp", .domain = "", .read_stream = read_stream, .read_body = read_body}; }

}  // namespace outaged::probes::llm
