#include <algorithm>
#include <random>

#include "core/text.h"
#include "tests/config/helpers.h"

namespace outaged::config {
namespace {

std::string service(const std::string& name) {
  return "services: [{name: " + name + ", page: {url: https://a.example}}]\n";
}

TEST_CASE("a directory is read in order of name, its lists joined") {
  const TempDir dir;
  dir.write("20-b.yml", service("b") + "web: {listen_address: 127.0.0.1:1}\nroutes: [{service: a, receivers: [r]}]\n");
  dir.write("10-a.yaml", service("a") + "defaults: {mismatch: {grace: 7s}}\n");
  dir.write("30-c.yaml", "receivers: [{name: r, kind: slack, url: https://a.example}]\n");
  dir.write(".hidden.yaml", "][");
  dir.write("notes.txt", "][");
  dir.write("sub/x.yaml", "][");
  const Loaded loaded = load(dir.path());
  CHECK(lines(loaded) == Lines{});
  REQUIRE(loaded.config);
  CHECK(loaded.config->files == Lines{dir / "10-a.yaml", dir / "20-b.yml", dir / "30-c.yaml"});
  REQUIRE(loaded.config->services.size() == 2);
  CHECK(loaded.config->services[0].name == "a");
  CHECK(loaded.config->services[1].name == "b");
  CHECK(loaded.config->services[1].rules.grace == 7s);
  CHECK(loaded.config->web.listen_address == "127.0.0.1:1");
  CHECK(loaded.config->services[1].at.file == dir / "20-b.yml");
}

TEST_CASE("in a directory a section stands once, and names once") {
  const TempDir dir;
  dir.write("a.yaml", service("s") + "web: {}\n");
  dir.write("b.yaml", "web: {}\n" + service("s"));
  CHECK(lines(load(dir.path())) ==
        Lines{dir / "b.yaml" + ":1:6: web is given twice; the first is at " + dir / "a.yaml" + ":2:6",
              dir / "b.yaml" + ":2:19: service \"s\" is defined twice; the first is at " + dir / "a.yaml" + ":1:19"});
}

TEST_CASE("a broken file does not hide the problems of its neighbours, nor cause new ones") {
  const TempDir dir;
  dir.write("a.yaml", "receivers: [{name: r, kind: slack, url: \"https://a.example}]\n");
  dir.write("b.yaml", service("s") + "routes: [{receivers: [r]}]\nlog: {level: loud}\n");
  CHECK(lines(load(dir.path())) ==
        Lines{dir / "a.yaml" + ":1:41: this quote is never closed",
              dir / "b.yaml" + ":3:14: level must be one of debug, info, warn, error, not \"loud\""});
}

TEST_CASE("relative paths start at the file that holds them") {
  const TempDir dir;
  dir.write("url", "https://a.example\n");
  dir.write("c.yaml", service("s") + "receivers: [{name: r, kind: slack, url_file: url}]\n");
  CHECK(lines(load(dir / "c.yaml")) == Lines{});
  CHECK(lines(load(dir.path())) == Lines{});
}

TEST_CASE("what is not there or not a file") {
  const TempDir dir;
  CHECK(lines(load(dir / "none.yaml")) == Lines{dir / "none.yaml" + ": cannot be read: No such file or directory"});
  CHECK(lines(load(dir.path())) == Lines{dir.path() + ": holds no *.yaml or *.yml file"});
  CHECK(lines(load("/dev/null")) == Lines{"/dev/null: is not a regular file"});
}

TEST_CASE("the hash is that of the bytes and of nothing else") {
  const TempDir dir;
  dir.write("url", "https://a.example\n");
  const std::string text = service("s") + "receivers: [{name: r, kind: slack, url_file: url}]\n";
  const std::string file = dir.write("c.yaml", text);
  const std::string hash = load(file).config->hash;
  CHECK(hash == sha256_hex(text));
  dir.write("url", "https://b.example\n");
  CHECK(load(file).config->hash == hash);
  dir.write("c.yaml", text + "#\n");
  CHECK(load(file).config->hash != hash);
}

/// Everything a mutated example may ask for, so that most mutants get past the secrets.
struct Surroundings {
  TempDir dir;
  Environment slack{"SLACK_WEBHOOK_URL", "https://hooks.example/a"};
  Environment signing{"OUTAGED_SIGNING_SECRET", "whsec_AAAA"};
  Surroundings() {
    dir.write("secrets/shop-token", "hunter2\n");
    dir.write("secrets/slack-url", "https://hooks.example/a\n");
    for (const char* key : {"anthropic-key", "openai-key", "aws-id", "aws-secret"})
      dir.write(std::string("secrets/") + key, "sk-of-the-test\n");
  }
  static std::vector<std::string> examples() {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(OUTAGED_SOURCE_DIR "/examples"))
      if (entry.path().extension() == ".yaml") out.push_back(entry.path().string());
    std::sort(out.begin(), out.end());
    return out;
  }
};

TEST_CASE("every example loads") {
  const Surroundings around;
  const auto examples = Surroundings::examples();
  CHECK(examples.size() >= 3);
  for (const std::string& path : examples) {
    CAPTURE(path);
    const Loaded loaded = load_text(read_all(path), path, around.dir.path());
    CHECK(lines(loaded) == Lines{});
    REQUIRE(loaded.config);
    CHECK(loaded.config->controls.size() == 3);
  }
}

TEST_CASE("the example for Claude") {
  const Config config = *load(OUTAGED_SOURCE_DIR "/examples/claude.yaml").config;
  REQUIRE(config.services.size() == 1);
  const Service& claude = config.services[0];
  CHECK(claude.page->url == "https://status.claude.com");
  REQUIRE(claude.components.size() == 3);
  CHECK(claude.components[0].page.components == Lines{"rwppv331jlwc"});
  CHECK(claude.components[1].page.components == Lines{"k8w3r06qmzrp"});
  CHECK(claude.components[2].page.components == Lines{"yyzkbfz2thpt"});
  CHECK(claude.components[1].targets[0].http().expect_status == std::vector<std::pair<int, int>>{{401, 401}});
}

TEST_CASE("what examples/all.yaml gives as defaults are the defaults") {
  const Surroundings around;
  const Config all =
      *load_text(read_all(OUTAGED_SOURCE_DIR "/examples/all.yaml"), "all.yaml", around.dir.path()).config;
  const Config none = good(target("            url: https://a.example\n") + "    page: {url: https://a.example}\n");
  CHECK(all.web.listen_address == none.web.listen_address);
  CHECK(all.storage.path == none.storage.path);
  CHECK(all.storage.retention == none.storage.retention);
  CHECK(all.log.level == none.log.level);
  CHECK(all.log.format == none.log.format);
  CHECK(all.egress.resolvers == none.egress.resolvers);
  CHECK(all.control_rules.window == none.control_rules.window);
  REQUIRE(all.controls.size() == none.controls.size());
  for (std::size_t i = 0; i < all.controls.size(); ++i) {
    CHECK(all.controls[i].name == none.controls[i].name);
    CHECK(all.controls[i].url == none.controls[i].url);
    CHECK(all.controls[i].interval == none.controls[i].interval);
    CHECK(all.controls[i].timeout == none.controls[i].timeout);
  }
  const Service &a = all.services[0], &n = none.services[0];
  CHECK(a.importance == n.importance);
  CHECK(a.page->format == n.page->format);
  CHECK(a.page->interval == n.page->interval);
  CHECK(a.page->timeout == n.page->timeout);
  CHECK(a.page->max_body == n.page->max_body);
  const auto agreement = [](const AgreementRules& r) {
    return std::vector<Duration>{r.grace,      r.too_early_after, r.overstated_after, r.unreadable_after,
                                 r.gate_after, r.already_red,     r.flap_window,      r.flap_hold,
                                 r.reopen};
  };
  CHECK(agreement(a.rules) == agreement(n.rules));
  CHECK(a.rules.gate_rate == n.rules.gate_rate);
  const Target &at = a.components[0].targets[0], &nt = n.components[0].targets[0];
  CHECK(at.kind == nt.kind);
  CHECK(at.timeout == nt.timeout);
  const auto detection = [](const DetectionRules& r) {
    return std::vector<Duration>{r.interval, r.min_outage, r.refractory, r.recovery_cap, r.baseline_half_life};
  };
  CHECK(detection(at.rules) == detection(nt.rules));
  CHECK(at.rules.false_alarms_per_year == nt.rules.false_alarms_per_year);
  CHECK(at.rules.failure_threshold == nt.rules.failure_threshold);
  CHECK(at.rules.success_threshold == nt.rules.success_threshold);
  CHECK(at.http().max_body == nt.http().max_body);
  CHECK(at.http().follow_redirects == nt.http().follow_redirects);
  CHECK(at.http().http2 == nt.http().http2);
  const Receiver given = all.receivers[0], built_in{};
  CHECK(given.send_resolved == built_in.send_resolved);
  CHECK(given.timeout == built_in.timeout);
  CHECK(given.backoff_first == built_in.backoff_first);
  CHECK(given.backoff_max == built_in.backoff_max);
  CHECK(given.give_up_after == built_in.give_up_after);
}

TEST_CASE("mutated examples are refused or read, never more") {
  const Surroundings around;
  std::mt19937 random(20260413);
  const auto pick = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  const std::string alphabet = "\n\n  :-#\"'[]{}$&*!|>%@`?,\\\t\xff\xc3~0129abz<";
  std::size_t refused = 0, read = 0;
  for (const std::string& path : Surroundings::examples()) {
    const std::string original = read_all(path);
    for (int round = 0; round < 150; ++round) {
      std::string text = original;
      for (std::size_t edits = 1 + pick(4); edits > 0 && !text.empty(); --edits) {
        const std::size_t at = pick(text.size());
        switch (pick(5)) {
          case 0:
            text[at] = alphabet[pick(alphabet.size())];
            break;
          case 1:
            text.insert(at, 1, alphabet[pick(alphabet.size())]);
            break;
          case 2:
            text.erase(at, 1 + pick(8));
            break;
          case 3:
            text.insert(at, text.substr(pick(text.size()), pick(200)));
            break;
          case 4:
            text.resize(at);
            break;
        }
      }
      const Loaded loaded = load_text(text, "m.yaml", around.dir.path());
      REQUIRE(loaded.config.has_value() == loaded.problems.empty());
      (loaded.config ? read : refused) += 1;
      const auto end_line = std::count(text.begin(), text.end(), '\n') + 3;
      for (const Problem& problem : loaded.problems) {
        REQUIRE_FALSE(problem.message.empty());
        REQUIRE(problem.message.find('\n') == std::string::npos);
        REQUIRE(problem.message.find("hunter2") == std::string::npos);
        // What a mutated setting breaks within a catalog entry has its place there.
        if (problem.at.file == "m.yaml") REQUIRE(problem.at.line <= end_line);
      }
    }
  }
  CHECK(refused > 100);
  CHECK(read > 20);
}

}  // namespace
}  // namespace outaged::config
