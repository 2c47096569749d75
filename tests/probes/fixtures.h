// The recorded documents, where they are at hand: $OUTAGED_FIXTURES or ../shared/fixtures beside the source.
// A test without them says SKIPPED and passes; the hand-made documents of these tests cover each rule by themselves.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace outaged::test {

inline std::string fixture_root() {
  const char* set = std::getenv("OUTAGED_FIXTURES");
  return set && *set ? set : std::string(OUTAGED_SOURCE_DIR) + "/../shared/fixtures";
}

inline std::string read_bytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

/// The rows of a JSON Lines file below the root; empty, and said so, if it is not there.
inline std::vector<nlohmann::json> fixture_rows(const std::string& file) {
  const std::string path = fixture_root() + "/" + file;
  std::vector<nlohmann::json> out;
  if (!std::filesystem::exists(path)) {
    std::cout << "SKIPPED: no recorded fixtures at " << path << " (set OUTAGED_FIXTURES)\n";
    return out;
  }
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);)
    if (!line.empty()) out.push_back(nlohmann::json::parse(line));
  return out;
}

}  // namespace outaged::test
