// The status-page formats, one file each; listed in registry.cpp. All are pure and take any bytes without harm
// (tests/fuzz). The shapes and their meanings are the vendors': each file names its source.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/page.h"

namespace outaged::probes::statuspage {

/// Atlassian Statuspage v2: summary.json, status.json, components.json, incidents.json, scheduled-maintenances.json, or
/// a bare array of components or incidents.
PageReport parse(std::string_view body, Timestamp now);
/// summary.json carries the claim, incidents.json what has been resolved.
std::vector<std::string> documents(const std::string& page_url);
/// Adds the closed incidents of incidents.json. What is open, only the summary says: the two are cached apart.
void merge(PageReport& report, std::string_view body, std::size_t document, Timestamp now);

}  // namespace outaged::probes::statuspage
