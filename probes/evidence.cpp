#include "probes/evidence.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/text.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

// In order of worth: a vendor's own name before the generic one, which a gateway may have set.
constexpr std::array request_id_headers = {
    std::string_view{"request-id"},          std::string_view{"apim-request-id"},
    std::string_view{"x-amzn-requestid"},    std::string_view{"x-amz-request-id"},
    std::string_view{"x-github-request-id"}, std::string_view{"mistral-correlation-id"},
    std::string_view{"x-goog-request-id"},   std::string_view{"x-ms-request-id"},
    std::string_view{"x-request-id"},        std::string_view{"x-correlation-id"},
};

constexpr std::array kept_headers = {
    std::string_view{"server"},
    std::string_view{"content-type"},
    std::string_view{"content-length"},
    std::string_view{"date"},
    std::string_view{"age"},
    std::string_view{"via"},
    std::string_view{"retry-after"},
    std::string_view{"retry-after-ms"},
    std::string_view{"x-should-retry"},
    std::string_view{"cf-ray"},
    std::string_view{"cf-mitigated"},
    std::string_view{"cf-cache-status"},
    std::string_view{"x-cache"},
    std::string_view{"x-amz-cf-id"},
    std::string_view{"x-amzn-errortype"},
    std::string_view{"x-amzn-waf-action"},
    std::string_view{"x-vercel-id"},
    std::string_view{"x-vercel-mitigated"},
    std::string_view{"x-ms-region"},
    std::string_view{"openai-processing-ms"},
    std::string_view{"server-timing"},
    std::string_view{"x-served-by"},
    std::string_view{"location"},
};

constexpr std::size_t max_headers = 24, max_value = 200;

bool kept(std::string_view name) {
  return std::find(kept_headers.begin(), kept_headers.end(), name) != kept_headers.end() ||
         std::find(request_id_headers.begin(), request_id_headers.end(), name) != request_id_headers.end() ||
         name.starts_with("anthropic-ratelimit-") || name.starts_with("x-ratelimit-") || name.starts_with("ratelimit-");
}

}  // namespace

std::string request_id_of(const Response& response) {
  for (const std::string_view name : request_id_headers)
    if (const std::string& value = response.header(name); !value.empty()) return clean_line(value, max_value);
  return {};
}

Evidence evidence_of(const Response& response) {
  Evidence out;
  out.request_id = request_id_of(response);
  out.remote = response.remote;
  for (const auto& [name, value] : response.headers) {
    if (out.headers.size() == max_headers) break;
    if (!kept(name)) continue;
    // A redirect's query may carry a token.
    const std::string safe = name == "location" ? value.substr(0, value.find_first_of("?#")) : value;
    out.headers.emplace_back(name, clean_line(safe, max_value));
  }
  return out;
}

}  // namespace outaged::probes
