#include <doctest/doctest.h>

#include "probes/registry.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

config::Target target(const std::string& url = "https://api.tidewater.example/v1/ping") {
  config::Target out;
  out.name = "tidewater/api/ping";
  out.http().url = url;
  return out;
}

std::shared_ptr<const Probe> probe(const config::Target& t, const config::Egress& egress = {}) {
  auto made = make_probe(t, egress);
  REQUIRE(made.ok());
  return *made;
}

Response answer(int status, std::string body = "fine", std::vector<std::pair<std::string, std::string>> headers = {}) {
  Response out;
  out.status = status;
  out.body = std::move(body);
  out.headers = std::move(headers);
  out.total = 200ms;
  return out;
}

Finding judge(const config::Target& t, const Response& response) {
  Run run;
  run.requests = 1;
  auto out = probe(t)->next(response, run);
  REQUIRE(std::holds_alternative<Finding>(out));
  return std::get<Finding>(out);
}

std::string header(const Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return "";
}

}  // namespace

TEST_CASE("http kind: the request is what the configuration says") {
  config::Target t = target();
  t.timeout = 7s;
  t.http().method = "POST";
  t.http().headers = {{"x-api-key", config::Secret("sk-very-secret")}};
  t.http().body = config::Secret("{}");
  t.http().max_body = 1234;
  t.http().http2 = false;
  config::Egress egress;
  egress.user_agent = "watcher/1";
  const Request request = std::get<Request>(probe(t, egress)->first());
  CHECK(request.method == "POST");
  CHECK(request.url == t.http().url);
  CHECK(request.body == "{}");
  CHECK(request.timeout == 7s);
  CHECK(request.max_body == 1234);
  CHECK_FALSE(request.http2);
  CHECK(request.want_cert);
  CHECK(header(request, "x-api-key") == "sk-very-secret");
  CHECK(header(request, "user-agent") == "watcher/1");
  CHECK_FALSE(std::get<Request>(probe(target("http://127.0.0.1:1/"))->first()).want_cert);

  t.http().headers.emplace_back("User-Agent", config::Secret("mine"));
  const Request own = std::get<Request>(probe(t, egress)->first());
  CHECK(header(own, "user-agent").empty());
  CHECK(header(own, "User-Agent") == "mine");
}

TEST_CASE("http kind: status ranges, and a canary that must be refused") {
  CHECK(judge(target(), answer(200)).cls == Class::ok);
  CHECK_FALSE(judge(target(), answer(200)).evidence);
  CHECK(judge(target(), answer(500)).cls == Class::server_error);
  config::Target t = target();
  t.http().expect_status = {{401, 401}, {403, 405}};
  CHECK(judge(t, answer(401)).cls == Class::ok);
  CHECK(judge(t, answer(404)).cls == Class::ok);
  CHECK(judge(t, answer(402)).cls == Class::account);
  CHECK(judge(t, answer(200)).cls == Class::unexpected_status);
  const Finding failed =
      judge(t, answer(500, R"({"error":{"type":"api_error","message":"boom"},"request_id":"rq_1"})"));
  REQUIRE(failed.evidence);
  CHECK(failed.evidence->detail == "HTTP 500 api_error: boom");
  CHECK(failed.evidence->request_id == "rq_1");
}

TEST_CASE("http kind: conditions on the body") {
  config::Target t = target();
  t.http().body_contains = {"pong"};
  t.http().body_not_contains = {"deprecated"};
  CHECK(judge(t, answer(200, "a pong")).cls == Class::ok);
  CHECK(judge(t, answer(200, "")).cls == Class::unexpected_content);
  CHECK(judge(t, answer(200, "a pong, deprecated")).cls == Class::unexpected_content);
  const Finding lacks = judge(t, answer(200, "ping"));
  CHECK(lacks.cls == Class::unexpected_content);
  REQUIRE(lacks.evidence);
  CHECK(lacks.evidence->detail == "HTTP 200, but the body lacks \"pong\"");
  CHECK(judge(t, answer(200, "We will return soon")).cls == Class::server_error);
  CHECK(judge(t, answer(500, "a pong")).cls == Class::server_error);
}

