// What the page probe asks, how its runs end, and its search for the format; page_reading.cpp reads what comes back.
// With the format "auto" the first run searches for it (page_search.h), and so does a later one after the anchor has
// failed again and again: pages move between vendors.
#include "probes/pages/page_probe.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/page_formats.h"
#include "core/text.h"
#include "probes/attribution.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr int max_redirects = 3;
constexpr int anchor_failures = 3;  // in a row, then the format is looked for anew
constexpr int max_pause = 60;       // runs between two searches that found nothing, or only a lesser document

bool is_redirect_status(int s) { return s == 301 || s == 302 || s == 303 || s == 307 || s == 308; }

}  // namespace

std::string host_of_page(const std::string& url) {
  const auto parsed = parse_url(url);
  return parsed ? parsed->host : "";
}

PageProbe::PageProbe(const config::Page& page, const config::Egress& egress, const Clock& clock)
    : page_(page), automatic_(page.format == automatic_page_format), user_agent_(egress.user_agent), clock_(clock) {
  memory_.host = host_of_page(page.url);
  if (automatic_) return;
  memory_.format = page_format(page.format);
  if (memory_.format) memory_.documents = memory_.format->documents(page.url);
}

PageMemory PageProbe::recall() const {
  const std::lock_guard lock(mutex_);
  return memory_;
}

// ---- what to ask
// ------------------------------------------------------------------------------------------------------

Request PageProbe::request(const std::string& url) const {
  Request out;
  out.url = url;
  out.timeout = page_.timeout;
  out.max_body = page_.max_body;
  out.headers.emplace_back("accept",
                           "application/json, application/rss+xml;q=0.9, application/atom+xml;q=0.9, */*;q=0.5");
  if (!user_agent_.empty()) out.headers.emplace_back("user-agent", user_agent_);
  return out;
}

Request PageProbe::conditional(const PageMemory& memory) const {
  Request out = request(memory.documents.front());
  if (memory.source && !memory.source->etag.empty()) out.headers.emplace_back("if-none-match", memory.source->etag);
  if (memory.source && !memory.source->last_modified.empty())
    out.headers.emplace_back("if-modified-since", memory.source->last_modified);
  return out;
}

bool PageProbe::must_search(const PageMemory& memory) const {
  return automatic_ && memory.pause == 0 && (!memory.format || memory.lesser || memory.failures >= anchor_failures);
}

/// The same for first() and for the answer to it: nothing else runs in between.
std::shared_ptr<PageRun> PageProbe::begin() const {
  const PageMemory memory = recall();
  auto run = std::make_shared<PageRun>();
  run->format = memory.format;
  run->documents = memory.documents;
  run->own = memory.documents.size();
  run->lesser = memory.lesser;
  if (must_search(memory)) {
    run->search.emplace(page_.url);
    if (const auto url = run->search->next()) run->asked = request(*url);
  } else if (!run->documents.empty()) {
    run->asked = conditional(memory);
  }
  return run;
}

Ask PageProbe::first() const {
  const auto run = begin();
  if (run->asked.url.empty()) return Nothing{};  // an unknown format, or a search that may wait
  return run->asked;
}

/// The next URL, or "" where the redirect must not be followed: only to https, only to the same document.
std::optional<std::string> PageProbe::redirect(const Response& response, PageRun& run) const {
  if (response.error != TransportError::none || !is_redirect_status(response.status)) return std::nullopt;
  const auto from = parse_url(run.asked.url);
  const auto target = resolve_url(run.asked.url, response.header("location"));
  const auto to = target ? parse_url(*target) : std::nullopt;
  if (!from || !to || ++run.redirects > max_redirects || to->path != from->path) return "";
  const bool test_setup = is_loopback(from->host) && is_loopback(to->host);
  if (!test_setup && (to->scheme != "https" || is_loopback(to->host))) return "";
  return target;
}

Step PageProbe::follow(const std::string& target, PageRun& run) {
  if (run.document == 0 && host_of_page(target) != host_of_page(run.asked.url)) run.redirected = true;
  run.asked.url = target;
  return run.asked;
}

// ---- how it ends
// ------------------------------------------------------------------------------------------------------

Finding PageProbe::unreadable(const Response& response, const std::string& problem, Class cls) const {
  auto report = std::make_shared<PageReport>();
  const PageMemory memory = recall();
  report->format = memory.format ? std::string(memory.format->name) : automatic_ ? "unknown" : page_.format;
  report->problem = clean_line(problem);
  Attribution judged = attribute(response);
  judged.evidence.detail = report->problem;
  Finding finding;
  finding.cls = cls;
  finding.evidence = std::make_shared<const Evidence>(std::move(judged.evidence));
  finding.page = std::move(report);
  return finding;
}

