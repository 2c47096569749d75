#include "config/catalog_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "config/values.h"

namespace outaged::config {
namespace {

/// What may come from a file, the environment or a credential.
constexpr std::string_view secrets[] = {"api_key", "access_key_id", "secret_access_key", "session_token"};
constexpr std::string_view suffixes[] = {"_file", "_env", "_credential"};

bool is_secret(std::string_view name) {
  return std::find(std::begin(secrets), std::end(secrets), name) != std::end(secrets);
}

/// "<name>" or "<name or none>" as a whole: the name, and whether it may be missing.
struct Mention {
  std::string_view name;
  bool optional = false;
};
std::optional<Mention> whole_mention(const Node& node) {
  std::string_view text = node.text;
  if (node.kind != Node::Kind::scalar || text.size() < 3 || text.front() != '<' || text.back() != '>')
    return std::nullopt;
  Mention out{text.substr(1, text.size() - 2)};
  if (constexpr std::string_view or_none = " or none"; out.name.ends_with(or_none)) {
    out.name.remove_suffix(or_none.size());
    out.optional = true;
  }
  if (!is_identifier(out.name)) return std::nullopt;
  return out;
}

void add(std::vector<std::string>& names, std::string_view name) {
  if (std::find(names.begin(), names.end(), name) == names.end()) names.emplace_back(name);
}

}  // namespace

Settings::Settings(Reader& reader, const Node* declared) : reader_(reader) {
  if (declared == nullptr) return;
  if (declared->kind != Node::Kind::map) {
    reader_.problem(*declared,
                    fmt::format("settings must be a map of names to defaults, not {}", spell(declared->kind)));
    return;
  }
  for (std::size_t i = 0; i < declared->keys.size(); ++i) {
    const Node &key = declared->keys[i], &value = declared->items[i];
    if (key.kind != Node::Kind::scalar) continue;
    if (!is_identifier(key.text))
      reader_.problem(key, fmt::format("setting {} must be of letters, digits and _, and begin with a letter",
                                       in_quotes(key.text)));
    else if (is_secret(key.text) && value.kind != Node::Kind::null)
      reader_.problem(value, fmt::format("setting {} is a secret, so it has no default; leave it empty", key.text));
    else
      settings_.push_back({key.text, value.kind == Node::Kind::null ? nullptr : &value, nullptr, {}});
  }
}

std::vector<std::string> Settings::keys() const {
  std::vector<std::string> out;
  for (const Setting& setting : settings_) {
    out.push_back(setting.name);
    if (is_secret(setting.name))
      for (const std::string_view suffix : suffixes) out.push_back(setting.name + std::string(suffix));
  }
  return out;
}

void Settings::set(const Node& key, const Node& value) {
  for (Setting& setting : settings_) {
    std::string suffix;
    if (key.text != setting.name) {
      if (!is_secret(setting.name) || !key.text.starts_with(setting.name)) continue;
      suffix = key.text.substr(setting.name.size());
      if (std::find(std::begin(suffixes), std::end(suffixes), suffix) == std::end(suffixes)) continue;
    }
    if (value.kind == Node::Kind::null)
      reader_.problem(key, fmt::format("{} has no value; give it one, or remove the key", key.text));
    else if (setting.value != nullptr)
      reader_.problem(value,
                      fmt::format("{} and {} are both given; keep one", setting.name + setting.suffix, key.text));
    else
      setting.value = &value, setting.suffix = suffix;
    return;
  }
}

const Settings::Setting* Settings::find(std::string_view name) const {
  const auto it =
      std::find_if(settings_.begin(), settings_.end(), [&](const Setting& each) { return each.name == name; });
  return it == settings_.end() ? nullptr : &*it;
}

bool Settings::given(std::string_view name) const {
  const Setting* setting = find(name);
  return setting != nullptr && (setting->value != nullptr || setting->initial != nullptr);
}

std::vector<Settings::Default> Settings::defaults() const {
  std::vector<Default> out;
  for (const Setting& setting : settings_)
    out.push_back({setting.name, setting.initial != nullptr ? setting.initial->text : std::string{}});
  return out;
}

void Settings::fill(Node& node, int file, std::vector<std::string>& missing) const {
  if (node.kind == Node::Kind::map) return fill_map(node, file, missing);
  for (Node& item : node.items) fill(item, file, missing);
  if (node.kind == Node::Kind::scalar && node.file == file) fill_text(node, missing);
}

/// A whole <name> takes the user's node with its place, so that a mistake in it is shown where it was made; and the key
/// takes the user's suffix, so that a path is seen from the user's own file.
void Settings::fill_map(Node& node, int file, std::vector<std::string>& missing) const {
  std::vector<std::size_t> gone;
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    Node &key = node.keys[i], &value = node.items[i];
    const auto mention = value.file == file ? whole_mention(value) : std::nullopt;
    const Setting* setting = mention ? find(mention->name) : nullptr;
    if (setting == nullptr) {
      fill(value, file, missing);
    } else if (setting->value != nullptr) {
      key.text += setting->suffix;
      if (key.text == "model" && setting->value->kind == Node::Kind::list) key.text = "models";
      value = Node(*setting->value);
    } else if (setting->initial != nullptr) {
      value = Node(*setting->initial);
    } else if (mention->optional) {
      gone.push_back(i);
    } else {
      add(missing, setting->name);
    }
  }
  for (auto i = gone.rbegin(); i != gone.rend(); ++i) {
    node.keys.erase(node.keys.begin() + static_cast<std::ptrdiff_t>(*i));
    node.items.erase(node.items.begin() + static_cast<std::ptrdiff_t>(*i));
  }
}

void Settings::fill_text(Node& node, std::vector<std::string>& missing) const {
  std::string out;
  const std::string_view text = node.text;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find('<', at), close = text.find('>', std::min(open, text.size()));
    const Setting* setting = close == std::string_view::npos ? nullptr : find(text.substr(open + 1, close - open - 1));
    if (setting == nullptr) {
      const std::size_t end = open == std::string_view::npos ? text.size() : open + 1;
      out += text.substr(at, end - at);
      at = end;
      continue;
    }
    out += text.substr(at, open - at);
    at = close + 1;
    const Node* value = setting->value != nullptr ? setting->value : setting->initial;
    if (value == nullptr) {
      add(missing, setting->name);
    } else if (value->kind != Node::Kind::scalar || !setting->suffix.empty()) {
      reader_.problem(*value, fmt::format("{} must be text, not {}", setting->name,
                                          setting->suffix.empty() ? spell(value->kind) : "a file or a variable"));
    } else {
      std::string filled = value->text;
      while (filled.ends_with('/') && text.substr(at).starts_with('/')) filled.pop_back();  // a base, and its path
      out += filled;
    }
  }
  node.text = std::move(out);
}

}  // namespace outaged::config
