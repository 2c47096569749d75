// The feeds of vendors whose items say their state in a form of their own: incident.io, Checkly, Better Stack, Slack,
// Hund.
#include <algorithm>

#include "core/text.h"
#include "probes/pages/feed_fold.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

bool any_item(const Feed& feed, bool (*test)(const FeedItem&)) {
  return std::any_of(feed.items.begin(), feed.items.end(), test);
}

/// "<li>Conversations (Operational)</li>" is "Conversations".
std::vector<std::string> listed(std::string_view html) {
  std::vector<std::string> out;
  for (auto at = html.find("<li>"); at != std::string_view::npos && out.size() < 200; at = html.find("<li>", at + 1)) {
    const std::string_view rest = html.substr(at + 4);
    std::string name = html_text(rest.substr(0, rest.find("</li>")), 200);
    if (const auto state = name.rfind(" ("); name.ends_with(')') && state != std::string::npos) name.resize(state);
    add_unique(out, std::move(name));
  }
  return out;
}

/// "Status: Resolved" at the beginning of the text.
FeedPost with_status_label(const FeedItem& item, const Document& document) {
  FeedPost out = plain_post(item, document);
  out.status = lower_ascii(label_in(item.content, "Status:"));
  const Stage stage = stage_of(out.status);
  if (stage != Stage::none) out.stage = stage;
  out.components = listed(item.content);
  return out;
}

FeedPost incidentio_item(const FeedItem& item, const Document& document) {
  FeedPost out = with_status_label(item, document);
  const std::string id = last_segment(item.link.empty() ? item.id : item.link);  // links carry a doubled slash
  if (!id.empty()) out.id = clean_line(id, max_page_text);
  return out;
}

FeedPost slack_item(const FeedItem& item, const Document& document) {
  FeedPost out = plain_post(item, document);
  // "Notice: …" and "Incident: …" are types; the state stands in prose alone.
  const std::string type = lower_ascii(out.title.substr(0, out.title.find(':')));
  if (type == "outage") out.impact = type, out.claim = Status::major_outage;
  return out;
}

/// "[Investigating] Login failures": bracketed, and translated into the page's language.
FeedPost hund_item(const FeedItem& item, const Document& document) {
  FeedPost out = plain_post(item, document);
  const auto end = out.title.find(']');
  if (!out.title.starts_with('[') || end == std::string::npos) return out;
  std::string word = out.title.substr(1, end - 1);
  out.status = lower_ascii(word);
  const Stage stage = stage_of(out.status);
  out.stage = stage == Stage::none ? Stage::open : stage;
  out.ignored = stage == Stage::information;
  out.title.erase(0, std::min(out.title.find_first_not_of(' ', end + 1), out.title.size()));
  out.maintenance = says_maintenance(out.title) || stage == Stage::scheduled || stage == Stage::in_progress;
  out.updates.back().status = out.status;
  return out;
}

bool is_hund(const Feed& feed) {
  return feed.id.find("/state_feed") != std::string::npos ||
         any_item(feed, [](const FeedItem& item) { return item.id.find("State::FeedNotifier") != std::string::npos; });
}

bool is_checkly(const Feed& feed) {
  return any_item(feed, [](const FeedItem& item) {
    return item.content.find("Status: ") < 40 && item.content.find("Affected services") != std::string::npos;
  });
}

bool read_as(const Document& document, PageReport& report, bool ours, const FeedRules& rules, std::string_view vendor,
             std::string_view anchor) {
  if (!document.feed() || !(ours || document.trusted())) {
    report.problem = document.stranger(vendor, anchor);
    return false;
  }
  read_feed(document, report, rules);
  return true;
}

std::vector<std::string> kept_or(const std::string& url, std::string_view path) {
  for (const std::string_view end : {".rss", ".atom", ".xml", "/feed", "/rss", "/feed/atom", "/feed/rss"})
    if (url.ends_with(end)) return {url};
  return {page_base(url, {}) + std::string(path)};
}

}  // namespace

void read_incidentio_feed(const Document& document, PageReport& report) {
  const Feed* feed = document.feed();
  read_as(document, report, feed && feed->generator.find("incident.io") != std::string::npos, {.read = incidentio_item},
          "incident.io feed", "generator \"incident.io\"");
}

void read_checkly_feed(const Document& document, PageReport& report) {
  read_as(document, report, document.feed() && is_checkly(*document.feed()), {.read = with_status_label},
          "Checkly feed", "\"Status:\" with affected services");
}

void read_betterstack_feed(const Document& document, PageReport& report) {
  const Feed* feed = document.feed();
  read_as(document, report, feed && feed->description.starts_with("Incidents reported on status page"),
          {.read = plain_post, .forget = forgotten_after}, "Better Stack feed", "description of such");
}

void read_slack_feed(const Document& document, PageReport& report) {
  const Feed* feed = document.feed();
  const bool ours = feed && (feed->id.find("status.slack.com") != std::string::npos ||
                             feed->link.find("slack-status.com") != std::string::npos ||
                             feed->link.find("status.slack.com") != std::string::npos);
  read_as(document, report, ours, {.read = slack_item, .forget = forgotten_after}, "Slack feed", "id of Slack");
}

void read_hund(const Document& document, PageReport& report) {
  read_as(document, report, document.feed() && is_hund(*document.feed()), {.read = hund_item}, "Hund feed",
          "id of a state feed");
}

std::vector<std::string> incidentio_feed_documents(const std::string& url) { return kept_or(url, "/history.atom"); }
std::vector<std::string> checkly_feed_documents(const std::string& url) { return kept_or(url, "/feed.rss"); }
std::vector<std::string> betterstack_feed_documents(const std::string& url) { return kept_or(url, "/feed"); }
std::vector<std::string> slack_feed_documents(const std::string& url) { return kept_or(url, "/feed/atom"); }
std::vector<std::string> hund_documents(const std::string& url) { return kept_or(url, "/state_feed/feed.atom"); }

}  // namespace outaged::probes
