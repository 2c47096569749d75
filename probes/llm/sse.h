// Server-sent events from a body that comes in any pieces: the WHATWG grammar, comments, `data:` with and without a
// space, events without a name. Used by the wires; pure, any thread, fuzzed.
// Bounded: an event beyond max_line_bytes is dropped and counted, never stored.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "probes/llm/lines.h"

namespace outaged::probes::llm {

/// One event: its name ("" where no `event:` line came) and its data, lines joined by LF.
struct SseEvent {
  std::string_view name, data;
};

class SseParser {
 public:
  using OnEvent = std::function<void(const SseEvent& event)>;
  void feed(std::string_view piece, const OnEvent& on_event);
  /// What came of an event that no blank line ended: a stream's last line feed is often missing.
  void finish(const OnEvent& on_event);
  std::uint64_t comments() const { return comments_; }
  std::uint64_t oversized() const { return oversized_ + lines_.oversized(); }
  /// Lines that are none of the grammar, joined: some servers put a bare JSON error into a stream.
  const std::string& stray() const { return stray_; }

 private:
  void take(std::string_view line, const OnEvent& on_event);
  void dispatch(const OnEvent& on_event);
  void field(std::string_view name, std::string_view value);

  LineSplitter lines_;
  std::string name_, data_, stray_;
  bool has_data_ = false, overflown_ = false;
  std::uint64_t comments_ = 0, oversized_ = 0;
};

}  // namespace outaged::probes::llm
