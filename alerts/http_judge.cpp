#include "alerts/http_judge.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

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

  // IMF-fixdate, the one form that is still sent: "Sun, 06 Nov 1994 08:49:37 GMT".
  std::istringstream in{std::string(value)};
  in.imbue(std::locale::classic());
  std::tm tm{};
  in >> std::get_time(&tm, "%a, %d %b %Y %H:%M:%S GMT");
  if (in.fail()) return std::nullopt;
  const auto date = std::chrono::year_month_day{std::chrono::year{tm.tm_year + 1900}, std::chrono::month{static_cast<unsigned>(tm.tm_mon + 1)},
                                                std::chrono::day{static_cast<unsigned>(tm.tm_mday)}};
  if (!date.ok()) return std::nullopt;
  const Timestamp when = std::chrono::sys_days{date} + std::chrono::hours{tm.tm_hour} + std::chrono::minutes{tm.tm_min} + std::chrono::seconds{tm.tm_sec};
  return std::clamp<Duration>(when - now, 0ms, retry_after_cap);
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
