#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "core/text.h"
#include "embedded/scenarios.h"
#include "simulator/scenario.h"

namespace outaged::simulator {
namespace {

constexpr std::string_view suffix = ".yaml";

}  // namespace

std::vector<std::string_view> scenario_names() {
  std::vector<std::string_view> names;
  for (const auto& [file, text] : embedded::scenarios()) names.push_back(file.substr(0, file.size() - suffix.size()));
  return names;
}

Result<std::string> scenario_text(const std::string& name_or_path) {
  for (const auto& [file, text] : embedded::scenarios())
    if (file.substr(0, file.size() - suffix.size()) == name_or_path) return std::string(text);
  const bool path = name_or_path.find('/') != std::string::npos || name_or_path.ends_with(suffix) || name_or_path.ends_with(".yml");
  if (!path) {
    const auto names = scenario_names();
    const auto near = nearest(name_or_path, names);
    return Error{fmt::format("no scenario is named \"{}\"; {}there are: {} (or give a file's path)", clean_line(name_or_path, 80),
                             near.empty() ? "" : fmt::format("did you mean {}? ", near), fmt::join(names, ", "))};
  }
  std::ifstream in(name_or_path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  if (!in) return Error{fmt::format("{}: cannot be read", name_or_path)};
  return text;
}

}  // namespace outaged::simulator
