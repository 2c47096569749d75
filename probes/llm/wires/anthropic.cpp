// Anthropic: the Messages API at its source.
#include "probes/llm/wires/all.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {

Wire anthropic() {
  return {.name = "anthropic",
          .domain = "anthropic.com",
          .read_stream = read_messages_stream,
          .read_body = read_messages_body};
}

}  // namespace outaged::probes::llm
