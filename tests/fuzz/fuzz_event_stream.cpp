// Any bytes as Amazon's event stream, as they are and with checksums made right, so that what lies behind them is
// reached too: no crash, and the pieces do not change what is read.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "probes/llm/event_stream.h"
#include "tests/probes/llm_streams.h"

namespace {

std::string read(std::string_view bytes, std::size_t piece) {
  std::string out;
  outaged::probes::llm::EventStreamParser parser;
  const auto take = [&](const outaged::probes::llm::Frame& frame) {
    for (const auto& [name, value] : frame.headers) out.append(name).append("=").append(value);
    out.append(frame.payload).append("\x02");
  };
  for (std::size_t at = 0; at < bytes.size(); at += piece) parser.feed(bytes.substr(at, piece), take);
  return out + std::to_string(parser.corrupt()) + (parser.broken() ? "!" : std::to_string(parser.pending()));
}

void check(std::string_view bytes, std::size_t piece) {
  if (read(bytes, bytes.size() + 1) != read(bytes, piece)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t piece = 1 + data[0] % 32;
  check(bytes, piece);
  // The same as the inside of a frame, its headers of any length that fits.
  const std::size_t headers = bytes.empty() ? 0 : data[1] % (bytes.size() + 1);
  std::string frame = outaged::test::big_endian(static_cast<std::uint32_t>(16 + bytes.size())) +
                      outaged::test::big_endian(static_cast<std::uint32_t>(headers));
  frame += outaged::test::big_endian(outaged::test::crc32_of(frame));
  frame += bytes;
  frame += outaged::test::big_endian(outaged::test::crc32_of(frame));
  check(frame + frame, piece);
  outaged::probes::llm::decode_base64(bytes);
  return 0;
}
