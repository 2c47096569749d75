// The record of every status page, from what is stored, as a table for people and as JSON. Used by `outaged report
// --pages`, the API and metrics; pure but for reading the given history.
#pragma once

#include <mutex>
#include <string>
#include <vector>

#include "core/page_record.h"
#include "daemon/api_json.h"
#include "storage/history.h"

namespace outaged {

struct PageReportRow {
  std::string service, title, url;
  PageRecord record;  // over all its components
  struct Part {
    std::string component;  // "api"
    PageRecord record;
  };
  std::vector<Part> components;  // those that we probe
};

/// Services with a page, in the topology's order. Errors: what the history could not read.
Result<std::vector<PageReportRow>> report_pages(storage::History& history, const Topology& topology, Timestamp since,
                                                Timestamp now);

Json page_report_json(const PageReportRow& row);
std::string page_report_table(const std::vector<PageReportRow>& rows);

/// The same for who asks every few seconds: made anew once it is older than `page_report_every`. Any thread.
inline constexpr Duration page_report_every = 5min;
inline constexpr Duration page_report_span = 90 * 24h;
class PageReports {
 public:
  explicit PageReports(std::string database) : database_(std::move(database)) {}
  /// Never null; an older one, or an empty one, while it cannot be made.
  std::shared_ptr<const std::vector<PageReportRow>> get(const Topology& topology, Timestamp now);

 private:
  const std::string database_;
  std::mutex mutex_;
  std::shared_ptr<const std::vector<PageReportRow>> latest_ = std::make_shared<std::vector<PageReportRow>>();
  std::string hash_;
  Timestamp made_ = never_past;
};

}  // namespace outaged
