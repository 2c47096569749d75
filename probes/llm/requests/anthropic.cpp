// Anthropic Messages, at home and in the two clouds that serve it (there the model is in the path, and the version in
// the body).
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "probes/llm/requests/support.h"

namespace outaged::probes::llm {
namespace {

using nlohmann::json;

json message() { return json::array({{{"role", "user"}, {"content", "hi"}}}); }

json completion(const config::LlmCheck& check) { return {{"max_tokens", token_cap(check)}, {"messages", message()}}; }

}  // namespace

std::optional<Request> ask_anthropic(Rung rung, const config::LlmCheck& check, int) {
  Request out;
  switch (rung) {
    case Rung::canary:
    case Rung::completion:
    case Rung::stream: {
      json body = completion(check);
      body["model"] = check.model;
      if (rung == Rung::stream) body["stream"] = true;
      out = post_json("/v1/messages", body);
      break;
    }
    case Rung::models: out = get_path("/v1/models"); break;
    case Rung::count:
      out = post_json("/v1/messages/count_tokens", {{"model", check.model}, {"messages", message()}});
      break;
    case Rung::resident: return std::nullopt;
  }
  out.headers.emplace_back("anthropic-version", check.api_version.empty() ? "2023-06-01" : check.api_version);
  authorize(out, rung, "x-api-key", check.api_key.reveal());
  return out;
}

std::optional<Request> ask_vertex_anthropic(Rung rung, const config::LlmCheck& check, int) {
  const std::string models = fmt::format("/v1/projects/{}/locations/{}/publishers/anthropic/models/",
                                         percent_encoded(check.project), percent_encoded(check.region));
  const char* version = "vertex-2023-10-16";
  Request out;
  switch (rung) {
    case Rung::canary:
    case Rung::completion:
    case Rung::stream: {
      json body = completion(check);
      body["anthropic_version"] = version;
      if (rung == Rung::stream) body["stream"] = true;
      out = post_json(models + percent_encoded(check.model) + (rung == Rung::stream ? ":streamRawPredict" : ":rawPredict"),
                      body);
      break;
    }
    case Rung::count:
      out = post_json(models + "count-tokens:rawPredict", {{"model", check.model}, {"messages", message()}});
      break;
    case Rung::models:
    case Rung::resident: return std::nullopt;
  }
  authorize_bearer(out, rung, check);
  return out;
}

std::optional<Request> ask_bedrock_anthropic(Rung rung, const config::LlmCheck& check, int) {
  if (rung != Rung::canary && !is_paid(rung)) return ask_bedrock(rung, check, 0);
  json body = completion(check);
  body["anthropic_version"] = "bedrock-2023-05-31";
  Request out = post_json(fmt::format("/model/{}/{}", percent_encoded(check.model),
                                      rung == Rung::stream ? "invoke-with-response-stream" : "invoke"),
                          body);
  authorize_bearer(out, rung, check);
  return out;
}

}  // namespace outaged::probes::llm
