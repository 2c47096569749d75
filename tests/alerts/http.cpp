// The real sender against a real server on loopback, and what an answer means.
#include <doctest/doctest.h>

#include <thread>

#include "alerts/delivery.h"
#include "alerts/http_judge.h"
#include "tests/alerts/fakes.h"
#include "tests/support/http_receiver.h"

using namespace outaged;
using Kind = alerts::Disposition::Kind;
using alerts::HttpResponse;
using outaged::test::Answer;
using outaged::test::HttpReceiver;
using outaged::test::ReceivedRequest;

namespace {

alerts::HttpRequest request(const std::string& url) { return {"POST", url, {{"Content-Type", "application/json"}, {"X-Empty", ""}}, "{\"a\":1}"}; }

}  // namespace

TEST_CASE("a request arrives as it was made") {
  HttpReceiver server([](const ReceivedRequest&, std::size_t) { return Answer{Answer::How::answer, 202, {{"Retry-After", "7"}}, "thanks"}; });
  config::Egress egress;
  egress.user_agent = "outaged/test";
  auto sender = alerts::make_http_sender(egress);
  alerts::HttpRequest out = request(server.url("/secret?x=1"));
  out.headers.emplace_back("X-Split", "one\r\nX-Injected: two");
  const HttpResponse response = sender->send(out, 10s);
  CHECK(response.status == 202);
  CHECK(response.error == "");
  CHECK(response.body == "thanks");
  CHECK(response.retry_after == "7");
  const ReceivedRequest got = server.requests().at(0);
  CHECK(got.method == "POST");
  CHECK(got.target == "/secret?x=1");
  CHECK(got.body == "{\"a\":1}");
  CHECK(got.header("content-type") == "application/json");
  CHECK(got.header("user-agent") == "outaged/test");
  CHECK(got.header("x-injected") == "");
  CHECK(got.header("expect") == "");
}

TEST_CASE("redirects are not followed, long answers are cut") {
  HttpReceiver server([](const ReceivedRequest&, std::size_t index) {
    if (index == 0) return Answer{Answer::How::answer, 302, {{"Location", "/elsewhere"}}, ""};
    return Answer{Answer::How::answer, 500, {}, std::string(100000, 'x')};
  });
  auto sender = alerts::make_http_sender({});
  CHECK(sender->send(request(server.url()), 10s).status == 302);
  const HttpResponse long_one = sender->send(request(server.url()), 10s);
  CHECK(long_one.status == 500);
  CHECK(long_one.body.size() == 4096);
  CHECK(server.requests().size() == 2);
}

TEST_CASE("a server that hangs or drips is given up at the deadline") {
  for (const auto how : {Answer::How::hang, Answer::How::drip}) {
    HttpReceiver server([how](const ReceivedRequest&, std::size_t) { return Answer{how}; });
    auto sender = alerts::make_http_sender({});
    const auto begun = std::chrono::steady_clock::now();
    const HttpResponse response = sender->send(request(server.url()), 300ms);
    const auto took = std::chrono::steady_clock::now() - begun;
    CHECK(response.status == 0);
    CHECK(response.error == "no answer within 0.3 s");
    CHECK(took >= 290ms);
    CHECK(took < 20s);
  }
}

TEST_CASE("no transport error shows the url") {
  HttpReceiver server([](const ReceivedRequest&, std::size_t) { return Answer{Answer::How::drop}; });
  auto sender = alerts::make_http_sender({});
  for (const std::string& url : {server.url("/services/topsecret"), std::string("http://user:topsecret@127.0.0.1:1/services/topsecret"),
                                 std::string("gopher://topsecret/"), std::string("http://[topsecret/"), std::string("http://127.0.0.1:topsecret/")}) {
    const HttpResponse response = sender->send(request(url), 10s);
    CAPTURE(url);
    CHECK(response.status == 0);
    CHECK(response.error != "");
    CHECK(response.error.find("topsecret") == std::string::npos);
  }
}

