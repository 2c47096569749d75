#include "probes/llm/sse.h"

namespace outaged::probes::llm {
namespace {

constexpr std::size_t max_stray = 16 * 1024, max_name = 256;

}  // namespace

void SseParser::feed(std::string_view piece, const OnEvent& on_event) {
  lines_.feed(piece, [&](std::string_view line) { take(line, on_event); });
}

void SseParser::finish(const OnEvent& on_event) {
  lines_.finish([&](std::string_view line) { take(line, on_event); });
  dispatch(on_event);
}

void SseParser::take(std::string_view line, const OnEvent& on_event) {
  if (line.empty()) return dispatch(on_event);
  const auto colon = line.find(':');
  if (colon == 0) {
    ++comments_;
    return;
  }
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data" || name == "event" || name == "error" || name == "id" || name == "retry")
    field(name, value);
  else if (stray_.size() + line.size() < max_stray)
    stray_.append(line).push_back('\n');
}

void SseParser::field(std::string_view name, std::string_view value) {
  if (name == "event") name_ = value.substr(0, max_name);
  // llama.cpp has a field of its own for errors.
  if (name == "error") name_ = "error";
  if (name != "data" && name != "error") return;
  if (data_.size() + value.size() > max_line_bytes) {
    overflown_ = true;
    data_.clear();
    return;
  }
  if (has_data_) data_.push_back('\n');
  has_data_ = true;
  data_ += value;
}

void SseParser::dispatch(const OnEvent& on_event) {
  if (overflown_)
    ++oversized_;
  else if (has_data_)
    on_event({name_, data_});
  name_.clear();
  data_.clear();
  has_data_ = overflown_ = false;
}

}  // namespace outaged::probes::llm
