#include "probes/pages/markup.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/text.h"

namespace outaged::probes {
namespace {

void append_utf8(std::string& out, char32_t point) {
  if (point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) point = 0xFFFD;
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12);
    out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | point >> 18);
    out += static_cast<char>(0x80 | (point >> 12 & 0x3F));
    out += static_cast<char>(0x80 | (point >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (point & 0x3F));
  }
}

std::string from_utf16(std::string_view bytes, bool big_endian) {
  const auto unit = [&](std::size_t i) {
    const auto a = static_cast<unsigned char>(bytes[i]), b = static_cast<unsigned char>(bytes[i + 1]);
    return static_cast<char32_t>(big_endian ? a << 8 | b : b << 8 | a);
  };
  std::string out;
  out.reserve(bytes.size() / 2);
  for (std::size_t i = 0; i + 1 < bytes.size(); i += 2) {
    char32_t point = unit(i);
    if (point >= 0xD800 && point < 0xDC00 && i + 3 < bytes.size()) {
      if (const char32_t low = unit(i + 2); low >= 0xDC00 && low < 0xE000) {
        point = 0x10000 + ((point - 0xD800) << 10) + (low - 0xDC00);
        i += 2;
      }
    }
    append_utf8(out, point);
  }
  return out;
}

struct Entity {
  std::string_view name, text;
};
constexpr Entity entities[] = {
    {"amp", "&"},    {"lt", "<"},     {"gt", ">"},     {"quot", "\""}, {"apos", "'"},   {"nbsp", " "},  {"ndash", "–"},
    {"mdash", "—"},  {"hellip", "…"}, {"rsquo", "’"},  {"lsquo", "‘"}, {"rdquo", "”"},  {"ldquo", "“"}, {"auml", "ä"},
    {"ouml", "ö"},   {"uuml", "ü"},   {"Auml", "Ä"},   {"Ouml", "Ö"},  {"Uuml", "Ü"},   {"szlig", "ß"}, {"eacute", "é"},
    {"egrave", "è"}, {"agrave", "à"}, {"ccedil", "ç"}, {"bull", "•"},  {"middot", "·"}, {"copy", "©"},
};

/// The entity's name between '&' and ';', decoded.
std::optional<std::string> entity(std::string_view name) {
  if (name.starts_with('#')) {
    name.remove_prefix(1);
    const bool hex = name.starts_with('x') || name.starts_with('X');
    if (hex) name.remove_prefix(1);
    std::uint32_t point = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), point, hex ? 16 : 10);
    if (error != std::errc{} || end != name.data() + name.size() || point == 0) return std::nullopt;
    std::string out;
    append_utf8(out, point == 0xA0 ? U' ' : static_cast<char32_t>(point));
    return out;
  }
  for (const Entity& each : entities)
    if (each.name == name) return std::string(each.text);
  return std::nullopt;
}

bool breaks(std::string_view tag) {
  constexpr std::array inline_tags{"b", "i", "em", "strong", "span", "a", "var", "code", "u", "small", "font"};
  if (tag.starts_with('/')) tag.remove_prefix(1);
  const std::string name = lower_ascii(tag.substr(0, tag.find_first_of(" \t\r\n/>")));
  return std::find(inline_tags.begin(), inline_tags.end(), name) == inline_tags.end();
}

std::string without_tags(std::string_view html) {
  std::string out;
  out.reserve(html.size());
  for (std::size_t i = 0; i < html.size(); ++i) {
    if (html[i] != '<') {
      out += html[i];
      continue;
    }
    const std::string_view rest = html.substr(i);
    const char next = rest.size() > 1 ? rest[1] : ' ';
    const bool tag = (next >= 'a' && next <= 'z') || (next >= 'A' && next <= 'Z') || next == '/' || next == '!';
    const auto end = rest.starts_with("<!--") ? rest.find("-->") : rest.find('>');
    if (!tag || end == std::string_view::npos) {  // "Latency < 100 ms"
      out += '<';
      continue;
    }
    if (breaks(rest.substr(1, end))) out += ' ';
    i += rest.starts_with("<!--") ? end + 2 : end;
  }
  return out;
}

std::string folded(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool space = c == ' ' || c == '\t' || c == '\r' || c == '\n';
    if (!space)
      out += c;
    else if (!out.empty() && out.back() != ' ')
      out += ' ';
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

}  // namespace

std::string to_utf8(std::string_view bytes) {
  if (bytes.starts_with("\xEF\xBB\xBF")) return std::string(bytes.substr(3));
  if (bytes.starts_with("\xFE\xFF")) return from_utf16(bytes.substr(2), true);
  if (bytes.starts_with("\xFF\xFE")) return from_utf16(bytes.substr(2), false);
  // Without a mark: JSON and XML begin with an ASCII character, so a zero beside it tells.
  if (bytes.size() >= 4 && bytes[0] == '\0' && bytes[1] != '\0' && bytes[2] == '\0') return from_utf16(bytes, true);
  if (bytes.size() >= 4 && bytes[0] != '\0' && bytes[1] == '\0' && bytes[3] == '\0') return from_utf16(bytes, false);
  return std::string(bytes);
}

std::string decode_entities(std::string_view text) {
  constexpr std::size_t longest = 10;
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '&') {
      const auto end = text.substr(i + 1, longest + 1).find(';');
      if (end != std::string_view::npos)
        if (const auto decoded = entity(text.substr(i + 1, end))) {
          out += *decoded;
          i += end + 1;
          continue;
        }
    }
    out += text[i];
  }
  return out;
}

std::string html_text(std::string_view html, std::size_t max_bytes) {
  // More than enough for what is kept; a megabyte of markup is not worth the time.
  const std::string once = without_tags(html.substr(0, 64 * 1024));
  return clean_line(folded(decode_entities(decode_entities(once))), max_bytes);
}

}  // namespace outaged::probes
