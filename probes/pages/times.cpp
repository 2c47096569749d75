#include "probes/pages/times.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>
#include <vector>

#include "core/text.h"

namespace outaged::probes {
namespace {

struct Zone {
  std::string_view name;
  int minutes;
};
// RFC 822's own, and what vendors write. Where an abbreviation has two meanings (IST, CST, BST) the one met on status
// pages is meant.
constexpr Zone zones[] = {
    {"utc", 0},    {"gmt", 0},    {"ut", 0},     {"z", 0},       {"wet", 0},     {"west", 60},  {"bst", 60},
    {"cet", 60},   {"cest", 120}, {"mez", 60},   {"mesz", 120},  {"eet", 120},   {"eest", 180}, {"msk", 180},
    {"ist", 330},  {"sgt", 480},  {"hkt", 480},  {"jst", 540},   {"kst", 540},   {"aest", 600}, {"aedt", 660},
    {"nzst", 720}, {"nzdt", 780}, {"edt", -240}, {"est", -300},  {"cdt", -300},  {"cst", -360}, {"mdt", -360},
    {"mst", -420}, {"pdt", -420}, {"pst", -480}, {"akdt", -480}, {"akst", -540}, {"hst", -600}, {"brt", -180},
};

constexpr std::array months{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"};

/// What a text says of a moment, found word by word.
struct Parts {
  int year = -1, month = 0, day = 0, hour = -1, minute = 0, second = 0, millis = 0;
  std::optional<int> offset;
  bool pm = false, am = false;
};

bool digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

int number(std::string_view text) {
  int out = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size() ? out : -1;
}

int month_of(std::string_view word) {
  if (word.size() < 3) return 0;
  for (std::size_t i = 0; i < months.size(); ++i)
    if (word.starts_with(months[i])) return static_cast<int>(i) + 1;
  return 0;
}

/// "03:54", "3:54:07.123", "06:08pm"
bool clock(std::string_view word, Parts& out) {
  if (word.ends_with("am")) out.am = true, word.remove_suffix(2);
  if (word.ends_with("pm")) out.pm = true, word.remove_suffix(2);
  const auto colon = word.find(':');
  if (colon == std::string_view::npos || colon == 0 || colon > 2) return false;
  const std::string_view rest = word.substr(colon + 1);
  const auto second = rest.find(':');
  out.hour = number(word.substr(0, colon));
  out.minute = number(rest.substr(0, second));
  if (second != std::string_view::npos) {
    std::string_view seconds = rest.substr(second + 1);
    if (const auto point = seconds.find_first_of(".,"); point != std::string_view::npos) {
      const std::string_view fraction = seconds.substr(point + 1);
      if (!digits(fraction) || fraction.size() > 9) return false;
      for (std::size_t i = 0; i < 3; ++i) out.millis = out.millis * 10 + (i < fraction.size() ? fraction[i] - '0' : 0);
      seconds = seconds.substr(0, point);
    }
    out.second = number(seconds);
  }
  return out.hour >= 0 && out.minute >= 0 && out.second >= 0;
}

/// "+0200", "-07:00", "+02"
std::optional<int> offset(std::string_view word) {
  if (word.size() < 3 || (word[0] != '+' && word[0] != '-')) return std::nullopt;
  const int sign = word[0] == '-' ? -1 : 1;
  word.remove_prefix(1);
  int hours = 0, minutes = 0;
  if (word.size() == 5 && word[2] == ':')
    hours = number(word.substr(0, 2)), minutes = number(word.substr(3));
  else if (word.size() == 4)
    hours = number(word.substr(0, 2)), minutes = number(word.substr(2));
  else if (word.size() == 2)
    hours = number(word);
  else
    return std::nullopt;
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return std::nullopt;
  return sign * (hours * 60 + minutes);
}

/// "2026-04-15"
bool iso_date(std::string_view word, Parts& out) {
  if (word.size() != 10 || word[4] != '-' || word[7] != '-') return false;
  out.year = number(word.substr(0, 4)), out.month = number(word.substr(5, 2)), out.day = number(word.substr(8));
  return true;
}

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> out;
  std::string word;
  const auto take = [&] {
    if (!word.empty()) out.push_back(std::move(word));
    word.clear();
  };
  for (const char c : text) {
    if (c == ' ' || c == ',' || c == '\t' || c == '\n' || c == '\r' || c == '@')
      take();
    else if (c == '(')
      break;  // "(Coordinated Universal Time)"
    else
      word += c;
  }
  take();
  return out;
}

std::optional<Timestamp> assemble(const Parts& parts) {
  int hour = std::max(parts.hour, 0);
  if ((parts.am || parts.pm) && (hour < 1 || hour > 12)) return std::nullopt;
  if (parts.am && hour == 12) hour = 0;
  if (parts.pm && hour != 12) hour += 12;
  if (hour > 23 || parts.minute > 59 || parts.second > 60 || parts.year < 1970 || parts.year > 9999)
    return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{parts.year},
                                         std::chrono::month{static_cast<unsigned>(parts.month)},
                                         std::chrono::day{static_cast<unsigned>(parts.day)}};
  if (parts.month < 1 || parts.day < 1 || !date.ok()) return std::nullopt;
  return Timestamp{std::chrono::sys_days{date}} + std::chrono::hours{hour} +
         std::chrono::minutes{parts.minute - parts.offset.value_or(0)} + std::chrono::seconds{parts.second} +
         Duration{parts.millis};
}

}  // namespace

