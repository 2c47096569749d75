// Gemini with an API key, and the same models on Vertex AI with an OAuth token.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "probes/llm/requests/support.h"

namespace outaged::probes::llm {
namespace {

using nlohmann::json;

/// `models` is the path up to the model's name.
std::optional<Request> ask_google(Rung rung, const config::LlmCheck& check, const std::string& models) {
  const json part = json::object({{"text", "hi"}});
  const json contents = json::array({{{"role", "user"}, {"parts", json::array({part})}}});
  const std::string model = models + percent_encoded(check.model);
  switch (rung) {
    case Rung::canary:
    case Rung::completion:
    case Rung::stream:
      return post_json(model + (rung == Rung::stream ? ":streamGenerateContent?alt=sse" : ":generateContent"),
                       {{"contents", contents}, {"generationConfig", {{"maxOutputTokens", token_cap(check)}}}});
    case Rung::count: return post_json(model + ":countTokens", {{"contents", contents}});
    case Rung::models:
    case Rung::resident: return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

std::optional<Request> ask_gemini(Rung rung, const config::LlmCheck& check, int) {
  auto out = rung == Rung::models ? get_path("/v1beta/models") : ask_google(rung, check, "/v1beta/models/");
  if (out) authorize(*out, rung, "x-goog-api-key", check.api_key.reveal());
  return out;
}

std::optional<Request> ask_vertex(Rung rung, const config::LlmCheck& check, int) {
  auto out = ask_google(rung, check,
                        fmt::format("/v1/projects/{}/locations/{}/publishers/google/models/",
                                    percent_encoded(check.project), percent_encoded(check.region)));
  if (out) authorize_bearer(*out, rung, check);
  return out;
}

}  // namespace outaged::probes::llm
