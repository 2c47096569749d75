// Text forms of time: what is printed is read back, and what is no time is refused.
#include "core/time.h"

#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <string>

namespace {
using namespace outaged;

Timestamp at(std::string_view text) {
  const auto time = parse_time(text);
  REQUIRE_MESSAGE(time, std::string(text));
  return *time;
}
}  // namespace

TEST_CASE("format_time prints RFC 3339 in UTC, milliseconds only where there are some") {
  CHECK(format_time(from_millis(0)) == "1970-01-01T00:00:00Z");
  CHECK(format_time(from_millis(1776088980000)) == "2026-04-13T14:03:00Z");
  CHECK(format_time(from_millis(1776088980007)) == "2026-04-13T14:03:00.007Z");
  CHECK(format_time(from_millis(-1)) == "1969-12-31T23:59:59.999Z");
  CHECK(format_time(at("0000-01-01T00:00:00Z")) == "0000-01-01T00:00:00Z");
  CHECK(format_time(at("9999-12-31T23:59:59.999Z")) == "9999-12-31T23:59:59.999Z");
}

TEST_CASE("format_time has no year for what lies beyond four digits") {
  CHECK(format_time(never) == "never");
  CHECK(format_time(never_past) == "never");
  CHECK(format_time(at("9999-12-31T23:59:59.999Z") + 1ms) == "never");
  CHECK(format_time(at("0000-01-01T00:00:00Z") - 1ms) == "never");
}

TEST_CASE("parse_time takes offsets and fractions") {
  const Timestamp t = from_millis(1776088980000);
  CHECK(at("2026-04-13T14:03:00Z") == t);
  CHECK(at("2026-04-13t14:03:00z") == t);
  CHECK(at("2026-04-13T16:03:00+02:00") == t);
  CHECK(at("2026-04-13T07:03:00.000-07:00") == t);
  CHECK(at("2026-04-13T19:48:00+05:45") == t);
  CHECK(at("2026-04-14T14:02:00+23:59") == t);
  CHECK(at("2026-04-13T14:03:00-00:00") == t);
  CHECK(at("2026-04-13T14:03:00.5Z") == t + 500ms);
  CHECK(at("2026-04-13T14:03:00.04Z") == t + 40ms);
  CHECK(at("2026-04-13T14:03:00.123456789Z") == t + 123ms);
  CHECK(at("2026-04-13T14:03:00.999999999Z") == t + 999ms);
  CHECK(at("2026-03-01T00:30:00+01:00") == at("2026-02-28T23:30:00Z"));
  CHECK(at("1969-12-31T23:59:59.5Z") == from_millis(-500));
}

TEST_CASE("parse_time knows the calendar") {
  CHECK(parse_time("2024-02-29T00:00:00Z"));
  CHECK(parse_time("2000-02-29T00:00:00Z"));
  CHECK_FALSE(parse_time("2023-02-29T00:00:00Z"));
  CHECK_FALSE(parse_time("1900-02-29T00:00:00Z"));
  CHECK_FALSE(parse_time("2026-04-31T00:00:00Z"));
  CHECK_FALSE(parse_time("2026-00-10T00:00:00Z"));
  CHECK_FALSE(parse_time("2026-13-10T00:00:00Z"));
  CHECK_FALSE(parse_time("2026-04-00T00:00:00Z"));
  CHECK_FALSE(parse_time("2026-04-10T24:00:00Z"));
  CHECK_FALSE(parse_time("2026-04-10T00:60:00Z"));
}

TEST_CASE("parse_time clamps a leap second to the last instant before it") {
  CHECK(at("2016-12-31T23:59:60Z") == at("2016-12-31T23:59:59.999Z"));
  CHECK(at("2016-12-31T23:59:60.5Z") == at("2016-12-31T23:59:59.999Z"));
  CHECK(at("1990-12-31T15:59:60-08:00") == at("1990-12-31T23:59:59.999Z"));
  CHECK_FALSE(parse_time("2016-12-31T23:59:61Z"));
  // There are none in the middle of a day.
  CHECK_FALSE(parse_time("2016-12-31T14:03:60Z"));
  CHECK_FALSE(parse_time("2016-12-31T23:59:60+02:00"));
}

