#include "config/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>

#include "config/values.h"
#include "core/text.h"

namespace outaged::config {

std::string in_quotes(std::string_view value) { return "\"" + clean_line(value, 80) + "\""; }

std::string to_string(const Problem& problem) {
  if (problem.at.line == 0) return fmt::format("{}: {}", problem.at.file, problem.message);
  return fmt::format("{}:{}:{}: {}", problem.at.file, problem.at.line, problem.at.column, problem.message);
}

Position Reader::at(const Node& node) const {
  return {files[static_cast<std::size_t>(node.file)].name, node.line, node.column};
}

void Reader::note(const Position& where, std::string message) {
  notes.push_back(to_string(Problem{where, std::move(message)}));
}

std::optional<std::string> Reader::expand(const Node& node) {
  const std::string_view text = node.text;
  std::string out;
  bool good = true;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] != '$' || i + 1 >= text.size() || (text[i + 1] != '$' && text[i + 1] != '{')) {
      out += text[i++];
      continue;
    }
    if (text[i + 1] == '$') {
      out += '$';
      i += 2;
      continue;
    }
    const std::size_t close = text.find('}', i);
    const std::string variable(close == std::string_view::npos ? std::string_view{}
                                                               : text.substr(i + 2, close - i - 2));
    if (!is_identifier(variable)) {
      problem(node,
              "${ begins a variable, ${NAME}, with a name of letters, digits and _; write $${ for the text itself");
      return std::nullopt;
    }
    if (const char* value = std::getenv(variable.c_str())) {
      out += value;
    } else {
      problem(node, fmt::format("the environment variable {} is not set; set it, or write $${{{}}} for the text itself",
                                variable, variable));
      good = false;
    }
    i = close + 1;
  }
  if (!good) return std::nullopt;
  return out;
}

std::optional<std::string> Reader::scalar(const Node& node, std::string_view what) {
  if (node.kind == Node::Kind::invalid) return std::nullopt;
  if (node.kind != Node::Kind::scalar) {
    problem(node, fmt::format("{} must be text, not {}", what, spell(node.kind)));
    return std::nullopt;
  }
  return expand(node);
}

std::string Reader::resolve(const Node& node, const std::string& path) const {
  if (path.starts_with("/") || base(node).empty() || base(node) == ".") return path;
  return base(node) + "/" + path;
}

void Reader::sort() {
  auto key = [](const Problem& p) { return std::tie(p.at.file, p.at.line, p.at.column, p.message); };
  std::sort(problems.begin(), problems.end(), [&](const Problem& a, const Problem& b) { return key(a) < key(b); });
  problems.erase(std::unique(problems.begin(), problems.end(),
                             [&](const Problem& a, const Problem& b) { return key(a) == key(b); }),
                 problems.end());
  std::vector<std::string> once;
  for (std::string& text : notes)
    if (std::find(once.begin(), once.end(), text) == once.end()) once.push_back(std::move(text));
  notes = std::move(once);
}

}  // namespace outaged::config
