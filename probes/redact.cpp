#include "probes/redact.h"

#include <string_view>

#include "core/text.h"

namespace outaged::probes {
namespace {

constexpr std::string_view redacted = "[redacted]";
constexpr std::size_t shortest_secret = 6;

}  // namespace

std::vector<std::string> secrets_of(const std::vector<std::pair<std::string, config::Secret>>& headers) {
  std::vector<std::string> out;
  for (const auto& [name, value] : headers) {
    const std::string header = lower_ascii(name);
    if (header == "accept" || header == "content-type" || header == "user-agent" || header.ends_with("version"))
      continue;
    const std::string& text = value.reveal();
    const std::string secret = text.substr(text.rfind(' ') == std::string::npos ? 0 : text.rfind(' ') + 1);  // Bearer …
    if (secret.size() >= shortest_secret) out.push_back(secret);
  }
  return out;
}

void redact(Evidence& evidence, const std::vector<std::string>& secrets) {
  const auto clean = [&](std::string& text) {
    for (const std::string& secret : secrets) {
      if (secret.empty()) continue;
      for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + redacted.size()))
        text.replace(at, secret.size(), redacted);
    }
  };
  clean(evidence.detail);
  clean(evidence.request_id);
  for (auto& [name, value] : evidence.headers) clean(value);
}

}  // namespace outaged::probes
