#include "web/router.h"

#include <algorithm>
#include <stdexcept>

#include "web/head.h"

namespace outaged::web {
namespace {

// "/a/b" is ["a", "b"]; "/a/" is ["a", ""]: a different path.
std::vector<std::string_view> split(std::string_view path) {
  std::vector<std::string_view> segments;
  path.remove_prefix(1);
  while (true) {
    const auto slash = path.find('/');
    segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return segments;
    path.remove_prefix(slash + 1);
  }
}

}  // namespace

void Router::add(std::string method, std::string_view pattern, Handler handler) {
  const auto wrong = [&](const char* why) { return std::logic_error("route " + std::string(pattern) + ": " + why); };
  if (pattern.empty() || pattern.front() != '/') throw wrong("must begin with /");
  Route route{std::move(method), {}, {}, std::move(handler)};
  for (const auto segment : split(pattern)) {
    if (!route.segments.empty() && route.segments.back().kind == Kind::rest) throw wrong("{rest...} must be last");
    if (segment.find_first_of("{}") == std::string_view::npos) {
      route.segments.push_back({Kind::literal, std::string(segment)});
      route.rank += '0';
    } else if (segment.size() < 3 || segment.front() != '{' || segment.back() != '}') {
      throw wrong("a placeholder must be a whole segment");
    } else {
      const bool rest = segment.ends_with("...}");
      route.segments.push_back({rest ? Kind::rest : Kind::placeholder, {}});
      route.rank += rest ? '2' : '1';
    }
  }
  const auto at = std::upper_bound(routes_.begin(), routes_.end(), route,
                                   [](const Route& a, const Route& b) { return a.rank < b.rank; });
  routes_.insert(at, std::move(route));
}

bool Router::fits(const Route& route, const std::vector<std::string_view>& raw, std::vector<std::string>& captures) {
  captures.clear();
  for (std::size_t i = 0; i < route.segments.size(); ++i) {
    const auto& segment = route.segments[i];
    if (segment.kind == Kind::rest) {
      if (i >= raw.size()) return false;
      const std::string_view rest(raw[i].data(), static_cast<std::size_t>(raw.back().end() - raw[i].begin()));
      captures.push_back(percent_decode(rest).value_or(""));
      return true;
    }
    if (i >= raw.size()) return false;
    auto decoded = percent_decode(raw[i]).value_or("");
    if (segment.kind == Kind::literal) {
      if (decoded != segment.text) return false;
    } else {
      if (decoded.empty()) return false;
      captures.push_back(std::move(decoded));
    }
  }
  return raw.size() == route.segments.size();
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match match;
  if (path.empty() || path.front() != '/') return match;
  const auto raw = split(path);
  const auto allow = [&](const std::string& name) {
    if (std::find(match.allowed.begin(), match.allowed.end(), name) == match.allowed.end()) match.allowed.push_back(name);
  };
  const auto look_up = [&](std::string_view wanted) {
    std::vector<std::string> captures;
    for (const auto& route : routes_) {
      if (!fits(route, raw, captures)) continue;
      allow(route.method);
      if (route.method != wanted || match.handler) continue;
      match.handler = &route.handler;
      match.captures = std::move(captures);
    }
  };
  look_up(method);
  if (!match.handler && method == "HEAD") look_up("GET");
  if (std::find(match.allowed.begin(), match.allowed.end(), "GET") != match.allowed.end()) allow("HEAD");
  return match;
}

}  // namespace outaged::web
