// What is asked of an LLM API: the smallest paid completion, streamed and not, and what is free. One file for each
// family of wires under probes/llm/requests/, one line for each wire in the table of requests.cpp. The answers are read
// by probes/llm/wire.h. Sources: the vendors' API references and SDKs.
// Called by the llm kind on the loop's thread, and when a configuration is built; pure: the time comes in.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/time.h"
#include "probes/probe.h"

namespace outaged::probes::llm {

/// What may be asked, from free to paid. The first four cost nothing.
enum class Rung : std::uint8_t {
  canary,      // the completion's own path without a key: must be refused
  models,      // the list of models, or the nearest thing that needs the key
  count,       // counting tokens: the model and the account, without inference
  resident,    // local servers: is the model loaded? We do not wake one
  completion,  // one tiny answer
  stream,      // the same, streamed
};
std::string_view to_string(Rung rung);
constexpr bool is_paid(Rung rung) { return rung == Rung::completion || rung == Rung::stream; }

/// How to ask one wire.
struct Asker {
  std::string_view name;      // as in the configuration: "openai-responses"
  std::string_view provider;  // the label: "openai"
  bool needs_key = true;      // false: nothing of it is secret, everything may be asked
  int least_tokens = 1;       // the smallest cap that every model of it takes
  int variants = 1;           // ways to write the cap; the next is taken when the model does not know the last
  std::string (*base)(const config::LlmCheck& check);  // where the check names no URL; "": it must
  /// Method, path (after the base), headers and body; nullopt: this wire has no such rung. The caller adds the rest.
  std::optional<Request> (*ask)(Rung rung, const config::LlmCheck& check, int variant);
};

const std::vector<Asker>& askers();
/// Null: no such wire.
const Asker* find_asker(std::string_view name);

/// The URL all paths are added to, without a slash at its end.
std::string base_url(const config::LlmCheck& check);
/// Whether there is what authenticates us.
bool has_key(const config::LlmCheck& check);
/// Of a completion: the check's own, or the least the wire takes.
int token_cap(const config::LlmCheck& check);
/// What one paid request is taken to cost before its answer says: the shortest question, with what each provider wraps
/// around it, and an answer as long as the cap.
std::int64_t estimated_tokens(const config::LlmCheck& check);

/// The complete request, signed where the wire wants it; nullopt: the wire has no such rung, or it needs a key that is
/// not there. Timeout and body limit are the caller's to set.
std::optional<Request> request_for(Rung rung, const config::LlmCheck& check, int variant, const std::string& user_agent,
                                   Timestamp now);

/// A path segment: everything but unreserved characters (RFC 3986) as %XX.
std::string percent_encoded(std::string_view segment);

// The families, one file each.
std::optional<Request> ask_anthropic(Rung rung, const config::LlmCheck& check, int variant);
std::optional<Request> ask_openai_chat(Rung rung, const config::LlmCheck& check, int variant);
std::optional<Request> ask_openai_responses(Rung rung, const config::LlmCheck& check, int variant);
std::optional<Request> ask_azure(Rung rung, const config::LlmCheck& check, int variant);
std::optional<Request> ask_gemini(Rung rung, const config::LlmCheck& check, int variant);
std::optional<Request> ask_vertex(Rung rung, const config::LlmCheck& check, int variant);
std::optional<Request> ask_vertex_anthropic(Rung rung, const config::LlmCheck& check, int variant);
std::optional<Request> ask_bedrock(Rung rung, const config::LlmCheck& check, int variant);
std::optional<Request> ask_bedrock_anthropic(Rung rung, const config::LlmCheck& check, int variant);
std::optional<Request> ask_ollama(Rung rung, const config::LlmCheck& check, int variant);
std::optional<Request> ask_llamacpp(Rung rung, const config::LlmCheck& check, int variant);

}  // namespace outaged::probes::llm