TEST_CASE("abort ends a send that hangs, and those that follow") {
  HttpReceiver server([](const ReceivedRequest&, std::size_t) { return Answer{Answer::How::hang}; });
  auto sender = alerts::make_http_sender({});
  std::thread aborter([&] {
    server.wait_for(1);
    sender->abort();
  });
  const auto begun = std::chrono::steady_clock::now();
  CHECK(sender->send(request(server.url()), 60s).error == "aborted");
  CHECK(sender->send(request(server.url()), 60s).error == "aborted");
  CHECK(std::chrono::steady_clock::now() - begun < 20s);
  aborter.join();
}

TEST_CASE("the configured proxy is used, and not for what is excepted") {
  HttpReceiver proxy;
  HttpReceiver server;
  config::Egress egress;
  egress.proxy = proxy.url("");
  CHECK(alerts::make_http_sender(egress)->send(request("http://hooks.example.com/x"), 10s).status == 200);
  CHECK(proxy.requests().at(0).target == "http://hooks.example.com/x");
  egress.no_proxy = "127.0.0.1";
  CHECK(alerts::make_http_sender(egress)->send(request(server.url()), 10s).status == 200);
  CHECK(server.requests().size() == 1);
  CHECK(proxy.requests().size() == 1);
}

TEST_CASE("an alert reaches a real server that fails, drops the connection and recovers, once per key and in order") {
  HttpReceiver server([](const ReceivedRequest&, std::size_t index) {
    if (index == 0) return Answer{Answer::How::answer, 500};
    if (index == 1) return Answer{Answer::How::drop};
    if (index == 2) return Answer{Answer::How::answer, 429, {{"Retry-After", "1"}}};
    return Answer{};
  });
  config::Receiver hook = test::receiver("webhook", "hook", server.url());
  hook.backoff_first = hook.backoff_max = 20ms;
  test::Reports reports;
  auto delivery = alerts::Delivery::create(system_clock(), reports.reporter(), [] { return alerts::make_http_sender({}); });
  delivery->reconfigure({hook});
  const Timestamp now = system_clock().wall();
  delivery->enqueue({test::row(1, "hook", "i", NotificationKind::fire, now), test::row(2, "hook", "i", NotificationKind::resolve, now)});
  REQUIRE(server.wait_for(5));
  REQUIRE(reports.wait_for(5));
  delivery->stop(5s);
  std::vector<std::string> ids;
  for (const ReceivedRequest& got : server.requests()) ids.push_back(got.header("webhook-id"));
  CHECK(ids == std::vector<std::string>{"key1", "key1", "key1", "key1", "key2"});
  CHECK(reports.all()[1].state == OutboxState::pending);
  CHECK(reports.all()[3].state == OutboxState::delivered);
  CHECK(reports.all()[4].state == OutboxState::delivered);
}

TEST_CASE("what an answer means") {
  const auto kind = [](int status) { return alerts::judge_http({status, "", std::nullopt, ""}, test::t("14:00:00")).kind; };
  for (const int status : {200, 202, 204}) CHECK(kind(status) == Kind::delivered);
  for (const int status : {0, 301, 401, 403, 404, 408, 425, 429, 500, 502, 503, 529}) CHECK(kind(status) == Kind::retry);
  for (const int status : {400, 405, 410, 413, 415, 422}) CHECK(kind(status) == Kind::refused);
  CHECK(alerts::judge_http({0, "", std::nullopt, ""}, test::t("14:00:00")).error == "no answer");
}

TEST_CASE("Retry-After in both its forms") {
  const Timestamp now = test::t("14:00:00");
  CHECK(alerts::parse_retry_after("30", now) == Duration(30s));
  CHECK(alerts::parse_retry_after(" 0 ", now) == Duration(0s));
  CHECK(alerts::parse_retry_after("99999999999999999999999", now) == Duration(1h));
  CHECK(alerts::parse_retry_after("Mon, 13 Apr 2026 14:01:30 GMT", now) == Duration(90s));
  CHECK(alerts::parse_retry_after("Mon, 13 Apr 2026 13:00:00 GMT", now) == Duration(0s));
  CHECK(alerts::parse_retry_after("Tue, 14 Apr 2026 14:00:00 GMT", now) == Duration(1h));
  for (const char* wrong : {"", "-5", "1.5", "soon", "Mon, 99 Foo 2026 14:01:30 GMT", "Mon, 31 Feb 2026 00:00:00 GMT"}) CHECK(!alerts::parse_retry_after(wrong, now));
}