/// The document was there and is not what it was: after a few of these the format is looked for anew.
Finding PageProbe::anchor_failed(Finding finding) const {
  const std::lock_guard lock(mutex_);
  ++memory_.failures;
  if (memory_.pause > 0) --memory_.pause;
  return finding;
}

Finding PageProbe::conclude(PageRun& run, bool complete) const {
  const std::lock_guard lock(mutex_);
  const std::string host = host_of_page(run.source->url);
  run.report->moved.clear();
  if (run.redirected && !host.empty() && host != memory_.host)
    run.report->moved = fmt::format("the page moved from {} to {}", memory_.host, host);
  if (memory_.report && memory_.report->format != run.report->format)
    run.report->moved += fmt::format("{} {} now, {} before",
                                     run.report->moved.empty() ? "the page is of the format" : ", and is of the format",
                                     run.report->format, memory_.report->format);
  memory_.format = run.format;
  run.documents.resize(run.own);
  memory_.documents = run.documents;
  memory_.report = run.report;
  memory_.source = run.source;
  memory_.complete = complete;
  memory_.host = host;
  memory_.failures = 0;
  memory_.next_pause = 1;
  memory_.pause = !run.lesser ? 0 : memory_.pause > 0 ? memory_.pause - 1 : max_pause;
  memory_.lesser = run.lesser;
  Finding finding;
  finding.page = run.report;
  finding.document = run.source;
  return finding;
}

// ---- searching
// --------------------------------------------------------------------------------------------------------

Step PageProbe::search(const Response& response, PageRun& run) const {
  if (const auto target = redirect(response, run)) {
    if (!target->empty()) return follow(*target, run);
    run.search->redirected(resolve_url(run.asked.url, response.header("location")).value_or(""));
  } else if (auto found_here = run.search->judge(response, run.asked.url, clock_.wall())) {
    return found(response, std::move(*found_here), run);
  }
  run.redirects = 0;
  if (const auto url = run.search->next()) {
    run.asked = request(*url);
    return run.asked;
  }
  const std::string problem = run.search->problem();
  if (!run.search->in_vain()) {  // asked everywhere: not again at once
    const std::lock_guard lock(mutex_);
    memory_.pause = memory_.next_pause;
    memory_.next_pause = std::min(memory_.next_pause * 2, max_pause);
    memory_.problem = problem;
  }
  const Attribution judged = attribute(response);
  return unreadable(response, problem,
                    run.search->in_vain() && judged.cls != Class::ok ? judged.cls : Class::unexpected_content);
}

Step PageProbe::found(const Response& response, PageSearch::Found found, PageRun& run) const {
  run.format = page_format(found.format);
  run.documents = run.format->documents(found.url);
  run.lesser = run.documents.empty() || run.documents.front() != found.url;
  if (run.lesser) {
    std::erase(run.documents, found.url);
    if (run.documents.empty())
      run.documents.push_back(found.url);
    else
      run.documents.front() = found.url;
  }
  run.redirected = run.redirected || run.search->moved();
  run.search.reset();
  run.source = source_of(response, run);
  return take(response, std::move(found.report), run);
}

Step PageProbe::step(const Response& response, PageRun& run) const {
  if (run.search) return search(response, run);
  if (const auto target = redirect(response, run)) {
    if (!target->empty()) return follow(*target, run);
    if (run.document == 0)
      return anchor_failed(
          unreadable(response,
                     fmt::format("redirected to {}, which is not followed: only https and the same document path are; "
                                 "has the page moved?",
                                 public_url(resolve_url(run.asked.url, response.header("location")).value_or(""))),
                     Class::redirected));
  }
  return run.document == 0 ? read_claim(response, run) : read_further(response, run);
}

Step PageProbe::next(const Response& response, Run& run) const {
  if (!run.state) {
    const auto begun = begin();
    if (begun->asked.url.empty()) {
      if (!automatic_)
        return unreadable(response, fmt::format("unknown page format \"{}\"", page_.format), Class::probe_error);
      const std::string problem = recall().problem;
      return anchor_failed(unreadable(response, problem, Class::unexpected_content));
    }
    run.state = begun;
  }
  return step(response, *std::static_pointer_cast<PageRun>(run.state));
}

std::shared_ptr<const Probe> make_page_probe(const config::Page& page, const config::Egress& egress,
                                             const Clock& clock) {
  return std::make_shared<const PageProbe>(page, egress, clock);
}

}  // namespace outaged::probes
