// One exchange with servers that behave in every wrong way: how it ended, in which phase, and when.
#include "probes/transfer.h"

#include <doctest/doctest.h>

#include <thread>

#include "tests/probes/loop_support.h"
#include "tests/support/raw_server.h"

using namespace std::chrono_literals;
using outaged::Micros;
using outaged::Request;
using outaged::Response;
using outaged::TransportError;
using outaged::probes::LoopOptions;
using test::Connection;
using test::fetch;
using test::RawServer;

namespace {

Micros sum(const outaged::Timings& t) { return t.resolve + t.connect + t.tls + t.processing + t.transfer; }

}  // namespace

TEST_CASE("transfer: a good answer, whole") {
  RawServer server{[](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 103 Early Hints\r\nLink: no\r\n\r\n");
    c.respond("hello", "200 OK", "X-Request-Id:  abc \r\nX-Two: 1\r\nx-two: 2\r\n");
  }};
  const Response response = fetch(server.url("/a/../b"));
  CHECK(response.error == TransportError::none);
  CHECK(response.error_text == "");
  CHECK(response.status == 200);
  CHECK(response.http_version == "1.1");
  CHECK(response.body == "hello");
  CHECK(response.header("x-request-id") == "abc");
  CHECK(response.header("link") == "");
  CHECK(response.headers.size() == 4);
  CHECK(response.remote == "127.0.0.1:" + std::to_string(server.port()));
  CHECK(response.url == server.url("/a/../b"));
  CHECK(response.timings.resolve == Micros{0});
  CHECK(response.timings.tls == Micros{0});
  CHECK(response.timings.connect > Micros{0});
  CHECK(sum(response.timings) == response.total);
}

TEST_CASE("transfer: what is sent is what was asked") {
  std::string head, body;
  RawServer server{[&](Connection& c) {
    head = c.read_head();
    body = c.read_exactly(7);
    c.respond("", "500 Oops");
  }};
  Request request;
  request.method = "POST";
  request.url = server.url("/x?y=1");
  request.headers = {{"X-Key", "s3cret"}, {"Accept", "application/json"}, {"X-Empty", ""}};
  request.body = "{\"a\":1}";
  LoopOptions options;
  options.user_agent = "outaged/test";
  const Response response = fetch(request, options);
  CHECK(response.error == TransportError::none);
  CHECK(response.status == 500);
  CHECK(head.starts_with("POST /x?y=1 HTTP/1.1\r\n"));
  CHECK(head.find("\r\nX-Key: s3cret\r\n") != std::string::npos);
  CHECK(head.find("\r\nAccept: application/json\r\n") != std::string::npos);
  CHECK(head.find("\r\nX-Empty:\r\n") != std::string::npos);
  CHECK(head.find("\r\nUser-Agent: outaged/test\r\n") != std::string::npos);
  CHECK(head.find("Content-Type") == std::string::npos);
  CHECK(head.find("Accept-Encoding") == std::string::npos);
  CHECK(body == "{\"a\":1}");
}

TEST_CASE("transfer: other methods, and a HEAD without a body") {
  std::string head;
  RawServer server{[&](Connection& c) {
    head = c.read_head();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
    if (!head.starts_with("HEAD")) c.write("12345");
  }};
  Request request;
  request.url = server.url();
  for (const char* method : {"HEAD", "OPTIONS", "DELETE", "GET"}) {
    request.method = method;
    const Response response = fetch(request);
    CHECK(response.error == TransportError::none);
    CHECK(head.starts_with(std::string{method} + " / "));
    CHECK(response.body == (request.method == "HEAD" ? "" : "12345"));
  }
}

TEST_CASE("transfer: what cannot be sent is ours") {
  Request request;
  request.url = "http://127.0.0.1:1/";
  request.headers = {{"X-Bad", "a\r\nX-Injected: 1"}};
  CHECK(fetch(request).error == TransportError::local);
  request.headers = {{"X Bad", "a"}};
  CHECK(fetch(request).error == TransportError::local);
  request.headers = {};
  request.method = "GE T";
  CHECK(fetch(request).error == TransportError::local);
  for (const char* url : {"", "nonsense", "file:///etc/passwd", "ftp://127.0.0.1/", "http://", "http://a b/"}) {
    const Response response = fetch(url);
    CHECK(response.error == TransportError::local);
    CHECK(response.error_text != "");
  }
}

