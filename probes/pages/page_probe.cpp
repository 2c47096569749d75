// Reads a status page as politely as it can: the document that carries the claim conditionally, the others only when
// that one has changed (or when they carry a part of the claim). A 304 (or the same bytes again) keeps the last reading,
// at the new time. Whatever goes wrong with the first document makes an unreadable report, never a green or a red one;
// the others add history, and a failure of theirs costs only that.
// With the format "auto" the first run searches for it (page_search.h), and so does a later one after the anchor has
// failed again and again: pages move between vendors.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "core/page_formats.h"
#include "core/text.h"
#include "probes/attribution.h"
#include "probes/pages/page_search.h"
#include "probes/pages/reader.h"
#include "probes/registry.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr int max_redirects = 3;
constexpr int anchor_failures = 3;  // in a row, then the format is looked for anew
constexpr int max_pause = 60;       // runs between two searches that found nothing, or only a lesser document
constexpr int max_pages = 10;       // of a list that is served in pages

/// What one run remembers between its requests.
struct PageRun {
  std::optional<PageSearch> search;  // while the format is not known
  const PageFormat* format = nullptr;
  std::vector<std::string> documents;
  bool lesser = false;               // found, but not the document that its format begins with
  std::size_t own = 0;               // of them; behind these stand the pages of a list, which belong to this run alone
  std::size_t document = 0;
  int redirects = 0;
  bool redirected = false;           // to another host
  Request asked;
  std::shared_ptr<PageReport> report;
  std::shared_ptr<PageDocument> source;
};

/// What is known from earlier runs.
struct Memory {
  const PageFormat* format = nullptr;  // and its documents
  std::vector<std::string> documents;
  // The last good reading.
  std::shared_ptr<const PageReport> report;
  std::shared_ptr<const PageDocument> source;
  bool complete = false;               // every further document has been read for it too
  bool lesser = false;                 // of that reading: the better document may be there another time
  std::string host;                    // that served it
  int failures = 0;                    // of the anchor, in a row
  int pause = 0, next_pause = 1;       // runs to let pass before the next search
  std::string problem;                 // of the last search
};

std::string host_of(const std::string& url) {
  const auto parsed = parse_url(url);
  return parsed ? parsed->host : "";
}

bool is_redirect_status(int s) { return s == 301 || s == 302 || s == 303 || s == 307 || s == 308; }

class PageProbe : public Probe {
 public:
  PageProbe(const config::Page& page, const config::Egress& egress, const Clock& clock)
      : page_(page), automatic_(page.format == automatic_page_format), user_agent_(egress.user_agent), clock_(clock) {
    memory_.host = host_of(page.url);
    if (automatic_) return;
    memory_.format = page_format(page.format);
    if (memory_.format) memory_.documents = memory_.format->documents(page.url);
  }
  Ask first() const override;
  Step next(const Response& response, Run& run) const override;

 private:
  std::shared_ptr<PageRun> begin() const;
  bool must_search(const Memory& memory) const;
  Request request(const std::string& url) const;
  Request conditional(const Memory& memory) const;
  Step step(const Response& response, PageRun& run) const;
  Step search(const Response& response, PageRun& run) const;
  Step found(const Response& response, PageSearch::Found found, PageRun& run) const;
  Step read_claim(const Response& response, PageRun& run) const;
  Step unchanged(const Response& response, const Memory& memory, PageRun& run) const;
  Step take(const Response& response, PageReport report, PageRun& run) const;
  Step ask_next(PageRun& run) const;
  Step read_further(const Response& response, PageRun& run) const;
  std::optional<std::string> redirect(const Response& response, PageRun& run) const;
  static Step follow(const std::string& target, PageRun& run);
  std::shared_ptr<PageDocument> source_of(const Response& response, const PageRun& run) const;
  Finding unreadable(const Response& response, const std::string& problem, Class cls) const;
  Finding anchor_failed(Finding finding) const;
  Finding conclude(PageRun& run, bool complete) const;
  Memory recall() const;

