// Text from outside: whatever the bytes, what comes out is valid UTF-8, without control characters, within the limit.
#include "core/text.h"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

namespace {
using namespace outaged;
using namespace std::string_literals;

/// A second opinion, written plainly: is this valid UTF-8 by the definition of RFC 3629?
bool valid_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = [&](std::size_t at) {
      return at < text.size() ? static_cast<unsigned>(static_cast<unsigned char>(text[at])) : 0u;
    };
    const unsigned lead = byte(i);
    const std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (length == 0) return false;
    unsigned point = length == 1 ? lead : lead & (0xFFu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      if (byte(i + k) >> 6 != 2) return false;
      point = point << 6 | (byte(i + k) & 0x3F);
    }
    constexpr unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return false;
    i += length;
  }
  return true;
}

bool has_control(std::string_view text, bool newlines) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && !(newlines && c == '\n')) || byte == 0x7F) return true;
  }
  return text.find("\xC2\x85") != text.npos || text.find("\xE2\x80\xA8") != text.npos;
}

/// Random bytes in which well-formed, ill-formed and control sequences are all common.
std::string random_text(std::mt19937& random) {
  static const std::vector<std::string> pieces = {
      "a", " ", "\n", "\r\n", "\x1B[31m", "\x7F", "\0"s, "é", "€", "😀", "\xC2\x85", "\xE2\x80\xA8", "\xE2\x80\xAE",
      "\xC0\x80", "\xE2\x82", "\xF0\x9F\x98", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xFF", "\x80", "\xC3"};
  std::string text;
  for (auto n = random() % 40; n > 0; --n) {
    if (random() % 4 == 0) {
      text += static_cast<char>(random() % 256);
    } else {
      text += pieces[random() % pieces.size()];
    }
  }
  return text;
}
}  // namespace

TEST_CASE("clean_line leaves good text alone") {
  CHECK(clean_line("") == "");
  CHECK(clean_line("HTTP 500 api_error: Internal server error") == "HTTP 500 api_error: Internal server error");
  CHECK(clean_line("Größe – 日本語 😀") == "Größe – 日本語 😀");
  CHECK(clean_line("two  spaces") == "two  spaces");
}

TEST_CASE("clean_line makes control characters spaces") {
  CHECK(clean_line("a\nb\r\nc\td") == "a b  c d");
  CHECK(clean_line("\x1B[31mred") == " [31mred");
  CHECK(clean_line("a\0b\x7F"s) == "a b ");
  CHECK(clean_line("next\xC2\x85line\xE2\x80\xA8sep\xE2\x80\xA9par") == "next line sep par");
  CHECK(clean_line("txt.\xE2\x80\xAEgpj") == "txt. gpj");  // turns the reading direction
  CHECK(clean_line("a\xC2\x9B" "31m") == "a 31m");         // a C1 control sequence introducer
}

TEST_CASE("clean_line replaces bytes that are not UTF-8") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(clean_line("a\xFF" "b") == "a" + bad + "b");
  CHECK(clean_line("\xC0\x80") == bad + bad);          // overlong
  CHECK(clean_line("\xED\xA0\x80") == bad + bad + bad);  // a surrogate
  CHECK(clean_line("\xF4\x90\x80\x80") == bad + bad + bad + bad);  // beyond U+10FFFF
  CHECK(clean_line("\xE2\x82") == bad);                // cut short: one character, one mark
  CHECK(clean_line("\xE2\x82" "a") == bad + "a");
  CHECK(clean_line("\xF0\x9F\x98\xC3\xA9") == bad + "é");
  CHECK(clean_line("\xF4\x8F\xBF\xBF") == "\xF4\x8F\xBF\xBF");  // the last character there is
}

