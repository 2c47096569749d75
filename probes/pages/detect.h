// Which format a page is of: what its address says, and which documents to ask for where it does not say enough.
// The order is that of cheapness and certainty. Used by detect_page() and the page probe. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace outaged::probes {

/// A document that may tell, and whose it would be if it does.
struct Candidate {
  std::string url;
  std::string format;  // of a known address: then even an empty list counts; empty: whichever recognises the document
};

/// The formats that suit an address (of a page or of a document): exact hosts, vendors' domains, paths. May be empty.
std::vector<std::string_view> formats_of(const std::string& url);

/// What to ask for a page of which nothing is known but its address; at most max_candidates.
std::vector<Candidate> candidates(const std::string& page_url);
inline constexpr std::size_t max_candidates = 45;

/// What the page's own HTML gives away: ids of Status.io, UptimeRobot, Flashduty and Checkly pages, feeds of its own
/// host. At most a few; links to elsewhere are not taken.
std::vector<Candidate> candidates_in_html(const std::string& page_url, std::string_view html);

}  // namespace outaged::probes
