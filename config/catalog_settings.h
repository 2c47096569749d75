// The settings of a catalog entry: names in angle brackets in its service, filled in from what the user writes beside
// `use`, or with the entry's default. Used by config/catalog_use.cpp only; on the loader's thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/reader.h"
#include "config/yaml.h"

namespace outaged::config {

class Settings {
 public:
  /// `declared`: the entry's `settings`, a map of names to defaults (no value: none), or null for none. Reported if
  /// wrong.
  Settings(Reader& reader, const Node* declared);

  /// The keys that may stand beside `use`: the names; and of one that is a secret name_file, name_env, name_credential.
  std::vector<std::string> keys() const;
  /// Takes a value from the user: `key` is one of keys(). `value` must outlive this.
  void set(const Node& key, const Node& value);
  bool has(std::string_view name) const { return find(name) != nullptr; }
  /// Whether there is a value, the user's or a default.
  bool given(std::string_view name) const;

  struct Default {
    std::string name, value;  // value: empty if it has none
  };
  std::vector<Default> defaults() const;

  /// Fills in every <name> below `node` that stands in the file numbered `file`: other nodes are the user's own. A
  /// map's key whose value is <name or none> goes away if it has no value. Adds to `missing` what is mentioned and has
  /// no value.
  void fill(Node& node, int file, std::vector<std::string>& missing) const;

 private:
  struct Setting {
    std::string name;
    const Node* initial = nullptr;  // the default; null: none
    const Node* value = nullptr;    // the user's; null: not given
    std::string suffix;             // of the user's key: "", "_file", "_env", "_credential"
  };
  const Setting* find(std::string_view name) const;
  void fill_map(Node& node, int file, std::vector<std::string>& missing) const;
  void fill_text(Node& node, std::vector<std::string>& missing) const;

  Reader& reader_;
  std::vector<Setting> settings_;
};

}  // namespace outaged::config
