#include <doctest/doctest.h>

#include "web/head.h"

using namespace outaged::web;

namespace {

int refused(const std::string& head, const Limits& limits = {}) {
  HeadScanner scanner(limits);
  const auto scanned = scanner.scan(head);
  if (const auto* refusal = std::get_if<Refusal>(&scanned)) return refusal->status;
  if (!std::get<bool>(scanned)) return -1;
  const auto parsed = parse_head(head.substr(0, scanner.size()), limits);
  if (const auto* refusal = std::get_if<Refusal>(&parsed)) return refusal->status;
  return 0;
}

int refused_with(const std::string& headers) { return refused("GET / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n"); }

Head parsed(const std::string& head) { return std::get<Head>(parse_head(head, Limits{})); }

}  // namespace

TEST_CASE("a plain head is taken apart") {
  const auto head = parsed("POST /a/b?c=%20d HTTP/1.1\r\nHost: x:1\r\nContent-Length: 007\r\nX-Y:  z z \t\r\n\r\n");
  CHECK(head.method == "POST");
  CHECK(head.target == "/a/b?c=%20d");
  CHECK(head.content_length == 7);
  CHECK(head.keep_alive);
  REQUIRE(head.headers.size() == 3);
  CHECK(head.headers[2].second == "z z");
}

TEST_CASE("request lines that are refused") {
  const auto line = [](const std::string& text) { return refused(text + "\r\nHost: a\r\n\r\n"); };
  CHECK(line("GET / HTTP/1.1") == 0);
  CHECK(line("GET / HTTP/1.0") == 0);
  CHECK(line("GET / HTTP/2.0") == 505);
  CHECK(line("GET / HTTP/1.11") == 400);
  CHECK(line("GET /") == 400);
  CHECK(line("GET  / HTTP/1.1") == 400);
  CHECK(line("GET / HTTP/1.1 ") == 400);
  CHECK(line("GET http://other/ HTTP/1.1") == 400);
  CHECK(line("OPTIONS * HTTP/1.1") == 400);
  CHECK(line("CONNECT a:443 HTTP/1.1") == 501);
  CHECK(line("TRACE / HTTP/1.1") == 501);
  CHECK(line("get / HTTP/1.1") == 501);
  CHECK(line("GET /#x HTTP/1.1") == 400);
  CHECK(line("GET /\x01 HTTP/1.1") == 400);
  CHECK(line("GET /\xc3\xa4 HTTP/1.1") == 400);
  CHECK(line("GET /%c3%a4 HTTP/1.1") == 0);
  CHECK(line("GET /%00 HTTP/1.1") == 400);
  CHECK(line("GET /%0a HTTP/1.1") == 400);
  CHECK(line("GET /%4 HTTP/1.1") == 400);
  CHECK(line("GET /%zz HTTP/1.1") == 400);
  CHECK(line("(GET) / HTTP/1.1") == 400);
  CHECK(refused("\x16\x03\x01") == 400);
}

