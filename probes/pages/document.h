// One fetched document of a status page, taken apart once for whichever format reads it, and what is known around it:
// the reader's clock, where it came from. Made by read_page() (probes/registry.h). Not copied, not shared: one thread.
// Never throws; bounded by the document's size.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "core/time.h"
#include "probes/feed.h"

namespace outaged::probes {

struct PageContext {
  Timestamp now{};  // the reader's clock: maintenance to come or in progress, what lies in the future
  std::string url;  // of the document or of the page; empty: unknown
};

class Document {
 public:
  enum class Kind : std::uint8_t { json, feed, html, other };

  Document(std::string_view body, PageContext context);
  ~Document();
  Document(const Document&) = delete;
  Document& operator=(const Document&) = delete;

  Kind kind() const { return kind_; }
  /// Null (the JSON value) where the document is no JSON.
  const nlohmann::json& json() const { return *json_; }
  /// Null (the pointer) where the document is no feed.
  const Feed* feed() const { return feed_.get(); }
  /// Why it is neither JSON nor a feed, in one line for people.
  const std::string& problem() const { return problem_; }
  /// What it is, for "but not a … document": "JSON (keys: a, b)", "an RSS feed (\"Example Status\")".
  std::string describe() const;
  /// Why it is not this vendor's: "JSON (keys: a, b), but not a Statuspage document: no status.indicator".
  std::string stranger(std::string_view vendor, std::string_view anchor) const;

  Timestamp now() const { return context_.now; }
  const std::string& url() const { return context_.url; }
  /// The format is known from elsewhere (the configuration, the host, an earlier reading): then an empty list is this
  /// format's "nothing open". Without that it says nothing.
  bool trusted() const { return trusted_; }
  void trust(bool trusted) { trusted_ = trusted; }

 private:
  Kind kind_ = Kind::other;
  std::unique_ptr<nlohmann::json> json_;
  std::unique_ptr<Feed> feed_;
  std::string problem_;
  PageContext context_;
  bool trusted_ = false;
};

}  // namespace outaged::probes
