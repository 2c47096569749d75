// Reads a status page as politely as it can: the document that carries the claim conditionally, the others only when
// that one has changed. A 304 (or the same bytes again) keeps the last reading, at the new time.
// Whatever goes wrong with the first document makes an unreadable report, never a green or a red one; the others add
// history, and a failure of theirs costs only that.
#include <fmt/format.h>

#include <algorithm>
#include <mutex>

#include "core/text.h"
#include "probes/attribution.h"
#include "probes/registry.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr int max_redirects = 3;

/// What one run remembers between its requests.
struct Reading {
  std::size_t document = 0;
  int redirects = 0;
  Request asked;
  std::shared_ptr<PageReport> report;
  std::shared_ptr<PageDocument> source;
};

/// The last good reading.
struct Memory {
  std::shared_ptr<const PageReport> report;
  std::shared_ptr<const PageDocument> source;
  bool complete = false;  // every further document has been read for it too
};

std::string host_of(const std::string& url) {
  const auto parsed = parse_url(url);
  return parsed ? parsed->host : "";
}

class PageProbe : public Probe {
 public:
  PageProbe(const config::Page& page, const config::Egress& egress, const Clock& clock)
      : page_(page), format_(page_format(page.format)), user_agent_(egress.user_agent), clock_(clock) {
    if (format_) documents_ = format_->documents(page.url);
  }
  Ask first() const override;
  Request opening() const;
  Step next(const Response& response, Run& run) const override;

 private:
  Request request(std::size_t document) const;
  Step read_claim(const Response& response, Reading& reading) const;
  Step unchanged(const Response& response, const Memory& memory, Reading& reading) const;
  Step ask_next(Reading& reading) const;
  Step read_further(const Response& response, Reading& reading) const;
  std::optional<std::string> redirect(const Response& response, Reading& reading) const;
  Finding unreadable(const Response& response, const std::string& problem, Class cls) const;
  Finding conclude(const Reading& reading, bool complete) const;
  Memory recall() const;

  const config::Page page_;
  const PageFormat* format_;
  const std::string user_agent_;
  const Clock& clock_;
  std::vector<std::string> documents_;
  mutable std::mutex mutex_;
  mutable Memory memory_;
};

Memory PageProbe::recall() const {
  const std::lock_guard lock(mutex_);
  return memory_;
}

Request PageProbe::request(std::size_t document) const {
  Request out;
  out.url = documents_[document];
  out.timeout = page_.timeout;
  out.max_body = page_.max_body;
  out.headers.emplace_back("accept", "application/json, */*;q=0.5");
  if (!user_agent_.empty()) out.headers.emplace_back("user-agent", user_agent_);
  return out;
}

Ask PageProbe::first() const {
  return opening();
}

Request PageProbe::opening() const {
  if (documents_.empty()) {  // an unknown format is refused when the configuration is read
    Request out;
    out.url = page_.url;
    return out;
  }
  Request out = request(0);
  const Memory memory = recall();
  if (memory.source && !memory.source->etag.empty()) out.headers.emplace_back("if-none-match", memory.source->etag);
  if (memory.source && !memory.source->last_modified.empty())
    out.headers.emplace_back("if-modified-since", memory.source->last_modified);
  return out;
}

/// The next URL, or "" where the redirect must not be followed: only to https, only to the same document.
std::optional<std::string> PageProbe::redirect(const Response& response, Reading& reading) const {
  const int s = response.status;
  if (response.error != TransportError::none || !(s == 301 || s == 302 || s == 303 || s == 307 || s == 308))
    return std::nullopt;
  const auto from = parse_url(reading.asked.url);
  const auto target = resolve_url(reading.asked.url, response.header("location"));
  const auto to = target ? parse_url(*target) : std::nullopt;
  if (!from || !to || ++reading.redirects > max_redirects || to->path != from->path) return "";
  const bool test_setup = is_loopback(from->host) && is_loopback(to->host);
  if (!test_setup && (to->scheme != "https" || is_loopback(to->host))) return "";
  return target;
}

Finding PageProbe::unreadable(const Response& response, const std::string& problem, Class cls) const {
  auto report = std::make_shared<PageReport>();
  report->format = page_.format;
  report->problem = clean_line(problem);
  Attribution judged = attribute(response);
  judged.evidence.detail = report->problem;
  Finding finding;
  finding.cls = cls;
  finding.evidence = std::make_shared<const Evidence>(std::move(judged.evidence));
  finding.page = std::move(report);
  return finding;
}

Finding PageProbe::conclude(const Reading& reading, bool complete) const {
  Finding finding;
  finding.page = reading.report;
  finding.document = reading.source;
  const std::lock_guard lock(mutex_);
  memory_ = Memory{reading.report, reading.source, complete};
  return finding;
}