TEST_CASE("clean_line cuts at a character's boundary") {
  CHECK(clean_line("abcdef", 6) == "abcdef");
  CHECK(clean_line("abcdefg", 6) == "abc…");
  CHECK(clean_line("ab€def", 8) == "ab€def");
  CHECK(clean_line("ab€defg", 8) == "ab€…");
  CHECK(clean_line("ab€defg", 7) == "ab…");
  CHECK(clean_line("😀😀", 7) == "😀…");
  CHECK(clean_line("abcdef", 3) == "…");
  CHECK(clean_line("abcdef", 2) == "ab");
  CHECK(clean_line("€", 2) == "");
  CHECK(clean_line("abc", 0) == "");
  CHECK(clean_line(std::string(400, 'x')).size() == 300);
}

TEST_CASE("clean_utf8 keeps newlines and every length") {
  CHECK(clean_utf8("a\nb\tc\xFF") == "a\nb c\xEF\xBF\xBD");
  CHECK(clean_utf8(std::string(100000, 'x')).size() == 100000);
}

TEST_CASE("random bytes come out clean") {
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) {
    const std::string text = random_text(random);
    const std::size_t limit = random() % 60;
    const std::string line = clean_line(text, limit);
    REQUIRE(valid_utf8(line));
    REQUIRE_FALSE(has_control(line, false));
    REQUIRE(line.size() <= limit);
    REQUIRE(clean_line(line, limit) == line);

    const std::string whole = clean_utf8(text);
    REQUIRE(valid_utf8(whole));
    REQUIRE_FALSE(has_control(whole, true));
    REQUIRE(clean_utf8(whole) == whole);
    if (valid_utf8(text) && !has_control(text, true) && text.find("\xE2\x80\xAE") == text.npos &&
        text.find('\xC2') == text.npos) {
      REQUIRE(whole == text);
    }
    // A cut line is the beginning of the whole one.
    const std::string full = clean_line(text, text.size() * 3 + 3);
    if (line.ends_with("…") && limit < full.size()) {
      REQUIRE(full.starts_with(line.substr(0, line.size() - 3)));
    } else {
      REQUIRE(full.starts_with(line));
    }
  }
}

TEST_CASE("lower_ascii touches A to Z and nothing else") {
  CHECK(lower_ascii("X-Amzn-ErrorType: Ä@[`{") == "x-amzn-errortype: Ä@[`{");
  CHECK(lower_ascii("").empty());
}

TEST_CASE("sha256_hex is SHA-256") {
  CHECK(sha256_hex("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(sha256_hex(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
  CHECK(sha256_hex("a\0b"s) != sha256_hex("a"));
}

TEST_CASE("edit_distance counts insertions, deletions and substitutions") {
  CHECK(edit_distance("", "") == 0);
  CHECK(edit_distance("", "abc") == 3);
  CHECK(edit_distance("abc", "") == 3);
  CHECK(edit_distance("kitten", "sitting") == 3);
  CHECK(edit_distance("timeout", "tiemout") == 2);
  CHECK(edit_distance("interval", "intervall") == 1);
  CHECK(edit_distance("intervall", "interval") == 1);
}

TEST_CASE("edit_distance is a distance") {
  std::mt19937 random(6);
  const auto word = [&] {
    std::string text;
    for (auto n = random() % 8; n > 0; --n) text += static_cast<char>('a' + random() % 3);
    return text;
  };
  for (int i = 0; i < 5000; ++i) {
    const std::string a = word(), b = word(), c = word();
    REQUIRE((edit_distance(a, b) == 0) == (a == b));
    REQUIRE(edit_distance(a, b) == edit_distance(b, a));
    REQUIRE(edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c));
  }
}

TEST_CASE("nearest suggests only what is near") {
  const std::vector<std::string> keys = {"interval", "timeout", "url", "headers"};
  CHECK(nearest("intervall", keys) == "interval");
  CHECK(nearest("time_out", keys) == "timeout");
  CHECK(nearest("tiemout", keys) == "timeout");
  CHECK(nearest("URL", keys) == "");
  CHECK(nearest("completely_else", keys) == "");
  CHECK(nearest("", keys) == "");
  CHECK(nearest("url", keys) == "url");
  CHECK(nearest("x", std::vector<std::string>{}) == "");
  CHECK(nearest(std::string(5000000, 'i'), keys) == "");  // and it does not take a minute
}
