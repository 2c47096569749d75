// Bedrock Converse. Signed with Signature Version 4 by request_for, or with a Bedrock API key as a bearer token.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "probes/llm/requests/support.h"

namespace outaged::probes::llm {

using nlohmann::json;

std::optional<Request> ask_bedrock(Rung rung, const config::LlmCheck& check, int) {
  const std::string model = "/model/" + percent_encoded(check.model);
  const json text = json::object({{"text", "hi"}});
  const json messages = json::array({{{"role", "user"}, {"content", json::array({text})}}});
  Request out;
  switch (rung) {
    case Rung::canary:
    case Rung::completion:
    case Rung::stream:
      out = post_json(model + (rung == Rung::stream ? "/converse-stream" : "/converse"),
                      {{"messages", messages}, {"inferenceConfig", {{"maxTokens", token_cap(check)}}}});
      break;
    case Rung::count:
      out = post_json(model + "/count-tokens", {{"input", {{"converse", {{"messages", messages}}}}}});
      break;
    case Rung::models:  // the list is another service's, which proves nothing of this one
    case Rung::resident: return std::nullopt;
  }
  authorize_bearer(out, rung, check);
  return out;
}

}  // namespace outaged::probes::llm
