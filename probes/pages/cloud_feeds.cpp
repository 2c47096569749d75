// The feeds of clouds. AWS: titles say the state ("Service is operating normally: [RESOLVED] …"), each post has an id
// of its own, an empty channel is the all-clear. Azure: what is in the feed is open, and vanishes when it is over; an
// empty channel is the all-clear; pubDate never moves. xAI: a rolling list with its state and severity in the
// description.
#include <algorithm>
#include <map>

#include "core/text.h"
#include "probes/pages/feed_fold.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"
#include "probes/pages/times.h"

namespace outaged::probes {
namespace {

FeedPost aws_item(const FeedItem& item, const Document& document) {
  FeedPost out = plain_post(item, document);
  out.id = clean_line(item.id, max_page_text);  // its '#' parts nothing
  const std::string title = lower_ascii(out.title);
  out.maintenance = false;
  out.stage = title.starts_with("service is operating normally") || title.find("[resolved]") != std::string::npos
                  ? Stage::resolved
                  : Stage::open;
  if (title.starts_with("service disruption")) out.claim = Status::partial_outage;
  if (title.starts_with("service degradation") || title.starts_with("performance issues") ||
      title.starts_with("informational message"))
    out.claim = Status::degraded_performance;
  // "http://status.aws.amazon.com/#ec2-us-east-1_1639599392"
  const auto hash = out.id.find('#'), time = out.id.rfind('_');
  if (hash != std::string::npos && time != std::string::npos && time > hash)
    out.components = {out.id.substr(hash + 1, time - hash - 1)};
  return out;
}

/// Every post has its own id: a service's newer "operating normally" ends what it said before.
void close_superseded(PageReport& report) {
  std::map<std::string, Timestamp> calm;
  for (const PageIncident& each : report.incidents)
    if (!each.open && each.updated && !each.components.empty()) {
      const auto [at, added] = calm.try_emplace(each.components.front(), *each.updated);
      if (!added) at->second = std::max(at->second, *each.updated);
    }
  for (PageIncident& each : report.incidents) {
    if (!each.open || !each.updated || each.components.empty()) continue;
    const auto at = calm.find(each.components.front());
    if (at != calm.end() && at->second >= *each.updated) each.open = false, each.resolved = at->second;
  }
}

FeedPost azure_item(const FeedItem& item, const Document& document) {
  FeedPost out = plain_post(item, document);
  for (const std::string& category : item.categories) add_unique(out.components, clean_line(category, 200));
  return out;
}

FeedPost xai_item(const FeedItem& item, const Document& document) {
  FeedPost out = plain_post(item, document);
  out.status = lower_ascii(label_in(item.content, "Status:"));
  const Stage stage = stage_of(out.status);
  out.stage = stage == Stage::none ? Stage::open : stage;
  out.impact = lower_ascii(label_in(item.content, "Severity:"));
  if (out.impact == "available") out.claim = Status::operational;
  if (out.impact == "degraded") out.claim = Status::degraded_performance;
  if (out.impact == "unavailable") out.claim = Status::major_outage;
  if (!out.claim) out.claim = Status::unknown;
  out.resolved = read_time(label_in(item.content, "Resolved:"));
  if (out.resolved) out.at = out.resolved;
  // "[API (us-east-1.api.x.ai)] …" names what it touches.
  if (const auto end = out.title.find(']'); out.title.starts_with('[') && end != std::string::npos)
    out.components = {out.title.substr(1, end - 1)};
  return out;
}

bool titled(const Feed* feed, std::string_view title) { return feed && feed->title == title; }

}  // namespace

void read_aws_rss(const Document& document, PageReport& report) {
  const Feed* feed = document.feed();
  const bool ours = feed && (feed->generator.find("AWS Service Health Dashboard") != std::string::npos ||
                             (feed->title.starts_with("Amazon") && feed->title.ends_with("Service Status")));
  if (!feed || !(ours || document.trusted())) {
    report.problem = document.stranger("AWS feed", "generator of AWS");
    return;
  }
  read_feed(document, report, {.read = aws_item, .empty_is_green = true});
  close_superseded(report);
}

void read_azure_rss(const Document& document, PageReport& report) {
  if (!document.feed() || !(titled(document.feed(), "Azure Status") || document.trusted())) {
    report.problem = document.stranger("Azure feed", "title \"Azure Status\"");
    return;
  }
  read_feed(document, report, {.read = azure_item, .empty_is_green = true});
}

void read_xai_rss(const Document& document, PageReport& report) {
  const Feed* feed = document.feed();
  if (!feed || !(feed->title == "xAI System Status" || feed->link.find("//status.x.ai") != std::string::npos ||
                 document.trusted())) {
    report.problem = document.stranger("xAI feed", "title \"xAI System Status\"");
    return;
  }
  read_feed(document, report, {.read = xai_item, .forget = forgotten_after});
}

std::vector<std::string> aws_rss_documents(const std::string& url) {
  if (url.ends_with(".rss")) return {url};
  return {page_base(url, {}) + "/rss/all.rss"};
}

std::vector<std::string> azure_rss_documents(const std::string& url) {
  if (url.find("/feed") != std::string::npos) return {url};
  return {page_base(url, {"/en-us", "/status"}) + "/en-us/status/feed/"};
}

std::vector<std::string> xai_rss_documents(const std::string& url) {
  return {page_base(url, {"/feed.xml"}) + "/feed.xml"};
}

}  // namespace outaged::probes
