// scripts/check-includes holds the walls between the folders: it must see every kind of breach, and nothing else.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace {
namespace fs = std::filesystem;

/// A source tree in a temporary directory, removed at the end.
class Tree {
 public:
  Tree() {
    std::string name = (fs::temp_directory_path() / "outaged-includes-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    root_ = name;
  }
  ~Tree() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  void file(const std::string& path, const std::string& text) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << text;
  }
  /// What the script prints about it, and its exit status.
  struct Outcome {
    std::string output;
    int status;
  };
  Outcome check() const {
    const std::string command = std::string(OUTAGED_SOURCE_DIR "/scripts/check-includes ") + root_.string() + " 2>&1";
    FILE* pipe = popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::string output;
    std::array<char, 4096> buffer;
    for (std::size_t n; (n = fread(buffer.data(), 1, buffer.size(), pipe)) > 0;) output.append(buffer.data(), n);
    const int status = pclose(pipe);
    return {output, WIFEXITED(status) ? WEXITSTATUS(status) : -1};
  }

 private:
  fs::path root_;
};
}  // namespace

TEST_CASE("the include check takes a tree that keeps the rules") {
  const Tree tree;
  tree.file("core/model.h", "#pragma once\n#include <string>\n");
  tree.file("core/json.h", "#pragma once\n#include <nlohmann/json.hpp>\n");
  tree.file("config/load.cpp", "#include \"core/model.h\"\n#include <yaml-cpp/yaml.h>\n");
  tree.file("probes/loop.cpp", "#include \"config/load.h\"\n#include <curl/curl.h>\n#include <ares.h>\n");
  tree.file("simulator/play.cpp", "#include \"web/server.h\"\n#include \"config/load.h\"\n");
  tree.file("daemon/main.cpp", "#include \"simulator/play.h\"\n#include \"probes/loop.h\"\n");
  tree.file("daemon/metrics.cpp", "#include <prometheus/registry.h>\n#include <spdlog/spdlog.h>\n");
  tree.file("tests/web/raw_test.cpp", "#include <httplib.h>\n#include \"daemon/api.h\"\n");
  tree.file("probes/notes.md", "#include \"daemon/api.h\"\n");
  const Tree::Outcome outcome = tree.check();
  CHECK(outcome.output == "");
  CHECK(outcome.status == 0);
}

TEST_CASE("the include check names every breach by file and line, once") {
  struct Breach {
    const char *path, *include, *problem;
  };
  const std::vector<Breach> breaches = {
      {"core/engine.cpp", "\"config/config.h\"", "core/ must not include \"config/config.h\""},
      {"probes/loop.cpp", "\"alerts/router.h\"", "probes/ must not include \"alerts/router.h\""},
      {"probes/loop_2.cpp", "\"storage/store.h\"", "probes/ must not include \"storage/store.h\""},
      {"alerts/router.cpp", "\"probes/probe.h\"", "alerts/ must not include"},
      {"storage/store.cpp", "\"config/config.h\"", "storage/ must not include"},
      {"web/server.cpp", "<daemon/api.h>", "web/ must not include"},
      {"daemon/api.cpp", "\"tests/support/fake.h\"", "no part of the program"},
      {"storage/store_2.cpp", "<yaml-cpp/yaml.h>", "storage/ must not include yaml-cpp/yaml.h"},
      {"daemon/api_2.cpp", "<sqlite3.h>", "daemon/ must not include sqlite3.h"},
      {"web/server_2.cpp", "<curl/curl.h>", "web/ must not include curl/curl.h"},
      {"alerts/mail.cpp", "<ares.h>", "alerts/ must not include ares.h"},
      {"daemon/api_3.cpp", "<httplib.h>", "daemon/ must not include httplib.h"},
      {"web/metrics.cpp", "<prometheus/registry.h>", "web/ must not include prometheus/registry.h"},
      {"web/server.h", "<httplib.h>", "no header may include httplib.h"},
      {"alerts/notifier.h", "<nlohmann/json.hpp>", "no header may include nlohmann/json.hpp"},
      {"alerts/notifier_2.h", "\"core/json.h\"", "no header may include core/json.h"},
      {"core/time.cpp", "\"time.h\"", "include from the root"},
      {"tests/core/time_test.cpp", "\"../support/fake.h\"", "include from the root"},
  };
  const Tree tree;
  for (const Breach& breach : breaches) {
    tree.file(breach.path, std::string("#pragma once\n// a comment\n  #  include ") + breach.include + "\n");
  }
  const Tree::Outcome outcome = tree.check();
  INFO(outcome.output);
  CHECK(outcome.status == 1);
  const auto lines = std::count(outcome.output.begin(), outcome.output.end(), '\n');
  CHECK(lines == static_cast<std::ptrdiff_t>(breaches.size()));
  for (const Breach& breach : breaches) {
    INFO(breach.path);
    const std::size_t start = outcome.output.find(std::string(breach.path) + ":3: ");
    REQUIRE(start != std::string::npos);
    const std::string line = outcome.output.substr(start, outcome.output.find('\n', start) - start);
    CHECK(line.find(breach.problem) != std::string::npos);
  }
}

TEST_CASE("the include check asks for include guards") {
  const Tree tree;
  tree.file("core/model.h", "#include <string>\n");
  const Tree::Outcome outcome = tree.check();
  CHECK(outcome.output == "core/model.h:1: no #pragma once\n");
  CHECK(outcome.status == 1);
}
