#include "probes/llm/event_stream.h"

#include <zlib.h>

#include <algorithm>

namespace outaged::probes::llm {
namespace {

constexpr std::size_t prelude = 8, prelude_with_crc = 12, crc_size = 4, smallest_frame = prelude_with_crc + crc_size;

std::uint32_t number_at(std::string_view bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

std::uint32_t checksum(std::string_view bytes) {
  return static_cast<std::uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// Length of a header's value by its type, or nullopt where two bytes of length come first.
struct Fixed {
  bool known;
  std::size_t bytes;
};
Fixed size_of_type(unsigned type) {
  switch (type) {
    case 0:  // true
    case 1:  // false
      return {true, 0};
    case 2:
      return {true, 1};
    case 3:
      return {true, 2};
    case 4:
      return {true, 4};
    case 5:
    case 8:  // a time
      return {true, 8};
    case 9:  // a UUID
      return {true, 16};
    default:
      return {false, 0};  // 6: bytes, 7: a string
  }
}

bool read_headers(std::string_view bytes, Frame& out) {
  while (!bytes.empty()) {
    const std::size_t name_size = static_cast<unsigned char>(bytes.front());
    if (bytes.size() < 1 + name_size + 1) return false;
    const std::string_view name = bytes.substr(1, name_size);
    const unsigned type = static_cast<unsigned char>(bytes[1 + name_size]);
    bytes.remove_prefix(1 + name_size + 1);
    if (type > 9) return false;
    auto [known, size] = size_of_type(type);
    if (!known) {
      if (bytes.size() < 2) return false;
      size = static_cast<std::size_t>(static_cast<unsigned char>(bytes[0])) << 8 | static_cast<unsigned char>(bytes[1]);
      bytes.remove_prefix(2);
    }
    if (bytes.size() < size) return false;
    if (type == 7) out.headers.emplace_back(name, bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return true;
}

}  // namespace

std::string_view Frame::header(std::string_view name) const {
  const auto it = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  return it == headers.end() ? std::string_view{} : it->second;
}

void EventStreamParser::feed(std::string_view piece, const OnFrame& on_frame) {
  if (broken_) return;
  buffer_ += piece;
  std::size_t at = 0;
  const std::string_view all = buffer_;
  while (all.size() - at >= prelude_with_crc) {
    const std::string_view rest = all.substr(at);
    const std::size_t total = number_at(rest, 0), headers = number_at(rest, 4);
    if (checksum(rest.substr(0, prelude)) != number_at(rest, prelude) || total < smallest_frame ||
        total > max_frame_bytes || headers > total - smallest_frame) {
      broken_ = true;
      ++corrupt_;
      buffer_ = {};
      return;
    }
    if (rest.size() < total) break;
    const std::string_view frame = rest.substr(0, total);
    Frame out;
    out.payload = frame.substr(prelude_with_crc + headers, total - smallest_frame - headers);
    if (checksum(frame.substr(0, total - crc_size)) == number_at(frame, total - crc_size) &&
        read_headers(frame.substr(prelude_with_crc, headers), out))
      on_frame(out);
    else
      ++corrupt_;
    at += total;
  }
  buffer_.erase(0, at);
}

std::string decode_base64(std::string_view text) {
  const auto value = [](char c) -> int {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
  };
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string out;
  unsigned bits = 0;
  int held = 0;
  for (const char c : text) {
    const int v = value(c);
    if (v < 0) return {};
    bits = (bits << 6 | static_cast<unsigned>(v)) & 0xffffffU;
    held += 6;
    if (held >= 8) out.push_back(static_cast<char>(bits >> (held -= 8) & 0xffU));
  }
  return out;
}

}  // namespace outaged::probes::llm
