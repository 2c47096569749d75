// The ladder in virtual time: which rung is asked when, what one run's observation says, and whom the controls blame.
#include <algorithm>

#include "tests/probes/fixtures.h"
#include "tests/probes/llm_support.h"

namespace outaged::probes::llm {
namespace {

using ::test::anthropic_error;
using ::test::answer;
using ::test::detail;

struct Watch {
  ::test::TurnedClock clock;
  std::shared_ptr<Ledger> ledger = std::make_shared<Ledger>(clock);
  ::test::FakeApi api;
  std::shared_ptr<const Probe> probe;

  explicit Watch(config::LlmCheck check = ::test::llm_check("anthropic")) { configure(std::move(check)); }
  void configure(config::LlmCheck check) { probe = make_llm(::test::llm_target(std::move(check)), {}, ledger); }
  /// One run, half a minute after the last.
  Finding run(bool base = true) {
    api.asked.clear();
    Finding out = ::test::run(*probe, api, base);
    clock.passed += 30s;
    return out;
  }
  Finding until_paid() {
    for (int i = 0; i < 20; ++i) {
      Finding out = run();
      if (std::any_of(api.asked.begin(), api.asked.end(), [](const auto& rung) { return rung == "stream" || rung == "completion"; })) return out;
    }
    FAIL("never asked");
    return {};
  }
};

std::function<Response(const Request&)> always(Response response) {
  return [response](const Request&) { return response; };
}
using Asked = std::vector<std::string>;

}  // namespace

TEST_CASE("llm ladder: calm runs ask the paid rung in its turn, and the free ones in between") {
  Watch watch;
  Asked all;
  for (int i = 0; i < 400; ++i) {
    const Finding finding = watch.run();
    CHECK(finding.cls == Class::ok);
    REQUIRE(watch.api.asked.size() == 1);
    all.push_back(watch.api.asked[0]);
    const bool paid = all.back() == "stream" || all.back() == "completion";
    CHECK(finding.shallow == !paid);  // what less was asked of does not teach what is normal
    CHECK((detail(finding).find("completion not asked in this run") != std::string::npos) == !paid);
    CHECK(finding.not_before == Duration{});
  }
  CHECK(all[0] == "stream");
  const auto count = [&](const char* rung) { return std::count(all.begin(), all.end(), rung); };
  CHECK(count("stream") + count("completion") >= 190);  // of 200 minutes
  CHECK(count("stream") + count("completion") <= 215);
  CHECK(count("completion") * 5 >= count("stream"));
  CHECK(count("canary") >= 80);
  CHECK(count("models") >= 40);
  CHECK(count("count") >= 40);
  CHECK(watch.ledger->status().at(0).requests_today <= 2000 * 3 / 4 * 200 / 1440 + 2);
}

TEST_CASE("llm ladder: a good answer tells its request, its tokens and its first token's time") {
  Watch watch;
  watch.api.paid = [](const Request& request) {
    CHECK(request.want_arrivals == (request.body.find("\"stream\":true") != std::string::npos));
    Response out = answer(200, ::test::message_stream, {{"content-type", "text/event-stream"}});
    out.arrivals = {{100ms, 60}, {410ms, ::test::message_stream.size()}};
    return out;
  };
  const Finding finding = watch.run();
  REQUIRE(finding.evidence);
  CHECK(finding.evidence->request_id == "req_1");
  CHECK(detail(finding).starts_with("stream: a complete stream"));
  CHECK(detail(finding).find("first token after 0.41 s, 9 tokens") != std::string::npos);
  CHECK(watch.ledger->status().at(0).tokens_today == 9);
}

TEST_CASE("llm ladder: after a failed completion every run asks for one, and only that says ok again") {
  Watch watch;
  watch.api.paid = always(answer(500, anthropic_error("api_error", "Internal server error")));
  CHECK(watch.run().cls == Class::server_error);
  for (int i = 0; i < 20; ++i) {
    CHECK(watch.run().cls == Class::server_error);
    CHECK(watch.api.asked == Asked{"stream", "canary", "count"});
  }
  watch.api.paid = ::test::FakeApi{}.paid;
  const Finding good = watch.run();
  CHECK(good.cls == Class::ok);
  CHECK_FALSE(good.shallow);
  CHECK(watch.api.asked == Asked{"stream"});
}

TEST_CASE("llm ladder: asked out of turn or faster, it is the paid rung that counts") {
  Watch watch;
  watch.run();
  CHECK(watch.run(false).cls == Class::ok);
  CHECK(watch.api.asked == Asked{"stream"});
  CHECK(watch.run(false).shallow == false);
}

TEST_CASE("llm ladder: suspicion without leave is no news at all, least of all good news") {
  auto check = ::test::llm_check("anthropic");
  check.requests_per_day = 8;  // a quarter of it is the reserve
  Watch watch(check);
  CHECK(watch.run().cls == Class::ok);
  watch.api.paid = always(answer(529, anthropic_error("overloaded_error", "Overloaded")));
  CHECK(watch.run(false).cls == Class::overloaded);
  for (int i = 0; i < 5; ++i) {
    const Finding finding = watch.run();
    CHECK(finding.cls == Class::not_asked);
    CHECK(info(finding.cls).counts == Counts::nothing);
    CHECK(detail(finding).find("completion not asked: the budget is used up for this time of the day") != std::string::npos);
    CHECK_FALSE(finding.shallow);
  }
  // What fails without a budget fails.
  watch.api.canary = watch.api.models = watch.api.count = always(::test::gateway(503));
  CHECK(watch.run().cls == Class::edge_error);
}

TEST_CASE("llm ladder: with its budget spent a calm run is good, but says that it sees less") {
  auto check = ::test::llm_check("anthropic");
  check.requests_per_day = 1;
  Watch watch(check);
  CHECK(watch.run().cls == Class::ok);
  const Finding finding = watch.run();
  CHECK(finding.cls == Class::ok);
  CHECK(finding.shallow);
  CHECK(detail(finding).find("completion not asked: today's budget is spent") != std::string::npos);
  CHECK(watch.ledger->status().at(0).reduced);
  CHECK(watch.ledger->take_notices().size() == 1);
  watch.run();
  CHECK(watch.ledger->take_notices().empty());
}

TEST_CASE("llm ladder: a free rung that fails is followed by the paid one, which decides") {
  Watch watch;
  watch.run();
  watch.api.canary = watch.api.models = watch.api.count = always(answer(503, "{}"));
  Finding finding = watch.run();
  CHECK(finding.cls == Class::ok);
  REQUIRE(watch.api.asked.size() == 2);
  CHECK(watch.api.asked[1] == "stream");
  CHECK(detail(finding).find("; but ") != std::string::npos);
  watch.api.paid = always(answer(503, "{}"));
  CHECK(watch.until_paid().cls == Class::server_error);
}

TEST_CASE("llm ladder: without a key only the edge is seen, and the evidence says so") {
  Watch watch(::test::llm_check("anthropic", ""));
  for (int i = 0; i < 10; ++i) {
    const Finding finding = watch.run();
    CHECK(finding.cls == Class::ok);
    CHECK_FALSE(finding.shallow);  // it is all that can be had
    CHECK(watch.api.asked == Asked{"canary"});
    CHECK(detail(finding).find("edge only") != std::string::npos);
  }
  watch.api.canary = always(answer(401, "<html>401</html>", {{"content-type", "text/html"}}));
  CHECK(watch.run().cls != Class::ok);
  watch.api.canary = always(::test::gateway(502));
  CHECK(watch.run().cls == Class::edge_error);
}

TEST_CASE("llm canary: each API's own refusal is the healthy answer, and nobody else's") {
  struct Refusal {
    const char* wire;
    int status;
    const char* body;
  };
  for (const Refusal& refusal : {
           Refusal{"openai", 401, R"({"error":{"message":"You didn't provide an API key.","type":"invalid_request_error","param":null,"code":null}})"},
           Refusal{"openai-responses", 401, R"({"error":{"message":"You didn't provide an API key.","type":"invalid_request_error"}})"},
           Refusal{"gemini", 403, R"({"error":{"code":403,"message":"Method doesn't allow unregistered callers","status":"PERMISSION_DENIED"}})"},
           Refusal{"vertex", 401, R"([{"error":{"code":401,"message":"Request had invalid authentication credentials.","status":"UNAUTHENTICATED"}}])"},
           Refusal{"bedrock", 403, R"({"message":"Missing Authentication Token"})"},
           Refusal{"azure-openai", 401, R"({"error":{"code":"401","message":"Access denied due to invalid subscription key or wrong API endpoint."}})"},
           Refusal{"groq", 401, R"({"error":{"message":"Invalid API Key","type":"invalid_request_error","code":"invalid_api_key"}})"},
           Refusal{"mistral", 401, R"({"message":"Unauthorized","request_id":"x"})"},
           Refusal{"openrouter", 401, R"({"error":{"code":401,"message":"No auth credentials found"}})"},
       }) {
    CAPTURE(refusal.wire);
    auto check = ::test::llm_check(refusal.wire, "");
    check.url = "https://llm.example";
    Watch watch(check);
    auto api = [&](const Request&) { return answer(refusal.status, refusal.body); };
    const Finding finding = ::test::run(*watch.probe, api);
    CHECK(finding.cls == Class::ok);
    CHECK(detail(finding).find("as it should") != std::string::npos);
    auto proxy = [&](const Request&) {
      Response out = answer(refusal.status, "<html><h1>Forbidden</h1></html>", {{"content-type", "text/html"}});
      std::erase_if(out.headers, [](const auto& header) { return header.first == "request-id"; });
      return out;
    };
    CHECK(::test::run(*watch.probe, proxy).cls != Class::ok);
  }
}

TEST_CASE("llm canary: the recorded refusals") {
  for (const auto& [wire, file, status] : {std::tuple{"gemini", "gemini-403-unregistered.json", 403}, std::tuple{"openai", "openai-401-no-key.json", 401}}) {
    const std::string path = outaged::test::fixture_root() + "/llm/samples/" + file;
    if (!std::filesystem::exists(path)) {
      std::cout << "SKIPPED: no recorded fixtures at " << path << " (set OUTAGED_FIXTURES)\n";
      return;
    }
    Watch watch(::test::llm_check(wire, ""));
    const std::string body = outaged::test::read_bytes(path);
    auto api = [&, code = status](const Request&) { return answer(code, body); };
    CHECK(::test::run(*watch.probe, api).cls == Class::ok);
  }
}

TEST_CASE("llm ladder: a fixed rung is that rung in every run") {
  for (const char* rung : {"canary", "models", "count", "completion", "stream"}) {
    CAPTURE(rung);
    auto check = ::test::llm_check("anthropic");
    check.ladder = rung;
    Watch watch(check);
    for (int i = 0; i < 5; ++i) {
      const Finding finding = watch.run();
      CHECK(finding.cls == Class::ok);
      CHECK_FALSE(finding.shallow);
      CHECK(watch.api.asked == Asked{rung});
    }
  }
  auto check = ::test::llm_check("anthropic");
  check.ladder = "completion";
  check.requests_per_day = 2;
  Watch watch(check);
  watch.run();
  watch.run();
  CHECK(watch.run().cls == Class::not_asked);
  CHECK(watch.api.asked.empty());
}

TEST_CASE("llm controls: our key works elsewhere, so it is inference that is out") {
  Watch watch;
  watch.api.paid = always(answer(500, anthropic_error("api_error", "Internal server error")));
  const Finding finding = watch.run();
  CHECK(finding.cls == Class::server_error);
  CHECK(detail(finding).find("Internal server error") != std::string::npos);
  CHECK(detail(finding).find("refuses a request without a key as it should") != std::string::npos);
  CHECK(detail(finding).find("our key is accepted by POST /v1/messages/count_tokens; the completion fails") != std::string::npos);
  REQUIRE(finding.response);  // the observation is of the completion, not of its controls
  CHECK(finding.response->status == 500);
  CHECK(finding.evidence->request_id == "req_1");
}

TEST_CASE("llm controls: it is our key, whatever the completion said") {
  Watch watch;
  watch.api.paid = always(answer(500, anthropic_error("api_error", "Internal server error")));
  watch.api.count = always(answer(401, anthropic_error("authentication_error", "invalid x-api-key")));
  CHECK(watch.run().cls == Class::auth);
  CHECK(watch.run().cls == Class::auth);
}

TEST_CASE("llm controls: a refused key is ours, unless it just worked and still does elsewhere") {
  Watch watch;
  watch.api.paid = always(answer(401, anthropic_error("authentication_error", "invalid x-api-key")));
  CHECK(watch.run().cls == Class::auth);  // it never worked: ours
  watch.api.paid = ::test::FakeApi{}.paid;
  CHECK(watch.run().cls == Class::ok);
  watch.api.paid = always(answer(401, anthropic_error("authentication_error", "OAuth token has expired")));
  const Finding theirs = watch.until_paid();
  CHECK(theirs.cls == Class::server_error);
  CHECK(detail(theirs).find("their authentication fails") != std::string::npos);
  watch.api.paid = always(answer(403, anthropic_error("permission_error", "not for this model")));
  CHECK(watch.run().cls == Class::auth);  // a permission lost is ours
}

TEST_CASE("llm controls: everything fails, a key or none") {
  Watch watch;
  const auto down = always(::test::gateway(503));
  watch.api.paid = watch.api.canary = watch.api.models = watch.api.count = down;
  const Finding finding = watch.run();
  CHECK(finding.cls == Class::edge_error);
  CHECK(detail(finding).find("it is the API as a whole") != std::string::npos);
}

TEST_CASE("llm controls: where no connection stood none is asked, nor after a 429") {
  Watch watch;
  Response refused;
  refused.error = TransportError::connect_refused;
  watch.api.paid = always(refused);
  CHECK(watch.run().cls == Class::tcp_refused);
  CHECK(watch.api.asked == Asked{"stream"});
  watch.api.paid = always(answer(429, anthropic_error("rate_limit_error", "slow down"), {{"retry-after", "90"}}));
  const Finding limited = watch.run();
  CHECK(limited.cls == Class::rate_limited);
  CHECK(limited.not_before == 90s);
  CHECK(watch.api.asked == Asked{"stream"});
  const Finding after = watch.run();
  CHECK(after.cls == Class::not_asked);
  CHECK(detail(after).find("we were told to wait") != std::string::npos);
  watch.clock.passed += 60s;
  watch.api.paid = ::test::FakeApi{}.paid;
  CHECK(watch.run().cls == Class::ok);
}

TEST_CASE("llm controls: whoever is told to wait waits an hour at most, and in an outage a minute") {
  Watch watch;
  watch.api.paid = always(answer(429, anthropic_error("rate_limit_error", "x"), {{"retry-after", "86400"}}));
  CHECK(watch.run().not_before == 1h);
  watch.clock.passed += 1h;
  watch.api.paid = always(answer(529, anthropic_error("overloaded_error", "x"), {{"retry-after", "3600"}}));
  CHECK(watch.run().not_before == 1min);
}

TEST_CASE("llm controls: the account is out of credit, and paid requests stop") {
  Watch watch;
  watch.api.paid = always(answer(402, anthropic_error("billing_error", "Your credit balance is too low")));
  CHECK(watch.run().cls == Class::account);
  CHECK(watch.api.asked == Asked{"stream"});
  for (int i = 0; i < 10; ++i) {
    CHECK(watch.run().cls == Class::not_asked);
    CHECK(watch.api.asked.size() == 1);
  }
  CHECK(watch.ledger->take_notices().size() == 1);
}

TEST_CASE("llm controls: a model that is gone") {
  Watch watch;
  watch.api.paid = always(answer(404, anthropic_error("not_found_error", "model: tiny-model")));
  Finding finding = watch.run();
  CHECK(finding.cls == Class::not_found);
  CHECK(watch.api.asked == Asked{"stream", "models"});
  CHECK(detail(finding).find("GET /v1/models lists this model") != std::string::npos);
  watch.api.models = always(answer(200, R"({"data":[{"type":"model","id":"another"}]})"));
  CHECK(detail(watch.run()).find("does not list this model") != std::string::npos);
}

TEST_CASE("llm kind: a cap that the model knows by another name is written the other way, at once") {
  std::vector<std::string> bodies;
  auto api = [&](const Request& request) {
    bodies.push_back(request.body);
    if (request.body.find("max_completion_tokens") != std::string::npos)
      return answer(400, R"({"error":{"message":"Unsupported parameter: 'max_completion_tokens'. Use 'max_tokens'.","type":"invalid_request_error"}})");
    return answer(200, R"({"id":"chatcmpl-1","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hi"},"finish_reason":"length"}],"usage":{"prompt_tokens":8,"completion_tokens":16}})");
  };
  auto check = ::test::llm_check("openai");
  check.stream = false;
  Watch watch(check);
  CHECK(::test::run(*watch.probe, api).cls == Class::ok);
  CHECK(bodies.size() == 2);
  CHECK(::test::run(*watch.probe, api, false).cls == Class::ok);
  CHECK(bodies.size() == 3);  // remembered
  CHECK(watch.ledger->status().at(0).requests_today == 2);
}

TEST_CASE("llm kind: a model that is not loaded is not woken") {
  std::vector<std::string> asked;
  std::string resident = R"({"models":[]})";
  auto api = [&](const Request& request) {
    asked.push_back(request.url.substr(request.url.rfind('/')));
    if (asked.back() == "/ps") return answer(200, resident);
    if (asked.back() == "/tags") return answer(200, R"({"models":[{"name":"tiny-model:latest","model":"tiny-model:latest"}]})");
    return answer(200, R"({"model":"tiny-model","response":"Hi","done":true,"done_reason":"length","prompt_eval_count":8,"eval_count":1})");
  };
  auto check = ::test::llm_check("ollama", "");
  check.stream = false;
  Watch watch(check);
  Finding finding = ::test::run(*watch.probe, api);
  CHECK(finding.cls == Class::ok);
  CHECK(finding.shallow);
  CHECK(asked == Asked{"/ps"});
  CHECK(detail(finding).find("not loaded") != std::string::npos);
  resident = R"({"models":[{"name":"tiny-model:latest","model":"tiny-model:latest"}]})";
  asked.clear();
  CHECK_FALSE(::test::run(*watch.probe, api).shallow);
  CHECK(asked == Asked{"/ps", "/generate"});
}

TEST_CASE("llm kind: a key that comes back in an error is not kept") {
  Watch watch;
  watch.api.paid = always(answer(401, anthropic_error("authentication_error", "invalid key sk-test-key-0123456789")));
  const Finding finding = watch.run();
  CHECK(detail(finding).find("sk-test") == std::string::npos);
  CHECK(detail(finding).find("[redacted]") != std::string::npos);
}

TEST_CASE("llm kind: what it learned outlives a reload") {
  Watch watch;
  watch.api.paid = always(answer(500, anthropic_error("api_error", "x")));
  CHECK(watch.run().cls == Class::server_error);
  watch.configure(::test::llm_check("anthropic"));  // the old probe is dropped only after the new one was made
  CHECK(watch.run().cls == Class::server_error);
  CHECK(watch.api.asked[0] == "stream");
}

}  // namespace outaged::probes::llm
