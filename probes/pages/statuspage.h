// The shape that Atlassian Statuspage gave its documents and that others serve too (incident.io's compatible API,
// OpenStatus): read once, for all of them. Pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/page.h"
#include "probes/pages/document.h"

namespace outaged::probes {

/// summary.json, status.json, components.json, incidents.json, scheduled-maintenances.json, or a bare array of
/// components or incidents. False: not of that shape, and `report.problem` says why, naming `vendor`.
bool read_statuspage_shape(const Document& document, PageReport& report, std::string_view vendor);

/// The page's URL without what follows it in a document's ("/api/v2/…"), query, fragment and final slash.
std::string page_base(const std::string& url, std::initializer_list<std::string_view> document_paths);

}  // namespace outaged::probes