TEST_CASE("http kind: the content type is a prefix, whatever its case") {
  config::Target t = target();
  t.http().content_type = "application/json";
  CHECK(judge(t, answer(200, "{}", {{"content-type", "Application/JSON; charset=utf-8"}})).cls == Class::ok);
  CHECK(judge(t, answer(200, "{}", {{"content-type", "text/plain"}})).cls == Class::unexpected_content);
  CHECK(judge(t, answer(200, "{}")).cls == Class::unexpected_content);
  CHECK(judge(t, answer(200, "<html>", {{"content-type", "text/html"}})).cls == Class::unexpected_content);
}

TEST_CASE("http kind: JSON pointers") {
  config::Target t = target();
  const auto with = [&](std::string pointer, std::optional<std::string> equals) {
    t.http().json = {{std::move(pointer), std::move(equals)}};
    return t;
  };
  const std::string body =
      R"({"state":"up","load":0.5,"n":3,"ok":true,"none":null,"list":[{"a/b":1}],"deep":{"x":{"y":"z"}}})";
  for (const auto& [pointer, value] : std::vector<std::pair<std::string, std::string>>{{"/state", "up"},
                                                                                       {"/load", "0.5"},
                                                                                       {"/n", "3"},
                                                                                       {"/ok", "true"},
                                                                                       {"/none", "null"},
                                                                                       {"/list/0/a~1b", "1"},
                                                                                       {"/deep/x", R"({"y":"z"})"}}) {
    CAPTURE(pointer);
    CHECK(judge(with(pointer, value), answer(200, body)).cls == Class::ok);
    CHECK(judge(with(pointer, std::nullopt), answer(200, body)).cls == Class::ok);
    CHECK(judge(with(pointer, "other"), answer(200, body)).cls == Class::unexpected_content);
  }
  for (const std::string pointer : {"/absent", "/list/7", "/list/x", "/state/deeper", "no-slash", "/list/-", "/~9"}) {
    CAPTURE(pointer);
    CHECK(judge(with(pointer, std::nullopt), answer(200, body)).cls == Class::unexpected_content);
  }
  CHECK(judge(with("/state", "up"), answer(200, "not json")).cls == Class::unexpected_content);
  CHECK(judge(with("/state", "up"), answer(200, std::string(100, '['))).cls == Class::unexpected_content);
  CHECK(judge(with("/state", "down"), answer(200, body)).evidence->detail ==
        "HTTP 200, but /state is \"up\", not \"down\"");
  // A canary's refusal may be held to its shape too.
  t.http().expect_status = {{401, 401}};
  CHECK(judge(with("/error/type", "authentication_error"), answer(401, R"({"error":{"type":"authentication_error"}})"))
            .cls == Class::ok);
  CHECK(judge(with("/error/type", "authentication_error"), answer(401, R"({"error":{"type":"proxy"}})")).cls ==
        Class::unexpected_content);
}

TEST_CASE("http kind: HEAD has no body to miss") {
  config::Target t = target();
  t.http().method = "HEAD";
  CHECK(judge(t, answer(200, "", {{"content-length", "12"}})).cls == Class::ok);
}

TEST_CASE("http kind: a right answer that came too late") {
  config::Target t = target();
  t.http().max_latency = 200ms;
  CHECK(judge(t, answer(200)).cls == Class::ok);
  t.http().max_latency = 199ms;
  const Finding late = judge(t, answer(200));
  CHECK(late.cls == Class::timeout_body);
  CHECK(late.evidence->detail.find("later than") != std::string::npos);
  CHECK(judge(t, answer(500)).cls == Class::server_error);
}

TEST_CASE("http kind: secrets that come back are not kept") {
  config::Target t = target();
  t.http().headers = {{"authorization", config::Secret("Bearer sk-live-12345")},
                      {"accept", config::Secret("application/json")}};
  const Finding finding = judge(t, answer(401, R"({"error":{"message":"bad key sk-live-12345, sk-live-12345"}})",
                                          {{"content-type", "application/json"}, {"location", "/sk-live-12345"}}));
  REQUIRE(finding.evidence);
  CHECK(finding.evidence->detail.find("sk-live") == std::string::npos);
  CHECK(finding.evidence->detail.find("bad key [redacted], [redacted]") != std::string::npos);
  for (const auto& [name, value] : finding.evidence->headers) CHECK(value.find("sk-live") == std::string::npos);
}

