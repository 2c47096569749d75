// What the configuration's tests share: problems as text, a directory of their own, environment variables that go away.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "config/config.h"

namespace doctest {
template <>
struct StringMaker<std::vector<std::string>> {
  static String convert(const std::vector<std::string>& lines) {
    std::string out;
    for (const std::string& line : lines) out += "\n    " + line;
    return out.empty() ? "nothing" : out.c_str();
  }
};
}  // namespace doctest

namespace outaged::config {

using Lines = std::vector<std::string>;

inline Lines lines(const Loaded& loaded) {
  Lines out;
  for (const Problem& problem : loaded.problems) out.push_back(to_string(problem));
  return out;
}

/// The problems of a text, as "c.yaml:line:column: message".
inline Lines problems(const std::string& text) {
  const Loaded loaded = load_text(text, "c.yaml");
  CHECK(loaded.config.has_value() == loaded.problems.empty());
  return lines(loaded);
}

/// A text that must be good.
inline Config good(const std::string& text) {
  Loaded loaded = load_text(text, "c.yaml");
  const Lines found = lines(loaded);
  CHECK(found == Lines{});
  REQUIRE(loaded.config);
  return *std::move(loaded.config);
}

/// One service with one target whose further lines are given, each indented by 12; they begin at line 7.
inline std::string target(const std::string& more) {
  return "services:\n"
         "  - name: s\n"
         "    components:\n"
         "      - name: c\n"
         "        targets:\n"
         "          - name: t\n" +
         more;
}
inline std::string fine() { return target("            url: https://example.com\n"); }

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "outaged-config-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }
  /// Readable by its owner only, unless said otherwise.
  std::string write(const std::string& name, const std::string& content, bool world_readable = false) const {
    const std::string file = path_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << content;
    using std::filesystem::perms;
    std::filesystem::permissions(
        file, world_readable ? perms::owner_read | perms::others_read : perms::owner_read | perms::owner_write);
    return file;
  }

 private:
  std::string path_;
};

class Environment {
 public:
  Environment(const char* name, const std::string& value) : name_(name) { setenv(name, value.c_str(), 1); }
  ~Environment() { unsetenv(name_); }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;

 private:
  const char* name_;
};

inline std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace outaged::config
