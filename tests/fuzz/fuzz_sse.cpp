// Any bytes as server-sent events, cut by their own first byte: the pieces do not change what is read, and memory is
// bounded by the input.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "probes/llm/sse.h"

namespace {

std::string read(std::string_view text, std::size_t piece) {
  std::string out;
  outaged::probes::llm::SseParser parser;
  const auto take = [&](const outaged::probes::llm::SseEvent& event) {
    out.append(event.name).append("\x01").append(event.data).append("\x02");
  };
  for (std::size_t at = 0; at < text.size(); at += piece) parser.feed(text.substr(at, piece), take);
  parser.finish(take);
  return out + std::to_string(parser.comments()) + parser.stray() + std::to_string(parser.oversized());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = read(text, std::max<std::size_t>(text.size(), 1));
  if (whole != read(text, 1 + data[0] % 32)) std::abort();
  if (whole.size() > 4 * size + 64) std::abort();
  return 0;
}
