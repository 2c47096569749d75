#include "probes/attribution.h"

#include <doctest/doctest.h>

#include "tests/probes/fixtures.h"

namespace outaged::probes {
namespace {

using Headers = std::vector<std::pair<std::string, std::string>>;

Response answer(int status, std::string body = "", Headers headers = {}) {
  Response out;
  out.status = status;
  out.body = std::move(body);
  out.headers = std::move(headers);
  out.remote = "192.0.2.7:443";
  return out;
}

Class cls(const Response& response, const Expectation& expectation = {}) {
  return attribute(response, expectation).cls;
}

const Expectation json_here{.status = {}, .json = true, .content = true};

}  // namespace

TEST_CASE("attribution: every transport error is its own class, whatever else came") {
  CHECK(class_of(TransportError::none) == Class::ok);
  for (int i = 1; i <= static_cast<int>(TransportError::local); ++i) {
    const auto error = static_cast<TransportError>(i);
    CAPTURE(i);
    Response response = answer(200, "fine", {{"cf-mitigated", "challenge"}});
    response.error = error;
    response.error_text = "their\nwords";
    const Attribution out = attribute(response);
    CHECK(out.cls == class_of(error));
    CHECK(out.cls != Class::ok);
    CHECK(out.evidence.detail.find("their words") != std::string::npos);
    CHECK(out.evidence.remote == "192.0.2.7:443");
  }
  CHECK(class_of(TransportError::dns_timeout) == Class::dns_timeout);
  CHECK(class_of(TransportError::connect_refused) == Class::tcp_refused);
  CHECK(class_of(TransportError::tls_expired) == Class::tls_expired);
  CHECK(class_of(TransportError::timeout_first_byte) == Class::timeout_before_first_byte);
  CHECK(class_of(TransportError::truncated_body) == Class::body_truncated);
  CHECK(class_of(TransportError::local) == Class::probe_error);
}

TEST_CASE("attribution: the provider's own error, with its words and its request id") {
  const Attribution out = attribute(answer(
      500, R"({"type":"error","error":{"type":"api_error","message":"Internal server error"},"request_id":"rq_77"})",
      {{"content-type", "application/json"},
       {"cf-ray", "abc-LIS"},
       {"set-cookie", "session=s3cret"},
       {"x-internal", "y"}}));
  CHECK(out.cls == Class::server_error);
  CHECK(out.evidence.detail == "HTTP 500 api_error: Internal server error");
  CHECK(out.evidence.request_id == "rq_77");
  const Headers kept = {{"content-type", "application/json"}, {"cf-ray", "abc-LIS"}};
  CHECK(out.evidence.headers == kept);
}

TEST_CASE("attribution: the request id comes from the provider's header before the body, never from the edge's") {
  const std::string body = R"({"error":{"message":"m"},"request_id":"of-body"})";
  CHECK(attribute(answer(500, body, {{"request-id", "of-header"}})).evidence.request_id == "of-header");
  CHECK(attribute(answer(500, body, {{"x-request-id", "generic"}, {"x-amzn-requestid", "own"}})).evidence.request_id ==
        "own");
  CHECK(attribute(answer(500, "", {{"cf-ray", "edge"}, {"x-vercel-id", "edge"}})).evidence.request_id.empty());
  CHECK(attribute(answer(200, "fine", {{"x-request-id", "good"}})).evidence.request_id == "good");
}

TEST_CASE("attribution: a challenge or a block is one on any status, an expected one included") {
  for (const int status : {200, 202, 401, 403, 405, 429, 503}) {
    CAPTURE(status);
    const Expectation any{.status = {{100, 599}}};
    CHECK(cls(answer(status, "x", {{"cf-mitigated", "challenge"}}), any) == Class::bot_challenge);
    CHECK(cls(answer(status, "", {{"x-amzn-waf-action", "captcha"}}), any) == Class::bot_challenge);
    CHECK(cls(answer(status, "", {{"x-vercel-mitigated", "deny"}}), any) == Class::access_blocked);
  }
  CHECK(cls(answer(403, "<html><head><title>Just a moment...</title></head></html>")) == Class::bot_challenge);
  CHECK(cls(answer(403, "error code: 1020")) == Class::access_blocked);
  CHECK(cls(answer(429, "error code: 1015")) == Class::rate_limited);
  CHECK(cls(answer(403, "<title>Attention Required! | Cloudflare</title>")) == Class::access_blocked);
  // A page that merely talks of it is a page.
  CHECK(cls(answer(200, "<html>How to get past <title>Just a moment...</title></html>")) == Class::ok);
}

TEST_CASE("attribution: gateways are known by their signatures") {
  CHECK(cls(answer(502, "<html><hr><center>nginx/1.22.1</center></html>", {{"content-type", "text/html"}})) ==
        Class::edge_error);
  CHECK(cls(answer(500, "<html><hr><center>nginx</center></html>")) == Class::edge_error);
  CHECK(cls(answer(503, "no healthy upstream")) == Class::edge_error);
  CHECK(cls(answer(503, "upstream connect error or disconnect/reset before headers. reset reason: overflow")) ==
        Class::overloaded);
  CHECK(cls(answer(521, "error code: 521")) == Class::edge_error);
  CHECK(cls(answer(523)) == Class::edge_error);
  CHECK(cls(answer(503, R"({"cloudflare_error":true,"error_code":521,"title":"t"})")) == Class::edge_error);
  CHECK(cls(answer(403, R"({"cloudflare_error":true,"error_code":1020,"title":"t"})")) == Class::access_blocked);
  // HTML where JSON belongs is somebody else's, unless the provider's id says otherwise.
  CHECK(cls(answer(500, "<html>oh no</html>"), json_here) == Class::edge_error);
  CHECK(cls(answer(403, "<html>oh no</html>"), json_here) == Class::access_blocked);
  CHECK(cls(answer(500, "<html>oh no</html>", {{"request-id", "r"}}), json_here) == Class::server_error);
  CHECK(cls(answer(500, "<html>oh no</html>")) == Class::server_error);
}

TEST_CASE("attribution: codes before types before messages before the status") {
  const auto error = [](const std::string& inner) { return "{\"error\":" + inner + "}"; };
  CHECK(cls(answer(400, error(R"({"code":"model_not_found","type":"invalid_request_error","message":"m"})"))) ==
        Class::not_found);
  CHECK(cls(answer(429, error(R"({"code":"insufficient_quota","type":"insufficient_quota","message":"m"})"))) ==
        Class::account);
  CHECK(
      cls(answer(
          429,
          error(
              R"({"type":"rate_limit_error","message":"m","details":{"error_code":"enforced_spend_limit_reached"}})"))) ==
      Class::account);
  CHECK(
      cls(answer(
          400,
          error(
              R"({"code":400,"status":"INVALID_ARGUMENT","message":"API key not valid","details":[{"reason":"API_KEY_INVALID"}]})"))) ==
      Class::auth);
  CHECK(cls(answer(503, error(R"({"code":503,"status":"UNAVAILABLE","message":"m"})"))) == Class::overloaded);
  CHECK(cls(answer(503, "[" + error(R"({"code":503,"status":"UNAVAILABLE","message":"m"})") + "]")) ==
        Class::overloaded);
  CHECK(cls(answer(529, error(R"({"details":null,"type":"overloaded_error","message":"m"})"))) == Class::overloaded);
  CHECK(
      cls(answer(
          500, error(R"({"message":"{\"error\":{\"code\":503,\"status\":\"UNAVAILABLE\",\"message\":\"full\"}}"})"))) ==
      Class::overloaded);
  CHECK(cls(answer(503, error(R"("all busy: server busy")"))) == Class::overloaded);
  CHECK(cls(answer(503, error(R"({"code":503,"message":"Loading model","type":"unavailable_error"})"))) ==
        Class::starting);
  CHECK(cls(answer(429, error(R"({"code":"429","message":"The system is currently experiencing high demand"})"))) ==
        Class::overloaded);
  CHECK(cls(answer(500, error(R"({"code":429,"message":"m"})"))) == Class::rate_limited);
  CHECK(cls(answer(429, error(R"({"code":429,"message":"m","metadata":{"provider_name":"Behind"}})"))) ==
        Class::upstream_limited);
  CHECK(cls(answer(502, error(R"({"code":502,"message":"m","metadata":{"provider_name":"Behind"}})"))) ==
        Class::upstream_error);
  CHECK(cls(answer(403, error(R"({"type":"forbidden","message":"m"})"))) == Class::access_blocked);
  CHECK(cls(answer(403, error(R"({"type":"forbidden","message":"m"})"), {{"request-id", "r"}})) == Class::auth);
  CHECK(cls(answer(400, error(R"({"message":"max_tokens or model output limit was reached."})"))) == Class::ok);
  CHECK(cls(answer(429, R"({"message":"slow"})", {{"x-amzn-errortype", "ServiceUnavailableException:http://x"}})) ==
        Class::overloaded);
}

TEST_CASE("attribution: the status alone, where nothing else spoke") {
  const std::vector<std::pair<int, Class>> table = {{500, Class::server_error},
                                                    {501, Class::server_error},
                                                    {503, Class::server_error},
                                                    {502, Class::edge_error},
                                                    {504, Class::edge_error},
                                                    {529, Class::overloaded},
                                                    {401, Class::auth},
                                                    {403, Class::auth},
                                                    {402, Class::account},
                                                    {404, Class::not_found},
                                                    {410, Class::not_found},
                                                    {429, Class::rate_limited},
                                                    {451, Class::access_blocked},
                                                    {400, Class::bad_request},
                                                    {422, Class::bad_request},
                                                    {418, Class::unexpected_status},
                                                    {301, Class::redirected},
                                                    {302, Class::redirected},
                                                    {101, Class::unexpected_status}};
  for (const auto& [status, expected] : table) {
    CAPTURE(status);
    CHECK(cls(answer(status)) == expected);
    CHECK(cls(answer(status, R"({"hello":"world"})")) == expected);
  }
  CHECK(cls(answer(204), Expectation{.status = {{200, 200}}}) == Class::unexpected_status);
  CHECK(attribute(answer(302, "", {{"location", "https://login.example/?token=s3cret"}})).evidence.detail ==
        "HTTP 302 to https://login.example/");
  CHECK(attribute(answer(500)).evidence.detail == "HTTP 500 with an empty body");
}

TEST_CASE("attribution: an expected status is right, whatever it is") {
  const Expectation canary{.status = {{401, 401}}};
  CHECK(cls(answer(401, R"({"error":{"type":"authentication_error","message":"m"}})"), canary) == Class::ok);
  CHECK(cls(answer(200, "fine"), canary) == Class::unexpected_status);
  CHECK(cls(answer(500, "oh"), canary) == Class::server_error);
  CHECK(cls(answer(299)) == Class::ok);
  CHECK(cls(answer(204)) == Class::ok);
}

TEST_CASE("attribution: blank where content belongs") {
  CHECK(cls(answer(200)) == Class::ok);
  CHECK(cls(answer(200, ""), json_here) == Class::unexpected_content);
  CHECK(cls(answer(200, " \r\n"), Expectation{.status = {}, .json = false, .content = true}) ==
        Class::unexpected_content);
  CHECK(cls(answer(200, "", {{"content-type", "text/html; charset=utf-8"}})) == Class::unexpected_content);
  CHECK(cls(answer(204, ""), json_here) == Class::ok);
  CHECK(cls(answer(200, "<html></html>"), json_here) == Class::unexpected_content);
}

TEST_CASE("attribution: hostile bodies do no harm and the evidence is one clean line") {
  CHECK(cls(answer(500, std::string(500'000, '['))) == Class::server_error);
  CHECK(cls(answer(500, "{\"error\":{\"message\":\"" + std::string(100, '{') + "\"}}")) == Class::server_error);
  CHECK(cls(answer(500, "[[[[[[[[[[]]]]]]]]]]")) == Class::server_error);
  CHECK(cls(answer(500, R"({"error":[1,2],"request_id":7})")) == Class::server_error);
  const Attribution out = attribute(answer(
      500, "{\"error\":{\"type\":\"api_error\",\"message\":\"a\\n\\u001b[2Jb" + std::string(5000, 'x') + "\"}}"));
  CHECK(out.evidence.detail.find('\n') == std::string::npos);
  CHECK(out.evidence.detail.find('\x1b') == std::string::npos);
  CHECK(out.evidence.detail.size() <= 303);
}

TEST_CASE("attribution: recorded answers get their right class") {
  int rows = 0;
  for (const auto& row : test::fixture_rows("llm/samples/manifest.jsonl")) {
    const std::string file = row.at("file");
    // What a stream or a provider's success body says is for that provider's own wire to judge.
    if (row.at("stream") == true || file == "llamacpp-models-200-while-loading.json" ||
        file == "bedrock-200-eventstream-exception.json" || row.at("http_status").is_null())
      continue;
    ++rows;
    CAPTURE(file);
    Response response = answer(row.at("http_status"), test::read_bytes(test::fixture_root() + "/llm/samples/" + file));
    for (const auto& [name, value] : row.at("headers").items()) response.headers.emplace_back(name, value);
    if (response.header("content-type").empty() && row.at("content_type").is_string())
      response.headers.emplace_back("content-type", row.at("content_type"));
    const bool api = row.at("wire") != "web";
    const Attribution out = attribute(response, Expectation{.status = {}, .json = api, .content = api});
    CHECK_MESSAGE(to_string(out.cls) == row.at("cls").get<std::string>(), out.evidence.detail);
    if (row.at("outage") == "yes") CHECK(info(out.cls).fault == Fault::provider);
    if (row.at("outage") == "no") CHECK(info(out.cls).counts != Counts::bad);
  }
  if (rows != 0) CHECK(rows >= 45);
}

}  // namespace outaged::probes
