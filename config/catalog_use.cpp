#include "config/catalog_use.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "config/catalog_settings.h"
#include "core/text.h"

namespace outaged::config {
namespace {

/// Of a service, and of whatever stands beside `use`.
constexpr std::string_view service_keys[] = {"name",      "title",    "importance", "interval",  "timeout",
                                             "detection", "mismatch", "page",       "components"};

const Node* value_of(const Node& map, std::string_view key) {
  if (map.kind != Node::Kind::map) return nullptr;
  for (std::size_t i = 0; i < map.keys.size(); ++i)
    if (map.keys[i].kind == Node::Kind::scalar && map.keys[i].text == key) return &map.items[i];
  return nullptr;
}
Node* value_of(Node& map, std::string_view key) { return const_cast<Node*>(value_of(std::as_const(map), key)); }

std::string_view name_of(const Node& node) {
  const Node* name = value_of(node, "name");
  return name != nullptr && name->kind == Node::Kind::scalar ? std::string_view(name->text) : std::string_view{};
}

Node scalar_at(const Node& place, std::string text) {
  Node out;
  out.kind = Node::Kind::scalar;
  out.text = std::move(text);
  out.file = place.file, out.line = place.line, out.column = place.column;
  return out;
}

void overlay(Node& base, const Node& over);

/// Components and targets: of the same name are laid over each other, the others are added.
void overlay_named(Node& base, const Node& over) {
  for (const Node& item : over.items) {
    const std::string_view name = name_of(item);
    const auto same = std::find_if(base.items.begin(), base.items.end(),
                                   [&](const Node& each) { return !name.empty() && name_of(each) == name; });
    if (same == base.items.end())
      base.items.push_back(item);
    else
      overlay(*same, item);
  }
}

/// The user's keys over the entry's.
void overlay(Node& base, const Node& over) {
  for (std::size_t i = 0; i < over.keys.size(); ++i) {
    const Node &key = over.keys[i], &value = over.items[i];
    Node* old = key.kind == Node::Kind::scalar ? value_of(base, key.text) : nullptr;
    if (old == nullptr) {
      base.keys.push_back(key);
      base.items.push_back(value);
    } else if ((key.text == "components" || key.text == "targets") && old->kind == Node::Kind::list &&
               value.kind == Node::Kind::list) {
      overlay_named(*old, value);
    } else if (key.text == "page" && old->kind == Node::Kind::map && value.kind == Node::Kind::map) {
      overlay(*old, value);
    } else {
      base.keys[static_cast<std::size_t>(old - base.items.data())] =
          key;  // with its place: what is wrong is wrong there
      *old = value;
    }
  }
}

/// `only: [api, code]` beside `use`: the other components go.
void keep_only(Reader& reader, const std::string& entry, const Node& only, Node& service) {
  Node* components = value_of(service, "components");
  if (components == nullptr || components->kind != Node::Kind::list) return;
  std::vector<std::string> wanted, there;
  for (const Node& component : components->items) there.emplace_back(name_of(component));
  const auto take = [&](const Node& node) {
    const auto name = reader.scalar(node, "each item of only");
    if (!name) return;
    if (std::find(there.begin(), there.end(), *name) == there.end()) {
      const auto near = nearest(*name, there);
      reader.problem(node, fmt::format("{} has no component {}; {}", entry, in_quotes(*name),
                                       near.empty() ? fmt::format("it has {}", fmt::join(there, ", "))
                                                    : fmt::format("did you mean {}?", near)));
    }
    wanted.push_back(*name);
  };
  if (only.kind == Node::Kind::list)
    for (const Node& item : only.items) take(item);
  else
    take(only);
  if (!wanted.empty())
    std::erase_if(components->items, [&](const Node& component) {
      return std::find(wanted.begin(), wanted.end(), name_of(component)) == wanted.end();
    });
}

/// Targets that mention a setting without a value are left out; which, and what they need.
struct LeftOut {
  std::string target;
  std::vector<std::string> needs;
};
std::vector<LeftOut> fill(Reader& reader, const Settings& settings, int file, const Node& user, Node& service) {
  std::vector<LeftOut> out;
  std::vector<std::string> missing;
  if (Node* components = value_of(service, "components"); components != nullptr)
    for (Node& component : components->items)
      if (Node* targets = value_of(component, "targets"); targets != nullptr)
        std::erase_if(targets->items, [&](Node& target) {
          std::vector<std::string> needs;
          settings.fill(target, file, needs);
          if (needs.empty()) return false;
          out.push_back({fmt::format("{}/{}", name_of(component), name_of(target)), std::move(needs)});
          return true;
        });
  settings.fill(service, file, missing);
  for (const std::string& name : missing)
    reader.problem(user, fmt::format("{} needs the key {} beside use", user.text, name));
  return out;
}

bool is_credential(const std::string& setting) {
  return setting == "api_key" || setting == "access_key_id" || setting == "secret_access_key";
}

/// Without what was left out nothing would watch some component: then the setting is not optional. Reported; true if so.
bool report_unwatched(Reader& reader, const std::string& entry, const Node& place, const Node& service,
                      const std::vector<LeftOut>& left_out) {
  if (left_out.empty() || value_of(service, "page") != nullptr) return false;
  const Node* components = value_of(service, "components");
  bool found = false;
  for (const Node& component : components->items) {
    const Node* targets = value_of(component, "targets");
    if (targets == nullptr || !targets->items.empty() || value_of(component, "reported") != nullptr) continue;
    for (const LeftOut& each : left_out)
      if (each.target.starts_with(std::string(name_of(component)) + "/")) {
        reader.problem(place, fmt::format("{} needs {} beside use, or nothing watches its {}", entry,
                                          fmt::join(each.needs, " and "), name_of(component)));
        found = true;
        break;
      }
  }
  return found;
}

/// What a person must know of what was left out.
void tell(Reader& reader, const CatalogFacts& facts, const Settings& settings, const std::string& entry,
          const Position& at, const std::vector<LeftOut>& left_out) {
  const bool keyed = settings.given("api_key") || settings.given("access_key_id");
  if (!keyed && !facts.without_key.empty()) reader.note(at, fmt::format("{}: {}", entry, facts.without_key));
  for (const LeftOut& each : left_out) {
    std::vector<std::string> needs;
    for (const std::string& name : each.needs)
      if (!is_credential(name)) needs.push_back(name);
    if (!needs.empty())
      reader.note(at, fmt::format("{}: {} is not watched; it needs {}", entry, each.target, fmt::join(needs, " and ")));
  }
}

/// Takes the settings and the rest of what stands beside `use` apart; reports what is neither.
Node take_user(Reader& reader, const CatalogEntry& entry, const Node& user, Settings& settings) {
  Node rest;
  rest.kind = Node::Kind::map;
  rest.file = user.file, rest.line = user.line, rest.column = user.column;
  std::vector<std::string> known = settings.keys();
  const std::vector<std::string> own = known;
  known.insert(known.end(), std::begin(service_keys), std::end(service_keys));
  for (const char* key : {"use", "only"}) known.emplace_back(key);
  for (std::size_t i = 0; i < user.keys.size(); ++i) {
    const Node &key = user.keys[i], &value = user.items[i];
    if (key.kind != Node::Kind::scalar || key.text == "use" || key.text == "only") continue;
    if (std::find(own.begin(), own.end(), key.text) != own.end()) {
      settings.set(key, value);
    } else if (std::find(known.begin(), known.end(), key.text) != known.end()) {
      rest.keys.push_back(key);
      rest.items.push_back(value);
    } else {
      const auto near = nearest(key.text, known);
      reader.problem(key, near.empty() ? fmt::format("unknown key {} beside use: {}; known here: {}",
                                                     in_quotes(key.text), entry.name, fmt::join(known, ", "))
                                       : fmt::format("unknown key {} beside use: {}; did you mean {}?",
                                                     in_quotes(key.text), entry.name, near));
    }
  }
  return rest;
}

}  // namespace

std::string catalog_place(const CatalogEntry& entry) {
  return entry.file.empty() ? "catalog/" + entry.name + ".yaml" : entry.file;
}

EntryDocument read_entry(Reader& reader, const CatalogEntry& entry, const Node& root) {
  EntryDocument out;
  Section section(reader, root, fmt::format("the catalog entry {}", entry.name));
  section.require("version", "a whole number, raised with each change");
  section.integer("version", out.facts.version, 1, 1'000'000);
  section.require("summary", "one line on what it watches");
  section.text("summary", out.facts.summary);
  section.text("key", out.facts.key);
  section.text("without_key", out.facts.without_key);
  section.text("permissions", out.facts.permissions);
  if (section.has("settings")) out.settings = section.get("settings");
  section.require("service", "what is watched, written as in a configuration");
  out.service = section.get("service");
  section.finish();
  if (out.service != nullptr && out.service->kind != Node::Kind::map) {
    if (out.service->kind != Node::Kind::invalid)
      reader.problem(*out.service, fmt::format("service must be a map of keys, not {}", spell(out.service->kind)));
    out.service = nullptr;
  }
  if (out.service != nullptr) {
    if (const Node* page = value_of(*out.service, "page"); page != nullptr) {
      if (const Node* url = value_of(*page, "url"); url != nullptr) out.facts.page_url = url->text;
      const Node* format = value_of(*page, "format");
      out.facts.page_format = format != nullptr ? format->text : "auto";
    }
  }
  return out;
}

Node service_of(Reader& reader, const CatalogEntry& entry, const Node& user) {
  const int file = static_cast<int>(reader.files.size());
  const std::size_t slash = entry.file.rfind('/');
  reader.files.push_back(
      {catalog_place(entry), slash == std::string::npos ? std::string{} : entry.file.substr(0, slash)});
  const Yaml document = parse_yaml(entry.text, file);
  for (const YamlProblem& problem : document.problems)
    reader.problem({catalog_place(entry), problem.line, problem.column}, problem.message);
  if (!document.complete) return {};
  const EntryDocument read = read_entry(reader, entry, document.root);
  if (read.service == nullptr) return {};

  Settings settings(reader, read.settings);
  const Node rest = take_user(reader, entry, user, settings);
  Node service = *read.service;
  // What is wrong with the service as a whole is shown where it is used.
  service.file = user.file, service.line = user.line, service.column = user.column;
  const Node* use = value_of(user, "use");
  const Node& place = use != nullptr ? *use : user;
  if (value_of(service, "name") == nullptr) {
    service.keys.push_back(scalar_at(place, "name"));
    service.items.push_back(scalar_at(place, entry.name));
  }
  overlay(service, rest);
  if (const Node* only = value_of(user, "only"); only != nullptr) keep_only(reader, entry.name, *only, service);
  const auto left_out = fill(reader, settings, file, place, service);
  if (report_unwatched(reader, entry.name, place, service, left_out)) return {};
  tell(reader, read.facts, settings, entry.name, reader.at(place), left_out);
  return service;
}

std::vector<CatalogEntry> use_catalog(Reader& reader, const std::string& directory, std::vector<const Node*>& services,
                                      std::deque<Node>& made) {
  std::vector<CatalogEntry> used;
  std::optional<Catalog> catalog;  // read when the first is used
  for (const Node*& item : services) {
    const Node* use = value_of(*item, "use");
    if (use == nullptr) continue;
    if (!catalog) {
      catalog.emplace(directory);
      for (const Problem& problem : catalog->problems()) reader.problem(problem.at, problem.message);
    }
    Node service;
    service.kind = Node::Kind::invalid;
    if (use->kind == Node::Kind::null) {
      reader.problem(*item, "use has no value; name an entry of the catalog: outaged catalog list");
    } else if (const auto name = reader.scalar(*use, "use")) {
      if (const CatalogEntry* entry = catalog->find(*name)) {
        if (std::none_of(used.begin(), used.end(), [&](const CatalogEntry& each) { return each.name == entry->name; }))
          used.push_back(*entry);
        service = service_of(reader, *entry, *item);
        if (service.kind != Node::Kind::map) service.kind = Node::Kind::invalid;
      } else {
        const std::string near = catalog->nearest(*name);
        reader.problem(
            *use, fmt::format("the catalog has no entry {}; {}", in_quotes(*name),
                              near.empty() ? "outaged catalog list shows them all" : "did you mean " + near + "?"));
      }
    }
    made.push_back(std::move(service));
    item = &made.back();
  }
  return used;
}

}  // namespace outaged::config
