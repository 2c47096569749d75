// The shapes that several wires share: what an event or a document of each family of APIs says. A wire's file puts them
// together. Used by probes/llm/wires/ only; pure.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

#include "probes/llm/reader.h"

namespace outaged::probes::llm {

// ---- events of a stream -----------------------------------------------------------------------------------------

/// Anthropic Messages: terminated by message_stop after a message_delta with a stop_reason.
class MessagesEvents {
 public:
  void operator()(std::string_view name, const nlohmann::json& event, Tally& tally);

 private:
  void start(const nlohmann::json& event, Tally& tally);
  void delta(const nlohmann::json& event, Tally& tally);
  bool started_ = false;
};

/// OpenAI chat completions: terminated by a finish_reason other than "error".
void read_chat_event(std::string_view name, const nlohmann::json& event, Tally& tally);
/// OpenAI Responses: terminated by response.completed or response.incomplete.
void read_responses_event(std::string_view name, const nlohmann::json& event, Tally& tally);
/// Whichever of the two the event is: servers that speak the one often speak the other too.
void read_openai_event(std::string_view name, const nlohmann::json& event, Tally& tally);
/// Gemini: terminated by a finishReason, or by the prompt's blockReason.
void read_gemini_event(std::string_view name, const nlohmann::json& event, Tally& tally);

/// Streams of the OpenAI family, all alike.
StreamReading read_openai_stream(std::string_view body, const std::vector<Arrival>& arrivals);
StreamReading read_messages_stream(std::string_view body, const std::vector<Arrival>& arrivals);
StreamReading read_gemini_stream(std::string_view body, const std::vector<Arrival>& arrivals);

// ---- complete documents -----------------------------------------------------------------------------------------

/// What an error document says; to be asked first. nullopt: it is none.
std::optional<BodyReading> read_error_body(const nlohmann::json& document);
BodyReading right(std::string_view what);
BodyReading wrong(std::string_view what);

BodyReading read_messages_body(const nlohmann::json& document, Asked asked);
BodyReading read_chat_body(const nlohmann::json& document, Asked asked);
BodyReading read_responses_body(const nlohmann::json& document, Asked asked);
/// Chat or Responses, whichever the document is.
BodyReading read_openai_body(const nlohmann::json& document, Asked asked);
BodyReading read_gemini_body(const nlohmann::json& document, Asked asked);

}  // namespace outaged::probes::llm
