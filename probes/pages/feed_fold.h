// A feed is history, not state: items folded into incidents, the newest post of each deciding. Shared by every format
// that is a feed; each gives its own reading of one item. Pure; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/page.h"
#include "probes/pages/document.h"
#include "probes/pages/words.h"

namespace outaged::probes {

/// One item, as a format understands it.
struct FeedPost {
  std::string id, title, url;
  std::string status, impact;  // words, lower case; status may be empty: then `stage` is from prose
  Stage stage = Stage::open;
  std::optional<Timestamp> at, created, resolved;  // at: of this post; created: of its incident, where it tells
  std::optional<Status> claim;
  std::vector<std::string> components;
  std::vector<PageUpdate> updates;  // empty: the post itself is the update
  bool maintenance = false, ignored = false;
  std::optional<Timestamp> starts, ends;  // of a maintenance
};

struct FeedRules {
  FeedPost (*read)(const FeedItem& item, const Document& document);
  Duration forget = {};         // what was not heard of for so long is open no more; zero: never
  bool empty_is_green = false;  // a vendor that empties its feed when all is well
};

/// Fills the report from the feed and sets `readable`.
void read_feed(const Document& document, PageReport& report, const FeedRules& rules);

/// What any item tells by itself: times, title, the state in a category, a <strong> word, a "Status:", a title's prefix
/// or in prose. The formats start from it.
FeedPost plain_post(const FeedItem& item, const Document& document);

/// The text after a label up to the next tag: label_in("<p>Severity: none</p>", "Severity:") is "none". "" if not
/// there.
std::string label_in(std::string_view html, std::string_view label);
/// The last part of a link or id: "…/incidents/abc" is "abc".
std::string last_segment(std::string_view link);

/// Long enough that nobody still waits for a post, short enough that a forgotten one does not stay for ever.
inline constexpr Duration forgotten_after = 24h * 15;

}  // namespace outaged::probes
