// What the stream readers of all wires share: the pieces of a body with their times, and the tally that a wire's events
// feed. Used by probes/llm/wires/ only; pure.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "probes/llm/wire.h"

namespace outaged::probes::llm {

/// The reading in the making. Events tell it what they were; it keeps the times.
class Tally {
 public:
  StreamReading reading;

  void at(std::optional<Micros> now) { now_ = now; }
  void event() { ++reading.events; }
  /// Text, thinking or a tool call that is not empty.
  void content();
  void terminate();
  /// The first error stands.
  void fail(ProviderError error);
  /// The error that a document tells of, or, where it cannot be read, one without words.
  void fail(const nlohmann::json& document);
  /// The first anomaly stands.
  void note(std::string_view what);

 private:
  std::optional<Micros> now_;
};

/// The body in the pieces in which it came; one piece without a time where that is not known.
void for_each_piece(std::string_view body, const std::vector<Arrival>& arrivals,
                    const std::function<void(std::string_view piece, std::optional<Micros> at)>& take);

/// A wire's own reading of one event: its name ("" where it has none) and its document.
using OnDocument = std::function<void(std::string_view name, const nlohmann::json& document, Tally& tally)>;

/// Server-sent events with JSON for data.
StreamReading read_sse(std::string_view body, const std::vector<Arrival>& arrivals, const OnDocument& on_document);
/// A JSON document on each line.
StreamReading read_ndjson(std::string_view body, const std::vector<Arrival>& arrivals, const OnDocument& on_document);

// JSON, safely: of any type, present or not.
const nlohmann::json* member(const nlohmann::json& object, const char* key);
/// The member's size if it is an array or object, length if a string; 0 otherwise.
std::size_t size_of(const nlohmann::json& object, const char* key);
std::uint64_t count_of(const nlohmann::json& object, const char* key);
/// The document tells of an error: a member "error" that is not null, false or empty, or one that calls itself an
/// error.
bool tells_error(const nlohmann::json& document);
void merge(Usage& into, const Usage& told);  // the larger of each

}  // namespace outaged::probes::llm
