// What an HTTP answer means for a delivery: the rule every notifier over HTTP starts from. Pure.
#pragma once

#include <optional>
#include <string_view>

#include "alerts/notifier.h"

namespace outaged::alerts {

inline constexpr Duration retry_after_cap = 1h;

/// Seconds or an HTTP date (RFC 9110, section 10.2.3), as the time left from `now`: never negative, at most an hour.
std::optional<Duration> parse_retry_after(std::string_view value, Timestamp now);

/// 2xx is delivered. Transport errors, 408, 425, 429, 5xx: retry. 401, 403, 404 and redirects: retry, for a wrong secret or
/// URL may be mended by a reload. Every other 4xx is refused: the same request will never be taken.
Disposition judge_http(const HttpResponse& response, Timestamp now);

}  // namespace outaged::alerts
