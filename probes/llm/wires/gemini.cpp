// The Gemini API.
#include "probes/llm/wires/all.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {

Wire gemini() {
  return {
      .name = "gemini", .domain = "googleapis.com", .read_stream = read_gemini_stream, .read_body = read_gemini_body};
}

}  // namespace outaged::probes::llm
