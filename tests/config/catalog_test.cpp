// The catalog: every entry loads as it is, and `use` takes it, completes it, and tells what is wrong at its place.
#include "config/catalog.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/page_formats.h"
#include "tests/config/helpers.h"

namespace outaged::config {
namespace {

const Component* component(const Service& service, const std::string& name) {
  for (const Component& each : service.components)
    if (each.name == service.name + "/" + name) return &each;
  return nullptr;
}
const Target* target_of(const Service& service, const std::string& name) {
  for (const Component& each : service.components)
    for (const Target& target : each.targets)
      if (target.name == service.name + "/" + name) return &target;
  return nullptr;
}
bool has_note(const Config& config, const std::string& note) {
  return std::find(config.notes.begin(), config.notes.end(), note) != config.notes.end();
}

/// A directory of overrides, and a configuration that reads it.
struct Overrides {
  TempDir dir;
  std::string config(const std::string& services) const {
    return "catalog: {path: " + dir.path() + "}\nservices:\n" + services;
  }
};

const char* const tiny =
    "version: 1\nsummary: Tiny\nservice:\n  components: [{name: c, targets: [{name: t, url: https://t.example}]}]\n";

}  // namespace

TEST_CASE("catalog: every entry loads without any setting, and no target of it holds a secret") {
  const Catalog catalog;
  CHECK(catalog.entries().size() >= 40);
  for (const CatalogEntry& entry : catalog.entries()) {
    CAPTURE(entry.name);
    const Config config = good("services:\n  - use: " + entry.name + "\n");
    REQUIRE(config.services.size() == 1);
    const Service& service = config.services[0];
    CHECK(service.name == entry.name);
    CHECK(service.title != entry.name);
    for (const Component& each : service.components) {
      CHECK((each.page.page.empty() ? !each.targets.empty() : true));
      for (const Target& target : each.targets) {
        if (const auto* llm = std::get_if<LlmCheck>(&target.check)) {
          CHECK(llm->api_key.empty());
          CHECK(llm->access_key_id.empty());
        }
        CHECK(target.rules.interval >= 30s);  // of somebody else's service
      }
    }
    const auto [facts, problems] = catalog_facts(entry);
    CHECK(problems.empty());
    CHECK(facts.version >= 1);
    CHECK(!facts.summary.empty());
    const bool keyed = std::any_of(facts.settings.begin(), facts.settings.end(),
                                   [](const auto& each) { return each.first == "api_key"; });
    CHECK((!keyed || (!facts.key.empty() && !facts.permissions.empty())));
  }
}

TEST_CASE("catalog: every page's format is declared, and is the one that its provider is known to have") {
  // By provider; where several entries share a page they agree with it.
  const std::map<std::string, std::string> known = {
      {"https://status.claude.com", "statuspage"},
      {"https://status.openai.com", "incidentio"},
      {"https://status.cloud.google.com", "google_cloud"},
      {"https://health.aws.amazon.com", "aws"},
      {"https://azure.status.microsoft", "azure_rss"},
      {"https://status.mistral.ai", "checkly"},
      {"https://status.cohere.com", "incidentio"},
      {"https://groqstatus.com", "incidentio_native"},
      {"https://status.together.ai", "betterstack"},
      {"https://status.fireworks.ai", "auto"},  // reports conflict
      {"https://www.cloudflarestatus.com", "statuspage"},
      {"https://status.huggingface.co", "betterstack"},
      {"https://openrouter.statuspage.datadoghq.com", "datadog"},
      {"https://status.x.ai", "xai_rss"},
      {"https://status.deepseek.com", "flashduty"},
      {"https://status.perplexity.com", "incidentio"},
      {"https://status.cursor.com", "statuspage"},
      {"https://www.githubstatus.com", "statuspage"},
      {"https://status.gitlab.com", "statusio"},
      {"https://bitbucket.status.atlassian.com", "statuspage"},
      {"https://status.dev.azure.com", "azure_devops"},
      {"https://slack-status.com", "slack"},
      {"https://www.stripestatus.com", "statuspage"},
      {"https://status.heroku.com", "heroku"},
      {"https://www.google.com/appsstatus", "google_workspace"},
      {"https://status.npmjs.org", "statuspage"},
      {"https://status.python.org", "statuspage"},
      {"https://api.status.io/1.0/status/533c6539221ae15e3f000031", "statusio"},
      {"https://status.elevenlabs.io", "incidentio"},
      {"https://linearstatus.com", "incidentio"},
      {"https://status.clerk.com", "incidentio"},
      {"https://status.hashicorp.com", "incidentio"},
      {"https://status.modal.com", "betterstack"},
  };
  const std::vector<std::string> local = {"llamacpp", "ollama", "vllm"};
  const Catalog catalog;
  for (const CatalogEntry& entry : catalog.entries()) {
    CAPTURE(entry.name);
    const CatalogFacts facts = catalog_facts(entry).first;
    if (std::find(local.begin(), local.end(), entry.name) != local.end()) {
      CHECK(facts.page_url.empty());
      continue;
    }
    REQUIRE(known.contains(facts.page_url));
    CHECK(facts.page_format == known.at(facts.page_url));
    CHECK(entry.text.find("format: " + facts.page_format) != std::string::npos);
  }
}

TEST_CASE("catalog: what lies behind a log-in is watched through its page alone") {
  for (const auto& [entry, name] : {std::pair{"anthropic", "web"},
                                    {"anthropic", "console"},
                                    {"openai", "chatgpt"},
                                    {"openrouter", "web"},
                                    {"cloudflare", "dashboard"},
                                    {"slack", "messaging"}}) {
    CAPTURE(entry);
    const Config config = good(fmt::format("services: [{{use: {}}}]", entry));
    const Component* found = component(config.services[0], name);
    REQUIRE(found != nullptr);
    CHECK(found->targets.empty());
    CHECK(!found->page.components.empty());
  }
}

TEST_CASE("use: without a key only what is free is asked, and a note says what cannot be seen") {
  const Config config = good("services:\n  - use: anthropic\n");
  const Service& service = config.services[0];
  CHECK(target_of(service, "api/edge") != nullptr);
  CHECK(std::get<LlmCheck>(target_of(service, "api/edge")->check).ladder == "canary");
  CHECK(target_of(service, "api/messages") == nullptr);
  CHECK(has_note(config, "c.yaml:2:10: anthropic: edge only: cannot see failing completions; add api_key_file"));
  CHECK(service.at.file == "c.yaml");
  CHECK(service.at.line == 2);
}

TEST_CASE("use: a key starts what needs it, and is read beside the file that names it") {
  TempDir dir;
  dir.write("key", "sk-of-the-test\n");
  const std::string text =
      "services:\n  - use: anthropic\n    api_key_file: key\n    model: [claude-a, claude-b]\n    budget: "
      "{requests_per_day: 7}\n";
  const Loaded loaded = load_text(text, "c.yaml", dir.path());
  CHECK(lines(loaded) == Lines{});
  REQUIRE(loaded.config);
  const Service& service = loaded.config->services[0];
  const Target* target = target_of(service, "api/messages/claude-a");
  REQUIRE(target != nullptr);
  CHECK(target_of(service, "api/messages/claude-b") != nullptr);
  const auto& check = std::get<LlmCheck>(target->check);
  CHECK(check.api_key.reveal() == "sk-of-the-test");
  CHECK(check.requests_per_day == 7);
  for (const std::string& note : loaded.config->notes) CHECK(note.find("edge only") == std::string::npos);

  // A path in a list of lines of its own is a mistake of the user's, at the user's place.
  CHECK(problems("services:\n  - use: anthropic\n    api_key_file: /nowhere/key\n") ==
        Lines{"c.yaml:3:19: api_key_file: cannot read the file \"/nowhere/key\": No such file or directory"});
}

TEST_CASE("use: of an http target the key is the bearer token") {
  const Config config = good("services: [{use: github, api_key: ghp_test}]");
  const Target* target = target_of(config.services[0], "api/signed-in");
  REQUIRE(target != nullptr);
  const auto& headers = target->http().headers;
  CHECK(std::any_of(headers.begin(), headers.end(),
                    [](const auto& each) { return each.second.reveal() == "Bearer ghp_test"; }));
  CHECK(target_of(good("services: [{use: github}]").services[0], "api/signed-in") == nullptr);
}

TEST_CASE("use: settings go into texts, and their defaults where none is given") {
  const Service plain = good("services: [{use: bedrock}]").services[0];
  CHECK(component(plain, "runtime")->page.components == Lines{"bedrock-us-east-1"});
  const Service there = good("services: [{use: bedrock, region: eu-west-1}]").services[0];
  CHECK(component(there, "runtime")->page.components == Lines{"bedrock-eu-west-1"});
  CHECK(std::get<LlmCheck>(target_of(there, "runtime/edge")->check).region == "eu-west-1");

  const Service pair = good("services: [{use: bedrock, access_key_id: AK, secret_access_key: SK}]").services[0];
  const auto& check = std::get<LlmCheck>(target_of(pair, "runtime/converse")->check);
  CHECK(check.secret_access_key.reveal() == "SK");
  CHECK(check.session_token.empty());
  CHECK(target_of(pair, "runtime/converse-key") == nullptr);

  const Service ours = good("services: [{use: ollama, url: 'http://10.0.0.8:11434/', model: m}]").services[0];
  CHECK(target_of(ours, "server/version")->http().url == "http://10.0.0.8:11434/api/version");
  CHECK(std::get<LlmCheck>(target_of(ours, "server/generate")->check).model == "m");
}

TEST_CASE("use: a target that lacks more than a key is left out, and the note says what it needs") {
  const Config config = good("services:\n  - use: vertex\n    api_key: token\n");
  CHECK(target_of(config.services[0], "gemini/edge") != nullptr);
  CHECK(target_of(config.services[0], "gemini/generate") == nullptr);
  CHECK(has_note(config, "c.yaml:2:10: vertex: gemini/generate is not watched; it needs project"));
}

TEST_CASE("use: what stands beside it goes over the entry, components and targets by name") {
  const Config config = good(
      "services:\n"
      "  - use: github\n"
      "    name: hub\n"
      "    title: Our GitHub\n"
      "    importance: page\n"
      "    page: {interval: 5m}\n"
      "    only: [git, api, ours]\n"
      "    components:\n"
      "      - name: api\n"
      "        title: The API\n"
      "        targets: [{name: rate-limit, interval: 2m}, {name: more, url: https://api.github.com/zen}]\n"
      "      - {name: ours, targets: [{name: t, url: https://github.com/ours}]}\n");
  const Service& service = config.services[0];
  CHECK(service.name == "hub");
  CHECK(service.title == "Our GitHub");
  CHECK(service.importance == Importance::page);
  CHECK(service.page->interval == 5min);
  CHECK(service.page->format == "statuspage");
  REQUIRE(service.components.size() == 3);
  const Component* api = component(service, "api");
  REQUIRE(api != nullptr);
  CHECK(api->title == "The API");
  CHECK(api->page.components == Lines{"brv1bkgrwx7q"});
  REQUIRE(api->targets.size() == 2);
  CHECK(api->targets[0].rules.interval == 2min);
  CHECK(api->targets[0].http().url == "https://api.github.com/rate_limit");
  CHECK(component(service, "ours") != nullptr);
}

TEST_CASE("use: what is wrong beside it is told at its place") {
  CHECK(problems("services:\n  - use: antropic\n") ==
        Lines{"c.yaml:2:10: the catalog has no entry \"antropic\"; did you mean anthropic?"});
  CHECK(
      problems("services:\n  - use: no-such-service-anywhere\n") ==
      Lines{"c.yaml:2:10: the catalog has no entry \"no-such-service-anywhere\"; outaged catalog list shows them all"});
  CHECK(problems("services:\n  - use: anthropic\n    api_key_fil: x\n") ==
        Lines{"c.yaml:3:5: unknown key \"api_key_fil\" beside use: anthropic; did you mean api_key_file?"});
  CHECK(problems("services:\n  - use: anthropic\n    api_key: a\n    api_key_env: B\n") ==
        Lines{"c.yaml:4:18: api_key and api_key_env are both given; keep one"});
  CHECK(problems("services:\n  - use: anthropic\n    only: [apii]\n") ==
        Lines{"c.yaml:3:12: anthropic has no component \"apii\"; did you mean api?"});
  CHECK(problems("services:\n  - use: anthropic\n  - use: anthropic\n") ==
        Lines{"c.yaml:3:10: service \"anthropic\" is defined twice; the first is at c.yaml:2:10"});
  CHECK(problems("services:\n  - use: npm\n    importance: high\n")
            .at(0)
            .starts_with("c.yaml:3:17: importance must be one of"));
  CHECK(problems("services:\n  - use: npm\n    components:\n      - name: registry\n        targets:\n") ==
        Lines{"c.yaml:5:9: targets has no value; give it one, or remove the key"});
  CHECK(problems("services:\n  - use:\n").at(0).starts_with("c.yaml:2:"));
}

TEST_CASE("catalog: a file of the same name replaces the entry whole, and others are added") {
  const Overrides over;
  const std::string file = over.dir.write("anthropic.yaml", tiny);
  over.dir.write("ours.yaml", tiny);
  over.dir.write("notes.txt", "not an entry");
  over.dir.write(".hidden.yaml", "not an entry");
  const Config config = good(over.config("  - use: anthropic\n  - use: ours\n  - use: npm\n"));
  REQUIRE(config.services.size() == 3);
  CHECK(!config.services[0].page);
  CHECK(target_of(config.services[0], "c/t") != nullptr);
  CHECK(config.services[1].name == "ours");
  CHECK(config.services[2].page);
  CHECK(std::find(config.files.begin(), config.files.end(), file) != config.files.end());

  // Another entry is another configuration.
  const std::string text = over.config("  - use: ours\n");
  const std::string before = good(text).hash;
  over.dir.write("ours.yaml", std::string(tiny) + "# changed\n");
  CHECK(good(text).hash != before);
}

TEST_CASE("catalog: a mistake in an override has its place there") {
  const Overrides over;
  const auto wrong = [&](const std::string& text) {
    const std::string file = over.dir.write("ours.yaml", text);
    Lines out = problems(over.config("  - use: ours\n"));
    for (std::string& line : out)
      if (line.starts_with(file)) line = "ours.yaml" + line.substr(file.size());
    return out;
  };
  CHECK(wrong(tiny) == Lines{});
  CHECK(wrong(std::string(tiny) + "sumary: x\n") ==
        Lines{"ours.yaml:5:1: unknown key \"sumary\" in the catalog entry ours; did you mean summary?"});
  CHECK(wrong("version: 1\nsummary: s\nservice:\n  components: [{name: c, targets: [{name: t, url: nonsense}]}]\n")
            .at(0)
            .starts_with("ours.yaml:4:51: url "));
  CHECK(wrong("version: 1\nsummary: [\n").at(0).starts_with("ours.yaml:2:10: this [ is not closed"));
  CHECK(wrong("summary: s\nservice: {components: []}\n").at(0).find("needs the key version") != std::string::npos);
  CHECK(wrong("version: 1\nsummary: s\nsettings: {api_key: sk-1}\nservice: {components: [{name: c, targets: [{name: t, "
              "url: 'https://t.example'}]}]}\n") ==
        Lines{"ours.yaml:3:21: setting api_key is a secret, so it has no default; leave it empty"});

  // One that cannot do without a setting is no mistake, but to use it without is.
  const std::string needy =
      "version: 1\nsummary: s\nsettings: {url: }\nservice: {components: [{name: c, targets: [{name: t, url: <url>}]}]}\n";
  CHECK(wrong(needy) == Lines{"c.yaml:3:10: ours needs url beside use, or nothing watches its c"});
  CHECK(catalog_facts({"ours", needy, ""}).second.empty());
  CHECK(good(over.config("  - {use: ours, url: 'https://t.example'}\n")).services[0].components[0].targets.size() == 1);

  over.dir.write("Bad Name.yaml", tiny);
  CHECK(wrong(tiny).at(0).find("an entry is used by its file's name") != std::string::npos);
  CHECK(problems("catalog: {path: /nowhere/at/all}\nservices: [{use: npm}]") ==
        Lines{"/nowhere/at/all: cannot be read: No such file or directory"});
}

}  // namespace outaged::config
