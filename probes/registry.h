// Every probe kind and page format we know, as explicit tables. To add one: one file and one line in registry.cpp.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/clock.h"
#include "core/result.h"
#include "probes/probe.h"

namespace outaged::probes {

struct Kind {
  std::string_view name;
  std::shared_ptr<const Probe> (*make)(const config::Target& target, const config::Egress& egress);
};
const std::vector<Kind>& kinds();
/// Errors: a kind that is not in the table.
outaged::Result<std::shared_ptr<const Probe>> make_probe(const config::Target& target, const config::Egress& egress);
std::shared_ptr<const Probe> make_control(const config::Control& control, const config::Egress& egress);

/// A page format: pure, fuzzed. `now` is the reader's clock (maintenance to come or in progress).
struct PageFormat {
  std::string_view name;
  PageReport (*parse)(std::string_view body, Timestamp now);
  /// URLs to fetch for this page, in order: the first carries the claim, the rest add to it.
  std::vector<std::string> (*documents)(const std::string& page_url);
  /// Adds what a further document tells (incidents.json) to the report of the first.
  void (*merge)(PageReport& report, std::string_view body, std::size_t document, Timestamp now);
};
const std::vector<PageFormat>& page_formats();
const PageFormat* page_format(std::string_view name);
/// Remembers ETag and Last-Modified of the last answers: the one probe with memory, guarded for its single loop.
std::shared_ptr<const Probe> make_page_probe(const config::Page& page, const config::Egress& egress, const Clock& clock);

}  // namespace outaged::probes
