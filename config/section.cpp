#include <fmt/format.h>

#include <algorithm>

#include "config/reader.h"
#include "config/values.h"
#include "core/text.h"

namespace outaged::config {

Section::Section(Reader& reader, const Node& node, std::string what)
    : reader_(reader), node_(node), what_(std::move(what)), usable_(node.kind == Node::Kind::map) {
  if (!usable_ && node.kind != Node::Kind::invalid)
    reader_.problem(node, fmt::format("{} must be a map of keys, not {}", what_, spell(node.kind)));
}

bool Section::has(std::string_view key) const {
  if (!usable_) return false;
  return std::any_of(node_.keys.begin(), node_.keys.end(),
                     [&](const Node& k) { return k.kind == Node::Kind::scalar && k.text == key; });
}

const Node* Section::value(std::string_view key) {
  if (std::find(known_.begin(), known_.end(), key) == known_.end()) known_.emplace_back(key);
  if (!usable_) return nullptr;
  for (std::size_t i = 0; i < node_.keys.size(); ++i)
    if (node_.keys[i].kind == Node::Kind::scalar && node_.keys[i].text == key) return &node_.items[i];
  return nullptr;
}

const Node* Section::get(std::string_view key) {
  const Node* found = value(key);
  if (found == nullptr || found->kind == Node::Kind::invalid) return nullptr;
  if (found->kind == Node::Kind::null) {
    reader_.problem(place(key), fmt::format("{} has no value; give it one, or remove the key", key));
    return nullptr;
  }
  return found;
}

bool Section::lacks(std::string_view key) {
  if (!usable_) return false;
  const Node* node = value(key);
  return node == nullptr || (node->kind == Node::Kind::list && node->items.empty());
}

Position Section::place(std::string_view key) const {
  if (usable_)
    for (std::size_t i = 0; i < node_.keys.size(); ++i)
      if (node_.keys[i].kind == Node::Kind::scalar && node_.keys[i].text == key)
        // A value that is not there has no place of its own: the parser gives that of what follows.
        return reader_.at(node_.items[i].kind == Node::Kind::null ? node_.keys[i] : node_.items[i]);
  return at();
}

void Section::require(std::string_view key, std::string_view hint) {
  if (value(key) != nullptr || !usable_) return;
  reader_.problem(node_, fmt::format("{} needs the key {}{}{}", what_, key, hint.empty() ? "" : ": ", hint));
}

std::optional<std::string> Section::expanded(std::string_view key) {
  const Node* node = get(key);
  if (node == nullptr) return std::nullopt;
  return reader_.scalar(*node, key);
}

/// Quotes the value as written, before ${VAR}: what a variable holds may be secret.
void Section::wrong(std::string_view key, std::string_view must, std::string_view mend) {
  const Node* node = value(key);
  reader_.problem(
      *node, fmt::format("{} must be {}, not {}{}{}", key, must, in_quotes(node->text), mend.empty() ? "" : "; ", mend));
}

bool Section::text(std::string_view key, std::string& out, bool may_be_empty) {
  auto got = expanded(key);
  if (!got) return false;
  if (got->empty() && !may_be_empty) {
    reader_.problem(place(key), fmt::format("{} is empty; give it a value, or remove the key", key));
    return false;
  }
  out = std::move(*got);
  return true;
}

bool Section::texts(std::string_view key, std::vector<std::string>& out) {
  const Node* node = get(key);
  if (node == nullptr) return false;
  std::vector<std::string> got;
  const auto take = [&](const Node& item) {
    auto text = reader_.scalar(item, node == &item ? key : fmt::format("each item of {}", key));
    if (text && text->empty())
      reader_.problem(item, fmt::format("{} holds an empty text", key));
    else if (text)
      got.push_back(std::move(*text));
  };
  if (node->kind == Node::Kind::list)
    for (const Node& item : node->items) take(item);
  else
    take(*node);
  out = std::move(got);
  return true;
}

bool Section::name(std::string_view key, std::string& out) {
  require(key);
  auto got = expanded(key);
  if (!got) return false;
  if (!is_name(*got)) {
    wrong(key, "of a-z, 0-9, _ and -, begin with a letter or digit, and have at most 63 characters",
          key == "name" ? "what people read goes into title" : "");
    return false;
  }
  out = std::move(*got);
  return true;
}

bool Section::url(std::string_view key, std::string& out) {
  auto got = expanded(key);
  if (!got) return false;
  if (const std::string fault = url_fault(*got); !fault.empty()) {
    // A URL with a password in it is a secret.
    const std::string& written = value(key)->text;
    const std::string as_written = written.find('@') == std::string::npos ? " " + in_quotes(written) : "";
    reader_.problem(place(key), fmt::format("{}{} {}", key, as_written, fault));
    return false;
  }
  out = std::move(*got);
  return true;
}

bool Section::choice(std::string_view key, std::string& out, const std::vector<std::string_view>& known) {
  auto got = expanded(key);
  if (!got) return false;
  if (std::find(known.begin(), known.end(), *got) == known.end()) {
    const auto near = nearest(*got, known);
    wrong(key, fmt::format("{}{}", known.size() > 1 ? "one of " : "", fmt::join(known, ", ")),
          near.empty() ? std::string{} : fmt::format("did you mean {}?", near));
    return false;
  }
  out = std::move(*got);
  return true;
}

bool Section::boolean(std::string_view key, bool& out) {
  auto got = expanded(key);
  if (!got) return false;
  if (*got != "true" && *got != "false") {
    wrong(key, "true or false");
    return false;
  }
  out = *got == "true";
  return true;
}

bool Section::duration(std::string_view key, Duration& out, Duration least, Duration most) {
  auto got = expanded(key);
  if (!got) return false;
  const auto duration = parse_duration(*got);
  if (!duration) {
    wrong(key, "a duration",
          parse_number(*got) ? fmt::format("add a unit: {}s", clean_line(value(key)->text, 20))
                             : "write for example 500ms, 30s, 5m or 1h30m");
    return false;
  }
  if (*duration < least || *duration > most) {
    wrong(key, *duration < least ? "at least " + format_duration(least) : "at most " + format_duration(most));
    return false;
  }
  out = *duration;
  return true;
}

bool Section::integer(std::string_view key, int& out, int least, int most) {
  auto got = expanded(key);
  if (!got) return false;
  const auto number = parse_integer(*got);
  if (!number || *number < least || *number > most) {
    wrong(key, fmt::format("a whole number from {} to {}", least, most));
    return false;
  }
  out = static_cast<int>(*number);
  return true;
}

bool Section::number(std::string_view key, double& out, double above, double most) {
  auto got = expanded(key);
  if (!got) return false;
  const auto number = parse_number(*got);
  if (!number || *number <= above || *number > most) {
    wrong(key, fmt::format("a number above {} and up to {}", above, most));
    return false;
  }
  out = *number;
  return true;
}

bool Section::rate(std::string_view key, double& out) {
  auto got = expanded(key);
  if (!got) return false;
  const auto rate = parse_rate(*got);
  if (!rate || *rate < 0 || *rate > 1) {
    wrong(key, "a share from 0% to 100%", "write 10% or 0.1");
    return false;
  }
  out = *rate;
  return true;
}

bool Section::size(std::string_view key, std::size_t& out, std::size_t least, std::size_t most) {
  auto got = expanded(key);
  if (!got) return false;
  const auto size = parse_size(*got);
  if (!size || *size < least || *size > most) {
    wrong(key, fmt::format("a size from {} byte to {} MiB", least, most >> 20),
          "write bytes, or a number with KiB or MiB: 512KiB");
    return false;
  }
  out = *size;
  return true;
}

std::vector<const Node*> Section::list(std::string_view key) {
  std::vector<const Node*> out;
  const Node* node = get(key);
  if (node == nullptr) return out;
  if (node->kind != Node::Kind::list) {
    reader_.problem(*node,
                    fmt::format("{} must be a list, not {}; begin each item with \"- \"", key, spell(node->kind)));
    return out;
  }
  for (const Node& item : node->items) out.push_back(&item);
  return out;
}

void Section::finish() {
  if (!usable_) return;
  for (const Node& key : node_.keys) {
    if (key.kind != Node::Kind::scalar || std::find(known_.begin(), known_.end(), key.text) != known_.end()) continue;
    const auto near = nearest(key.text, known_);
    reader_.problem(
        key, near.empty()
                 ? fmt::format("unknown key {} in {}; known here: {}", in_quotes(key.text), what_, fmt::join(known_, ", "))
                 : fmt::format("unknown key {} in {}; did you mean {}?", in_quotes(key.text), what_, near));
  }
}

}  // namespace outaged::config
