// OpenRouter: chat completions forwarded to others. An error that names the provider behind it, or says that none would
// answer, is that provider's and not the router's.
// Source: https://openrouter.ai/docs/api-reference/errors
#include "core/text.h"
#include "probes/llm/wires/all.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {
namespace {

std::optional<Reading> read_error(const ProviderError& error, int status) {
  if (error.moderated) return Reading{Class::bad_request, ""};
  const int code = status >= 400 ? status : error.code;
  if (code == 429 && lower_ascii(error.message).find("upstream") != std::string::npos)
    return Reading{Class::upstream_limited, ""};
  if (code == 502 || code == 503) return Reading{Class::upstream_error, ""};
  if (status == 0 && !error.upstream.empty() && code == 0) {
    const auto certain = read_code_words(error);
    if (certain && certain->cls == Class::rate_limited) return Reading{Class::upstream_limited, certain->word};
    if (!certain || info(certain->cls).fault == Fault::provider)
      return Reading{Class::upstream_error, certain ? certain->word : ""};
  }
  return std::nullopt;
}

}  // namespace

Wire openrouter() {
  return {.name = "openrouter",
          .domain = "openrouter.ai",
          .router = true,
          .read_stream = read_openai_stream,
          .read_body = read_openai_body,
          .read_error = read_error};
}

}  // namespace outaged::probes::llm
