// The published picture in Prometheus' text format. Called by GET /metrics on web threads, several at once; pure but for
// what the process itself costs. Never throws for what is in the picture: text from outside is made valid UTF-8 first,
// because one bad byte makes Prometheus drop the whole scrape.
// Every name is described in docs/metrics.md; a test compares the two lists.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/page_report.h"
#include "daemon/published.h"

namespace outaged {

/// Content type of what render_metrics returns.
inline constexpr std::string_view metrics_content_type = "text/plain; version=0.0.4; charset=utf-8";

/// `version` is this program's, for outaged_build_info; `pages` is every page's record.
std::string render_metrics(const Published& published, std::string_view version = "unknown",
                           const std::vector<PageReportRow>& pages = {});

}  // namespace outaged
