#include "config/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <system_error>

#include "config/catalog_settings.h"
#include "config/catalog_use.h"
#include "config/reader.h"
#include "config/sections.h"
#include "config/values.h"
#include "config/yaml.h"
#include "core/text.h"
#include "embedded/catalog.h"

namespace outaged::config {
namespace {

constexpr std::string_view ending = ".yaml";

std::string stem(std::string_view file) {
  if (file.ends_with(ending)) file.remove_suffix(ending.size());
  return std::string(file);
}

}  // namespace

Catalog::Catalog(const std::string& directory) {
  std::map<std::string, CatalogEntry> found;
  for (const auto& [file, text] : embedded::catalog()) found[stem(file)] = {stem(file), std::string(text), {}};

  std::error_code error;
  const std::string where = directory.empty() ? default_catalog_path : directory;
  std::filesystem::directory_iterator it(where, error);
  // Nobody need have the default one.
  if (error && (!directory.empty() || error != std::errc::no_such_file_or_directory))
    problems_.push_back({{where, 0, 0}, fmt::format("cannot be read: {}", error.message())});
  for (const std::filesystem::directory_iterator end; !error && it != end; it.increment(error)) {
    const std::string path = it->path().string(), file = it->path().filename().string();
    if (!file.ends_with(ending) || file.starts_with(".")) continue;
    if (!is_name(stem(file))) {
      problems_.push_back(
          {{path, 0, 0},
           "an entry is used by its file's name, so that must be of a-z, 0-9, _ and -, and end in .yaml"});
      continue;
    }
    std::ifstream in(path, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in)
      problems_.push_back({{path, 0, 0}, "cannot be read"});
    else
      found[stem(file)] = {stem(file), std::move(text), path};
  }
  for (auto& [name, entry] : found) entries_.push_back(std::move(entry));
}

const CatalogEntry* Catalog::find(std::string_view name) const {
  const auto it =
      std::find_if(entries_.begin(), entries_.end(), [&](const CatalogEntry& each) { return each.name == name; });
  return it == entries_.end() ? nullptr : &*it;
}

std::string Catalog::nearest(std::string_view name) const {
  std::vector<std::string_view> names;
  for (const CatalogEntry& entry : entries_) names.push_back(entry.name);
  return std::string(outaged::nearest(name, names));
}

std::pair<CatalogFacts, std::vector<Problem>> catalog_facts(const CatalogEntry& entry) {
  CatalogFacts facts;
  Reader own;  // what is wrong is collected below, by using it
  own.files.push_back({catalog_place(entry), {}});
  if (const Yaml document = parse_yaml(entry.text); document.complete) {
    EntryDocument read = read_entry(own, entry, document.root);
    for (const Settings::Default& each : Settings(own, read.settings).defaults())
      read.facts.settings.emplace_back(each.name, each.value);
    facts = std::move(read.facts);
  }
  Reader reader;
  reader.files.push_back({"", {}});  // of the use: that it needs a setting is no mistake of the entry
  const Yaml user = parse_yaml("use: " + entry.name);
  const Node service = service_of(reader, entry, user.root);
  if (service.kind == Node::Kind::map) {
    std::vector<Service> services;
    read_services(reader, {&service}, {}, services);
  }
  std::erase_if(reader.problems, [](const Problem& problem) { return problem.at.file.empty(); });
  reader.sort();
  return {std::move(facts), std::move(reader.problems)};
}

}  // namespace outaged::config
