// What the readers of all sections share: the list of problems and notes, places, ${VAR}, secrets; and Section, one
// YAML map read key by key, which knows afterwards which keys nobody asked for. On the loader's thread; never throws,
// and never puts an expanded value or a secret into a message.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "config/config.h"
#include "config/yaml.h"

namespace outaged::config {

/// A value as it may stand in a message: quoted, on one line, cut.
std::string in_quotes(std::string_view value);

class Reader {
 public:
  struct File {
    std::string name;  // in problems
    std::string base;  // relative paths start here
  };

  std::vector<File> files;
  std::vector<Problem> problems;
  std::vector<std::string> notes;

  Position at(const Node& node) const;
  const std::string& base(const Node& node) const { return files[static_cast<std::size_t>(node.file)].base; }
  void problem(const Node& node, std::string message) { problem(at(node), std::move(message)); }
  void problem(Position where, std::string message) { problems.push_back({std::move(where), std::move(message)}); }
  void note(const Position& where, std::string message);

  /// The scalar with every ${VAR} replaced and $$ as $; nullopt (reported) if a variable is unset.
  std::optional<std::string> expand(const Node& scalar);
  /// The same of any node: reported if it is not a scalar. `what` begins the message: "each receiver".
  std::optional<std::string> scalar(const Node& node, std::string_view what);
  /// `path` as seen from the node's own file.
  std::string resolve(const Node& node, const std::string& path) const;
  /// In order of place, each once.
  void sort();
};

/// How a secret's content is treated.
enum class SecretUse { line, body };  // one line, trimmed; or bytes as they are, need not be secret

class Section {
 public:
  /// `what` names it in messages: "a target". Reports a node that is not a map, and is then empty.
  Section(Reader& reader, const Node& node, std::string what);

  const Node& node() const { return node_; }
  Reader& reader() { return reader_; }
  Position at() const { return reader_.at(node_); }

  // Each reads one key into `out` and says whether it was there and good. What is wrong is reported; `out` stays as it
  // was.
  bool text(std::string_view key, std::string& out, bool may_be_empty = false);
  bool texts(std::string_view key, std::vector<std::string>& out);  // one, or a list
  bool name(std::string_view key, std::string& out);                // required
  bool url(std::string_view key, std::string& out);
  bool choice(std::string_view key, std::string& out, const std::vector<std::string_view>& known);
  bool boolean(std::string_view key, bool& out);
  bool duration(std::string_view key, Duration& out, Duration least, Duration most);
  bool integer(std::string_view key, int& out, int least, int most);
  bool number(std::string_view key, double& out, double above, double most);
  bool rate(std::string_view key, double& out);
  bool size(std::string_view key, std::size_t& out, std::size_t least, std::size_t most);
  /// key, key_file, key_env or key_credential: at most one of them.
  bool secret(const std::string& key, Secret& out, SecretUse use = SecretUse::line);

  /// The value of a key that may be anything; null if absent or reported (no value, invalid).
  const Node* get(std::string_view key);
  /// The items of a list; empty if absent or reported.
  std::vector<const Node*> list(std::string_view key);
  /// Whether the key stands there at all, whatever its value.
  bool has(std::string_view key) const;
  /// Whether a list is absent or empty; not if it is something wrong, which is reported already.
  bool lacks(std::string_view key);
  /// Where the key's value is; the section's own place if it is absent.
  Position place(std::string_view key) const;
  /// Reports that a required key is absent, unless it is there.
  void require(std::string_view key, std::string_view hint = {});
  /// Reports every key that nobody asked for. Call last.
  void finish();

 private:
  const Node* value(std::string_view key);
  std::optional<std::string> expanded(std::string_view key);
  void wrong(std::string_view key, std::string_view must, std::string_view mend = {});

  Reader& reader_;
  const Node& node_;
  std::string what_;
  bool usable_;
  std::vector<std::string> known_;
};

/// A value that is text, or {file: …}, {env: …}, {credential: …}, each with an optional prefix.
std::optional<Secret> read_secret_value(Reader& reader, const Node& node, const std::string& what);

}  // namespace outaged::config
