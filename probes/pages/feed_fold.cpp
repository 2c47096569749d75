#include "probes/pages/feed_fold.h"

#include <algorithm>
#include <map>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/markup.h"
#include "probes/pages/times.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr Duration clocks_differ = 10min;
constexpr Duration announcement_holds = 24h * 7;

std::string tidy(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return {};
  return clean_line(text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1), max_page_text);
}

std::string host_of(std::string url) {
  if (!url.empty() && url.find("://") == std::string::npos) url.insert(0, "https://");
  const auto parsed = parse_url(url);
  return parsed ? parsed->host : "";
}

/// Only to where the page itself is: a feed's links are shown to people.
std::string own_link(const std::string& link, const Document& document) {
  if (!link.starts_with("https://") && !link.starts_with("http://")) return {};
  const std::string host = host_of(link);
  for (const std::string& own : {host_of(document.feed()->link), host_of(document.url())})
    if (!own.empty() && !host.empty() && related_hosts(host, own)) return clean_line(link, max_page_text);
  return {};
}

/// "[Resolved] …", "Resolved: …", "Resolved - …"
std::string prefix_of(const std::string& title) {
  if (title.starts_with('[')) {
    const auto end = title.find(']');
    return end == std::string::npos ? "" : title.substr(1, end - 1);
  }
  const auto colon = std::min(title.find(':'), title.find(" - "));
  return colon == std::string::npos || colon > 40 ? "" : title.substr(0, colon);
}

/// The first state that a <strong> or <b> holds.
std::string emphasised(std::string_view html) {
  for (const std::string_view tag : {"<strong>", "<b>"}) {
    int tries = 0;
    for (auto at = html.find(tag); at != std::string_view::npos && tries < 20; at = html.find(tag, at + 1), ++tries) {
      const std::string_view rest = html.substr(at + tag.size());
      const std::string word = lower_ascii(html_text(rest.substr(0, rest.find('<')), 80));
      if (stage_of(word) != Stage::none) return word;
    }
  }
  return {};
}

struct Incident {
  std::vector<FeedPost> posts;  // in the feed's order
};

void settle_maintenance(PageReport& report, const FeedPost& newest, std::optional<Timestamp> announced, Timestamp now) {
  PageMaintenance out;
  out.id = newest.id;
  out.name = newest.title;
  out.status = newest.status;
  out.starts = newest.starts;
  out.ends = newest.ends;
  out.components = newest.components;
  if (newest.stage == Stage::resolved || newest.stage == Stage::completed) {
    // over
  } else if (stage_of(out.status) != Stage::none || out.starts) {
    place(out, now);
    // A state without a window: it was announced, and nothing newer contradicts it.
    if (!out.starts && newest.stage == Stage::scheduled) out.scheduled = true;
  } else {
    out.scheduled = announced && now - *announced < announcement_holds;
  }
  report.maintenances.push_back(std::move(out));
}

void settle_incident(PageReport& report, const Incident& incident, const FeedPost& newest, const FeedRules& rules,
                     Timestamp now) {
  PageIncident out;
  out.id = incident.posts.front().id;
  out.name = newest.title;
  out.url = newest.url;
  out.status = newest.status;
  out.impact = newest.impact;
  out.components = newest.components;
  out.claim = newest.claim;
  out.updated = newest.at;
  for (const FeedPost& post : incident.posts) {
    if (post.created && (!out.created || *post.created < *out.created)) out.created = post.created;
    out.updates.insert(out.updates.end(), post.updates.begin(), post.updates.end());
  }
  settle_updates(out);
  out.open = newest.stage != Stage::resolved && newest.stage != Stage::completed;
  if (!out.open) out.resolved = newest.resolved ? newest.resolved : newest.at;
  // An old post without its end is a forgotten one: history goes on without it.
  if (out.open && rules.forget != Duration{} && newest.at && *newest.at + rules.forget < now) out.open = false;
  report.incidents.push_back(std::move(out));
}

}  // namespace

