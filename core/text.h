// Text from outside made safe to store, log, export and show.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace outaged {

/// One line of valid UTF-8: control characters (newlines and ESC among them) become spaces, invalid bytes U+FFFD;
/// cut at a character's boundary to at most `max_bytes`, with an ellipsis.
std::string clean_line(std::string_view text, std::size_t max_bytes = 300);
/// Valid UTF-8, newlines kept; otherwise as clean_line, without a limit.
std::string clean_utf8(std::string_view text);
/// A to Z become a to z; every other byte stays.
std::string lower_ascii(std::string_view text);
/// SHA-256, lower-case hex.
std::string sha256_hex(std::string_view bytes);
/// The candidate nearest to `word` (edit distance at most 2, or a third of its length), or "".
template <class Range>
std::string_view nearest(std::string_view word, const Range& candidates);
std::size_t edit_distance(std::string_view a, std::string_view b);

template <class Range>
std::string_view nearest(std::string_view word, const Range& candidates) {
  std::string_view best;
  std::size_t best_distance = word.size() / 3 > 2 ? word.size() / 3 + 1 : 3;
  for (const std::string_view candidate : candidates) {
    // The lengths alone rule it out: a hostile key of a megabyte must not cost a megabyte times every candidate.
    const std::size_t longer =
        word.size() > candidate.size() ? word.size() - candidate.size() : candidate.size() - word.size();
    if (longer >= best_distance) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) best = candidate, best_distance = distance;
  }
  return best;
}

}  // namespace outaged
