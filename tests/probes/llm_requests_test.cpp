// What each wire asks, to the byte: method, URL, headers, body. A changed request is a changed probe, so it is golden.
#include <fmt/format.h>

#include <set>

#include "probes/llm/wire.h"
#include "tests/probes/llm_support.h"

namespace outaged::probes::llm {
namespace {

const Timestamp now = *parse_time("2026-04-13T14:03:00Z");

/// "METHOD URL", a line for each header, and the body; "" where there is no such rung.
std::string ask(const config::LlmCheck& check, Rung rung, int variant = 0) {
  const auto request = request_for(rung, check, variant, "outaged/1", now);
  if (!request) return "";
  std::string out = request->method + " " + request->url;
  for (const auto& [name, value] : request->headers)
    if (name != "user-agent") out += "\n" + name + ": " + value;
  return request->body.empty() ? out : out + "\n" + request->body;
}

const std::string json = "\ncontent-type: application/json";

}  // namespace

TEST_CASE("llm requests: anthropic") {
  const auto check = test::llm_check("anthropic");
  const std::string key = "\nx-api-key: sk-test-key-0123456789", version = "\nanthropic-version: 2023-06-01";
  const std::string url = "POST https://api.anthropic.com/v1/messages";
  const std::string hi = R"("messages":[{"content":"hi","role":"user"}],"model":"tiny-model")";
  CHECK(ask(check, Rung::completion) == url + json + version + key + "\n{\"max_tokens\":1," + hi + "}");
  CHECK(ask(check, Rung::stream) == url + json + version + key + "\n{\"max_tokens\":1," + hi + ",\"stream\":true}");
  CHECK(ask(check, Rung::canary) == url + json + version + "\n{\"max_tokens\":1," + hi + "}");
  CHECK(ask(check, Rung::count) == url + "/count_tokens" + json + version + key + "\n{" + hi + "}");
  CHECK(ask(check, Rung::models) == "GET https://api.anthropic.com/v1/models\naccept: application/json" + version + key);
  CHECK(ask(check, Rung::resident).empty());
}

TEST_CASE("llm requests: openai chat, and the two ways to write its cap") {
  auto check = test::llm_check("openai");
  const std::string bearer = "\nauthorization: Bearer sk-test-key-0123456789";
  const std::string url = "POST https://api.openai.com/v1/chat/completions", hi = R"("messages":[{"content":"hi","role":"user"}],"model":"tiny-model")";
  CHECK(ask(check, Rung::completion) == url + json + bearer + "\n{\"max_completion_tokens\":16," + hi + "}");
  CHECK(ask(check, Rung::completion, 1) == url + json + bearer + "\n{\"max_tokens\":16," + hi + "}");
  CHECK(ask(check, Rung::stream) == url + json + bearer + "\n{\"max_completion_tokens\":16," + hi +
                                        R"(,"stream":true,"stream_options":{"include_usage":true}})");
  CHECK(ask(check, Rung::canary) == url + json + "\n{\"max_completion_tokens\":16," + hi + "}");
  CHECK(ask(check, Rung::models) == "GET https://api.openai.com/v1/models\naccept: application/json" + bearer);
  CHECK(ask(check, Rung::count).empty());
  for (const auto& [wire, base, cap] : {std::tuple{"mistral", "https://api.mistral.ai/v1", 1},
                                        std::tuple{"groq", "https://api.groq.com/openai/v1", 1},
                                        std::tuple{"openrouter", "https://openrouter.ai/api/v1", 16}}) {
    CAPTURE(wire);
    check = test::llm_check(wire);
    CHECK(ask(check, Rung::completion) == fmt::format("POST {}/chat/completions{}{}\n{{\"max_tokens\":{},{}}}", base, json, bearer, cap, hi));
    CHECK(ask(check, Rung::models) == fmt::format("GET {}/models\naccept: application/json{}", base, bearer));
  }
}

TEST_CASE("llm requests: openai responses") {
  const auto check = test::llm_check("openai-responses");
  const std::string head = "POST https://api.openai.com/v1/responses" + json + "\nauthorization: Bearer sk-test-key-0123456789";
  CHECK(ask(check, Rung::completion) == head + R"(
{"input":"hi","max_output_tokens":16,"model":"tiny-model","store":false})");
  CHECK(ask(check, Rung::stream) == head + R"(
{"input":"hi","max_output_tokens":16,"model":"tiny-model","store":false,"stream":true})");
}

TEST_CASE("llm requests: google, with a key and in its cloud") {
  auto check = test::llm_check("gemini");
  const std::string body = R"(
{"contents":[{"parts":[{"text":"hi"}],"role":"user"}],"generationConfig":{"maxOutputTokens":16}})";
  const std::string count = R"(
{"contents":[{"parts":[{"text":"hi"}],"role":"user"}]})";
  const std::string base = "POST https://generativelanguage.googleapis.com/v1beta/models/tiny-model", key = "\nx-goog-api-key: sk-test-key-0123456789";
  CHECK(ask(check, Rung::completion) == base + ":generateContent" + json + key + body);
  CHECK(ask(check, Rung::stream) == base + ":streamGenerateContent?alt=sse" + json + key + body);
  CHECK(ask(check, Rung::canary) == base + ":generateContent" + json + body);
  CHECK(ask(check, Rung::count) == base + ":countTokens" + json + key + count);
  CHECK(ask(check, Rung::models) == "GET https://generativelanguage.googleapis.com/v1beta/models\naccept: application/json" + key);

  check = test::llm_check("vertex", "ya29.token");
  const std::string bearer = "\nauthorization: Bearer ya29.token";
  const std::string google = "POST https://eu-west-1-aiplatform.googleapis.com/v1/projects/my-project/locations/eu-west-1/publishers/google/models/tiny-model";
  CHECK(ask(check, Rung::completion) == google + ":generateContent" + json + bearer + body);
  CHECK(ask(check, Rung::count) == google + ":countTokens" + json + bearer + count);
  CHECK(ask(check, Rung::models).empty());
  check.region = "global";
  CHECK(ask(check, Rung::canary).starts_with("POST https://aiplatform.googleapis.com/v1/projects/my-project/locations/global/"));

  check = test::llm_check("vertex-anthropic", "ya29.token");
  check.model = "claude@20250101";
  const std::string anthropic = "POST https://eu-west-1-aiplatform.googleapis.com/v1/projects/my-project/locations/eu-west-1/publishers/anthropic/models/";
  CHECK(ask(check, Rung::completion) == anthropic + "claude%4020250101:rawPredict" + json + bearer + R"(
{"anthropic_version":"vertex-2023-10-16","max_tokens":1,"messages":[{"content":"hi","role":"user"}]})");
  CHECK(ask(check, Rung::stream).starts_with(anthropic + "claude%4020250101:streamRawPredict"));
  CHECK(ask(check, Rung::count) == anthropic + "count-tokens:rawPredict" + json + bearer + R"(
{"messages":[{"content":"hi","role":"user"}],"model":"claude@20250101"})");
}

