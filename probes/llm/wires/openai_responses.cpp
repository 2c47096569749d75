// OpenAI's Responses API.
#include "probes/llm/wires/all.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {
namespace {

StreamReading read_stream(std::string_view body, const std::vector<Arrival>& arrivals) {
  return read_sse(body, arrivals, read_responses_event);
}

}  // namespace

Wire openai_responses() {
  return {
      .name = "openai-responses", .domain = "openai.com", .read_stream = read_stream, .read_body = read_responses_body};
}

}  // namespace outaged::probes::llm
