// The wires: what each LLM API says when it answers, read into one form. One file per wire under probes/llm/wires/, one
// line each in the table of wires.cpp. Nothing here asks anything: requests are probes/llm/requests.h.
// Called by the llm kind on the loop's thread and by `outaged classify`; pure: no clock, no I/O, no state.
// Never decides a class: that is probes/llm/judge.h, for all wires alike.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/probe.h"
#include "probes/provider_error.h"

namespace outaged::probes::llm {

/// Tokens that the provider says it counted (and will bill). Zero where it does not say.
struct Usage {
  std::uint64_t input = 0, output = 0;
};

/// What a streamed answer amounts to. Times are those of `Response::arrivals`: since the request was asked; without
/// arrivals they are not known.
struct StreamReading {
  bool terminated = false;              // the wire's own success terminator was seen; the only proof of success
  std::optional<ProviderError> error;   // the first error inside the stream, first event or last
  std::optional<Micros> first_content;  // text, thinking or a tool call; role, ping, comment and message_start are not
  std::optional<Micros> last_content;
  Micros largest_gap{};          // between two contents, or the last content and the terminator
  std::uint64_t events = 0;      // well-formed events of any sort, pings included
  std::uint64_t contents = 0;    // those of them with content
  std::uint64_t unparsable = 0;  // events that could not be read; counted, never fatal
  bool refused = false;          // the model declined or a filter cut it short: the service works
  std::string stop_reason;       // as the wire spells it
  std::string request_id;        // told inside the stream: "msg_…", "chatcmpl-…"
  Usage usage;
  std::string upstream;  // a router's word for who answers behind it
  std::string anomaly;   // odd but not fatal: "message_start twice"; "" if none
};

/// What was asked for, as far as it changes what a right answer looks like.
enum class Asked : std::uint8_t { anything, completion, models, count_tokens, health };

/// What a complete JSON document of a 2xx answer amounts to.
struct BodyReading {
  enum class Shape : std::uint8_t { wrong, right, error, starting } shape = Shape::wrong;
  std::string what;                    // of a right one: "a completion"; of a wrong one: what is amiss
  std::optional<ProviderError> error;  // of Shape::error
  bool refused = false;
  std::string stop_reason;
  std::string request_id;
  Usage usage;
};

/// One API. Plain functions: a wire has no state.
struct Wire {
  std::string_view name;      // as in the configuration: "openai-responses"
  std::string_view domain;    // where the vendor serves it ("anthropic.com"); "": the user's own host
  bool router = false;        // forwards to others: what breaks off may be theirs
  bool blank_health = false;  // its health endpoint answers 200 with nothing

  /// The whole body as far as it came, cut anywhere; `arrivals` may be empty.
  StreamReading (*read_stream)(std::string_view body, const std::vector<Arrival>& arrivals) = nullptr;
  BodyReading (*read_body)(const nlohmann::json& document, Asked asked) = nullptr;
  /// What only this provider means by an error, before the common tables are asked; may be null. Status 0: in a stream.
  std::optional<Reading> (*read_error)(const ProviderError& error, int status) = nullptr;
};

const std::vector<Wire>& wires();
/// By name or a usual other name ("azure", "llama.cpp"); null if there is none.
const Wire* find_wire(std::string_view name);

}  // namespace outaged::probes::llm
