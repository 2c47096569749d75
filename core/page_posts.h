// What a page has posted over time: its incidents and maintenances as objects that live from reading to reading, each
// upserted by its page and the provider's own id. What the page says of when, and what we saw ourselves, are kept
// apart: a provider can write any time into a post. Pure; owned by the pipeline, beside the engine (it decides
// nothing).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/page.h"

namespace outaged {

struct PagePost {
  enum class Kind : std::uint8_t { incident = 0, maintenance };  // persisted: append only
  PageId page{};
  Kind kind = Kind::incident;
  std::string id;                                       // the provider's; the post's name where the format has none
  std::string name, status, impact, url;                // the document's own words
  bool open = false;                                    // as last listed (a maintenance: in progress); false once gone
  std::vector<std::string> components = {};             // page components it touches
  std::optional<Timestamp> created = {}, updated = {};  // as the page says, and it may have been written later
  std::optional<Timestamp> started = {}, ended = {};    // likewise: of the trouble, or the maintenance's window
  std::vector<PageUpdate> updates = {};                 // oldest first
  Timestamp first_seen{}, last_seen{};                  // our own readings that listed it
  std::optional<Timestamp> absent = {};  // our last reading without it; nullopt: it was there from the first on
  std::optional<Timestamp> gone = {};    // it was open when last listed, and was listed no more at this time
  bool seen_open = false;                // some reading of ours had it open
  bool backdated = false;                // the page dates it before it can have been there
  bool resolved_only = false;            // published when it was already over: nobody was ever warned by it
  std::string document = {};             // hash of the document that first had it as it stands here
};

/// Posts are called backdated from this much on: caches hold documents back for minutes.
inline constexpr Duration backdated_least = 5min;
/// A post over within this much of its publication was published as over.
inline constexpr Duration resolved_only_most = 60s;
/// Of one document; open ones first, then the newest.
inline constexpr std::size_t max_page_posts = 300;
/// How far the stored `last_seen` of a post that does not change may lag.
inline constexpr Duration last_seen_precision = 24h;

class PagePosts {
 public:
  /// Posts known before a restart.
  void restore(std::vector<PagePost> posts);
  /// The posts that this reading changed, as they stand now. A document that cannot be read, or that does not list what
  /// is open, makes nothing go away.
  std::vector<PagePost> take(PageId page, Timestamp at, const PageReport& report, const std::string& document);

 private:
  using Key = std::pair<PagePost::Kind, std::string>;
  struct Page {
    std::map<Key, PagePost> known;
    std::optional<Timestamp> listed;  // our last reading that lists what is open
  };
  std::map<PageId, Page> pages_;
};

}  // namespace outaged