std::string label_in(std::string_view html, std::string_view label) {
  const auto at = html.find(label);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = html.substr(at + label.size(), 200);
  return tidy(decode_entities(rest.substr(0, rest.find_first_of("<\n"))));
}

std::string last_segment(std::string_view link) {
  link = link.substr(0, link.find_first_of("?#"));
  while (link.ends_with('/')) link.remove_suffix(1);
  const auto slash = link.rfind('/');
  return std::string(slash == std::string_view::npos ? link : link.substr(slash + 1));
}

FeedPost plain_post(const FeedItem& item, const Document& document) {
  FeedPost out;
  out.title = tidy(decode_entities(item.title));
  out.id = tidy(item.id.substr(0, item.id.find('#')));
  out.url = own_link(item.link, document);
  out.created = read_time(item.published);
  const auto updated = read_time(item.updated);
  out.at = updated ? updated : out.created;
  const std::string text = html_text(item.content, 4000);
  std::string word;
  for (const std::string& category : item.categories) {
    const std::string lower = lower_ascii(tidy(category));
    if (word.empty() && stage_of(lower) != Stage::none) word = lower;
    const bool severity = lower == "minor" || lower == "major" || lower == "critical" || lower == "none";
    if (out.impact.empty() && (severity || status_of(lower))) out.impact = lower;
  }
  if (word.empty()) word = emphasised(item.content);
  if (word.empty())
    if (const std::string label = lower_ascii(label_in(item.content, "Status:")); stage_of(label) != Stage::none)
      word = label;
  if (word.empty())
    if (const std::string prefix = lower_ascii(prefix_of(out.title)); stage_of(prefix) != Stage::none) word = prefix;
  out.status = word;
  out.stage = stage_of(word);
  if (out.stage == Stage::none)
    out.stage = says_resolved(out.title, true) || says_resolved(text, false) ? Stage::resolved : Stage::open;
  out.ignored = out.stage == Stage::information;
  out.maintenance = says_maintenance(out.title) || out.stage == Stage::scheduled || out.stage == Stage::in_progress;
  out.updates.push_back({out.at, word, clean_line(text, 500)});
  return out;
}

void read_feed(const Document& document, PageReport& report, const FeedRules& rules) {
  const Feed& feed = *document.feed();
  report.readable = report.has_incidents = true;
  report.document_time = read_time(feed.updated);
  report.silent_is_green = rules.empty_is_green || !feed.items.empty();

  std::vector<Incident> incidents;
  std::map<std::string, std::size_t> by_id, by_title;
  for (const FeedItem& item : feed.items) {
    FeedPost post = rules.read(item, document);
    // What lies in the future has not happened, unless it is planned.
    if (post.ignored || (!post.maintenance && post.at && *post.at > document.now() + clocks_differ)) continue;
    // The same title at the same moment is the same thing, whatever its id says.
    const std::string title = post.title + '\n' + (post.created ? format_time(*post.created) : "");
    const auto known_id = post.id.empty() ? by_id.end() : by_id.find(post.id);
    const auto known_title = post.created ? by_title.find(title) : by_title.end();
    const std::size_t place = known_id != by_id.end()         ? known_id->second
                              : known_title != by_title.end() ? known_title->second
                                                              : incidents.size();
    if (place == incidents.size()) incidents.emplace_back();
    if (!post.id.empty()) by_id.try_emplace(post.id, place);
    if (post.created) by_title.try_emplace(title, place);
    incidents[place].posts.push_back(std::move(post));
  }
  for (const Incident& incident : incidents) {
    const FeedPost* newest = &incident.posts.front();  // feeds put the newest first: ties go to the earlier item
    for (const FeedPost& post : incident.posts)
      if (post.at && (!newest->at || *post.at > *newest->at)) newest = &post;
    if (newest->maintenance)
      settle_maintenance(report, *newest, newest->at, document.now());
    else
      settle_incident(report, incident, *newest, rules, document.now());
  }
}

}  // namespace outaged::probes
