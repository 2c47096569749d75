// A user's regular expression (RE2): its time grows with the text's length and no faster, whatever the pattern.
// Checked when a configuration is read, matched by probes on bodies from outside. The only owner of RE2. Any thread;
// never throws.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/result.h"

namespace re2 {
class RE2;
}

namespace outaged {

class Pattern {
 public:
  static constexpr std::size_t max_length = 2000;      // bytes of its text
  static constexpr std::int64_t max_memory = 4 << 20;  // bytes, of which matching may use the greater part

  /// Errors: RE2's own words ("missing ): (abc").
  static Result<Pattern> compile(std::string_view text, bool ignore_case = false);

  /// Somewhere in the text.
  bool found_in(std::string_view text) const;
  const std::string& text() const;

 private:
  explicit Pattern(std::shared_ptr<const re2::RE2> expression) : expression_(std::move(expression)) {}
  std::shared_ptr<const re2::RE2> expression_;
};

}  // namespace outaged
