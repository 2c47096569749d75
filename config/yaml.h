// YAML text as a plain tree in which every node knows its place. A strict subset: no anchors, aliases, tags, merge
// keys, duplicate keys or second documents, and bounded depth and size, so that what a person reads is what we read.
// Called by the config loader (and whoever reads YAML of ours) on the calling thread; never throws, does no I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace outaged::config {

struct Node {
  enum class Kind : std::uint8_t { invalid, null, scalar, list, map };  // invalid: already reported, to be skipped
  Kind kind = Kind::null;
  std::string text;          // of a scalar, as written: ${VAR} not yet expanded
  int file = 0;              // whatever the caller gave to parse_yaml
  int line = 0, column = 0;  // 1-based, in bytes
  std::vector<Node> keys;    // of a map: keys[i] belongs to items[i]
  std::vector<Node> items;
};
/// "a list", "a map of keys", "text", "nothing": for messages.
std::string_view spell(Node::Kind kind);

struct YamlProblem {
  int line = 0, column = 0;  // 0: the text as a whole
  std::string message;
};

struct Yaml {
  Node root;  // null for an empty document
  std::vector<YamlProblem> problems;
  bool complete = false;  // false: a syntax error, the tree ends there and must not be read, unless
  bool mended = false;    // closing the open quote made the rest readable: the tree serves to find its other problems,
  int guessed_line = 0;   // but what stands on this line is a guess
};

inline constexpr std::size_t yaml_size_limit = 4 * 1024 * 1024;
inline constexpr int yaml_depth_limit = 32;

Yaml parse_yaml(std::string_view text, int file = 0);

}  // namespace outaged::config
