#include "core/text.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <vector>

namespace outaged {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view ellipsis = "\xE2\x80\xA6";     // U+2026

struct Character {
  std::size_t bytes;  // consumed; at least 1
  char32_t point;
  bool valid;
};

/// The first character of non-empty text. An ill-formed sequence is taken as its maximal subpart, as Unicode (3.9,
/// table 3-7) and the WHATWG decoder do it: so many bytes become one U+FFFD.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return {1, lead, true};
  std::size_t length = 0;
  unsigned low = 0x80, high = 0xBF;  // of the second byte: shuts out overlong forms, surrogates, beyond U+10FFFF
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    if (lead == 0xE0) low = 0xA0;
    if (lead == 0xED) high = 0x9F;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    if (lead == 0xF0) low = 0x90;
    if (lead == 0xF4) high = 0x8F;
  } else {
    return {1, 0, false};
  }
  char32_t point = lead & (0x7Fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (i >= text.size() || byte(i) < low || byte(i) > high) return {i, 0, false};
    point = point << 6 | (byte(i) & 0x3Fu);
    low = 0x80, high = 0xBF;
  }
  return {length, point, true};
}

/// What moves a terminal's cursor, breaks a line, or turns the reading direction of what follows.
bool is_control(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) || point == 0x2028 || point == 0x2029 ||
         (point >= 0x202A && point <= 0x202E) || (point >= 0x2066 && point <= 0x2069);
}

/// The first character as it may be stored, and how many bytes of `text` it stands for.
std::string_view clean_character(std::string_view text, std::size_t& consumed, bool keep_newlines) {
  const Character character = first_character(text);
  consumed = character.bytes;
  if (!character.valid) return replacement;
  if (is_control(character.point) && !(keep_newlines && character.point == '\n')) return " ";
  return text.substr(0, character.bytes);
}

}  // namespace

std::string clean_line(std::string_view text, std::size_t max_bytes) {
  std::string out;
  std::size_t cut = 0;  // where the ellipsis would go: the last boundary that leaves room for it
  while (!text.empty()) {
    std::size_t consumed = 0;
    const std::string_view character = clean_character(text, consumed, false);
    if (out.size() + character.size() > max_bytes) {
      if (max_bytes < ellipsis.size()) return out;
      out.resize(cut);
      return out.append(ellipsis);
    }
    out.append(character);
    if (out.size() + ellipsis.size() <= max_bytes) cut = out.size();
    text.remove_prefix(consumed);
  }
  return out;
}

std::string clean_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    std::size_t consumed = 0;
    out.append(clean_character(text, consumed, true));
    text.remove_prefix(consumed);
  }
  return out;
}

std::string lower_ascii(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, 32> digest{};
  // Cannot fail: the default provider always has SHA-256. Should it, an all-zero digest is at least recognisable.
  (void)EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  constexpr char digits[] = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * digest.size());
  for (const unsigned char byte : digest) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);  // distances from the prefix of `a` seen so far to each prefix of `b`
  for (std::size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i + 1;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace outaged
