// The pages of the catalog: the declared format exists, suits the address where the address tells, and asks for documents.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "config/catalog.h"
#include "core/page_formats.h"
#include "probes/pages/detect.h"
#include "probes/registry.h"
#include "tests/probes/fixtures.h"

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

TEST_CASE("the catalog's page components are those of recorded pages, where the pages name any of their own accord") {
  // Of these only incidents were recorded, or what they name is a region or a service of the user's choice.
  const std::set<std::string> incidents_only = {"aws", "azure_rss", "google_workspace"};
  const std::string folder = test::fixture_root() + "/statuspages";
  if (!std::filesystem::exists(folder)) {
    std::cout << "SKIPPED: no recorded pages at " << folder << " (set OUTAGED_FIXTURES)\n";
    return;
  }
  std::string recorded = test::read_bytes(folder + "/FORMATS.md");
  for (const auto& file : std::filesystem::recursive_directory_iterator(folder + "/samples"))
    if (file.is_regular_file()) recorded += test::read_bytes(file.path().string());

  int found = 0;
  const config::Catalog catalog;
  for (const config::CatalogEntry& entry : catalog.entries()) {
    const config::Loaded loaded = config::load_text("services: [{use: " + entry.name + "}]", "c.yaml");
    REQUIRE(loaded.config);
    const config::Service& service = loaded.config->services.at(0);
    if (!service.page || incidents_only.contains(service.page->format)) continue;
    for (const config::Component& component : service.components)
      for (const std::string& id : component.page.components) {
        CAPTURE(component.name);
        CAPTURE(id);
        CHECK(recorded.find(id) != std::string::npos);
        ++found;
      }
  }
  CHECK(found >= 60);
}

}  // namespace outaged::probes
