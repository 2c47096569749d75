// From a page's report to the claim about one of our components (design: a page component mapped to it speaks for it;
// the page as a whole only if none is mapped; an open incident that touches it lifts it). Pure.
#pragma once

#include <string>
#include <vector>

#include "core/model.h"
#include "core/page.h"

namespace outaged::probes {

/// `components`: ids of page components, names as a fallback (exact, then ignoring case); empty: the page as a whole.
/// A component that is not in the document gives `unknown` and a text that says which. Fields component, document and
/// url are left to the caller.
Claim claim_of(const PageReport& report, const std::vector<std::string>& components);

/// The reader's fields as JSON, for `outaged page --json`: format, readable, page, claim, components{total, groups,
/// leaves, by_claim, named}, incidents{open, resolved, named}, maintenance{active, scheduled}, document_time.
std::string report_json(const PageReport& report);

}  // namespace outaged::probes