TEST_CASE("llm requests: bedrock, signed or with a bearer key") {
  auto check = test::llm_check("bedrock", "");
  check.model = "amazon.nova-micro-v1:0";
  check.access_key_id = config::Secret("AKIDEXAMPLE");
  check.secret_access_key = config::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
  const std::string base = "POST https://bedrock-runtime.eu-west-1.amazonaws.com/model/amazon.nova-micro-v1%3A0";
  const std::string messages = R"("messages":[{"content":[{"text":"hi"}],"role":"user"}])";
  const std::string body = "\n{\"inferenceConfig\":{\"maxTokens\":1}," + messages + "}";
  const std::string completion = ask(check, Rung::completion);
  CHECK(completion.starts_with(base + "/converse" + json + "\nx-amz-date: 20260413T140300Z\nauthorization: AWS4-HMAC-SHA256 "
                                      "Credential=AKIDEXAMPLE/20260413/eu-west-1/bedrock/aws4_request, "
                                      "SignedHeaders=content-type;host;x-amz-date, Signature="));
  CHECK(completion.ends_with(body));
  CHECK(ask(check, Rung::stream).starts_with(base + "/converse-stream"));
  CHECK(ask(check, Rung::count).ends_with("\n{\"input\":{\"converse\":{" + messages + "}}}"));
  CHECK(ask(check, Rung::canary) == base + "/converse" + json + body);
  CHECK(completion.find("wJalr") == std::string::npos);

  check = test::llm_check("bedrock-anthropic", "bedrock-key");
  CHECK(ask(check, Rung::completion) == "POST https://bedrock-runtime.eu-west-1.amazonaws.com/model/tiny-model/invoke" + json +
                                            R"(
authorization: Bearer bedrock-key
{"anthropic_version":"bedrock-2023-05-31","max_tokens":1,"messages":[{"content":"hi","role":"user"}]})");
  CHECK(ask(check, Rung::stream).find("/model/tiny-model/invoke-with-response-stream\n") != std::string::npos);
}

