// The pages of the catalog: the declared format exists, suits the address where the address tells, and asks for documents.
#include <doctest/doctest.h>

#include <algorithm>

#include "config/catalog.h"
#include "core/page_formats.h"
#include "probes/pages/detect.h"
#include "probes/registry.h"

namespace outaged::probes {

TEST_CASE("the catalog's pages are of the format that detection by their address would choose") {
  int told = 0;
  const config::Catalog catalog;
  for (const config::CatalogEntry& entry : catalog.entries()) {
    CAPTURE(entry.name);
    const config::CatalogFacts facts = config::catalog_facts(entry).first;
    if (facts.page_url.empty() || facts.page_format == automatic_page_format) continue;
    const PageFormat* format = page_format(facts.page_format);
    REQUIRE(format != nullptr);
    CHECK(!format->documents(facts.page_url).empty());
    const auto by_address = formats_of(facts.page_url);
    if (by_address.empty()) continue;  // it is found out from what the page serves
    ++told;
    CHECK(std::find(by_address.begin(), by_address.end(), facts.page_format) != by_address.end());
  }
  CHECK(told >= 12);
}

}  // namespace outaged::probes
