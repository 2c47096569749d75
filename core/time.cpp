#include "core/time.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <limits>

namespace outaged {
namespace {

constexpr std::int64_t ms_per_second = 1000, ms_per_minute = 60 * ms_per_second, ms_per_hour = 60 * ms_per_minute,
                       ms_per_day = 24 * ms_per_hour;

// RFC 3339 has four digits for the year.
constexpr Timestamp year_0{std::chrono::sys_days{std::chrono::year{0} / 1 / 1}};
constexpr Timestamp year_10000{std::chrono::sys_days{std::chrono::year{10000} / 1 / 1}};

std::uint64_t magnitude(Duration d) {
  const auto count = static_cast<std::uint64_t>(d.count());
  return d.count() < 0 ? 0 - count : count;  // also right for the smallest int64, which has no positive twin
}

/// Takes what it recognises off the front of the text.
struct Scanner {
  std::string_view rest;

  bool literal(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool either(char a, char b) { return literal(a) || literal(b); }
  static bool is_digit(char c) { return c >= '0' && c <= '9'; }
  /// Exactly `digits` digits whose value lies in [low, high].
  bool number(int digits, int low, int high, int& out) {
    if (rest.size() < static_cast<std::size_t>(digits)) return false;
    out = 0;
    for (int i = 0; i < digits; ++i) {
      if (!is_digit(rest[static_cast<std::size_t>(i)])) return false;
      out = out * 10 + (rest[static_cast<std::size_t>(i)] - '0');
    }
    rest.remove_prefix(static_cast<std::size_t>(digits));
    return out >= low && out <= high;
  }
  /// One to nine digits as a fraction of a second, truncated to milliseconds.
  bool fraction(int& millis) {
    int digits = 0;
    millis = 0;
    while (!rest.empty() && is_digit(rest.front())) {
      if (++digits > 9) return false;
      if (digits <= 3) millis = millis * 10 + (rest.front() - '0');
      rest.remove_prefix(1);
    }
    for (int i = digits; i < 3; ++i) millis *= 10;
    return digits > 0;
  }
};

struct Unit {
  std::string_view name;
  std::uint64_t ms;
  bool only_exact;  // 90d reads better than 12w6d: years and weeks only where nothing is left, as Prometheus prints
};
constexpr std::array<Unit, 7> units{{
    {"y", 365 * static_cast<std::uint64_t>(ms_per_day), true},
    {"w", 7 * static_cast<std::uint64_t>(ms_per_day), true},
    {"d", ms_per_day, false},
    {"h", ms_per_hour, false},
    {"m", ms_per_minute, false},
    {"s", ms_per_second, false},
    {"ms", 1, false},
}};

}  // namespace

Duration from_seconds(double seconds) {
  const double ms = seconds * 1000.0;
  if (std::isnan(ms)) return Duration{0};
  constexpr double limit = 9.2e18;  // just inside int64: llround beyond it is undefined
  if (ms >= limit) return Duration::max();
  if (ms <= -limit) return Duration::min();
  return Duration{std::llround(ms)};
}

std::string format_time(Timestamp t) {
  if (t < year_0 || t >= year_10000) return "never";
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{t - day};
  std::string out = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (clock.subseconds() != Duration{0}) out += fmt::format(".{:03}", clock.subseconds().count());
  return out + 'Z';
}

std::optional<Timestamp> parse_time(std::string_view text) {
  Scanner scan{text};
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millis = 0;
  if (!(scan.number(4, 0, 9999, year) && scan.literal('-') && scan.number(2, 1, 12, month) && scan.literal('-') &&
        scan.number(2, 1, 31, day) && scan.either('T', 't') && scan.number(2, 0, 23, hour) && scan.literal(':') &&
        scan.number(2, 0, 59, minute) && scan.literal(':') && scan.number(2, 0, 60, second))) {
    return std::nullopt;
  }
  if (scan.literal('.') && !scan.fraction(millis)) return std::nullopt;
  std::chrono::minutes offset{0};
  if (!scan.either('Z', 'z')) {
    const int sign = scan.literal('+') ? 1 : scan.literal('-') ? -1 : 0;
    int hours = 0, minutes = 0;
    if (sign == 0 || !scan.number(2, 0, 23, hours) || !scan.literal(':') || !scan.number(2, 0, 59, minutes)) {
      return std::nullopt;
    }
    offset = std::chrono::minutes{sign * (hours * 60 + minutes)};
  }
  if (!scan.rest.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  const Timestamp start =
      std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} - offset;
  if (second == 60) {
    // A leap second exists only at the end of a UTC day. We have no number for it: the last instant before stands in.
    if (start - std::chrono::floor<std::chrono::days>(start) != 23h + 59min) return std::nullopt;
    return start + 59s + 999ms;
  }
  return start + std::chrono::seconds{second} + Duration{millis};
}

std::optional<Timestamp> parse_http_date(std::string_view text) {
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::string_view days = "SunMonTueWedThuFriSat";
  if (text.size() != 29) return std::nullopt;
  const auto weekday = days.find(text.substr(0, 3));
  if (weekday == std::string_view::npos || weekday % 3 != 0) return std::nullopt;
  Scanner scan{text.substr(3)};
  int day = 0, year = 0, hour = 0, minute = 0, second = 0;
  if (!(scan.literal(',') && scan.literal(' ') && scan.number(2, 1, 31, day) && scan.literal(' '))) return std::nullopt;
  const auto month = months.find(scan.rest.substr(0, 3));
  if (month == std::string_view::npos || month % 3 != 0) return std::nullopt;
  scan.rest.remove_prefix(3);
  if (!(scan.literal(' ') && scan.number(4, 1970, 9999, year) && scan.literal(' ') && scan.number(2, 0, 23, hour) &&
        scan.literal(':') && scan.number(2, 0, 59, minute) && scan.literal(':') && scan.number(2, 0, 60, second) &&
        scan.rest == " GMT")) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month / 3 + 1)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days{date} + std::chrono::hours{hour} + std::chrono::minutes{minute} + std::chrono::seconds{second};
}

std::string format_clock(Timestamp t, bool seconds) {
  const std::chrono::hh_mm_ss clock{t - std::chrono::floor<std::chrono::days>(t)};
  std::string out = fmt::format("{:02}:{:02}", clock.hours().count(), clock.minutes().count());
  if (seconds) out += fmt::format(":{:02}", clock.seconds().count());
  return out;
}

std::string format_duration(Duration d) {
  if (d == Duration{0}) return "0s";
  std::string out = d < Duration{0} ? "-" : "";
  std::uint64_t rest = magnitude(d);
  for (const Unit& unit : units) {
    if (rest < unit.ms || (unit.only_exact && rest % unit.ms != 0)) continue;
    out += fmt::format("{}{}", rest / unit.ms, unit.name);
    rest %= unit.ms;
  }
  return out;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{0};
  if (text.empty()) return std::nullopt;
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t total = 0;
  std::size_t next_unit = 0;  // units only fall
  while (!text.empty()) {
    std::uint64_t number = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && Scanner::is_digit(text[digits]); ++digits) {
      const auto digit = static_cast<std::uint64_t>(text[digits] - '0');
      if (number > (most - digit) / 10) return std::nullopt;
      number = number * 10 + digit;
    }
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    std::size_t letters = 0;
    while (letters < text.size() && !Scanner::is_digit(text[letters])) ++letters;
    const std::string_view name = text.substr(0, letters);
    while (next_unit < units.size() && units[next_unit].name != name) ++next_unit;
    if (next_unit == units.size()) return std::nullopt;
    const std::uint64_t ms = units[next_unit++].ms;
    if (number > (most - total) / ms) return std::nullopt;
    total += number * ms;
    text.remove_prefix(letters);
  }
  return Duration{static_cast<std::int64_t>(total)};
}