TEST_CASE("http kind: redirects are followed only when asked, within bounds") {
  CHECK(judge(target(), answer(302, "", {{"location", "/next"}})).cls == Class::redirected);

  config::Target t = target();
  t.http().follow_redirects = true;
  t.http().headers = {{"x-api-key", config::Secret("sk-very-secret")}, {"accept", config::Secret("text/plain")}};
  const auto p = probe(t);
  const auto step = [&](Run& run, const Response& response) {
    ++run.requests;
    return p->next(response, run);
  };
  Run run;
  auto next = step(run, answer(302, "", {{"location", "../v2/pong?x=1#frag"}}));
  REQUIRE(std::holds_alternative<Request>(next));
  CHECK(std::get<Request>(next).url == "https://api.tidewater.example/v2/pong?x=1");
  CHECK(header(std::get<Request>(next), "x-api-key") == "sk-very-secret");
  CHECK(std::get<Request>(next).timeout == 9800ms);
  next = step(run, answer(307, "", {{"location", "https://other.example/"}}));
  REQUIRE(std::holds_alternative<Request>(next));
  CHECK(header(std::get<Request>(next), "x-api-key").empty());  // not for another host
  CHECK(header(std::get<Request>(next), "accept") == "text/plain");
  next = step(run, answer(200));
  REQUIRE(std::holds_alternative<Finding>(next));
  CHECK(std::get<Finding>(next).cls == Class::ok);

  for (const std::string location :
       {"http://api.tidewater.example/", "ftp://x.example/", "javascript:alert(1)", "file:///etc/passwd"}) {
    CAPTURE(location);
    Run fresh;
    next = step(fresh, answer(301, "", {{"location", location}}));
    REQUIRE(std::holds_alternative<Finding>(next));
    CHECK(std::get<Finding>(next).cls == Class::redirected);
  }
  Run loop;
  int followed = 0;
  for (next = step(loop, answer(302, "", {{"location", "/again"}}));
       std::holds_alternative<Request>(next) && followed < 100; ++followed)
    next = step(loop, answer(302, "", {{"location", "/again"}}));
  CHECK(followed == 5);
  Run slow;
  Response late = answer(302, "", {{"location", "/again"}});
  late.total = 11s;
  next = step(slow, late);
  REQUIRE(std::holds_alternative<Finding>(next));
  CHECK(std::get<Finding>(next).cls == Class::redirected);
}

TEST_CASE("http kind: a redirected POST") {
  config::Target t = target();
  t.http().follow_redirects = true;
  t.http().method = "POST";
  t.http().body = config::Secret("payload");
  t.http().headers = {{"Content-Type", config::Secret("text/plain")}};
  const auto step = [&](int status, const std::string& location) {
    Run run;
    run.requests = 1;
    return probe(t)->next(answer(status, "", {{"location", location}}), run);
  };
  auto next = step(303, "/done");
  REQUIRE(std::holds_alternative<Request>(next));
  CHECK(std::get<Request>(next).method == "GET");
  CHECK(std::get<Request>(next).body.empty());
  CHECK(header(std::get<Request>(next), "Content-Type").empty());
  next = step(308, "/done");
  REQUIRE(std::holds_alternative<Request>(next));
  CHECK(std::get<Request>(next).method == "POST");
  CHECK(std::get<Request>(next).body == "payload");
  next = step(308, "https://other.example/");
  REQUIRE(std::holds_alternative<Finding>(next));
}

