#include "probes/llm/requests.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/llm/requests/support.h"
#include "probes/llm/sigv4.h"

namespace outaged::probes::llm {
namespace {

using config::LlmCheck;

template <const char* Url>
std::string fixed(const LlmCheck&) {
  return Url;
}
constexpr char anthropic_url[] = "https://api.anthropic.com";
constexpr char openai_url[] = "https://api.openai.com";
constexpr char gemini_url[] = "https://generativelanguage.googleapis.com";
constexpr char mistral_url[] = "https://api.mistral.ai";
constexpr char groq_url[] = "https://api.groq.com/openai";
constexpr char openrouter_url[] = "https://openrouter.ai/api";
constexpr char nothing[] = "";
// Where each server listens unless told otherwise.
constexpr char ollama_url[] = "http://127.0.0.1:11434";
constexpr char llamacpp_url[] = "http://127.0.0.1:8080";
constexpr char vllm_url[] = "http://127.0.0.1:8000";

std::string vertex_url(const LlmCheck& check) {
  if (check.region.empty()) return "";
  if (check.region == "global") return "https://aiplatform.googleapis.com";
  return fmt::format("https://{}-aiplatform.googleapis.com", check.region);
}
std::string bedrock_url(const LlmCheck& check) {
  return check.region.empty() ? "" : fmt::format("https://bedrock-runtime.{}.amazonaws.com", check.region);
}

bool is_bedrock(const LlmCheck& check) { return check.wire.starts_with("bedrock"); }

}  // namespace

const std::vector<Asker>& askers() {
  // The least tokens: Anthropic and Bedrock take 1; OpenAI's Responses refuse less than 16, and there and with Gemini
  // what a model thinks counts too, so that 1 would leave no content at all.
  static const std::vector<Asker> table = {
      {"anthropic", "anthropic", true, 1, 1, fixed<anthropic_url>, ask_anthropic},
      {"openai", "openai", true, 16, 2, fixed<openai_url>, ask_openai_chat},
      {"openai-responses", "openai", true, 16, 1, fixed<openai_url>, ask_openai_responses},
      {"gemini", "google", true, 16, 1, fixed<gemini_url>, ask_gemini},
      {"vertex", "google", true, 16, 1, vertex_url, ask_vertex},
      {"vertex-anthropic", "google", true, 1, 1, vertex_url, ask_vertex_anthropic},
      {"bedrock", "aws", true, 1, 1, bedrock_url, ask_bedrock},
      {"bedrock-anthropic", "aws", true, 1, 1, bedrock_url, ask_bedrock_anthropic},
      {"azure-openai", "azure", true, 16, 2, fixed<nothing>, ask_azure},
      {"mistral", "mistral", true, 1, 1, fixed<mistral_url>, ask_openai_chat},
      {"groq", "groq", true, 1, 1, fixed<groq_url>, ask_openai_chat},
      {"openrouter", "openrouter", true, 16, 1, fixed<openrouter_url>, ask_openai_chat},
      {"openai-compatible", "", false, 1, 1, fixed<nothing>, ask_openai_chat},
      {"ollama", "ollama", false, 1, 1, fixed<ollama_url>, ask_ollama},
      {"llamacpp", "llamacpp", false, 1, 1, fixed<llamacpp_url>, ask_llamacpp},
      {"vllm", "vllm", false, 1, 1, fixed<vllm_url>, ask_openai_chat},
  };
  return table;
}

const Asker* find_asker(std::string_view name) {
  for (const Asker& asker : askers())
    if (asker.name == name) return &asker;
  return nullptr;
}

std::string_view to_string(Rung rung) {
  switch (rung) {
    case Rung::canary: return "canary";
    case Rung::models: return "models";
    case Rung::count: return "count";
    case Rung::resident: return "resident";
    case Rung::completion: return "completion";
    case Rung::stream: return "stream";
  }
  return "?";
}

std::string base_url(const LlmCheck& check) {
  const Asker* asker = find_asker(check.wire);
  std::string base = check.url.empty() && asker ? asker->base(check) : check.url;
  while (base.ends_with('/')) base.pop_back();
  // Most SDKs want the version in the base; our paths bring it along.
  if (base.ends_with("/v1") && asker && asker->name != "gemini") base.resize(base.size() - 3);
  return base;
}

bool has_key(const LlmCheck& check) {
  if (!check.api_key.empty()) return true;
  return is_bedrock(check) && !check.access_key_id.empty() && !check.secret_access_key.empty();
}

int token_cap(const LlmCheck& check) {
  if (check.max_tokens > 0) return check.max_tokens;
  const Asker* asker = find_asker(check.wire);
  return asker ? asker->least_tokens : 1;
}

std::int64_t estimated_tokens(const LlmCheck& check) {
  constexpr std::int64_t prompt_tokens = 16;
  return prompt_tokens + token_cap(check);
}

std::optional<Request> request_for(Rung rung, const LlmCheck& check, int variant, const std::string& user_agent,
                                   Timestamp now) {
  const Asker* asker = find_asker(check.wire);
  if (!asker || (rung != Rung::canary && asker->needs_key && !has_key(check))) return std::nullopt;
  if (rung == Rung::canary && !asker->needs_key) return std::nullopt;  // it would be answered, not refused
  auto request = asker->ask(rung, check, variant);
  if (!request) return std::nullopt;
  request->url = base_url(check) + request->url;
  // The user's own go last and win, except that a canary stays without anything that could be a key.
  if (rung != Rung::canary) {
    for (const auto& [name, value] : check.headers) {
      std::erase_if(request->headers, [&](const auto& ours) { return lower_ascii(ours.first) == lower_ascii(name); });
      request->headers.emplace_back(name, value.reveal());
    }
  }
  const bool named = std::any_of(request->headers.begin(), request->headers.end(),
                                 [](const auto& header) { return lower_ascii(header.first) == "user-agent"; });
  if (!named && !user_agent.empty()) request->headers.emplace_back("user-agent", user_agent);
  if (is_bedrock(check) && rung != Rung::canary && check.api_key.empty()) {
    sign_request(*request,
                 {check.access_key_id.reveal(), check.secret_access_key.reveal(), check.session_token.reveal()},
                 {check.region, "bedrock"}, now);
  }
  return request;
}

std::string percent_encoded(std::string_view segment) {
  std::string out;
  for (const char c : segment) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain)
      out += c;
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

Request get_path(std::string path) {
  Request request;
  request.url = std::move(path);
  request.headers.emplace_back("accept", "application/json");
  return request;
}

Request post_json(std::string path, const nlohmann::json& body) {
  Request request;
  request.method = "POST";
  request.url = std::move(path);
  request.headers.emplace_back("content-type", "application/json");
  request.body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return request;
}

void authorize(Request& request, Rung rung, const char* header, const std::string& value) {
  if (rung != Rung::canary && !value.empty()) request.headers.emplace_back(header, value);
}

void authorize_bearer(Request& request, Rung rung, const LlmCheck& check) {
  if (!check.api_key.empty()) authorize(request, rung, "authorization", "Bearer " + check.api_key.reveal());
}

}  // namespace outaged::probes::llm