TEST_CASE("parse_time refuses what is no RFC 3339 time") {
  for (const char* text :
       {"", "now", "2026", "2026-04-13", "14:03:00Z", "2026-04-13T14:03Z", "2026-04-13T14:03:00",
        "2026-04-13 14:03:00Z", "2026-4-13T14:03:00Z", "26-04-13T14:03:00Z", "+2026-04-13T14:03:00Z", "2026-04-13T14:03:00.Z",
        "2026-04-13T14:03:00,5Z", "2026-04-13T14:03:00.1234567890Z", "2026-04-13T14:03:00ZZ", "2026-04-13T14:03:00Z ",
        " 2026-04-13T14:03:00Z", "2026-04-13T14:03:00+0200", "2026-04-13T14:03:00+02", "2026-04-13T14:03:00+24:00",
        "2026-04-13T14:03:00+02:60", "2026-04-13T14:03:00 +02:00", "2026-04-1xT14:03:00Z", "2026-04-13T-4:03:00Z",
        "2026/04/13T14:03:00Z", "never"}) {
    CHECK_MESSAGE(!parse_time(text), std::string(text));
  }
}

TEST_CASE("every time that is printed is read back") {
  std::mt19937_64 random(1);
  std::uniform_int_distribution<std::int64_t> any(to_millis(at("0000-01-01T00:00:00Z")),
                                                  to_millis(at("9999-12-31T23:59:59.999Z")));
  for (int i = 0; i < 20000; ++i) {
    Timestamp t = from_millis(any(random));
    if (i % 2 == 0) t = std::chrono::floor<std::chrono::seconds>(t);
    const std::string text = format_time(t);
    const auto back = parse_time(text);
    REQUIRE_MESSAGE((back && *back == t), text);
  }
}

TEST_CASE("random text never breaks the parsers") {
  std::mt19937 random(2);
  const std::string letters = "0123456789-:.TZ+ymwdhs\0\xFF";
  for (int i = 0; i < 20000; ++i) {
    std::string text;
    for (auto n = random() % 32; n > 0; --n) text += letters[random() % letters.size()];
    if (const auto time = parse_time(text)) CHECK(parse_time(format_time(*time)) == time);
    if (const auto duration = parse_duration(text)) CHECK(parse_duration(format_duration(*duration)) == duration);
  }
}

TEST_CASE("format_clock is the time of day in UTC") {
  CHECK(format_clock(at("2026-04-13T14:03:05.9Z")) == "14:03");
  CHECK(format_clock(at("2026-04-13T14:03:05.9Z"), true) == "14:03:05");
  CHECK(format_clock(at("1969-12-31T23:59:59Z"), true) == "23:59:59");
}

TEST_CASE("parse_http_date reads the one form that is still sent") {
  CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == parse_time("1994-11-06T08:49:37Z"));
  CHECK(parse_http_date("Mon, 29 Feb 2016 23:59:59 GMT") == parse_time("2016-02-29T23:59:59Z"));
  for (const char* wrong : {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 08:49:37 CET",
                            "Sun, 31 Feb 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:49:37 GMT",
                            "Xyz, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT "})
    CHECK_MESSAGE(!parse_http_date(wrong), wrong);
}

TEST_CASE("format_duration is Prometheus notation") {
  CHECK(format_duration(0s) == "0s");
  CHECK(format_duration(500ms) == "500ms");
  CHECK(format_duration(90s) == "1m30s");
  CHECK(format_duration(90min) == "1h30m");
  CHECK(format_duration(28500ms) == "28s500ms");
  CHECK(format_duration(24h) == "1d");
  CHECK(format_duration(7 * 24h) == "1w");
  CHECK(format_duration(90 * 24h) == "90d");
  CHECK(format_duration(8 * 24h) == "8d");
  CHECK(format_duration(365 * 24h) == "1y");
  CHECK(format_duration(-90s) == "-1m30s");
  CHECK(format_duration(Duration::min()) == "-106751991167d7h12m55s808ms");
}

