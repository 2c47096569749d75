// The sentences people read, in one place: every notifier, the demo's time line and the command line use these.
// Pure. A Voice says how a medium writes a clock time and how it escapes text that came from outside.
// Nothing here knows a medium's layout or limits beyond the byte budget it passes to Voice::text.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "core/notification.h"

namespace outaged::alerts::words {

/// How a medium writes times and foreign text.
struct Voice {
  /// A clock time near `reference`; with the date where it is not within half a day of it.
  std::string (*clock)(Timestamp t, Timestamp reference, bool seconds);
  /// Foreign text on one line, escaped, at most `max_bytes` long after escaping.
  std::string (*text)(std::string_view piece, std::size_t max_bytes);
  std::string_view zone;  // after the last time of a sentence: " UTC", or "" where the reader's zone is shown
};
/// Plain text, times in UTC.
const Voice& plain();

/// "40 min": rounded down, and up, to the unit that suits it.
std::string at_least(Duration d);
std::string at_most(Duration d);
/// "40 to 41 min": an interval, rounded outwards.
std::string range(Duration from, Duration to);
/// "40 to 41 min after the first failure", "2 to 3 min before …", "within 1 min of …", "red since long before …".
/// Of a slow incident the first sign is a slow answer, not a failure.
std::string lag(const Admission& admitted, Timestamp onset, bool slow = false);
/// "a partial outage", "degraded performance": what a page reports.
std::string reported(Status status);
/// "49 min", "2 min 20 s": seconds only where they matter.
std::string about(Duration d);

/// "Claude API is failing: 4 of 9 requests (44 %; normal 0.1 %), HTTP 500 after 10 to 15 s". For every kind the first line.
/// Slow: "Claude API is slow: 12 of 27 requests (44 %; normal 0.1 %) take far longer than usual, 10 to 15 s". From the page alone:
/// "Claude Code: their page reports a partial outage: \"Elevated error rates\" (nothing of ours watches it)".
std::string headline(const Notification& n, const Voice& voice = plain());
/// One line for a lock screen: "Claude API: 44 % of requests fail since 14:03 UTC. Their page says all is well."
std::string lock_screen(const Notification& n, const Voice& voice = plain());
/// "14:03 (noticed after 2 min 20 s)"
std::string since_line(const Notification& n, const Voice& voice = plain());
/// "opus, sonnet"; empty where nothing is listed.
std::string list_line(const std::vector<std::string>& names, const Voice& voice = plain());
/// "github, stripe: a common cause is likely", for "Also failing since then"; empty where it fails alone.
std::string together_line(const Notification& n, const Voice& voice = plain());
/// "\"All Systems Operational\", read 14:05:00"
std::string page_line(const Notification& n, const Voice& voice = plain());
/// "Their page now admits it: \"Elevated error rates\", 40 to 41 min after the first failure."
std::string update_line(const Notification& n, const Voice& voice = plain());
/// "Claude API works again. Bad 14:03 to 14:52 (49 min). Their page: silent for the first 40 min, still red now."
/// Slow: "Claude API is as fast as usual again. Slow 14:03 to …". From the page alone: "Claude Code: their page says it is over. Red 14:03 to …".
std::string resolve_line(const Notification& n, const Voice& voice = plain());
/// "500 server_error 11.8 s"
std::string proof_line(const NotificationProof& proof, const Voice& voice = plain());

/// The commonest failure among these: "HTTP 500 after 10 to 15 s". Empty for none.
std::string what_fails(const std::vector<Proof>& proof);
/// How long the good answers among these took: "10 to 15 s". Empty for none.
std::string how_slow(const std::vector<Proof>& proof);
/// "No. 3 of 3 control sites are fine."
std::string is_it_us(std::size_t controls, std::size_t voting, std::size_t fine, bool unchecked);

}  // namespace outaged::alerts::words
