#include "alerts/scrub.h"

#include <algorithm>

namespace outaged::alerts {
namespace {
// Shorter pieces ("v1", "hooks", "Bearer") are words, not secrets; taking them out would garble every message.
constexpr std::size_t shortest = 8;
}  // namespace

Scrubber::Scrubber(const config::Receiver& receiver) {
  add_url(receiver.url.reveal());
  for (const auto& [name, value] : receiver.headers) {
    add(value.reveal());
    const std::size_t space = value.reveal().rfind(' ');  // "Bearer <token>"
    if (space != std::string::npos) add(std::string_view(value.reveal()).substr(space + 1));
  }
  const std::string& signing = receiver.signing_secret.reveal();
  add(signing);
  if (signing.starts_with("whsec_")) add(std::string_view(signing).substr(6));
  std::sort(secrets_.begin(), secrets_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

Scrubber::Scrubber(std::string_view url) {
  add_url(url);
  std::sort(secrets_.begin(), secrets_.end(), [](const auto& a, const auto& b) { return a.size() > b.size(); });
}

void Scrubber::add_url(std::string_view url) {
  add(url);
  const std::size_t scheme = url.find("://");
  std::string_view rest = scheme == std::string_view::npos ? url : url.substr(scheme + 3);
  add(rest);
  const std::size_t slash = rest.find_first_of("/?#");
  const std::string_view authority = rest.substr(0, slash);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = authority.substr(0, at);
    add(user);
    const std::size_t colon = user.find(':');
    if (colon != std::string_view::npos) add(user.substr(colon + 1));
  }
  if (slash == std::string_view::npos) return;
  rest.remove_prefix(slash);
  add(rest);
  while (!rest.empty()) {
    const std::size_t start = rest.find_first_not_of("/?#&=");
    if (start == std::string_view::npos) break;
    rest.remove_prefix(start);
    const std::size_t end = std::min(rest.find_first_of("/?#&="), rest.size());
    add(rest.substr(0, end));
    rest.remove_prefix(end);
  }
}

void Scrubber::add(std::string_view secret) {
  if (secret.size() >= shortest) secrets_.emplace_back(secret);
}

std::string Scrubber::operator()(std::string text) const {
  constexpr std::string_view mask = "[secret]";
  for (const std::string& secret : secrets_)
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + mask.size())) text.replace(at, secret.size(), mask);
  return text;
}

}  // namespace outaged::alerts
