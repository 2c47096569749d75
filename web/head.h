// The head of a request: found, checked and taken apart before anything else looks at it. Pure, fuzzable.
// Called by the I/O loop on its thread. Refuses what two parsers could read in two ways (request smuggling), what grows
// without bound, and what this server does not speak. Never allocates more than the head it is given.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "web/server.h"

namespace outaged::web {

/// Why a request is not served: the status to answer, and one sentence that says how to mend it.
struct Refusal {
  int status = 400;
  std::string message;
};

struct Head {
  std::string method, target;                                 // target as sent: "/path?query", origin form
  std::vector<std::pair<std::string, std::string>> headers;   // as received, values trimmed
  std::size_t content_length = 0;
  bool keep_alive = true;
  bool expects_continue = false;
  bool accepts_gzip = false;
};

/// Finds the end of a head in a growing buffer, and stops as soon as a bound is passed. Looks at each byte once.
class HeadScanner {
 public:
  explicit HeadScanner(const Limits& limits) : limits_(&limits) {}
  /// `buffer` is everything received since the head's start. True: the head ends at size(). False: more is needed.
  std::variant<bool, Refusal> scan(std::string_view buffer);
  std::size_t size() const { return end_; }
  void reset() { scanned_ = line_start_ = lines_ = end_ = 0; }

 private:
  const Limits* limits_;
  std::size_t scanned_ = 0, line_start_ = 0, lines_ = 0, end_ = 0;
};

/// `text` is a whole head with its empty line.
std::variant<Head, Refusal> parse_head(std::string_view text, const Limits& limits);

/// Percent-decoding of one path segment or of a path. nullopt: malformed, or a control character hides in it.
std::optional<std::string> percent_decode(std::string_view text);

bool same_header(std::string_view a, std::string_view b);  // ASCII, any case

}  // namespace outaged::web
