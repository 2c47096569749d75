// Lines from a body that comes in any pieces: LF, CRLF or CR, wherever the pieces are cut. For server-sent events and
// NDJSON. Pure, any thread, fuzzed. Bounded: a line beyond max_line_bytes is dropped and counted, never stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace outaged::probes::llm {

inline constexpr std::size_t max_line_bytes = 512 * 1024;

class LineSplitter {
 public:
  using OnLine = std::function<void(std::string_view line)>;  // without its line end
  void feed(std::string_view piece, const OnLine& on_line);
  /// The last line, if nothing ended it.
  void finish(const OnLine& on_line);
  std::uint64_t oversized() const { return oversized_; }

 private:
  void keep(std::string_view part);
  void end_line(const OnLine& on_line);

  std::string line_;
  bool first_ = true, after_cr_ = false, overflown_ = false;
  std::uint64_t oversized_ = 0;
};

}  // namespace outaged::probes::llm
