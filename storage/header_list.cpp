#include "storage/header_list.h"

#include <algorithm>
#include <array>

namespace outaged::storage {
namespace {

constexpr std::array<std::string_view, 47> kept = {
    // who answered
    "server",
    "via",
    "date",
    "age",
    "x-served-by",
    "x-cache",
    "x-powered-by",
    "x-ms-region",
    "openai-version",
    "openai-model",
    "anthropic-version",
    // the answer's own number, to be quoted to support
    "request-id",
    "x-request-id",
    "x-correlation-id",
    "x-amzn-requestid",
    "x-amz-request-id",
    "x-amz-cf-id",
    "x-amz-cf-pop",
    "x-github-request-id",
    "x-ms-request-id",
    "apim-request-id",
    "x-azure-ref",
    "x-vercel-id",
    "fly-request-id",
    "x-goog-request-id",
    "x-trace-id",
    // Cloudflare and other fronts
    "cf-ray",
    "cf-cache-status",
    "cf-mitigated",
    "x-vercel-mitigated",
    "x-amzn-waf-action",
    "x-amzn-errortype",
    "x-envoy-upstream-service-time",
    "x-envoy-overloaded",
    "x-envoy-ratelimited",
    "openai-processing-ms",
    // what it was, and when to come back
    "content-type",
    "content-length",
    "content-encoding",
    "retry-after",
    "retry-after-ms",
    "x-should-retry",
    "last-modified",
    "etag",
    "x-error",
    "grpc-status",
    "grpc-message",
};
// Rate limits come in many names, all harmless.
constexpr std::array<std::string_view, 4> kept_prefixes = {"ratelimit", "x-ratelimit-", "anthropic-ratelimit-",
                                                           "x-rate-limit-"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }
bool same(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

bool may_keep_header(std::string_view name) {
  return std::any_of(kept.begin(), kept.end(), [&](std::string_view k) { return same(name, k); }) ||
         std::any_of(kept_prefixes.begin(), kept_prefixes.end(),
                     [&](std::string_view p) { return same(name.substr(0, p.size()), p); });
}

}  // namespace outaged::storage