  const config::Page page_;
  const bool automatic_;
  const std::string user_agent_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable Memory memory_;
};

Memory PageProbe::recall() const {
  const std::lock_guard lock(mutex_);
  return memory_;
}

// ---- what to ask -----------------------------------------------------------------------------------------------------

Request PageProbe::request(const std::string& url) const {
  Request out;
  out.url = url;
  out.timeout = page_.timeout;
  out.max_body = page_.max_body;
  out.headers.emplace_back("accept", "application/json, application/rss+xml;q=0.9, application/atom+xml;q=0.9, */*;q=0.5");
  if (!user_agent_.empty()) out.headers.emplace_back("user-agent", user_agent_);
  return out;
}

Request PageProbe::conditional(const Memory& memory) const {
  Request out = request(memory.documents.front());
  if (memory.source && !memory.source->etag.empty()) out.headers.emplace_back("if-none-match", memory.source->etag);
  if (memory.source && !memory.source->last_modified.empty())
    out.headers.emplace_back("if-modified-since", memory.source->last_modified);
  return out;
}

bool PageProbe::must_search(const Memory& memory) const {
  return automatic_ && memory.pause == 0 && (!memory.format || memory.lesser || memory.failures >= anchor_failures);
}

/// The same for first() and for the answer to it: nothing else runs in between.
std::shared_ptr<PageRun> PageProbe::begin() const {
  const Memory memory = recall();
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
  if (run.document == 0 && host_of(target) != host_of(run.asked.url)) run.redirected = true;
  run.asked.url = target;
  return run.asked;
}

// ---- how it ends -----------------------------------------------------------------------------------------------------

