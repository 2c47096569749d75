// One search for a page's format, within one run of the page probe: candidate documents in order, one after the other,
// until one is recognised. Performs no I/O: it says what to ask next and judges what came back. Owned by a run.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "core/page.h"
#include "probes/pages/detect.h"
#include "probes/probe.h"

namespace outaged::probes {

class PageSearch {
 public:
  explicit PageSearch(const std::string& page_url);

  /// The document to ask for next; nullopt: the search has ended without a find.
  std::optional<std::string> next() const;

  struct Found {
    std::string format, url;  // url: of the document, after redirects
    PageReport report;
  };
  /// What became of it. `url` is the one that answered, after redirects that were followed. Advances to the next
  /// candidate where nothing was found.
  std::optional<Found> judge(const Response& response, const std::string& url, Timestamp now);
  /// A redirect that leads away from the document: if to another host's page by https, the search goes on there.
  void redirected(const std::string& target);

  /// Why nothing was found, for people.
  std::string problem() const;
  /// The page could not be asked at all, or asks to be left alone: not a question of format.
  bool in_vain() const { return in_vain_; }
  /// It went on at another host, to which the page's own had sent it.
  bool moved() const { return moves_ > 0; }

 private:
  void advance();
  void rebase(const std::string& page_url);

  std::string page_url_;
  std::deque<Candidate> left_;
  int asked_ = 0, broken_ = 0, moves_ = 0;
  Micros spent_{};
  bool answered_ = false, in_vain_ = false;
  std::string problem_;  // the most telling so far
};

}  // namespace outaged::probes
