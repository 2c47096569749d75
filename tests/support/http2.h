// Just enough HTTP/2 (RFC 9113) for a server that answers one request on a raw connection, rightly or wrongly, frame by
// frame. Headers go out as HPACK literals (RFC 7541, 6.2.2); those of the request are not read. For tests only.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/raw_server.h"

namespace test::http2 {

using Headers = std::vector<std::pair<std::string, std::string>>;

inline std::string frame(int type, int flags, std::uint32_t stream, const std::string& payload) {
  const auto byte = [](std::size_t value, int shift) { return static_cast<char>(value >> shift & 0xff); };
  const std::size_t size = payload.size();
  std::string out{byte(size, 16), byte(size, 8), byte(size, 0), static_cast<char>(type), static_cast<char>(flags)};
  for (const int shift : {24, 16, 8, 0}) out += byte(stream, shift);
  return out + payload;
}

/// Names and values of up to 126 bytes.
inline std::string head(std::uint32_t stream, const Headers& headers, bool last = false) {
  std::string block;
  for (const auto& [name, value] : headers) {
    block += '\0';
    block += static_cast<char>(name.size()) + name;
    block += static_cast<char>(value.size()) + value;
  }
  return frame(1, 4 | (last ? 1 : 0), stream, block);
}
inline std::string data(std::uint32_t stream, const std::string& bytes, bool last = false) {
  return frame(0, last ? 1 : 0, stream, bytes);
}
inline std::string reset(std::uint32_t stream, int code) {
  return frame(3, 0, stream, std::string{0, 0, 0, static_cast<char>(code)});
}

struct Asked {
  std::uint32_t stream = 0;  // 0: no whole request came
  std::string body;
};

/// Shakes hands and reads the first request to its end.
inline Asked read_request(Connection& c) {
  Asked asked;
  if (c.read_exactly(24) != "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") return asked;
  c.write(frame(4, 0, 0, ""));
  for (;;) {
    const std::string start = c.read_exactly(9);
    if (start.size() < 9) return {};
    const auto byte = [&](std::size_t i) { return static_cast<std::uint32_t>(static_cast<unsigned char>(start[i])); };
    const std::string payload = c.read_exactly(byte(0) << 16 | byte(1) << 8 | byte(2));
    const std::uint32_t type = byte(3), flags = byte(4);
    if (type == 4 && (flags & 1) == 0) c.write(frame(4, 1, 0, ""));
    if (type == 0) asked.body += payload;
    if (type <= 1 && (flags & 1) != 0) {
      asked.stream = byte(5) << 24 | byte(6) << 16 | byte(7) << 8 | byte(8);
      return asked;
    }
  }
}

}  // namespace test::http2
