#include "probes/retry_after.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/text.h"

namespace outaged::probes {
namespace {

constexpr double most_seconds = 366.0 * 86400;

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr std::array units = {
    Unit{"milliseconds", 0.001},
    Unit{"ms", 0.001},
    Unit{"seconds", 1},
    Unit{"second", 1},
    Unit{"secs", 1},
    Unit{"sec", 1},
    Unit{"s", 1},
    Unit{"minutes", 60},
    Unit{"minute", 60},
    Unit{"mins", 60},
    Unit{"min", 60},
    Unit{"m", 60},
    Unit{"hours", 3600},
    Unit{"hour", 3600},
    Unit{"h", 3600},
    Unit{"days", 86400},
    Unit{"day", 86400},
    Unit{"d", 86400},
};

void skip_spaces(std::string_view& text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
}

std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc{} || !std::isfinite(value)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// Takes "1m47.58s" off the front; what is not a unit ends it.
std::optional<double> take_delay(std::string_view& text) {
  std::optional<double> total;
  for (;;) {
    skip_spaces(text);
    std::string_view rest = text;
    const auto number = take_number(rest);
    if (!number) return total;
    skip_spaces(rest);
    const auto letters = std::min(rest.find_first_not_of("abcdefghijklmnopqrstuvwxyz"), rest.size());
    const std::string_view name = rest.substr(0, letters);
    const auto unit = std::find_if(units.begin(), units.end(), [&](const Unit& u) { return u.name == name; });
    if (unit == units.end()) {
      if (!total) total = *number, text = rest;  // a bare number, whatever comes after it
      return total;
    }
    total = total.value_or(0) + *number * unit->seconds;
    text = rest.substr(letters);
  }
}

Duration bounded(double seconds) { return from_seconds(std::clamp(seconds, 0.0, most_seconds)); }

}  // namespace

std::optional<Duration> read_delay(std::string_view text) {
  if (text.size() > 64) return std::nullopt;
  const std::string lower = lower_ascii(text);
  std::string_view rest = lower;
  const auto seconds = take_delay(rest);
  skip_spaces(rest);
  if (!seconds || !rest.empty()) return std::nullopt;
  return bounded(*seconds);
}

std::optional<Duration> delay_in_prose(std::string_view message) {
  const std::string lower = lower_ascii(message.substr(0, 4096));
  for (const std::string_view opening : {"try again in ", "retry after ", "retry in ", "retry_after "}) {
    const auto at = lower.find(opening);
    if (at == std::string::npos) continue;
    std::string_view rest = std::string_view(lower).substr(at + opening.size());
    if (const auto seconds = take_delay(rest)) return bounded(*seconds);
  }
  return std::nullopt;
}

std::optional<Duration> retry_after_header(const Response& response) {
  if (const std::string& text = response.header("retry-after-ms"); !text.empty()) {
    std::string_view rest = text;
    skip_spaces(rest);
    if (const auto ms = take_number(rest)) return bounded(*ms / 1000);
  }
  const std::string& text = response.header("retry-after");
  if (text.empty()) return std::nullopt;
  if (const auto when = parse_http_date(text)) {
    const auto now = parse_http_date(response.header("date"));
    if (!now) return std::nullopt;
    return std::clamp<Duration>(*when - *now, Duration{}, bounded(most_seconds));
  }
  return read_delay(text);
}

}  // namespace outaged::probes
