// The vocabulary as nlohmann values: what codec.cpp stores, the API answers and reports print. Any thread.
// Heavy, and the only header that names nlohmann: include it in .cpp files only.
// Names: timestamps are integer milliseconds since 1970 (`at`), durations `…_ms`, phases `…_us`, enums by name, ids as
// numbers; an empty optional is left out. Writing never throws (text that is not UTF-8 is mended by dump()'s caller:
// use dump_json). Reading is strict about types and ranges, takes unknown keys in its stride, defaults missing ones.
#pragma once

#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "core/input.h"
#include "core/result.h"

namespace outaged {

/// Thrown by from_json: where (a path such as "proof[2].class") and what.
class Malformed : public std::exception {
 public:
  explicit Malformed(std::string problem) : problem_(std::move(problem)) {}
  const char* what() const noexcept override;
  /// Names the place from the inside out, as the exception passes through it.
  void inside(std::string_view key);
  void inside(std::size_t position);

 private:
  std::string path_, problem_;
  mutable std::string what_;
};

/// Parses text from outside. Errors: not JSON (with line and column), a number that fits no type, nested deeper than
/// `max_depth` (because copying, comparing and dumping recurse).
Result<nlohmann::json> parse_json(std::string_view text, std::size_t max_depth = 64);
/// Compact, deterministic, never throws: bytes that are not UTF-8 become U+FFFD.
std::string dump_json(const nlohmann::json& value);

// Enums, by name. (Without these nlohmann would write and take their numbers.) from_json throws Malformed.
void to_json(nlohmann::json& out, Class value);
void to_json(nlohmann::json& out, Fault value);
void to_json(nlohmann::json& out, Counts value);
void to_json(nlohmann::json& out, Status value);
void to_json(nlohmann::json& out, Agreement value);
void to_json(nlohmann::json& out, Importance value);
void to_json(nlohmann::json& out, Disposition value);
void to_json(nlohmann::json& out, NotificationKind value);
void to_json(nlohmann::json& out, UpdateReason value);
void to_json(nlohmann::json& out, OutboxState value);

void from_json(const nlohmann::json& in, Class& value);
void from_json(const nlohmann::json& in, Status& value);
void from_json(const nlohmann::json& in, Agreement& value);
void from_json(const nlohmann::json& in, Importance& value);
void from_json(const nlohmann::json& in, NotificationKind& value);
void from_json(const nlohmann::json& in, UpdateReason& value);
void from_json(const nlohmann::json& in, OutboxState& value);

// Structs. from_json throws Malformed and leaves the missing keys' members as they are.
void to_json(nlohmann::json& out, const Timings& value);
void to_json(nlohmann::json& out, const Evidence& value);
void to_json(nlohmann::json& out, const Observation& value);
void to_json(nlohmann::json& out, const Claim& value);
void to_json(nlohmann::json& out, const Verdict& value);
void to_json(nlohmann::json& out, const Proof& value);
void to_json(nlohmann::json& out, const PageProof& value);
void to_json(nlohmann::json& out, const Admission& value);
void to_json(nlohmann::json& out, const Incident& value);
void to_json(nlohmann::json& out, const NotificationProof& value);
void to_json(nlohmann::json& out, const Notification& value);
void to_json(nlohmann::json& out, const DeliveryReport& value);
void to_json(nlohmann::json& out, const ClockStep& value);
void to_json(nlohmann::json& out, const OperatorAction& value);
void to_json(nlohmann::json& out, const Reporting& value);
void to_json(nlohmann::json& out, const TargetSpec& value);
void to_json(nlohmann::json& out, const Topology& value);

void from_json(const nlohmann::json& in, Timings& value);
void from_json(const nlohmann::json& in, Evidence& value);
void from_json(const nlohmann::json& in, Observation& value);
void from_json(const nlohmann::json& in, Claim& value);
void from_json(const nlohmann::json& in, Verdict& value);
void from_json(const nlohmann::json& in, Proof& value);
void from_json(const nlohmann::json& in, PageProof& value);
void from_json(const nlohmann::json& in, Admission& value);
void from_json(const nlohmann::json& in, Incident& value);
void from_json(const nlohmann::json& in, NotificationProof& value);
void from_json(const nlohmann::json& in, Notification& value);
void from_json(const nlohmann::json& in, DeliveryReport& value);
void from_json(const nlohmann::json& in, ClockStep& value);
void from_json(const nlohmann::json& in, OperatorAction& value);
void from_json(const nlohmann::json& in, Reporting& value);
void from_json(const nlohmann::json& in, TargetSpec& value);
void from_json(const nlohmann::json& in, Topology& value);

}  // namespace outaged
