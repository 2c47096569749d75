// Time: the two types everything uses, and their text forms.
// Timestamp is UTC, milliseconds since 1970. Duration is milliseconds. Phases of a probe are Micros.
// Nothing here reads a clock: see core/clock.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace outaged {

using Duration = std::chrono::milliseconds;
using Micros = std::chrono::microseconds;
using Timestamp = std::chrono::sys_time<Duration>;
using namespace std::chrono_literals;

inline constexpr Timestamp never_past = Timestamp::min();
inline constexpr Timestamp never = Timestamp::max();

constexpr std::int64_t to_millis(Timestamp t) { return t.time_since_epoch().count(); }
constexpr Timestamp from_millis(std::int64_t ms) { return Timestamp{Duration{ms}}; }
constexpr double to_seconds(Duration d) { return static_cast<double>(d.count()) / 1000.0; }
/// Rounds to the nearest millisecond.
Duration from_seconds(double seconds);

/// RFC 3339 in UTC, with milliseconds only where they are not zero: 2026-04-13T14:03:00Z.
std::string format_time(Timestamp t);
/// RFC 3339 with any offset and 0 to 9 fractional digits (truncated to milliseconds).
std::optional<Timestamp> parse_time(std::string_view text);
/// The date of an HTTP header in the one form that is still sent (RFC 9110, 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<Timestamp> parse_http_date(std::string_view text);
/// "14:03" or "14:03:05", UTC: for sentences.
std::string format_clock(Timestamp t, bool seconds = false);

/// Prometheus notation, exact: 1h30m, 90s as 1m30s, 500ms. Zero is "0s".
std::string format_duration(Duration d);
/// Prometheus notation: units y, w, d, h, m, s, ms in falling order, each at most once, or a plain 0.
std::optional<Duration> parse_duration(std::string_view text);
/// For people, two units at most: "2 min 20 s", "41 min", "1 h 5 min", "0.4 s".
std::string spell_duration(Duration d);

}  // namespace outaged
