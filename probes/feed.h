// RSS 2.0 (and 0.9x, 1.0) and Atom 1.0, read into one plain form. The only file that knows pugixml.
// Used by the status-page formats that are feeds and by the probe kind `feed`. Pure and bounded; any thread.
// Never resolves entities, never loads a DTD, never follows a link.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace outaged::probes {

struct FeedItem {
  std::string id;  // guid or id, as written; may be empty
  std::string title, link;
  std::string published, updated;  // as written (see pages/times.h); either may be empty
  std::string content;             // HTML or text: the fullest of content:encoded, content, description, summary
  std::string summary;             // description or summary where `content` is another; may be empty
  std::vector<std::string> categories;
};

struct Feed {
  enum class Kind : std::uint8_t { rss, atom } kind = Kind::rss;
  std::string id, title, link, generator, description;
  std::string updated;          // lastBuildDate, else the channel's pubDate; Atom's updated
  std::vector<FeedItem> items;  // in the document's order
};

/// Errors, each a sentence without a full stop: not XML, XML but no feed (with its root), no title, too many elements.
/// UTF-8, UTF-16 and Latin-1 by mark or declaration. At most `max_items` items are taken, the first.
outaged::Result<Feed> parse_feed(std::string_view bytes, std::size_t max_items = 2000);

}  // namespace outaged::probes
