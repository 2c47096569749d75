// Kind `llm`: what each wire must be told, models that become targets, budgets that are always there.
#include <fmt/format.h>

#include <algorithm>

#include "tests/config/helpers.h"

namespace outaged::config {
namespace {

std::string llm(const std::string& more) {
  std::string text = "            kind: llm\n";
  std::string line;
  for (const char c : more + "\n") {
    if (c != '\n') {
      line += c;
      continue;
    }
    text += "            " + line + "\n";
    line.clear();
  }
  return target(text);
}
const std::string plain = "wire: anthropic\nmodel: claude-haiku-4-5\napi_key: sk-secret-key";

std::vector<Target> targets(const std::string& more) { return good(llm(more)).services.at(0).components.at(0).targets; }
LlmCheck check(const std::string& more) { return std::get<LlmCheck>(targets(more).at(0).check); }
/// What is wrong, without its place.
Lines wrong(const std::string& more) {
  Lines out;
  for (const std::string& line : problems(llm(more))) out.push_back(line.substr(line.find(": ") + 2));
  return out;
}

}  // namespace

TEST_CASE("llm: what is not said has a default, and a budget is among them") {
  const auto made = targets(plain);
  REQUIRE(made.size() == 1);
  CHECK(made[0].name == "s/c/t");
  CHECK(made[0].kind == "llm");
  CHECK(made[0].timeout == 30s);  // the interval: a completion may take longer than a page
  CHECK(made[0].rules.slow_floor == 10s);
  CHECK(made[0].labels == Labels{{"model", "claude-haiku-4-5"}, {"provider", "anthropic"}});
  const LlmCheck c = check(plain);
  CHECK(c.tokens_per_day == 60'000);
  CHECK(c.requests_per_day == 2'000);
  CHECK(c.ledger == "s");
  CHECK(c.max_tokens == 0);  // the least the wire takes
  CHECK(c.stream);
  CHECK(c.ladder == "auto");
  CHECK(c.first_token == 20s);
  CHECK(c.max_gap == 15s);
  CHECK(c.api_key.reveal() == "sk-secret-key");
}

TEST_CASE("llm: every key is read") {
  const LlmCheck c = check(
      "wire: bedrock\nmodel: m\nregion: us-east-1\naccess_key_id: AK\nsecret_access_key: SK\nsession_token: ST\n"
      "url: https://gateway.example/aws\nheaders: {x-team: probes}\nstream: false\nmax_tokens: 64\nfirst_token: 5s\n"
      "max_gap: 4s\nladder: completion\nledger: aws-prod\nprovider: aws-eu\nbudget: {tokens_per_day: 500, requests_per_day: 3000}\n"
      "interval: 60s");
  CHECK(c.region == "us-east-1");
  CHECK(c.access_key_id.reveal() == "AK");
  CHECK(c.secret_access_key.reveal() == "SK");
  CHECK(c.session_token.reveal() == "ST");
  CHECK(c.url == "https://gateway.example/aws");
  CHECK(c.headers.at(0).first == "x-team");
  CHECK_FALSE(c.stream);
  CHECK(c.max_tokens == 64);
  CHECK(c.first_token == 5s);
  CHECK(c.max_gap == 4s);
  CHECK(c.ladder == "completion");
  CHECK(c.ledger == "aws-prod");
  CHECK(c.tokens_per_day == 500);
  CHECK(c.requests_per_day == 3000);
  CHECK(targets("wire: bedrock\nmodel: m\nregion: us-east-1\nprovider: aws-eu").at(0).labels ==
        Labels{{"model", "m"}, {"provider", "aws-eu"}, {"region", "us-east-1"}});
  CHECK(check("wire: azure-openai\ndeployment: gpt\nurl: https://acme.openai.azure.com\napi_key: k").api_version == "2024-10-21");
}

TEST_CASE("llm: models become targets, and all of them cost what one would") {
  const auto made = targets("wire: openrouter\nmodels: [Meta/Llama-3.1, small, big]\napi_key: k\ninterval: 20s\ndetection: {false_alarms_per_year: 2}");
  REQUIRE(made.size() == 3);
  CHECK(made[0].name == "s/c/t/meta-llama-3.1");
  CHECK(made[1].name == "s/c/t/small");
  for (const Target& each : made) {
    CHECK(each.rules.interval == 60s);
    CHECK(each.rules.refractory == 57s);
    CHECK(each.rules.false_alarms_per_year == 2);
    CHECK(each.timeout == 20s);
    CHECK(std::get<LlmCheck>(each.check).ledger == "s");
    CHECK(std::get<LlmCheck>(each.check).models.empty());
  }
  CHECK(std::get<LlmCheck>(made[0].check).model == "Meta/Llama-3.1");
  CHECK(made[0].labels.at("model") == "Meta/Llama-3.1");
  CHECK(wrong("wire: groq\nmodels: [a/b, a-b]\napi_key: k") ==
        Lines{"two models would have the name \"s/c/t/a-b\"; make a target of each"});
  CHECK(wrong("wire: groq\nmodels: [a, a]\napi_key: k").at(0) == "model \"a\" is named twice");
  CHECK(wrong("wire: groq\nmodels: []\napi_key: k") == Lines{"models is empty; name at least one"});
  CHECK(wrong("wire: groq\nmodels: [a]\nmodel: b\napi_key: k") == Lines{"give either model or models, not both"});
}

TEST_CASE("llm: an uncapped completion is refused, and so is a budget without end") {
  for (const char* cap : {"0", "-1", "none", "unlimited", "1025", "1.5"}) {
    CAPTURE(cap);
    const Lines found = wrong(plain + "\nmax_tokens: " + cap);
    REQUIRE(found.size() == 1);
    CHECK(found[0].find("an uncapped completion is refused") != std::string::npos);
  }
  CHECK(check(plain + "\nmax_tokens: 1024").max_tokens == 1024);
  CHECK(wrong("wire: openai-responses\nmodel: m\napi_key: k\nmax_tokens: 8") == Lines{"wire openai-responses refuses fewer than 16 tokens"});
  for (const char* key : {"tokens_per_day", "requests_per_day"}) {
    const Lines found = wrong(plain + "\nbudget: {" + key + ": 0}");
    REQUIRE(found.size() == 1);
    CHECK(found[0] == fmt::format("{} must be a whole number from 1 to 1000000000; a budget cannot be switched off", key));
  }
}

TEST_CASE("llm: a paid rung at every run must fit the budget") {
  const Lines found = wrong(plain + "\nladder: stream");
  REQUIRE(found.size() == 1);
  CHECK(found[0].find("asks 2880 paid requests a day at the interval 30s, and the budget is 2000") != std::string::npos);
  CHECK(check(plain + "\nladder: stream\ninterval: 60s").ladder == "stream");
  CHECK(check(plain + "\nladder: stream\nbudget: {requests_per_day: 2880}").ladder == "stream");
}

TEST_CASE("llm: without a key only the edge is seen, which is noted") {
  const Config config = good(llm("wire: anthropic\nmodel: m"));
  CHECK(std::count_if(config.notes.begin(), config.notes.end(), [](const std::string& note) {
          return note.find("edge only: cannot see failing completions; add api_key_file") != std::string::npos;
        }) == 1);
  CHECK(wrong("wire: anthropic\nmodel: m\nladder: completion\ninterval: 60s") == Lines{"ladder: completion needs a key; add api_key_file"});
  const Config own = good(llm("wire: vllm\nmodel: m\nurl: http://10.0.0.8:8000"));
  CHECK(std::none_of(own.notes.begin(), own.notes.end(), [](const std::string& note) { return note.find("edge only") != std::string::npos; }));
  CHECK(std::get<LlmCheck>(own.services.at(0).components.at(0).targets.at(0).check).requests_per_day == 14'400);
}

TEST_CASE("llm: what each wire must know, and what it has no use for") {
  CHECK(wrong("model: m").at(0).starts_with("a target needs the key wire: which API it speaks: anthropic, openai,"));
  CHECK(wrong("wire: antropic\nmodel: m\nregion: x").at(0).ends_with("did you mean anthropic?"));
  CHECK(wrong("wire: antropic\nmodel: m").size() == 1);
  CHECK(wrong("wire: anthropic\napi_key: k") == Lines{"wire anthropic needs the key model, or models for several"});
  CHECK(wrong("wire: vertex\nmodel: m\napi_key: k") == Lines{"wire vertex needs the key project", "wire vertex needs the key region"});
  CHECK(wrong("wire: bedrock\nmodel: m\napi_key: k") == Lines{"wire bedrock needs the key region"});
  CHECK(wrong("wire: azure-openai\napi_key: k") ==
        Lines{"wire azure-openai needs the key deployment", "wire azure-openai needs the key url: https://NAME.openai.azure.com"});
  CHECK(wrong("wire: openai\nmodel: m\napi_key: k\nregion: x") == Lines{"wire openai takes no region; remove it"});
  CHECK(wrong("wire: bedrock\nmodel: m\nregion: r\naccess_key_id: a").at(0).starts_with("secret_access_key is missing"));
  CHECK(wrong("wire: openai\nmodel: m\naccess_key_id: a\nsecret_access_key: b").at(0).starts_with("wire openai takes an api_key, not an AWS key"));
  CHECK(wrong("wire: openai\nmodel: m\napi_key: k\nladder: count") == Lines{"ladder: count is nothing that wire openai has"});
  CHECK(wrong("wire: ollama\nmodel: m\nladder: canary").at(0).find("refuse a request without a key") != std::string::npos);
  CHECK(wrong(plain + "\nstream: false\nladder: stream\ninterval: 60s") == Lines{"ladder: stream needs stream: true"});
  CHECK(wrong(plain + "\nfirst_token: 31s") == Lines{"first_token 31s is longer than the timeout 30s, so it can never be reached"});
  CHECK(wrong(plain + "\nledger: Not A Name").size() == 1);
  CHECK(wrong(plain + "\nexpect: {status: 200}").size() == 1);  // unknown here
}

TEST_CASE("llm: a secret never stands in a problem") {
  const std::string text = llm("wire: antropic\nmodel: m\napi_key: sk-very-secret\nmax_tokens: none\nladder: zzz\nbudget: {tokens_per_day: x}");
  for (const std::string& line : problems(text)) CHECK(line.find("sk-very-secret") == std::string::npos);
}

TEST_CASE("probing: how hard, all in all") {
  const Config usual = good(fine());
  CHECK(usual.probing.max_per_host == 32);
  CHECK(usual.probing.tokens_per_day == 0);
  const Config config = good(fine() + "probing:\n  max_per_host: 4\n  budget: {tokens_per_day: 1000, requests_per_day: 10}\n");
  CHECK(config.probing.max_per_host == 4);
  CHECK(config.probing.tokens_per_day == 1000);
  CHECK(config.probing.requests_per_day == 10);
  CHECK(problems(fine() + "probing: {max_per_host: 0}\n").size() == 1);
}

TEST_CASE("examples/llm.yaml holds") {
  const TempDir dir;
  for (const char* name : {"secrets/anthropic-key", "secrets/openai-key", "secrets/aws-id", "secrets/aws-secret"}) dir.write(name, "secret-of-the-test");
  const Loaded loaded = load_text(read_all(OUTAGED_SOURCE_DIR "/examples/llm.yaml"), "llm.yaml", dir.path());
  CHECK(lines(loaded) == Lines{});
  REQUIRE(loaded.config);
  std::size_t count = 0;
  for (const Service& service : loaded.config->services)
    for (const Component& component : service.components)
      for (const Target& each : component.targets) count += std::holds_alternative<LlmCheck>(each.check) ? 1U : 0U;
  CHECK(count == 6);
}

}  // namespace outaged::config
