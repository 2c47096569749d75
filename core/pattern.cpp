#include "core/pattern.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include "core/text.h"

namespace outaged {

Result<Pattern> Pattern::compile(std::string_view text, bool ignore_case) {
  if (text.size() > max_length) return Error{fmt::format("longer than {} bytes", max_length)};
  re2::RE2::Options options;
  options.set_log_errors(false);  // it would write to stderr
  options.set_case_sensitive(!ignore_case);
  options.set_max_mem(max_memory);
  auto expression = std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!expression->ok()) return Error{clean_line(expression->error(), 200)};
  return Pattern{std::move(expression)};
}

bool Pattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *expression_);
}

const std::string& Pattern::text() const { return expression_->pattern(); }

}  // namespace outaged
