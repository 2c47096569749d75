// Amazon's binary event stream ("application/vnd.amazon.eventstream") from a body that comes in any pieces: frames of
// prelude, headers, payload, with a CRC32 over the prelude and one over all. Used by the Bedrock wires; pure, fuzzed.
// Bounded: a frame beyond max_frame_bytes ends the reading. A frame whose checksum is wrong is counted and never told.
// Source: https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace outaged::probes::llm {

inline constexpr std::size_t max_frame_bytes = 1024 * 1024;

struct Frame {
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // those with a string for a value
  std::string_view payload;
  /// "" if there is none.
  std::string_view header(std::string_view name) const;
};

class EventStreamParser {
 public:
  using OnFrame = std::function<void(const Frame& frame)>;
  void feed(std::string_view piece, const OnFrame& on_frame);
  std::uint64_t corrupt() const { return corrupt_; }
  /// Where a length cannot be trusted nothing after it can be read.
  bool broken() const { return broken_; }
  /// Bytes of a frame that did not come in full.
  std::size_t pending() const { return buffer_.size(); }

 private:
  std::string buffer_;
  bool broken_ = false;
  std::uint64_t corrupt_ = 0;
};

/// Bytes of a base64 text (RFC 4648, with padding); "" if it is none. Native answers of models come so.
std::string decode_base64(std::string_view text);

}  // namespace outaged::probes::llm