TEST_CASE("http kind: conditions by pattern") {
  config::Target t = target();
  t.http().body_matches = {"^pong \\d+$"};
  CHECK(judge(t, answer(200, "pong 12")).cls == Class::ok);
  CHECK(judge(t, answer(200, "ping 12")).evidence->detail == "HTTP 200, but the body does not match \"^pong \\d+$\"");
  t.http().body_matches = {"(?i)PONG"};
  CHECK(judge(t, answer(200, "pong")).cls == Class::ok);
  t.http().body_not_matches = {"err(or)?\\b"};
  CHECK(judge(t, answer(200, "pong, no errors")).cls == Class::ok);
  CHECK(judge(t, answer(200, "pong, error")).cls == Class::unexpected_content);
  // What makes other engines hang for years.
  t.http().body_matches = {"(a+)+b"};
  t.http().body_not_matches = {};
  const auto begun = std::chrono::steady_clock::now();
  CHECK(judge(t, answer(200, std::string(100'000, 'a'))).cls == Class::unexpected_content);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
}

TEST_CASE("http kind: conditions on headers and on size") {
  config::Target t = target();
  t.http().header_conditions = {{"X-Cache", "^HIT", false}, {"etag", "", false}, {"x-debug", "", true}};
  const std::vector<std::pair<std::string, std::string>> good = {
      {"x-cache", "MISS"}, {"x-cache", "HIT from edge"}, {"etag", "\"1\""}};
  CHECK(judge(t, answer(200, "x", good)).cls == Class::ok);
  const auto detail = [&](std::vector<std::pair<std::string, std::string>> headers) {
    const Finding finding = judge(t, answer(200, "x", std::move(headers)));
    CHECK(finding.cls == Class::unexpected_content);
    return finding.evidence ? finding.evidence->detail : "";
  };
  CHECK(detail({{"etag", "1"}}) == "HTTP 200, but it lacks the header x-cache");
  CHECK(detail({{"x-cache", "secret-cookie"}, {"etag", "1"}}) ==
        "HTTP 200, but its header x-cache does not match \"^HIT\"");
  auto debug = good;
  debug.emplace_back("x-debug", "1");
  CHECK(detail(debug) == "HTTP 200, but it has the header x-debug");

  t = target();
  t.http().min_size = 3;
  t.http().max_size = 5;
  CHECK(judge(t, answer(200, "123")).cls == Class::ok);
  CHECK(judge(t, answer(200, "12345")).cls == Class::ok);
  CHECK(judge(t, answer(200, "12")).evidence->detail == "HTTP 200, but the body has 2 bytes, fewer than 3");
  CHECK(judge(t, answer(200, "123456")).evidence->detail == "HTTP 200, but the body has 6 bytes, more than 5");
}

TEST_CASE("http kind: a certificate that ends soon") {
  config::Target t = target();
  t.http().min_cert_left = 14 * 24h;
  Response response = answer(200);
  const auto now = std::chrono::floor<Duration>(std::chrono::system_clock::now());
  response.cert_expiry = now + 15 * 24h;
  CHECK(judge(t, response).cls == Class::ok);
  response.cert_expiry = now + 13 * 24h;
  const Finding soon = judge(t, response);
  CHECK(soon.cls == Class::tls_expired);
  CHECK(soon.evidence->detail.find("sooner than " + spell_duration(14 * 24h)) != std::string::npos);
  response.cert_expiry.reset();  // plain http
  CHECK(judge(t, response).cls == Class::ok);
}

TEST_CASE("http kind: an answer that says when to come back is obeyed") {
  CHECK(judge(target(), answer(429, "", {{"retry-after", "30"}})).not_before == 30s);
  CHECK(judge(target(), answer(503, "", {{"retry-after", "7"}})).not_before == 7s);
  CHECK(judge(target(), answer(500, "", {{"retry-after", "7"}})).not_before == Duration{0});
  CHECK(judge(target(), answer(200, "x", {{"retry-after", "7"}})).not_before == Duration{0});
}

TEST_CASE("http kind: what goes another way says so") {
  config::Target t = target();
  t.http().ca_file = "/a";
  t.http().cert_file = "/b";
  t.http().key_file = "/c";
  t.http().proxy = "";
  const auto p = probe(t);
  const Request first = std::get<Request>(p->first()), second = std::get<Request>(p->first());
  CHECK(first.ca_file == "/a");
  CHECK(first.cert_file == "/b");
  CHECK(first.key_file == "/c");
  CHECK(first.proxy == "");
  CHECK_FALSE(std::get<Request>(probe(target())->first()).proxy);
  // Each family in turn, and the other where there is no such one.
  CHECK(first.family == Family::v6);
  CHECK(second.family == Family::v4);
  CHECK(first.or_other_family);
  t.http().family = config::HttpCheck::Family::v4;
  const Request four = std::get<Request>(probe(t)->first());
  CHECK(four.family == Family::v4);
  CHECK_FALSE(four.or_other_family);
  // Our certificate is for the host that was named, not for where it sends us.
  t = target();
  t.http().follow_redirects = true;
  t.http().cert_file = "/b";
  Run run;
  auto next = probe(t)->next(answer(302, "", {{"location", "https://other.example/"}}), run);
  REQUIRE(std::holds_alternative<Request>(next));
  CHECK(std::get<Request>(next).cert_file.empty());
}

TEST_CASE("http kind: an unknown kind is refused with what is known") {
  config::Target t = target();
  t.kind = "htpp";
  const auto made = make_probe(t, {});
  REQUIRE_FALSE(made.ok());
  CHECK(made.error().find("did you mean \"http\"?") != std::string::npos);
  CHECK(made.error().find("tidewater/api/ping") != std::string::npos);
}

TEST_CASE("control: any answer of the host we asked says that our network works") {
  config::Control control;
  control.url = "http://www.anchor.example/generate_204";
  control.timeout = 3s;
  const auto p = make_control(control, {});
  CHECK(std::get<Request>(p->first()).url == control.url);
  CHECK(std::get<Request>(p->first()).timeout == 3s);
  const auto cls = [&](const Response& response) {
    Run run;
    return std::get<Finding>(p->next(response, run)).cls;
  };
  for (const int status : {200, 204, 301, 400, 401, 403, 404, 429}) CHECK(cls(answer(status)) == Class::ok);
  CHECK(cls(answer(403, "", {{"cf-mitigated", "challenge"}})) == Class::ok);
  CHECK(cls(answer(301, "", {{"location", "https://anchor.example/"}})) == Class::ok);
  CHECK(cls(answer(302, "", {{"location", "/elsewhere"}})) == Class::ok);
  CHECK(cls(answer(302, "", {{"location", "http://hotel-wifi.example/login"}})) == Class::redirected);
  CHECK(cls(answer(302, "", {{"location", "http://notanchor.example/"}})) == Class::redirected);
  CHECK(cls(answer(200, "<html><form><input type=\"password\"></form></html>")) == Class::unexpected_content);
  CHECK(cls(answer(500)) == Class::server_error);
  CHECK(cls(answer(502)) == Class::edge_error);
  Response refused;
  refused.error = TransportError::connect_refused;
  CHECK(cls(refused) == Class::tcp_refused);
  Response large = answer(200);
  large.error = TransportError::too_large;
  CHECK(cls(large) == Class::ok);
}

TEST_CASE("url: taken apart and put together") {
  const auto url = parse_url("https://[::1]:8443/a/b?c=d");
  REQUIRE(url);
  CHECK(url->host == "::1");
  CHECK(url->port == 8443);
  CHECK(url->path == "/a/b");
  CHECK(parse_url("http://EXAMPLE.org")->host == "example.org");
  CHECK(parse_url("http://example.org")->port == 80);
  CHECK(parse_url("http://example.org")->path == "/");
  CHECK_FALSE(parse_url("ftp://example.org/"));
  CHECK_FALSE(parse_url("nonsense"));
  CHECK(*resolve_url("https://a.example/x/y?q", "z") == "https://a.example/x/z");
  CHECK(*resolve_url("https://a.example/x", "//b.example/y") == "https://b.example/y");
  CHECK_FALSE(resolve_url("https://a.example/x", ""));
  CHECK(public_url("https://user:pw@a.example/x?token=1#f") == "https://a.example/x");
  CHECK(related_hosts("www.a.example", "a.example"));
  CHECK_FALSE(related_hosts("xa.example", "a.example"));
  CHECK_FALSE(related_hosts("a.example", "example"));
}

}  // namespace outaged::probes
