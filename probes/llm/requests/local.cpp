// Servers of one's own: nothing is paid, but a completion may load a model and throw another one out. So Ollama is asked
// first which models it holds.
#include <nlohmann/json.hpp>

#include "probes/llm/requests/support.h"

namespace outaged::probes::llm {

using nlohmann::json;

std::optional<Request> ask_ollama(Rung rung, const config::LlmCheck& check, int) {
  Request out;
  switch (rung) {
    case Rung::models: out = get_path("/api/tags"); break;
    case Rung::resident: out = get_path("/api/ps"); break;
    case Rung::completion:
    case Rung::stream:
      out = post_json("/api/generate", {{"model", check.model},
                                        {"prompt", "hi"},
                                        {"stream", rung == Rung::stream},
                                        {"options", {{"num_predict", token_cap(check)}}}});
      break;
    case Rung::canary:
    case Rung::count: return std::nullopt;
  }
  authorize_bearer(out, rung, check);
  return out;
}

std::optional<Request> ask_llamacpp(Rung rung, const config::LlmCheck& check, int) {
  Request out;
  switch (rung) {
    case Rung::models: out = get_path("/health"); break;
    case Rung::count: out = post_json("/tokenize", {{"content", "hi"}}); break;
    case Rung::completion:
    case Rung::stream:
      out = post_json("/completion",
                      {{"prompt", "hi"}, {"n_predict", token_cap(check)}, {"stream", rung == Rung::stream}});
      break;
    case Rung::canary:
    case Rung::resident: return std::nullopt;
  }
  authorize_bearer(out, rung, check);
  return out;
}

}  // namespace outaged::probes::llm