Step PageProbe::ask_next(Reading& reading) const {
  if (++reading.document >= documents_.size()) return conclude(reading, true);
  reading.redirects = 0;
  reading.asked = request(reading.document);
  // Where the first one was found after a redirect, the others are too.
  if (const auto& found = reading.source->url; found != documents_[0])
    if (const auto here = parse_url(reading.asked.url))
      if (const auto moved = resolve_url(found, here->path)) reading.asked.url = *moved;
  return reading.asked;
}

Step PageProbe::unchanged(const Response& response, const Memory& memory,
                                                    Reading& reading) const {
  reading.source = std::make_shared<PageDocument>(*memory.source);
  reading.source->url = reading.asked.url;
  reading.source->fetched = clock_.wall();
  reading.source->http_status = response.status;
  reading.source->served_by = host_of(reading.asked.url);
  if (response.status == 200) {
    reading.source->etag = response.header("etag");
    reading.source->last_modified = response.header("last-modified");
  }
  reading.report = std::make_shared<PageReport>(*memory.report);
  if (!reading.report->maintenances.empty()) {  // one may have begun or ended meanwhile
    const auto incidents = std::move(reading.report->incidents);
    *reading.report = format_->parse(*reading.source->body, clock_.wall());
    reading.report->incidents = incidents;
  }
  if (memory.complete) return conclude(reading, true);
  return ask_next(reading);
}

Step PageProbe::read_claim(const Response& response, Reading& reading) const {
  const Memory memory = recall();
  if (response.error == TransportError::none && response.status == 304 && memory.source)
    return unchanged(response, memory, reading);

  const Attribution judged = attribute(response);
  if (judged.cls != Class::ok || response.status != 200) {
    if (response.error == TransportError::too_large)
      return unreadable(response, fmt::format("the document is larger than {} bytes", page_.max_body),
                        Class::body_too_large);
    // A blank page is read below, where its problem is named.
    if (judged.cls != Class::unexpected_content)
      return unreadable(response, fmt::format("the page could not be fetched: {}", judged.evidence.detail),
                        judged.cls == Class::ok ? Class::unexpected_status : judged.cls);
  }
  const std::string hash = sha256_hex(response.body);
  if (memory.source && memory.source->hash == hash) return unchanged(response, memory, reading);

  reading.source = std::make_shared<PageDocument>();
  reading.source->url = reading.asked.url;
  reading.source->hash = hash;
  reading.source->body = std::make_shared<const std::string>(response.body);
  reading.source->fetched = clock_.wall();
  reading.source->http_status = response.status;
  reading.source->etag = response.header("etag");
  reading.source->last_modified = response.header("last-modified");
  reading.source->served_by = host_of(reading.asked.url);
  reading.report = std::make_shared<PageReport>(format_->parse(response.body, clock_.wall()));
  if (!reading.report->readable) {
    Finding finding = unreadable(response, reading.report->problem, Class::unexpected_content);
    finding.document = reading.source;  // evidence all the same
    return finding;
  }
  return ask_next(reading);
}

Step PageProbe::read_further(const Response& response, Reading& reading) const {
  const Timestamp now = clock_.wall();
  if (attribute(response).cls == Class::ok && response.status == 200) {
    format_->merge(*reading.report, response.body, reading.document, now);
    return ask_next(reading);
  }
  // What an earlier reading knew of resolved incidents is still true; it is asked again next time.
  if (const Memory memory = recall(); memory.report)
    for (const PageIncident& incident : memory.report->incidents) {
      const auto same = [&](const PageIncident& known) { return known.id == incident.id; };
      const auto& known = reading.report->incidents;
      if (!incident.open && std::none_of(known.begin(), known.end(), same))
        reading.report->incidents.push_back(incident);
    }
  return conclude(reading, false);
}

Step PageProbe::next(const Response& response, Run& run) const {
  if (!format_)
    return unreadable(response, fmt::format("unknown page format \"{}\"", page_.format), Class::probe_error);
  if (!run.state) {
    auto begun = std::make_shared<Reading>();
    begun->asked = opening();
    run.state = begun;
  }
  auto& reading = *std::static_pointer_cast<Reading>(run.state);
  if (const auto target = redirect(response, reading)) {
    if (!target->empty()) {
      reading.asked.url = *target;
      return reading.asked;
    }
    if (reading.document == 0)
      return unreadable(
          response,
          fmt::format("redirected to {}, which is not followed: only https and the same document path are; "
                      "has the page moved?",
                      public_url(resolve_url(reading.asked.url, response.header("location")).value_or(""))),
          Class::redirected);
  }
  return reading.document == 0 ? read_claim(response, reading) : read_further(response, reading);
}

}  // namespace

std::shared_ptr<const Probe> make_page_probe(const config::Page& page, const config::Egress& egress,
                                             const Clock& clock) {
  return std::make_shared<const PageProbe>(page, egress, clock);
}

}  // namespace outaged::probes