std::string spell_duration(Duration d) {
  const std::string sign = d < Duration{0} ? "-" : "";
  const std::uint64_t ms = magnitude(d);
  const auto rounded = [&](std::uint64_t unit) { return ms / unit + (ms % unit * 2 >= unit ? 1 : 0); };
  // Rounded to the smaller unit first, so that 59.6 s is "1 min" and never "60 s".
  const auto two = [&](std::uint64_t count, std::uint64_t per, std::string_view large, std::string_view small) {
    std::string out = fmt::format("{}{} {}", sign, count / per, large);
    if (count % per != 0) out += fmt::format(" {} {}", count % per, small);
    return out;
  };
  if (ms == 0) return "0 s";
  if (ms < 100) return fmt::format("{}{} ms", sign, ms);
  const std::uint64_t tenths = rounded(100);
  if (tenths < 100 && tenths % 10 != 0) return fmt::format("{}{}.{} s", sign, tenths / 10, tenths % 10);
  const std::uint64_t seconds = rounded(1000);
  if (seconds < 60) return fmt::format("{}{} s", sign, seconds);
  if (seconds < 3600) return two(seconds, 60, "min", "s");
  const std::uint64_t minutes = rounded(ms_per_minute);
  if (minutes < 24 * 60) return two(minutes, 60, "h", "min");
  return two(rounded(ms_per_hour), 24, "d", "h");
}

}  // namespace outaged
