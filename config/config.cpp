#include "config/config.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <system_error>
#include <utility>

#include "config/alternatives.h"
#include "config/catalog_use.h"
#include "config/reader.h"
#include "config/sections.h"
#include "config/yaml.h"
#include "core/text.h"

namespace outaged::config {
namespace {

constexpr std::string_view lists[] = {"services", "receivers", "routes"};
constexpr std::string_view sections[] = {"catalog", "egress", "web", "probing", "ingest", "storage", "log", "defaults", "controls"};

/// The files' top levels joined: lists appended in order, each section from the one file that has it.
struct Joined {
  std::map<std::string_view, std::vector<const Node*>> lists;
  std::map<std::string_view, const Node*> sections;
  std::map<std::string_view, Position> given;  // where a section was first
};

template <class Range>
std::string_view find(const Range& range, const std::string& key) {
  const auto it = std::find(std::begin(range), std::end(range), key);
  return it == std::end(range) ? std::string_view{} : *it;
}

void join(Reader& reader, const Node& root, Joined& out) {
  if (root.kind == Node::Kind::null) return;
  if (root.kind != Node::Kind::map) {
    if (root.kind != Node::Kind::invalid)
      reader.problem(root, fmt::format("the configuration must be a map of keys, not {}", spell(root.kind)));
    return;
  }
  Section top(reader, root, "the configuration");
  for (const std::string_view key : sections) {
    const Node* node = top.get(key);
    if (!top.has(key)) continue;
    const auto [first, fresh] = out.given.emplace(key, top.place(key));
    if (!fresh)
      reader.problem(top.place(key), fmt::format("{} is given twice; the first is at {}:{}:{}", key, first->second.file,
                                                 first->second.line, first->second.column));
    else if (node != nullptr)
      out.sections[key] = node;
  }
  for (const std::string_view key : lists) {
    const auto items = top.list(key);
    out.lists[key].insert(out.lists[key].end(), items.begin(), items.end());
  }
  top.finish();
}

struct Source {
  std::string name, base, text;
};

Loaded build(Reader& reader, const std::vector<Source>& sources, const std::string& whole, std::string catalog_path) {
  Config config;
  std::vector<Yaml> documents;
  documents.reserve(sources.size());  // nodes are pointed at
  std::string bytes;
  bool complete = true;
  std::set<std::pair<std::string, int>> guessed;  // lines of which we only know that a quote is missing
  for (const Source& source : sources) {
    const int file = static_cast<int>(reader.files.size());
    reader.files.push_back({source.name, source.base});
    config.files.push_back(source.name);
    bytes += source.text;
    documents.push_back(parse_yaml(source.text, file));
    for (const YamlProblem& problem : documents.back().problems)
      reader.problem({source.name, problem.line, problem.column}, problem.message);
    complete = complete && documents.back().complete;
    if (documents.back().mended) guessed.emplace(source.name, documents.back().guessed_line);
  }
  const std::size_t syntax = reader.problems.size();

  Joined joined;
  for (const Yaml& document : documents)
    if (document.complete || document.mended) join(reader, document.root, joined);
  const bool joined_well = reader.problems.empty();
  const auto section = [&](std::string_view key) {
    return joined.sections.contains(key) ? joined.sections[key] : nullptr;
  };
  if (const Node* node = section("egress")) read_egress(reader, *node, config.egress);
  if (const Node* node = section("web")) read_web(reader, *node, config.web);
  if (const Node* node = section("probing")) read_probing(reader, *node, config.probing);
  if (const Node* node = section("ingest")) read_ingest(reader, *node, config.ingest);
  if (const Node* node = section("storage")) read_storage(reader, *node, config.storage);
  if (const Node* node = section("log")) read_log(reader, *node, config.log);
  Defaults defaults;
  if (const Node* node = section("defaults")) read_defaults(reader, *node, defaults);
  read_controls(reader, section("controls"), config);
  if (const Node* node = section("catalog")) read_catalog(reader, *node, catalog_path);
  std::deque<Node> made;  // services of the catalog, which the list points to
  std::vector<std::string> entries;
  for (const CatalogEntry& entry : use_catalog(reader, catalog_path, joined.lists["services"], made)) {
    entries.push_back(catalog_place(entry));
    bytes += entry.text;  // another entry is another configuration
    if (!entry.file.empty()) config.files.push_back(entry.file);
  }
  config.hash = sha256_hex(bytes);
  read_services(reader, joined.lists["services"], defaults, config.services);
  if (complete) check_alternatives(reader, entries, config.services);
  read_receivers(reader, joined.lists["receivers"], config.receivers);
  // A file that could not be read may hold the names that routes refer to, and the services that are missing.
  if (complete) {
    read_routes(reader, joined.lists["routes"], config);
    if (config.services.empty() && joined_well)
      reader.problem({whole, 0, 0}, "no services, so nothing to watch; add one under services:");
  }

  const auto content = reader.problems.begin() + static_cast<std::ptrdiff_t>(syntax);
  reader.problems.erase(std::remove_if(content, reader.problems.end(),
                                       [&](const Problem& problem) { return guessed.contains({problem.at.file, problem.at.line}); }),
                        reader.problems.end());
  reader.sort();
  config.notes = std::move(reader.notes);
  Loaded loaded;
  loaded.problems = std::move(reader.problems);
  if (loaded.problems.empty()) loaded.config = std::move(config);
  return loaded;
}

/// The bytes of a file; at most a little more than the parser takes, so that it can say that it is too much.
std::optional<std::string> slurp(Reader& reader, const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    reader.problem({path, 0, 0}, error ? fmt::format("cannot be read: {}", error.message()) : "is not a regular file");
    return std::nullopt;
  }
  std::ifstream in(path, std::ios::binary);
  std::string text;
  std::array<char, 64 * 1024> buffer{};
  while (in && text.size() <= yaml_size_limit) {
    in.read(buffer.data(), buffer.size());
    text.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad() || (!in.eof() && text.size() <= yaml_size_limit)) {
    reader.problem({path, 0, 0}, fmt::format("cannot be read: {}", std::generic_category().message(errno)));
    return std::nullopt;
  }
  return text;
}

std::vector<std::string> yaml_files(Reader& reader, const std::string& directory) {
  std::vector<std::string> out;
  std::error_code error;
  for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string(), extension = it->path().extension().string();
    std::error_code ignored;
    if (!name.starts_with(".") && (extension == ".yaml" || extension == ".yml") && !it->is_directory(ignored))
      out.push_back(it->path().string());
  }
  if (error)
    reader.problem({directory, 0, 0}, fmt::format("cannot be read: {}", error.message()));
  else if (out.empty())
    reader.problem({directory, 0, 0}, "holds no *.yaml or *.yml file");
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

Loaded load(const std::string& path, const std::string& catalog_path) {
  Reader reader;
  std::error_code error;
  std::vector<std::string> files;
  if (std::filesystem::is_directory(path, error))
    files = yaml_files(reader, path);
  else
    files.push_back(path);

  std::vector<Source> sources;
  for (const std::string& file : files)
    if (auto text = slurp(reader, file))
      sources.push_back({file, std::filesystem::path(file).parent_path().string(), std::move(*text)});
  if (sources.empty()) return {std::nullopt, std::move(reader.problems)};
  return build(reader, sources, path, catalog_path);
}

Loaded load_text(std::string_view text, const std::string& name, const std::string& base) {
  Reader reader;
  return build(reader, {{name, base, std::string(text)}}, name, {});
}

}  // namespace outaged::config
