#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "config/catalog.h"
#include "core/text.h"
#include "daemon/commands.h"

namespace outaged::commands {
namespace {

using ordered = nlohmann::ordered_json;

std::string origin(const config::CatalogEntry& entry) { return entry.file.empty() ? "built in" : entry.file; }

ordered as_json(const config::CatalogEntry& entry, const config::CatalogFacts& facts,
                const std::vector<std::string>& problems) {
  ordered settings = ordered::object();
  for (const auto& [name, value] : facts.settings) settings[name] = value.empty() ? ordered(nullptr) : ordered(value);
  ordered out = {
      {"name", entry.name}, {"version", facts.version}, {"summary", facts.summary}, {"origin", origin(entry)}};
  out["page"] =
      facts.page_url.empty() ? ordered(nullptr) : ordered{{"url", facts.page_url}, {"format", facts.page_format}};
  out["settings"] = std::move(settings);
  out["key"] = facts.key;
  out["without_key"] = facts.without_key;
  out["permissions"] = facts.permissions;
  out["problems"] = problems;
  return out;
}

}  // namespace

int catalog_list(const Source& source, bool json) {
  const config::Catalog catalog(source.catalog_path);
  std::vector<std::string> wrong;
  for (const config::Problem& problem : catalog.problems()) wrong.push_back(to_string(problem));
  std::size_t width = 0;
  for (const config::CatalogEntry& entry : catalog.entries()) width = std::max(width, entry.name.size());
  ordered all = ordered::array();
  for (const config::CatalogEntry& entry : catalog.entries()) {
    const auto [facts, problems] = config::catalog_facts(entry);
    std::vector<std::string> own;
    for (const config::Problem& problem : problems) own.push_back(to_string(problem));
    wrong.insert(wrong.end(), own.begin(), own.end());
    if (json)
      all.push_back(as_json(entry, facts, own));
    else
      fmt::print("{:<{}}  {}{}\n", entry.name, width, clean_line(facts.summary, 76),
                 entry.file.empty() ? "" : fmt::format("  ({})", clean_line(entry.file, 200)));
  }
  if (json) fmt::print("{}\n", all.dump(2, ' ', false, ordered::error_handler_t::replace));
  for (const std::string& line : wrong) fmt::print(stderr, "{}\n", line);
  return wrong.empty() ? 0 : 1;
}

int catalog_show(const Source& source, const std::string& name) {
  const config::Catalog catalog(source.catalog_path);
  for (const config::Problem& problem : catalog.problems()) fmt::print(stderr, "{}\n", to_string(problem));
  const config::CatalogEntry* entry = catalog.find(name);
  if (entry == nullptr) {
    const std::string near = catalog.nearest(name);
    fmt::print(stderr, "the catalog has no entry \"{}\"; {}\n", clean_line(name, 80),
               near.empty() ? "outaged catalog list shows them all" : "did you mean " + near + "?");
    return 1;
  }
  fmt::print("{}", entry->text);
  const auto problems = config::catalog_facts(*entry).second;
  for (const config::Problem& problem : problems) fmt::print(stderr, "{}\n", to_string(problem));
  return problems.empty() && catalog.problems().empty() ? 0 : 1;
}

}  // namespace outaged::commands
