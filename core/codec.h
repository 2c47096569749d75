// The stored and transmitted text form (JSON) of the vocabulary. Used by storage, snapshots, the outbox and replay.
// Exact: decode(encode(x)) == x, doubles to the bit, as long as its texts are UTF-8 (what is not becomes U+FFFD).
// Decoding never throws; it reports the place and what is wrong there. It takes unknown keys in its stride and defaults
// missing ones, so that an older row stays readable.
// The nlohmann values themselves, for the API, are in core/json.h (heavy: include it in .cpp files only).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/input.h"
#include "core/result.h"

namespace outaged {

std::string encode(const Evidence& evidence);
std::string encode(const Claim& claim);
std::string encode(const Verdict& verdict);
std::string encode(const Incident& incident);
std::string encode(const Notification& notification);
std::string encode(const Topology& topology);
/// {"kind": "delivery", …}, for the log's table of what is neither Tick, Observation nor Claim (though it takes any).
/// Time and sequence number are the row's own; a ConfigChange is its topology's hash.
std::string encode_input(const Input& input);

Result<Evidence> decode_evidence(std::string_view text);
Result<Claim> decode_claim(std::string_view text);
Result<Verdict> decode_verdict(std::string_view text);
Result<Incident> decode_incident(std::string_view text);
Result<Notification> decode_notification(std::string_view text);
Result<Topology> decode_topology(std::string_view text);
/// `topology_of` finds a topology by its hash (null: unknown, an error).
Result<Input> decode_input(std::string_view text, Seq seq, Timestamp at,
                           const std::function<std::shared_ptr<const Topology>(const std::string&)>& topology_of);

}  // namespace outaged