std::optional<int> zone_offset(std::string_view abbreviation) {
  const std::string name = lower_ascii(abbreviation);
  for (const Zone& zone : zones)
    if (zone.name == name) return zone.minutes;
  return std::nullopt;
}

std::optional<Timestamp> epoch_time(double value) {
  if (!(value >= 1e8 && value < 2e13)) return std::nullopt;  // 1973 in seconds, the year 2600 in milliseconds
  const double ms = value >= 1e11 ? value : value * 1000;
  return from_millis(static_cast<std::int64_t>(ms));
}

std::optional<Timestamp> read_time(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos || text.size() > 200) return std::nullopt;
  text = text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
  if (const auto exact = parse_time(text)) return exact;
  if (digits(text) && text.size() >= 9 && text.size() <= 13) return epoch_time(std::stod(std::string(text)));

  Parts parts;
  // "2026-04-15T08:00:00" without a zone, or with "+0200": its T parts date and clock.
  std::string plain = lower_ascii(text);
  if (plain.size() > 11 && plain[4] == '-' && plain[10] == 't') plain[10] = ' ';
  bool zone_done = false;
  for (std::string word : words_of(plain)) {
    if (iso_date(word, parts)) continue;
    if (parts.hour < 0 && word.find(':') != std::string::npos && word[0] != '+' && word[0] != '-') {
      // "08:00:00z", "08:00:00+02:00"
      if (word.ends_with('z')) word.pop_back(), parts.offset = 0, zone_done = true;
      if (const auto sign = word.find_first_of("+-"); sign != std::string::npos) {
        parts.offset = offset(std::string_view(word).substr(sign));
        if (!parts.offset) return std::nullopt;
        zone_done = true;
        word.resize(sign);
      }
      if (!clock(word, parts)) return std::nullopt;
    } else if (word == "am" || word == "pm") {
      (word == "am" ? parts.am : parts.pm) = true;
    } else if (digits(word)) {
      const int value = number(word);
      if (word.size() == 4 && parts.year < 0)
        parts.year = value;
      else if (word.size() <= 2 && parts.day == 0)
        parts.day = value;
      else if (word.size() == 2 && parts.year < 0)
        parts.year = value < 70 ? 2000 + value : 1900 + value;  // RFC 822
      else
        return std::nullopt;
    } else if (const auto shift =
                   offset(word.starts_with("gmt") || word.starts_with("utc") ? std::string_view(word).substr(3)
                                                                             : std::string_view(word))) {
      if (!zone_done) parts.offset = shift;
      zone_done = true;
    } else if (const auto zone = zone_offset(word); zone && parts.hour >= 0) {
      if (!zone_done) parts.offset = zone;
      zone_done = true;
    } else if (const int month = month_of(word); month != 0 && parts.month == 0) {
      parts.month = month;
    } else if (parts.hour >= 0 || parts.day != 0) {
      return std::nullopt;  // a zone we do not know: no time is better than a wrong one
    }                       // before that it is a weekday
  }
  return assemble(parts);
}

std::optional<Timestamp> time_before(std::string_view day, std::string_view clock_text, std::string_view zone,
                                     Timestamp latest) {
  Parts parts;
  for (const std::string& word : words_of(lower_ascii(day))) {
    if (digits(word) && word.size() <= 2)
      parts.day = number(word);
    else if (digits(word) && word.size() == 4)
      parts.year = number(word);
    else if (const int month = month_of(word))
      parts.month = month;
  }
  std::string plain = lower_ascii(clock_text);
  plain.erase(std::remove(plain.begin(), plain.end(), ' '), plain.end());
  parts.offset = zone_offset(zone);
  if (!parts.offset || parts.month == 0 || parts.day == 0 || !clock(plain, parts)) return std::nullopt;
  if (parts.year > 0) return assemble(parts);
  const auto year = std::chrono::year_month_day{std::chrono::floor<std::chrono::days>(latest)}.year();
  for (int back = -1; back <= 4; ++back) {  // the year after: New Year in another zone; four back: 29 February
    parts.year = static_cast<int>(year) - back;
    const auto at = assemble(parts);
    if (at && *at <= latest + 1min) return at;
  }
  return std::nullopt;
}

}  // namespace outaged::probes
