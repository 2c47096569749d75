// From a document's bytes to a report, by a given format or by whichever recognises it; and several documents' reports
// made into one. Used by the page probe and `outaged page`. Pure; any thread; bounded; never throws.
#pragma once

#include <string_view>

#include "core/page.h"
#include "probes/pages/document.h"
#include "probes/registry.h"

namespace outaged::probes {

/// The format is known: an empty list is then its "nothing open".
PageReport read_page(const PageFormat& format, std::string_view body, const PageContext& context);

/// The format is found out: by the address where that suits one (pages/detect.h), else by the document's own marks, in
/// the table's order. Unreadable, with what the document is, if none recognises it. Does not trust an address alone
/// with more than an empty list.
PageReport detect_page(std::string_view body, const PageContext& context);

/// Adds what a further document of the same page tells: components, states that the first left open, incidents (only
/// closed ones if the first lists what is open), maintenance; and claims anew.
void merge_page(PageReport& report, const PageReport& further);

}  // namespace outaged::probes