TEST_CASE("llm requests: azure") {
  auto check = test::llm_check("azure-openai");
  check.url = "https://acme.openai.azure.com/";
  const std::string key = "\napi-key: sk-test-key-0123456789", hi = R"("messages":[{"content":"hi","role":"user"}])";
  const std::string url = "POST https://acme.openai.azure.com/openai/deployments/my-deployment/chat/completions?api-version=2024-10-21";
  CHECK(ask(check, Rung::completion) == url + json + key + "\n{\"max_completion_tokens\":16," + hi + "}");
  CHECK(ask(check, Rung::stream, 1) == url + json + key + "\n{\"max_tokens\":16," + hi + ",\"stream\":true}");
  CHECK(ask(check, Rung::canary) == url + json + "\n{\"max_completion_tokens\":16," + hi + "}");
  CHECK(ask(check, Rung::models) == "GET https://acme.openai.azure.com/openai/models?api-version=2024-10-21\naccept: application/json" + key);
}

TEST_CASE("llm requests: servers of one's own have no canary, for nothing of them is refused") {
  auto check = test::llm_check("ollama", "");
  CHECK(ask(check, Rung::completion) == "POST http://127.0.0.1:11434/api/generate" + json + R"(
{"model":"tiny-model","options":{"num_predict":1},"prompt":"hi","stream":false})");
  CHECK(ask(check, Rung::resident) == "GET http://127.0.0.1:11434/api/ps\naccept: application/json");
  CHECK(ask(check, Rung::models) == "GET http://127.0.0.1:11434/api/tags\naccept: application/json");
  check = test::llm_check("llamacpp", "");
  CHECK(ask(check, Rung::stream) == "POST http://127.0.0.1:8080/completion" + json + R"(
{"n_predict":1,"prompt":"hi","stream":true})");
  CHECK(ask(check, Rung::models) == "GET http://127.0.0.1:8080/health\naccept: application/json");
  check = test::llm_check("vllm", "");
  check.url = "http://gpu.internal.example:8000/v1";  // as most SDKs want it
  CHECK(ask(check, Rung::completion) == "POST http://gpu.internal.example:8000/v1/chat/completions" + json + R"(
{"max_tokens":1,"messages":[{"content":"hi","role":"user"}],"model":"tiny-model"})");
  for (const char* wire : {"ollama", "llamacpp", "vllm", "openai-compatible"}) CHECK(ask(test::llm_check(wire, ""), Rung::canary).empty());
}

TEST_CASE("llm requests: without a key nothing is asked that needs one") {
  for (const Asker& asker : askers()) {
    if (!asker.needs_key) continue;
    CAPTURE(asker.name);
    const auto check = test::llm_check(std::string(asker.name), "");
    for (const Rung rung : {Rung::models, Rung::count, Rung::completion, Rung::stream}) CHECK(ask(check, rung).empty());
    CHECK_FALSE(ask(check, Rung::canary).empty());
  }
}

TEST_CASE("llm requests: no completion without a cap, and no canary with a key") {
  std::set<std::string_view> names;
  for (const Asker& asker : askers()) {
    CAPTURE(asker.name);
    CHECK(names.insert(asker.name).second);
    CHECK(find_wire(asker.name) != nullptr);  // somebody reads what it answers
    auto check = test::llm_check(std::string(asker.name));
    check.url = "https://llm.example";
    check.max_tokens = 37;
    check.headers = {{"x-secret", config::Secret("sk-test-key-of-the-user")}, {"User-Agent", config::Secret("mine")}};
    for (int variant = 0; variant < asker.variants; ++variant) {
      for (const Rung rung : {Rung::completion, Rung::stream}) {
        const std::string text = ask(check, rung, variant);
        REQUIRE_FALSE(text.empty());
        CHECK(text.find(":37") != std::string::npos);
        CHECK(text.find("https://llm.example/") != std::string::npos);
        CHECK(text.find("sk-test-key-of-the-user") != std::string::npos);
        CHECK(text.find("User-Agent: mine") != std::string::npos);
      }
    }
    CHECK(ask(check, Rung::canary).find("sk-test-key") == std::string::npos);
  }
  for (const Wire& wire : wires()) CHECK(find_asker(wire.name) != nullptr);
}

}  // namespace outaged::probes::llm
