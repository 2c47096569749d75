#include <doctest/doctest.h>

#include "core/text.h"
#include "probes/registry.h"

namespace outaged::probes {
namespace {

class TestClock : public Clock {
 public:
  Timestamp wall() const override { return now; }
  SteadyTime steady() const override { return {}; }
  Timestamp now = *parse_time("2031-05-06T12:00:00Z");
};

using Headers = std::vector<std::pair<std::string, std::string>>;

Response answer(int status, std::string body = "", Headers headers = {}) {
  Response out;
  out.status = status;
  out.body = std::move(body);
  out.headers = std::move(headers);
  return out;
}

std::string summary(const std::string& indicator, const std::string& more = "") {
  return R"({"page":{"id":"p"},"status":{"indicator":")" + indicator + R"(","description":"so"})" + more + "}";
}

const std::string history = R"({"page":{"id":"p"},"incidents":[{"id":"old","name":"Old","status":"resolved"}]})";

/// One page, asked again and again.
struct Bench {
  TestClock clock;
  config::Page page;
  std::shared_ptr<const Probe> probe;
  std::shared_ptr<Run> run;

  explicit Bench(const std::string& url = "https://status.tidewater.example/",
                 const std::string& format = "statuspage") {
    page.name = "tidewater";
    page.url = url;
    page.format = format;
    config::Egress egress;
    egress.user_agent = "outaged/test (+https://watch.example)";
    probe = make_page_probe(page, egress, clock);
  }
  Request begin() {
    run = std::make_shared<Run>();
    const Ask ask = probe->first();
    return std::holds_alternative<Request>(ask) ? std::get<Request>(ask) : Request{};  // an unknown format asks nothing
  }
  Step step(const Response& response) {
    ++run->requests;
    return probe->next(response, *run);
  }
};

Request asks(const Step& step) {
  REQUIRE(std::holds_alternative<Request>(step));
  return std::get<Request>(step);
}

Finding finds(const Step& step) {
  REQUIRE(std::holds_alternative<Finding>(step));
  REQUIRE(std::get<Finding>(step).page);
  return std::get<Finding>(step);
}

std::string header(const Request& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return "";
}

void check_unreadable(const Step& step, Class cls, std::string_view words) {
  const Finding finding = finds(step);
  CHECK(finding.cls == cls);
  CHECK_FALSE(finding.page->readable);
  CHECK(finding.page->claim == Status::unknown);
  CHECK(finding.page->format == "statuspage");
  CHECK_MESSAGE(finding.page->problem.find(words) != std::string::npos, finding.page->problem);
  REQUIRE(finding.evidence);
  CHECK(finding.evidence->detail == finding.page->problem);
}

}  // namespace

TEST_CASE("page probe: the claim first, then the history, and the raw document as evidence") {
  Bench bench;
  const Request first = bench.begin();
  CHECK(first.url == "https://status.tidewater.example/api/v2/summary.json");
  CHECK(header(first, "user-agent") == "outaged/test (+https://watch.example)");
  CHECK(header(first, "if-none-match").empty());
  CHECK(first.max_body == bench.page.max_body);
  CHECK(first.timeout == bench.page.timeout);
  const std::string body = summary("minor");
  const Request second =
      asks(bench.step(answer(200, body, {{"etag", "\"e1\""}, {"last-modified", "Tue, 06 May 2031 11:00:00 GMT"}})));
  CHECK(second.url == "https://status.tidewater.example/api/v2/incidents.json");
  CHECK(header(second, "if-none-match").empty());
  const Finding finding = finds(bench.step(answer(200, history)));
  CHECK(finding.cls == Class::ok);
  CHECK(finding.page->readable);
  CHECK(finding.page->claim == Status::degraded_performance);
  REQUIRE(finding.page->incidents.size() == 1);
  REQUIRE(finding.document);
  CHECK(finding.document->hash == sha256_hex(body));
  CHECK(*finding.document->body == body);
  CHECK(finding.document->url == first.url);
  CHECK(finding.document->served_by == "status.tidewater.example");
  CHECK(finding.document->etag == "\"e1\"");
  CHECK(finding.document->fetched == bench.clock.now);
  CHECK(finding.document->http_status == 200);
}

TEST_CASE("page probe: a 304 keeps the last reading and refreshes it") {
  Bench bench;
  bench.begin();
  bench.step(answer(200, summary("major"), {{"etag", "W/\"e1\""}, {"last-modified", "yesterday"}}));
  const Finding before = finds(bench.step(answer(200, history)));
  bench.clock.now += 60s;
  const Request again = bench.begin();
  CHECK(header(again, "if-none-match") == "W/\"e1\"");
  CHECK(header(again, "if-modified-since") == "yesterday");
  const Finding after = finds(bench.step(answer(304)));  // concludes: nothing else is asked
  CHECK(after.cls == Class::ok);
  CHECK(after.page->claim == Status::partial_outage);
  CHECK(after.page->incidents.size() == 1);
  REQUIRE(after.document);
  CHECK(after.document->hash == before.document->hash);
  CHECK(after.document->body == before.document->body);
  CHECK(after.document->fetched == before.document->fetched + 60s);
  CHECK(after.document->http_status == 304);
  CHECK(header(bench.begin(), "if-none-match") == "W/\"e1\"");
}

TEST_CASE("page probe: the same bytes again need no history, other bytes do") {
  Bench bench;
  bench.begin();
  bench.step(answer(200, summary("none")));
  finds(bench.step(answer(200, history)));
  bench.begin();
  CHECK(finds(bench.step(answer(200, summary("none"), {{"etag", "\"new\""}}))).page->incidents.size() == 1);
  CHECK(header(bench.begin(), "if-none-match") == "\"new\"");
  asks(bench.step(answer(200, summary("critical"))));
  CHECK(finds(bench.step(answer(200, history))).page->claim == Status::major_outage);
}

TEST_CASE("page probe: a maintenance begins though the document does not change") {
  Bench bench;
  bench.begin();
  bench.step(answer(200, summary("none", R"(,"scheduled_maintenances":[{"id":"m","status":"scheduled",
    "scheduled_for":"2031-05-06T12:30:00Z","scheduled_until":"2031-05-06T13:30:00Z"}])")));
  const Finding before = finds(bench.step(answer(200, history)));
  CHECK(before.page->maintenances.at(0).scheduled);
  bench.clock.now += 1h;
  bench.begin();
  const Finding after = finds(bench.step(answer(304)));
  CHECK(after.page->maintenances.at(0).active);
  CHECK(after.page->incidents.size() == 1);
}

TEST_CASE("page probe: a failing history costs only the history, and is asked for again") {
  for (const Response& bad :
       {answer(500), answer(200, "<html>"), answer(304), answer(302, "", {{"location", "http://x.example/"}})}) {
    Bench bench;
    bench.begin();
    bench.step(answer(200, summary("none"), {{"etag", "\"e\""}}));
    finds(bench.step(answer(200, history)));
    bench.begin();
    bench.step(answer(200, summary("minor"), {{"etag", "\"f\""}}));
    const Finding finding = finds(bench.step(bad));
    CHECK(finding.cls == Class::ok);
    CHECK(finding.page->readable);
    CHECK(finding.page->claim == Status::degraded_performance);
  }
  Bench bench;
  bench.begin();
  bench.step(answer(200, summary("none"), {{"etag", "\"e\""}}));
  CHECK(finds(bench.step(answer(503))).page->incidents.empty());
  bench.begin();
  const Request retried = asks(bench.step(answer(304)));
  CHECK(retried.url == "https://status.tidewater.example/api/v2/incidents.json");
  CHECK(finds(bench.step(answer(200, history))).page->incidents.size() == 1);
  bench.begin();
  asks(bench.step(answer(200, summary("minor"))));
  CHECK(finds(bench.step(answer(503))).page->incidents.size() == 1);  // what was known before is still true
}

TEST_CASE("page probe: whatever goes wrong is unreadable, never green and never red") {
  const auto reads = [](const Response& response, const std::string& format = "statuspage") {
    Bench bench("https://status.tidewater.example", format);
    bench.begin();
    return bench.step(response);
  };
  check_unreadable(reads(answer(500, "oh")), Class::server_error, "could not be fetched: HTTP 500");
  check_unreadable(reads(answer(404)), Class::not_found, "HTTP 404");
  check_unreadable(reads(answer(403, "", {{"cf-mitigated", "challenge"}})), Class::bot_challenge, "bot challenge");
  check_unreadable(reads(answer(202, "", {{"x-amzn-waf-action", "challenge"}})), Class::bot_challenge, "challenge");
  check_unreadable(reads(answer(204)), Class::unexpected_status, "HTTP 204");
  check_unreadable(reads(answer(304)), Class::redirected, "HTTP 304");
  check_unreadable(reads(answer(200)), Class::unexpected_content, "empty document");
  check_unreadable(reads(answer(200, "", {{"content-type", "application/json"}})), Class::unexpected_content,
                   "empty document");
  check_unreadable(reads(answer(200, "<html>x</html>")), Class::unexpected_content, "HTML");
  check_unreadable(reads(answer(200, R"({"message":"Forbidden"})")), Class::unexpected_content, "no status.indicator");
  check_unreadable(reads(answer(200, "{\"status\":" + std::string(100, '['))), Class::unexpected_content,
                   "nested deeper");
  Response timeout;
  timeout.error = TransportError::timeout_first_byte;
  check_unreadable(reads(timeout), Class::timeout_before_first_byte, "no answer in time");
  Response large = answer(200, "{");
  large.error = TransportError::too_large;
  check_unreadable(reads(large), Class::body_too_large, "larger than 4194304 bytes");
  const Finding unknown = finds(reads(answer(200, "{}"), "semaphore"));
  CHECK(unknown.cls == Class::probe_error);
  CHECK_FALSE(unknown.page->readable);
  CHECK(finds(reads(answer(200, "<html>"))).document->hash == sha256_hex("<html>"));
}

TEST_CASE("page probe: a bad moment does not cost the last good reading") {
  Bench bench;
  bench.begin();
  bench.step(answer(200, summary("minor"), {{"etag", "\"e\""}}));
  finds(bench.step(answer(200, history)));
  bench.begin();
  check_unreadable(bench.step(answer(200, "<html>", {{"etag", "\"html\""}})), Class::unexpected_content, "HTML");
  CHECK(header(bench.begin(), "if-none-match") == "\"e\"");
  CHECK(finds(bench.step(answer(304))).page->claim == Status::degraded_performance);
}

TEST_CASE("page probe: redirects lead only to https and to the same document") {
  Bench bench("http://old.tidewater.example");
  bench.begin();
  const Request moved =
      asks(bench.step(answer(301, "", {{"location", "https://new.tidewater.example/api/v2/summary.json"}})));
  CHECK(moved.url == "https://new.tidewater.example/api/v2/summary.json");
  const Request next = asks(bench.step(answer(200, summary("none"))));
  CHECK(next.url == "https://new.tidewater.example/api/v2/incidents.json");
  const Finding finding = finds(bench.step(answer(200, history)));
  CHECK(finding.document->served_by == "new.tidewater.example");

  for (const std::string location :
       {"http://new.tidewater.example/api/v2/summary.json", "https://new.tidewater.example/",
        "https://new.tidewater.example/login", "https://127.0.0.1/api/v2/summary.json",
        "https://localhost/api/v2/summary.json", "file:///api/v2/summary.json", "", "//"}) {
    CAPTURE(location);
    Bench strict;
    strict.begin();
    const Finding refused = finds(strict.step(answer(302, "", {{"location", location}})));
    CHECK(refused.cls == Class::redirected);
    CHECK_FALSE(refused.page->readable);
    CHECK(refused.page->problem.find("not followed") != std::string::npos);
  }

  Bench loop;
  loop.begin();
  int followed = 0;
  Step step = loop.step(answer(302, "", {{"location", "https://a.example/api/v2/summary.json"}}));
  for (; std::holds_alternative<Request>(step) && followed < 50; ++followed)
    step = loop.step(answer(302, "", {{"location", "https://a.example/api/v2/summary.json"}}));
  CHECK(followed == 3);
  CHECK(finds(step).cls == Class::redirected);
}

TEST_CASE("page probe: on loopback plain http may lead to plain http") {
  Bench bench("http://127.0.0.1:8081");
  bench.begin();
  const Request moved = asks(bench.step(answer(307, "", {{"location", "http://127.0.0.1:8082/api/v2/summary.json"}})));
  CHECK(moved.url == "http://127.0.0.1:8082/api/v2/summary.json");
}

}  // namespace outaged::probes
