// Mistral: chat completions, with numbers of its own for errors, whose types say little.
#include <algorithm>

#include "probes/llm/wires/all.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {
namespace {

std::optional<Reading> read_error(const ProviderError& error, int) {
  // "Service tier capacity exceeded for this model": theirs, whatever type and status they give it.
  if (std::find(error.words.begin(), error.words.end(), "3505") != error.words.end())
    return Reading{Class::overloaded, "3505"};
  return std::nullopt;
}

}  // namespace

Wire mistral() {
  return {.name = "mistral",
          .domain = "mistral.ai",
          .read_stream = read_openai_stream,
          .read_body = read_openai_body,
          .read_error = read_error};
}

}  // namespace outaged::probes::llm
