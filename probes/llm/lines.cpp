#include "probes/llm/lines.h"

namespace outaged::probes::llm {

void LineSplitter::feed(std::string_view piece, const OnLine& on_line) {
  while (!piece.empty()) {
    if (after_cr_ && piece.front() == '\n') {
      piece.remove_prefix(1);
      after_cr_ = false;
      continue;
    }
    after_cr_ = false;
    const auto end = piece.find_first_of("\r\n");
    keep(piece.substr(0, end));
    if (end == std::string_view::npos) return;
    after_cr_ = piece[end] == '\r';
    piece.remove_prefix(end + 1);
    end_line(on_line);
  }
}

void LineSplitter::finish(const OnLine& on_line) {
  if (!line_.empty() || overflown_) end_line(on_line);
}

void LineSplitter::keep(std::string_view part) {
  if (overflown_) return;
  if (line_.size() + part.size() > max_line_bytes) {
    overflown_ = true;
    line_ = {};
    return;
  }
  line_ += part;
}

void LineSplitter::end_line(const OnLine& on_line) {
  std::string_view line = line_;
  if (first_ && line.starts_with("\xEF\xBB\xBF")) line.remove_prefix(3);
  first_ = false;
  if (overflown_)
    ++oversized_;
  else
    on_line(line);
  line_.clear();
  overflown_ = false;
}

}  // namespace outaged::probes::llm