TEST_CASE("transfer: redirects are reported and not followed") {
  RawServer server{[](Connection& c) {
    c.read_head();
    c.respond("", "302 Found", "Location: http://127.0.0.1:1/\r\n");
  }};
  const Response response = fetch(server.url());
  CHECK(response.error == TransportError::none);
  CHECK(response.status == 302);
  CHECK(server.accepted() == 1);
}

TEST_CASE("transfer: hangs until the deadline") {
  RawServer server{[](Connection& c) { c.hang(); }};
  const auto begun = std::chrono::steady_clock::now();
  const Response response = fetch(server.url(), 300ms);
  const auto took = std::chrono::steady_clock::now() - begun;
  CHECK(response.error == TransportError::timeout_first_byte);
  CHECK(response.status == 0);
  CHECK(took >= 295ms);
  CHECK(took < 2s);
  CHECK(response.timings.processing > 200ms);
  CHECK(sum(response.timings) == response.total);
}

TEST_CASE("transfer: drip feed, in the body and in the head") {
  for (const bool in_head : {false, true}) {
    RawServer server{[&](Connection& c) {
      c.read_head();
      c.write(in_head ? "HTTP/1.1 200 OK\r\nX-Drip: " : "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
      while (c.pause(20ms) && c.write("x")) continue;
    }};
    const Response response = fetch(server.url(), 300ms);
    CHECK(response.error == TransportError::timeout_body);
    CHECK(response.status == 200);
    CHECK(sum(response.timings) == response.total);
  }
}

TEST_CASE("transfer: an endless body is cut off at the limit") {
  RawServer server{[](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\n\r\n");
    while (c.write(std::string(10000, 'x'))) continue;
  }};
  Request request;
  request.url = server.url();
  request.max_body = 100000;
  const Response response = fetch(request);
  CHECK(response.error == TransportError::too_large);
  CHECK(response.status == 200);
  CHECK(response.body.size() == 100000);
  CHECK(response.error_text == "the body is larger than 100000 bytes");
}

TEST_CASE("transfer: a body of exactly the limit is not too large") {
  RawServer server{[](Connection& c) {
    c.read_head();
    c.respond("12345");
  }};
  Request request;
  request.url = server.url();
  request.max_body = 5;
  CHECK(fetch(request).error == TransportError::none);
  request.max_body = 4;
  CHECK(fetch(request).error == TransportError::too_large);
}

TEST_CASE("transfer: compressed only if asked, and the limit counts decoded bytes") {
  std::string head;
  RawServer server{[&](Connection& c) {
    head = c.read_head();
    // gzip of 200,000 zero bytes would do; deflate stored blocks are as good and need no library: one fixed document.
    static const unsigned char gzip[] = {0x1f, 0x8b, 0x08, 0,    0,    0,    0,    0,    2,    0xff,
                                         0x4b, 0x4c, 0x1c, 0x05, 0xa3, 0x60, 0x14, 0x0c, 0x77, 0,
                                         0,    0xf9, 0xc8, 0xb1, 0xf1, 0xe8, 0x03, 0,    0};
    c.respond(std::string(reinterpret_cast<const char*>(gzip), sizeof gzip), "200 OK", "Content-Encoding: gzip\r\n");
  }};
  Request request;
  request.url = server.url();
  const Response raw = fetch(request);
  CHECK(raw.body.starts_with("\x1f\x8b"));
  request.headers = {{"Accept-Encoding", "gzip"}};
  request.max_body = 100;
  const Response response = fetch(request);
  CHECK(head.find("Accept-Encoding: gzip\r\n") != std::string::npos);
  CHECK(response.error == TransportError::too_large);
  CHECK(response.body == std::string(100, 'a'));
}

TEST_CASE("transfer: huge heads end early") {
  for (const bool one_line : {true, false}) {
    std::atomic<std::size_t> sent = 0;
    RawServer server{[&](Connection& c) {
      c.read_head();
      c.write("HTTP/1.1 200 OK\r\n");
      for (int i = 0; i < 10240; ++i) {
        const std::string kilobyte = one_line ? std::string(1024, 'x') : "X-Filler: " + std::string(1000, 'y') + "\r\n";
        if (!c.write(i == 0 && one_line ? "X-Long: " + kilobyte : kilobyte)) return;
        sent += kilobyte.size();
      }
      c.write("\r\n\r\n");
    }};
    const Response response = fetch(server.url());
    CHECK(response.error == TransportError::protocol);
    CHECK(response.error_text != "");
    CHECK(response.headers.size() < 100);
    CHECK(sent < 10240U * 1024U);
  }
}

TEST_CASE("transfer: refused, reset, closed, truncated, garbage") {
  const std::string nobody = "127.0.0.1:" + std::to_string(test::free_port());
  const Response refused = fetch("http://" + nobody + "/");
  CHECK(refused.error == TransportError::connect_refused);
  CHECK(refused.remote == nobody);

  RawServer resets{[](Connection& c) {
    c.read_head();
    c.reset();
  }};
  CHECK(fetch(resets.url()).error == TransportError::reset_before_response);

  RawServer closes{[](Connection& c) { c.read_head(); }};
  CHECK(fetch(closes.url()).error == TransportError::reset_before_response);

  RawServer truncates{[](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  }};
  const Response half = fetch(truncates.url());
  CHECK(half.error == TransportError::truncated_body);
  CHECK(half.status == 200);
  CHECK(half.body == "half");

  RawServer chunks{[](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
  }};
  CHECK(fetch(chunks.url()).error == TransportError::truncated_body);

  RawServer garbage{[](Connection& c) {
    c.write("SSH-2.0-OpenSSH_9.2\r\n");
    c.hang();
  }};
  CHECK(fetch(garbage.url()).error == TransportError::protocol);
}

TEST_CASE("transfer: text from outside is one clean line") {
  RawServer garbage{[](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\nContent-Encoding: \x1b[31mred\r\nContent-Length: 3\r\n\r\nabc");
  }};
  Request request;
  request.url = garbage.url();
  request.headers = {{"Accept-Encoding", "gzip"}};
  const Response response = fetch(request);
  CHECK(response.error_text.find('\x1b') == std::string::npos);
}

TEST_CASE("transfer: a probe that never concludes and one that throws end all the same") {
  RawServer server{[](Connection& c) {
    c.read_head();
    c.respond("x");
  }};
  struct Endless final : outaged::Probe {
    std::string url;
    outaged::Ask first() const override {
      Request request;
      request.url = url;
      return request;
    }
    outaged::Step next(const Response&, outaged::Run&) const override { return std::get<Request>(first()); }
  };
  const auto endless = std::make_shared<Endless>();
  endless->url = server.url();
  auto result = outaged::probes::run_once({}, endless);
  REQUIRE(result);
  CHECK(result->finding.cls == outaged::Class::probe_error);
  endless->url = "nonsense";
  CHECK(outaged::probes::run_once({}, endless).value().finding.cls == outaged::Class::probe_error);

  struct Throws final : outaged::Probe {
    outaged::Ask first() const override { throw std::runtime_error("first"); }
    outaged::Step next(const Response&, outaged::Run&) const override { throw std::runtime_error("next"); }
  };
  result = outaged::probes::run_once({}, std::make_shared<Throws>());
  REQUIRE(result);
  CHECK(result->finding.cls == outaged::Class::probe_error);
  CHECK(result->finding.evidence->detail == "the probe failed: next");
}

TEST_CASE("transfer: settings that cannot work are refused with the mend") {
  const auto refused = [](LoopOptions options) {
    return outaged::probes::run_once(options, test::get("http://127.0.0.1:1/")).ok() ? std::string{} : "refused";
  };
  LoopOptions options;
  options.ca_file = "/nonexistent/ca.pem";
  CHECK(refused(options) != "");
  options = {};
  options.ca_file = "/etc/hostname";
  CHECK(refused(options) != "");
  options = {};
  options.resolvers = {"dns.example"};
  CHECK(refused(options) != "");
  options.resolvers = {"1.2.3.4:99999"};
  CHECK(refused(options) != "");
  options = {};
  options.proxy = "gopher://127.0.0.1:1080";
  CHECK(refused(options) != "");
}

TEST_CASE("transfer: compressed twice is refused before a byte is decoded") {
  RawServer server{[](Connection& c) {
    c.read_head();
    c.respond(std::string(1000, 'x'), "200 OK", "Content-Encoding: gzip, gzip\r\n");
  }};
  Request request;
  request.url = server.url();
  CHECK(fetch(request).body.size() == 1000);  // not ours to decode
  request.headers = {{"Accept-Encoding", "gzip"}};
  const Response response = fetch(request);
  CHECK(response.error == TransportError::protocol);
  CHECK(response.error_text == "the body is compressed more than once");
  CHECK(response.body == "");
}

TEST_CASE("transfer: when each part came") {
  RawServer server{[](Connection& c) {
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n");
    c.pause(30ms);
    c.write("one,");
    c.pause(150ms);
    c.write("two,");
    c.pause(30ms);
    c.write("end");
  }};
  Request request;
  request.url = server.url();
  CHECK(fetch(request).arrivals.empty());
  request.want_arrivals = true;
  const Response response = fetch(request);
  REQUIRE(response.arrivals.size() == 3);
  CHECK(response.arrivals[0].end == 4);
  CHECK(response.arrivals[1].end == 8);
  CHECK(response.arrivals[2].end == 11);
  CHECK(response.arrivals[0].at >= 25ms);
  CHECK(response.arrivals[1].at - response.arrivals[0].at >= 140ms);
  CHECK(response.arrivals[2].at <= response.total);
}

TEST_CASE("transfer: a body in very many parts is told in few, and no gap is lost") {
  constexpr int parts = 20'000;
  RawServer server{[](Connection& c) {
    const int on = 1;
    setsockopt(c.fd(), IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof on);
    c.read_head();
    c.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < parts; ++i) {
      if (i == parts / 2) c.pause(300ms);
      if (!c.write("1\r\nx\r\n")) return;
    }
    c.write("0\r\n\r\n");
  }};
  Request request;
  request.url = server.url();
  request.timeout = 30s;
  request.want_arrivals = true;
  const Response response = fetch(request);
  CHECK(response.error == TransportError::none);
  CHECK(response.body.size() == parts);
  REQUIRE_FALSE(response.arrivals.empty());
  CHECK(response.arrivals.size() < outaged::probes::Transfer::max_arrivals);
  CHECK(response.arrivals.back().end == parts);
  Micros widest{0};
  for (std::size_t i = 1; i < response.arrivals.size(); ++i) {
    CHECK(response.arrivals[i].end > response.arrivals[i - 1].end);
    widest = std::max(widest, response.arrivals[i].at - response.arrivals[i - 1].at);
  }
  CHECK(widest >= 250ms);
}

TEST_CASE("transfer: trailers are kept, within the bounds of the head") {
  std::atomic<int> count = 1;
  RawServer server{[&](Connection& c) {
    c.read_head();
    std::string answer = "HTTP/1.1 200 OK\r\nX-Where: head\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n";
    for (int i = 0; i < count; ++i) answer += "X-Where: trailer " + std::to_string(i) + "\r\n";
    c.write(answer + "\r\n");
  }};
  const Response response = fetch(server.url());
  CHECK(response.error == TransportError::none);
  CHECK(response.header("x-where") == "head");
  REQUIRE(response.trailers.size() == 1);
  CHECK(response.trailers[0] == std::pair<std::string, std::string>{"x-where", "trailer 0"});
  count = 5000;
  const Response many = fetch(server.url());
  CHECK(many.error == TransportError::protocol);
  CHECK(many.trailers.size() <= outaged::probes::Transfer::max_headers);
}