TEST_CASE("headers that are refused") {
  CHECK(refused_with("") == 0);
  CHECK(refused_with("Host: b\r\n") == 400);
  CHECK(refused("GET / HTTP/1.1\r\nA: b\r\n\r\n") == 400);
  CHECK(refused("GET / HTTP/1.1\r\nHost:\r\n\r\n") == 400);
  CHECK(refused("GET / HTTP/1.1\r\nHost: a b\r\n\r\n") == 400);
  CHECK(refused_with("Transfer-Encoding: chunked\r\n") == 411);
  CHECK(refused_with("transfer-encoding: identity\r\n") == 411);
  CHECK(refused_with("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n") == 400);
  CHECK(refused_with("Transfer-Encoding : chunked\r\n") == 400);
  CHECK(refused_with("Content-Length: 4\r\nContent-Length: 4\r\n") == 400);
  CHECK(refused_with("Content-Length: 4, 4\r\n") == 400);
  CHECK(refused_with("Content-Length: +4\r\n") == 400);
  CHECK(refused_with("Content-Length: -1\r\n") == 400);
  CHECK(refused_with("Content-Length: 0x4\r\n") == 400);
  CHECK(refused_with("Content-Length:\r\n") == 400);
  CHECK(refused_with("Content-Length: 99999999999999999999999999\r\n") == 413);
  CHECK(refused_with("Content-Length: 00000000000000000000000000000000\r\n") == 0);
  CHECK(refused_with("Content-Encoding: gzip\r\n") == 415);
  CHECK(refused_with("Range: bytes=0-1\r\n") == 0);
  CHECK(refused_with("Range: bytes=0-1,5-6\r\n") == 416);
  CHECK(refused_with("Expect: 100-continue\r\n") == 0);
  CHECK(refused_with("Expect: a-miracle\r\n") == 417);
  CHECK(refused_with("A: b\r\n folded\r\n") == 400);
  CHECK(refused_with("A: b\x7f\r\n") == 400);
  CHECK(refused_with("A: \x1b[31m\r\n") == 400);
  CHECK(refused_with("A: b\tc\r\n") == 0);
  CHECK(refused_with("no colon\r\n") == 400);
  CHECK(refused_with(": empty\r\n") == 400);
  CHECK(refused("GET / HTTP/1.1\nHost: a\n\n") == 400);
  CHECK(refused("GET / HTTP/1.1\r\nHost: a\rX: y\r\n\r\n") == 400);
  CHECK(refused_with(std::string("X: ") + '\0' + "\r\n") == 400);
}

TEST_CASE("bounds are exact and hold before the head is whole") {
  Limits limits;
  limits.line_bytes = 100;
  limits.header_count = 3;
  limits.head_bytes = 195;
  const auto line = [](std::size_t size) { return "GET /" + std::string(size - 15, 'a') + " HTTP/1.1\r"; };
  CHECK(refused(line(100) + "\nHost: a\r\n\r\n", limits) == 0);
  CHECK(refused(std::string(100, 'a'), limits) == -1);
  CHECK(refused(std::string(101, 'a'), limits) == 414);
  CHECK(refused("GET / HTTP/1.1\r\n" + std::string(101, 'a'), limits) == 431);
  CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nA: b\r\n\r\n", limits) == 0);
  CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\nA: b\r\nA: b\r\n", limits) == 431);
  const std::string long_header = "A: " + std::string(80, 'b') + "\r\n";
  CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\n" + long_header + long_header, limits) == -1);
  CHECK(refused("GET / HTTP/1.1\r\nHost: a\r\n" + long_header + long_header + "\r", limits) == 431);
}

TEST_CASE("the scanner finds the same end whatever the pieces") {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n", more = head + "GET /next";
  const Limits limits;
  HeadScanner scanner(limits);
  for (std::size_t size = 1; size < head.size(); ++size)
    REQUIRE_FALSE(std::get<bool>(scanner.scan(std::string_view(more).substr(0, size))));
  REQUIRE(std::get<bool>(scanner.scan(more)));
  CHECK(scanner.size() == head.size());
}

TEST_CASE("what a client says it accepts") {
  const auto gzip = [](const std::string& value) {
    return parsed("GET / HTTP/1.1\r\nHost: a\r\nAccept-Encoding: " + value + "\r\n\r\n").accepts_gzip;
  };
  CHECK(gzip("gzip"));
  CHECK(gzip("br, GZIP;q=0.5"));
  CHECK(gzip("*"));
  CHECK_FALSE(gzip("gzip;q=0"));
  CHECK_FALSE(gzip("gzip; q=0.000, *"));
  CHECK_FALSE(gzip("br, identity"));
  CHECK_FALSE(gzip(""));
}

TEST_CASE("when the connection stays") {
  CHECK_FALSE(parsed("GET / HTTP/1.1\r\nHost: a\r\nConnection: foo, Close\r\n\r\n").keep_alive);
  CHECK_FALSE(parsed("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").keep_alive);
}
