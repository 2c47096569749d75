// The page probe: reads a status page as politely as it can, and finds out its format where that is not given. Internal
// to page_probe.cpp (what to ask, how a run ends, the search) and page_reading.cpp (what the documents say). Called on
// the loop's thread; what it remembers between runs is guarded all the same. Never performs I/O.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/clock.h"
#include "probes/pages/page_search.h"
#include "probes/probe.h"
#include "probes/registry.h"

namespace outaged::probes {

/// What one run remembers between its requests.
struct PageRun {
  std::optional<PageSearch> search;  // while the format is not known
  const PageFormat* format = nullptr;
  std::vector<std::string> documents;
  bool lesser = false;  // found, but not the document that its format begins with
  std::size_t own = 0;  // of them; behind these stand the pages of a list, which belong to this run alone
  std::size_t document = 0;
  int redirects = 0;
  bool redirected = false;  // to another host
  Request asked;
  std::shared_ptr<PageReport> report;
  std::shared_ptr<PageDocument> source;
};

/// What is known from earlier runs.
struct PageMemory {
  const PageFormat* format = nullptr;  // and its documents
  std::vector<std::string> documents;
  // The last good reading.
  std::shared_ptr<const PageReport> report;
  std::shared_ptr<const PageDocument> source;
  bool complete = false;          // every further document has been read for it too
  bool lesser = false;            // of that reading: the better document may be there another time
  std::string host;               // that served it
  int failures = 0;               // of the anchor, in a row
  int pause = 0, next_pause = 1;  // runs to let pass before the next search
  std::string problem;            // of the last search
};

class PageProbe : public Probe {
 public:
  PageProbe(const config::Page& page, const config::Egress& egress, const Clock& clock);
  Ask first() const override;
  Step next(const Response& response, Run& run) const override;

 private:
  std::shared_ptr<PageRun> begin() const;
  bool must_search(const PageMemory& memory) const;
  Request request(const std::string& url) const;
  Request conditional(const PageMemory& memory) const;
  Step step(const Response& response, PageRun& run) const;
  Step search(const Response& response, PageRun& run) const;
  Step found(const Response& response, PageSearch::Found found, PageRun& run) const;
  Step read_claim(const Response& response, PageRun& run) const;
  Step unchanged(const Response& response, const PageMemory& memory, PageRun& run) const;
  Step take(const Response& response, PageReport report, PageRun& run) const;
  Step ask_next(PageRun& run) const;
  Step read_further(const Response& response, PageRun& run) const;
  std::optional<std::string> redirect(const Response& response, PageRun& run) const;
  static Step follow(const std::string& target, PageRun& run);
  std::shared_ptr<PageDocument> source_of(const Response& response, const PageRun& run) const;
  Finding unreadable(const Response& response, const std::string& problem, Class cls) const;
  Finding anchor_failed(Finding finding) const;
  Finding conclude(PageRun& run, bool complete) const;
  PageMemory recall() const;

  const config::Page page_;
  const bool automatic_;
  const std::string user_agent_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  mutable PageMemory memory_;
};

/// Of a URL; "" if it is none.
std::string host_of_page(const std::string& url);

}  // namespace outaged::probes
