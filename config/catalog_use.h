// `use:` in the list of services: each is replaced by the catalog entry's service, completed from what stands beside
// it. Called by the loader, between parsing and reading; reports all that is wrong, and throws nothing.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "config/catalog.h"
#include "config/reader.h"
#include "config/yaml.h"

namespace outaged::config {

/// The name under which a built-in entry's mistakes are shown; that of an override is its file.
std::string catalog_place(const CatalogEntry& entry);

/// Replaces the items of `services` that have the key `use`; the new ones are kept in `made`. `directory`: of
/// overrides, empty for the default. What was used is returned, each entry once.
std::vector<CatalogEntry> use_catalog(Reader& reader, const std::string& directory, std::vector<const Node*>& services,
                                      std::deque<Node>& made);

/// The entry as a service, as if `user` (a map with the key `use`) stood in the configuration; of kind null if that
/// cannot be, which is reported.
Node service_of(Reader& reader, const CatalogEntry& entry, const Node& user);

/// The keys of an entry's text, read and checked; `service` is null if it has none.
struct EntryDocument {
  CatalogFacts facts;
  const Node* settings = nullptr;
  const Node* service = nullptr;
};
EntryDocument read_entry(Reader& reader, const CatalogEntry& entry, const Node& root);

}  // namespace outaged::config