TEST_CASE("parse_duration takes units in falling order, each once") {
  CHECK(parse_duration("0") == 0ms);
  CHECK(parse_duration("0s") == 0ms);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("90s") == 90s);
  CHECK(parse_duration("500ms") == 500ms);
  CHECK(parse_duration("1m500ms") == 60500ms);
  CHECK(parse_duration("1y1w1d1h1m1s1ms") == 365 * 24h + 7 * 24h + 24h + 1h + 1min + 1s + 1ms);
  CHECK(parse_duration("007s") == 7s);
  for (const char* text : {"", "1", "30", "s", "1.5h", "-1s", "+1s", "1 h", " 1h", "1h ", "1H", "1min", "1us", "30m1h",
                           "1m1m", "1ms1s", "1h30", "h1", "1hm", "0x1s", "00"}) {
    CHECK_MESSAGE(!parse_duration(text), std::string(text));
  }
}

TEST_CASE("parse_duration refuses what does not fit") {
  CHECK(parse_duration("9223372036854775807ms") == Duration::max());
  CHECK(parse_duration("106751991167d7h12m55s807ms") == Duration::max());
  CHECK_FALSE(parse_duration("106751991167d7h12m55s808ms"));
  CHECK_FALSE(parse_duration("9223372036854775808ms"));
  CHECK_FALSE(parse_duration("9223372036854775807s"));
  CHECK_FALSE(parse_duration("99999999999999999999999s"));
}

TEST_CASE("every duration that is printed is read back") {
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    // Of every size, from a millisecond to the largest; half of them in round units.
    auto ms = static_cast<std::int64_t>(random() >> (1 + random() % 63));
    const std::int64_t unit = std::array<std::int64_t, 4>{1, 1000, 60000, 86400000}[random() % 4];
    ms -= ms % unit;
    const Duration d{ms};
    REQUIRE_MESSAGE(parse_duration(format_duration(d)) == d, ms);
  }
  CHECK(parse_duration(format_duration(Duration::max())) == Duration::max());
}

TEST_CASE("spell_duration says it in two units at most") {
  CHECK(spell_duration(0s) == "0 s");
  CHECK(spell_duration(40ms) == "40 ms");
  CHECK(spell_duration(400ms) == "0.4 s");
  CHECK(spell_duration(1s) == "1 s");
  CHECK(spell_duration(1340ms) == "1.3 s");
  CHECK(spell_duration(9960ms) == "10 s");
  CHECK(spell_duration(28500ms) == "29 s");
  CHECK(spell_duration(59600ms) == "1 min");
  CHECK(spell_duration(140s) == "2 min 20 s");
  CHECK(spell_duration(41min) == "41 min");
  CHECK(spell_duration(59min + 59700ms) == "1 h");
  CHECK(spell_duration(65min) == "1 h 5 min");
  CHECK(spell_duration(24h - 20s) == "1 d");
  CHECK(spell_duration(3 * 24h + 2h + 20min) == "3 d 2 h");
  CHECK(spell_duration(-140s) == "-2 min 20 s");
}

TEST_CASE("from_seconds rounds to the nearest millisecond and never overflows") {
  CHECK(from_seconds(0.0004) == 0ms);
  CHECK(from_seconds(0.0006) == 1ms);
  CHECK(from_seconds(-0.0006) == -1ms);
  CHECK(from_seconds(28.5) == 28500ms);
  CHECK(from_seconds(1e300) == Duration::max());
  CHECK(from_seconds(-std::numeric_limits<double>::infinity()) == Duration::min());
  CHECK(from_seconds(std::nan("")) == 0ms);
}
