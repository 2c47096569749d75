// How the page probe reads: the document that carries the claim conditionally, the others only when that one has
// changed (or when they carry a part of the claim). A 304 (or the same bytes again) keeps the last reading, at the new
// time. Whatever goes wrong with the first document makes an unreadable report, never a green or a red one; the others
// add history, and a failure of theirs costs only that.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "probes/attribution.h"
#include "probes/pages/page_probe.h"
#include "probes/pages/reader.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr int max_pages = 10;  // of a list that is served in pages

}  // namespace

std::shared_ptr<PageDocument> PageProbe::source_of(const Response& response, const PageRun& run) const {
  auto out = std::make_shared<PageDocument>();
  out->url = run.asked.url;
  out->hash = sha256_hex(response.body);
  out->body = std::make_shared<const std::string>(response.body);
  out->fetched = clock_.wall();
  out->http_status = response.status;
  out->etag = response.header("etag");
  out->last_modified = response.header("last-modified");
  out->served_by = host_of_page(run.asked.url);
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
  if (const auto& found = run.source->url; host_of_page(found) != host_of_page(run.documents[0]))
    if (const auto at = run.asked.url.find('/', run.asked.url.find("://") + 3); at != std::string::npos)
      if (const auto moved = resolve_url(found, run.asked.url.substr(at))) run.asked.url = *moved;
  return run.asked;
}

Step PageProbe::unchanged(const Response& response, const PageMemory& memory, PageRun& run) const {
  run.source = std::make_shared<PageDocument>(*memory.source);
  run.source->url = run.asked.url;
  run.source->fetched = clock_.wall();
  run.source->http_status = response.status;
  run.source->served_by = host_of_page(run.asked.url);
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
  const PageMemory memory = recall();
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
  if (const PageMemory memory = recall(); memory.report && memory.report->format == run.report->format) {
    PageReport known;
    known.readable = true;
    for (const PageIncident& incident : memory.report->incidents)
      if (!incident.open) known.incidents.push_back(incident);
    merge_page(*run.report, known);
  }
  if (run.format->every) return ask_next(run);  // each carries a part of its own
  return conclude(run, false);
}

}  // namespace outaged::probes
