// Any RSS or Atom feed of a status page. Anchor: the feed's title and, unless the configuration says that it is one, a
// word of status or incidents in it or a state in one of its items: a blog is a feed too. An empty channel says
// nothing, for many vendors empty theirs in other ways than others.
#include <algorithm>

#include "core/text.h"
#include "probes/pages/feed_fold.h"
#include "probes/pages/formats.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

bool speaks_of_status(const Document& document) {
  const Feed& feed = *document.feed();
  const std::string about = lower_ascii(feed.title + ' ' + feed.description);
  for (const std::string_view word :
       {"status", "incident", "outage", "störung", "stoerung", "availability", "health", "uptime"})
    if (about.find(word) != std::string::npos) return true;
  return std::any_of(feed.items.begin(), feed.items.end(),
                     [&](const FeedItem& item) { return !plain_post(item, document).status.empty(); });
}

void read_generic(const Document& document, PageReport& report, Feed::Kind kind) {
  const Feed* feed = document.feed();
  if (!feed || feed->kind != kind || !(document.trusted() || speaks_of_status(document))) {
    report.problem = document.stranger(kind == Feed::Kind::rss ? "RSS" : "Atom", "word of status in it");
    return;
  }
  read_feed(document, report, {.read = plain_post, .forget = forgotten_after});
}

}  // namespace

void read_rss(const Document& document, PageReport& report) { read_generic(document, report, Feed::Kind::rss); }
void read_atom(const Document& document, PageReport& report) { read_generic(document, report, Feed::Kind::atom); }

/// A feed's address cannot be made from the page's: it is given, or found.
std::vector<std::string> rss_documents(const std::string& url) { return {url}; }
std::vector<std::string> atom_documents(const std::string& url) { return {url}; }

}  // namespace outaged::probes
