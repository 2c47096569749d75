// Statuspage's /history.atom and /history.rss. Anchor: ids "tag:<host>,2005:Incident/…", or the <var data-var> of its
// times. `published` is that of the newest post, or of a planned start; `updated` moves on with every edit. The content
// is the whole story, newest first; "Update" is not a state, it repeats the one before. Times lack the year.
#include <algorithm>

#include "core/text.h"
#include "probes/pages/feed_fold.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"
#include "probes/pages/times.h"

namespace outaged::probes {
namespace {

/// "Jun 17, 03:54 UTC", and in a series "Jun 17, 03:54 - 05:00 UTC": the first moment.
std::optional<Timestamp> post_time(const std::string& text, Timestamp latest) {
  const auto comma = text.find(',');
  if (comma == std::string::npos) return std::nullopt;
  const auto zone = text.rfind(' ');
  std::string clock = text.substr(comma + 1, zone == std::string::npos || zone < comma ? zone : zone - comma - 1);
  clock = clock.substr(0, clock.find('-'));
  return time_before(text.substr(0, comma), clock, zone == std::string::npos ? "" : text.substr(zone + 1), latest);
}

std::vector<PageUpdate> posts_of(std::string_view html, Timestamp latest) {
  std::vector<PageUpdate> out;
  for (auto at = html.find("<small>"); at != std::string_view::npos && out.size() < 400;) {
    const auto next = html.find("<small>", at + 1);
    const std::string_view post = html.substr(at, next == std::string_view::npos ? next : next - at);
    PageUpdate update;
    update.at = post_time(html_text(post.substr(0, post.find("</small>")), 100), latest);
    const auto word = post.find("<strong>");
    if (word != std::string_view::npos) {
      const std::string_view rest = post.substr(word + 8);
      const auto end = rest.find("</strong>");
      update.status = lower_ascii(html_text(rest.substr(0, end), 60));
      if (end != std::string_view::npos) update.text = html_text(rest.substr(end + 9));
      if (update.text.starts_with("- ")) update.text.erase(0, 2);
    }
    out.push_back(std::move(update));
    at = next;
  }
  return out;
}

FeedPost read_item(const FeedItem& item, const Document& document) {
  FeedPost out = plain_post(item, document);
  const std::string id = last_segment(item.link.empty() ? item.id : item.link);
  if (!id.empty()) out.id = clean_line(id, max_page_text);
  const auto published = out.created;
  if (published) out.at = published;
  std::vector<PageUpdate> posts = posts_of(item.content, out.at.value_or(document.now()));
  out.created.reset();
  out.maintenance = false;
  for (const PageUpdate& post : posts) {
    if (post.at && (!out.created || *post.at < *out.created)) out.created = post.at;
    if (post.status == "scheduled" || post.status == "in progress" || post.status == "verifying" ||
        post.status == "completed")
      out.maintenance = true;
  }
  // Newest first.
  const auto state = std::find_if(posts.begin(), posts.end(),
                                  [](const PageUpdate& post) { return stage_of(post.status) != Stage::none; });
  if (state != posts.end()) out.status = state->status, out.stage = stage_of(state->status);
  if (state == posts.end()) out.status.clear(), out.stage = Stage::open;
  if (!out.maintenance && (out.stage == Stage::scheduled || out.stage == Stage::in_progress)) out.stage = Stage::open;
  if (out.maintenance && out.stage == Stage::scheduled) out.starts = published;
  if (!posts.empty()) out.updates = std::move(posts);
  return out;
}

bool has_the_marks(const Feed& feed) {
  if (feed.generator.find("incident.io") != std::string::npos) return false;
  if (feed.id.starts_with("tag:") && feed.id.ends_with(":/history")) return true;
  return std::any_of(feed.items.begin(), feed.items.end(), [](const FeedItem& item) {
    return (item.id.starts_with("tag:") && item.id.find(":Incident/") != std::string::npos) ||
           item.content.find("data-var=") != std::string::npos;
  });
}

}  // namespace

void read_statuspage_feed(const Document& document, PageReport& report) {
  if (!document.feed() || !(document.trusted() || has_the_marks(*document.feed()))) {
    report.problem = document.stranger("Statuspage history", "id of an Incident");
    return;
  }
  read_feed(document, report, {.read = read_item});
}

std::vector<std::string> statuspage_feed_documents(const std::string& url) {
  if (url.ends_with(".atom") || url.ends_with(".rss")) return {url};
  return {page_base(url, {}) + "/history.atom"};
}

}  // namespace outaged::probes