Finding PageProbe::unreadable(const Response& response, const std::string& problem, Class cls) const {
  auto report = std::make_shared<PageReport>();
  const Memory memory = recall();
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
  const std::string host = host_of(run.source->url);
  run.report->moved.clear();
  if (run.redirected && !host.empty() && host != memory_.host)
    run.report->moved = fmt::format("the page moved from {} to {}", memory_.host, host);
  if (memory_.report && memory_.report->format != run.report->format)
    run.report->moved += fmt::format("{} {} now, {} before", run.report->moved.empty() ? "the page is of the format" : ", and is of the format",
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

// ---- searching -------------------------------------------------------------------------------------------------------

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
  return unreadable(response, problem, run.search->in_vain() && judged.cls != Class::ok ? judged.cls : Class::unexpected_content);
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

// ---- reading ---------------------------------------------------------------------------------------------------------

std::shared_ptr<PageDocument> PageProbe::source_of(const Response& response, const PageRun& run) const {
  auto out = std::make_shared<PageDocument>();
  out->url = run.asked.url;
  out->hash = sha256_hex(response.body);
  out->body = std::make_shared<const std::string>(response.body);
  out->fetched = clock_.wall();
  out->http_status = response.status;
  out->etag = response.header("etag");
  out->last_modified = response.header("last-modified");
  out->served_by = host_of(run.asked.url);
  return out;
}

Step PageProbe::take(const Response&, PageReport report, PageRun& run) const {
  run.report = std::make_shared<PageReport>(std::move(report));
  // A list served in pages: the rest, by the rule that all of them share. Not by a link in the document.
  run.own = run.documents.size();
  const std::string first = run.documents.front();
  const char* separator = first.find('?') == std::string::npos ? "?" : "&";
  for (int page = 2; page <= std::min(run.report->pages, max_pages); ++page)
    run.documents.push_back(fmt::format("{}{}page={}", first, separator, page));
  return ask_next(run);
}

Step PageProbe::ask_next(PageRun& run) const {
  if (++run.document >= run.documents.size()) return conclude(run, true);
  run.redirects = 0;
  run.asked = request(run.documents[run.document]);
  // Where the first one was found after a redirect, the others are too.
  if (const auto& found = run.source->url; host_of(found) != host_of(run.documents[0]))
    if (const auto at = run.asked.url.find('/', run.asked.url.find("://") + 3); at != std::string::npos)
      if (const auto moved = resolve_url(found, run.asked.url.substr(at))) run.asked.url = *moved;
  return run.asked;
}

Step PageProbe::unchanged(const Response& response, const Memory& memory, PageRun& run) const {
  run.source = std::make_shared<PageDocument>(*memory.source);
  run.source->url = run.asked.url;
  run.source->fetched = clock_.wall();
  run.source->http_status = response.status;
  run.source->served_by = host_of(run.asked.url);
  if (response.status == 200) {
    run.source->etag = response.header("etag");
    run.source->last_modified = response.header("last-modified");
  }
  // Read again by today's clock: a maintenance may have begun, a claim become stale.
  PageReport report = read_page(*run.format, *run.source->body, {clock_.wall(), run.source->url});
  if (run.format->every) return take(response, std::move(report), run);
  merge_page(report, *memory.report);
  run.report = std::make_shared<PageReport>(std::move(report));
  if (memory.complete) return conclude(run, true);
  return ask_next(run);
}

Step PageProbe::read_claim(const Response& response, PageRun& run) const {
  const Memory memory = recall();
  if (response.error == TransportError::none && response.status == 304 && memory.source)
    return unchanged(response, memory, run);

  const Attribution judged = attribute(response);
  if (judged.cls != Class::ok || response.status != 200) {
    if (response.error == TransportError::too_large)
      return unreadable(response, fmt::format("the document is larger than {} bytes", page_.max_body),
                        Class::body_too_large);
    // A blank page is read below, where its problem is named.
    if (judged.cls != Class::unexpected_content) {
      Finding finding = unreadable(response, fmt::format("the page could not be fetched: {}", judged.evidence.detail),
                                   judged.cls == Class::ok ? Class::unexpected_status : judged.cls);
      return response.status == 404 || response.status == 410 ? anchor_failed(std::move(finding)) : finding;
    }
  }
  if (memory.source && memory.source->hash == sha256_hex(response.body)) return unchanged(response, memory, run);

  run.source = source_of(response, run);
  PageReport report = read_page(*run.format, response.body, {clock_.wall(), run.asked.url});
  if (!report.readable) {
    Finding finding = unreadable(response, report.problem, Class::unexpected_content);
    finding.document = run.source;  // evidence all the same
    return anchor_failed(std::move(finding));
  }
  return take(response, std::move(report), run);
}

Step PageProbe::read_further(const Response& response, PageRun& run) const {
  if (attribute(response).cls == Class::ok && response.status == 200) {
    merge_page(*run.report, read_page(*run.format, response.body, {clock_.wall(), run.asked.url}));
    return ask_next(run);
  }
  // What an earlier reading knew is still true where it is over; it is asked again next time.
  if (const Memory memory = recall(); memory.report && memory.report->format == run.report->format) {
    PageReport known;
    known.readable = true;
    for (const PageIncident& incident : memory.report->incidents)
      if (!incident.open) known.incidents.push_back(incident);
    merge_page(*run.report, known);
  }
  if (run.format->every) return ask_next(run);  // each carries a part of its own
  return conclude(run, false);
}

Step PageProbe::step(const Response& response, PageRun& run) const {
  if (run.search) return search(response, run);
  if (const auto target = redirect(response, run)) {
    if (!target->empty()) return follow(*target, run);
    if (run.document == 0)
      return anchor_failed(unreadable(
          response,
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

}  // namespace

std::shared_ptr<const Probe> make_page_probe(const config::Page& page, const config::Egress& egress,
                                             const Clock& clock) {
  return std::make_shared<const PageProbe>(page, egress, clock);
}

}  // namespace outaged::probes
