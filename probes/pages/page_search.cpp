#include "probes/pages/page_search.h"

#include <fmt/format.h>

#include "core/text.h"
#include "probes/attribution.h"
#include "probes/pages/reader.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr Micros patience = 60s;
constexpr int max_broken = 3, max_moves = 2, max_asked = 60;

bool is_page_itself(const std::string& url, const std::string& page_url) {
  return url == page_url || url == page_url + "/" || url + "/" == page_url;
}

}  // namespace

PageSearch::PageSearch(const std::string& page_url) { rebase(page_url); }

void PageSearch::rebase(const std::string& page_url) {
  page_url_ = page_url;
  const auto list = candidates(page_url);
  left_.assign(list.begin(), list.end());
}

std::optional<std::string> PageSearch::next() const {
  if (in_vain_ || left_.empty() || asked_ >= max_asked || spent_ > patience) return std::nullopt;
  return left_.front().url;
}

void PageSearch::advance() {
  if (!left_.empty()) left_.pop_front();
}

std::optional<PageSearch::Found> PageSearch::judge(const Response& response, const std::string& url, Timestamp now) {
  if (left_.empty()) return std::nullopt;
  const Candidate asked = left_.front();
  ++asked_;
  spent_ += response.total;
  const Attribution judged = attribute(response);
  if (response.error != TransportError::none || response.status == 429) {
    // A host that cannot be reached, or wants to be left alone, is asked no more questions.
    if (!answered_ || response.status == 429 || ++broken_ >= max_broken) in_vain_ = true;
    if (problem_.empty() || in_vain_)
      problem_ = fmt::format("the page could not be fetched: {}", judged.evidence.detail);
    advance();
    return std::nullopt;
  }
  answered_ = true;
  if (response.status != 200) {
    // "Not found" is what most candidates answer; anything else may be the reason for all.
    if (response.status != 404 && problem_.empty()) problem_ = judged.evidence.detail;
    advance();
    return std::nullopt;
  }
  PageReport report;
  if (!asked.format.empty())
    if (const PageFormat* format = page_format(asked.format)) report = read_page(*format, response.body, {now, url});
  if (!report.readable) report = detect_page(response.body, {now, url});
  if (report.readable) return Found{report.format, url, std::move(report)};
  const bool itself = is_page_itself(asked.url, page_url_);
  if (itself || problem_.empty()) problem_ = report.problem;
  advance();
  if (itself) {
    const auto more = candidates_in_html(url, response.body);
    left_.insert(left_.begin(), more.begin(), more.end());
  }
  const auto from = parse_url(asked.url), to = parse_url(url);
  if (from && to && from->host != to->host && moves_ < max_moves) {  // the page lives elsewhere: look there
    ++moves_;
    const auto moved = resolve_url(url, parse_url(page_url_)->path);
    if (moved) rebase(*moved);
  }
  return std::nullopt;
}

void PageSearch::redirected(const std::string& target) {
  const auto from = parse_url(page_url_), to = parse_url(target);
  advance();
  answered_ = true;
  ++asked_;
  if (!from || !to || to->scheme != "https" || is_loopback(to->host) || from->host == to->host || moves_ >= max_moves)
    return;
  ++moves_;
  rebase(target);
}

std::string PageSearch::problem() const {
  if (in_vain_) return problem_;
  return fmt::format("no status that we can read at {} address{} of the page{}{}", asked_, asked_ == 1 ? "" : "es",
                     problem_.empty() ? "" : ": ", problem_);
}

}  // namespace outaged::probes
