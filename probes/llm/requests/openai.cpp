// OpenAI's chat completions and what speaks like them (Mistral, Groq, OpenRouter, vLLM, Azure), and its Responses.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "probes/llm/requests/support.h"

namespace outaged::probes::llm {
namespace {

using nlohmann::json;

/// New OpenAI models want the cap as max_completion_tokens, old ones and everybody else as max_tokens.
json chat(const config::LlmCheck& check, Rung rung, bool new_name, bool usage) {
  json body = {{"messages", json::array({{{"role", "user"}, {"content", "hi"}}})},
               {new_name ? "max_completion_tokens" : "max_tokens", token_cap(check)}};
  if (rung == Rung::stream) {
    body["stream"] = true;
    if (usage) body["stream_options"] = {{"include_usage", true}};  // or a stream says nothing of what it cost
  }
  return body;
}

}  // namespace

std::optional<Request> ask_openai_chat(Rung rung, const config::LlmCheck& check, int variant) {
  Request out;
  switch (rung) {
    case Rung::canary:
    case Rung::completion:
    case Rung::stream: {
      const bool openai = check.wire == "openai";
      json body = chat(check, rung, openai && variant == 0, openai || check.wire == "vllm");
      body["model"] = check.model;
      out = post_json("/v1/chat/completions", body);
      break;
    }
    case Rung::models: out = get_path("/v1/models"); break;
    case Rung::count:
    case Rung::resident: return std::nullopt;
  }
  authorize_bearer(out, rung, check);
  return out;
}

std::optional<Request> ask_openai_responses(Rung rung, const config::LlmCheck& check, int) {
  Request out;
  switch (rung) {
    case Rung::canary:
    case Rung::completion:
    case Rung::stream: {
      json body = {{"model", check.model}, {"input", "hi"}, {"max_output_tokens", token_cap(check)}, {"store", false}};
      if (rung == Rung::stream) body["stream"] = true;
      out = post_json("/v1/responses", body);
      break;
    }
    case Rung::models: out = get_path("/v1/models"); break;
    case Rung::count:
    case Rung::resident: return std::nullopt;
  }
  authorize_bearer(out, rung, check);
  return out;
}

std::optional<Request> ask_azure(Rung rung, const config::LlmCheck& check, int variant) {
  const std::string version = "?api-version=" + percent_encoded(check.api_version);
  Request out;
  switch (rung) {
    case Rung::canary:
    case Rung::completion:
    case Rung::stream:
      out = post_json(
          fmt::format("/openai/deployments/{}/chat/completions{}", percent_encoded(check.deployment), version),
          chat(check, rung, variant == 0, false));
      break;
    case Rung::models: out = get_path("/openai/models" + version); break;
    case Rung::count:
    case Rung::resident: return std::nullopt;
  }
  authorize(out, rung, "api-key", check.api_key.reveal());
  return out;
}

}  // namespace outaged::probes::llm
