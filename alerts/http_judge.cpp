#include "alerts/http_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace outaged::alerts {

std::optional<Duration> parse_retry_after(std::string_view value, Timestamp now) {
  while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
  while (!value.empty() && (value.back() == ' ' || value.back() == '\t' || value.back() == '\r' || value.back() == '\n')) value.remove_suffix(1);
  if (value.empty() || value.size() > 40) return std::nullopt;

  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    if (error == std::errc::result_out_of_range) return retry_after_cap;
    return std::min<Duration>(std::chrono::seconds(std::min<std::int64_t>(seconds, 86400)), retry_after_cap);
  }

  const auto when = parse_http_date(value);
  if (!when) return std::nullopt;
  return std::clamp<Duration>(*when - now, 0ms, retry_after_cap);
}

Disposition judge_http(const HttpResponse& response, Timestamp now) {
  using Kind = Disposition::Kind;
  const int status = response.status;
  if (status >= 200 && status < 300) return {Kind::delivered, std::nullopt, ""};
  if (status == 0) return {Kind::retry, std::nullopt, response.error.empty() ? "no answer" : clean_line(response.error)};

  Disposition out;
  const std::string said = clean_line(response.body, 160);
  out.error = said.empty() ? fmt::format("HTTP {}", status) : fmt::format("HTTP {}: {}", status, said);
  if (response.retry_after) out.retry_after = parse_retry_after(*response.retry_after, now);
  if (status == 401 || status == 403) {
    out.error += " (check the receiver's secret)";
  } else if (status == 404) {
    out.error += " (check the receiver's url)";
  } else if (status >= 300 && status < 400) {
    out.error = fmt::format("HTTP {}: the receiver redirects, and redirects are not followed (configure its final url)", status);
  } else if (status >= 400 && status < 500 && status != 408 && status != 425 && status != 429) {
    out.kind = Kind::refused;
  }
  return out;
}

}  // namespace outaged::alerts
