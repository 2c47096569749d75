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

namespace llm {
class Ledger;
}
class Document;

struct Kind {
  std::string_view name;
  std::shared_ptr<const Probe> (*make)(const config::Target& target, const config::Egress& egress);
};
const std::vector<Kind>& kinds();
/// Errors: a kind that is not in the table. `ledger`: what paid probes share; null: this one has a ledger of its own.
outaged::Result<std::shared_ptr<const Probe>> make_probe(const config::Target& target, const config::Egress& egress,
                                                         const std::shared_ptr<llm::Ledger>& ledger = nullptr);
std::shared_ptr<const Probe> make_control(const config::Control& control, const config::Egress& egress);

/// A page format: pure, fuzzed. See pages/formats.h.
struct PageFormat {
  std::string_view name;
  void (*read)(const Document& document, PageReport& report);
  /// URLs to fetch for this page, in order: the first carries the claim, the rest add to it.
  std::vector<std::string> (*documents)(const std::string& url);
  /// The rest carry a part of the claim too: they are asked for even when the first has not changed.
  bool every = false;
};
const std::vector<PageFormat>& page_formats();
const PageFormat* page_format(std::string_view name);
/// Remembers ETag and Last-Modified of the last answers: the one probe with memory, guarded for its single loop.
std::shared_ptr<const Probe> make_page_probe(const config::Page& page, const config::Egress& egress, const Clock& clock);

}  // namespace outaged::probes
