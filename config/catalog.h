// The catalog: services that need not be written, only named (`use: anthropic`). An entry is a YAML file of catalog/,
// put into the program when it is built; a file of the same name in catalog.d replaces it whole. Its `service` is
// written as any other service, with <settings> that are filled in from beside `use`; a target that mentions a setting
// which has no value is left out. Called by the configuration's loader and by `outaged catalog`; on the calling thread.
// Reads files of one directory; never touches the network, and no entry holds a secret.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"

namespace outaged::config {

inline constexpr const char* default_catalog_path = "/etc/outaged/catalog.d";

struct CatalogEntry {
  std::string name;  // what stands after `use:`; the file's name without .yaml
  std::string text;  // YAML
  std::string file;  // where it was read from; empty: built in
};

class Catalog {
 public:
  /// What is built in, with the *.yaml of `directory` over it. Empty: that of default_catalog_path, which need not
  /// exist. A file that cannot be read or has no fit name is among the problems.
  explicit Catalog(const std::string& directory = {});

  const std::vector<CatalogEntry>& entries() const { return entries_; }  // in order of name
  const std::vector<Problem>& problems() const { return problems_; }
  const CatalogEntry* find(std::string_view name) const;
  /// The name most like this one; empty if none is.
  std::string nearest(std::string_view name) const;

 private:
  std::vector<CatalogEntry> entries_;
  std::vector<Problem> problems_;
};

/// What an entry says of itself, apart from its service.
struct CatalogFacts {
  int version = 0;  // raised with each change of the entry
  std::string summary;
  std::string page_url, page_format;                          // empty: it has no page
  std::vector<std::pair<std::string, std::string>> settings;  // name and default; "": it has none
  std::string key;                                            // what a key unlocks; empty: it takes none
  std::string without_key;                                    // what cannot be seen without one
  std::string permissions;                                    // the least that a key must be allowed
};
/// The facts, and what is wrong with the entry: with them, and with its service as it is without any setting.
std::pair<CatalogFacts, std::vector<Problem>> catalog_facts(const CatalogEntry& entry);

}  // namespace outaged::config
