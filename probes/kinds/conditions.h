// The conditions of an `http` target on what was answered: headers, size, words, patterns, JSON values. Made once for a
// target, which compiles its patterns; pure after that, any thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/pattern.h"
#include "probes/probe.h"

namespace outaged::probes {

class Conditions {
 public:
  explicit Conditions(const config::HttpCheck& check);

  /// The first condition that does not hold, as the end of a sentence ("but the body lacks \"pong\""); nullopt: all
  /// hold.
  std::optional<std::string> broken(const Response& response) const;

  /// The chain's earliest end is closer than wanted; nullopt: it is not, or there is no certificate.
  std::optional<std::string> expires_soon(const Response& response, Timestamp now) const;

 private:
  struct Match {
    std::string text;                // as the user wrote it
    std::optional<Pattern> pattern;  // nullopt: none; what does not compile is refused when the configuration is read
  };
  struct Header {
    std::string name;
    Match match;
    bool absent = false;
  };
  static Match compiled(const std::string& text);
  std::optional<std::string> broken_header(const Header& header, const Response& response) const;
  std::optional<std::string> broken_text(const std::string& body) const;
  std::optional<std::string> broken_json(const std::string& body) const;

  const config::HttpCheck check_;
  std::vector<Match> matches_, not_matches_;
  std::vector<Header> headers_;
};

}  // namespace outaged::probes
