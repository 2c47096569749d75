// Which handler answers a path. Pure; filled before the server starts, then only read, by any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "web/server.h"

namespace outaged::web {

class Router {
 public:
  /// A pattern that does not begin with "/" or misuses {} is a programmer's error: std::logic_error.
  void add(std::string method, std::string_view pattern, Handler handler);

  struct Match {
    const Handler* handler = nullptr;     // null: no such path, or another method
    std::vector<std::string> captures;
    std::vector<std::string> allowed;     // methods of the path; empty: no such path
  };
  /// `path` as sent, percent-encoded: "claude%2Fapi" is one segment and is captured as "claude/api".
  Match match(std::string_view method, std::string_view path) const;

 private:
  enum class Kind { literal, placeholder, rest };
  struct Segment {
    Kind kind;
    std::string text;
  };
  struct Route {
    std::string method;
    std::vector<Segment> segments;
    std::string rank;  // sorts literal before placeholder before rest, segment by segment
    Handler handler;
  };
  static bool fits(const Route& route, const std::vector<std::string_view>& raw, std::vector<std::string>& captures);

  std::vector<Route> routes_;  // sorted by rank
};

}  // namespace outaged::web
