#include "probes/egress.h"

#include <doctest/doctest.h>

#include "probes/transport_error.h"

using outaged::TransportError;
using outaged::probes::classify;
using outaged::probes::Egress;
using outaged::probes::Outcome;
using outaged::probes::parse_endpoint;

TEST_CASE("egress: a URL taken apart") {
  const auto name = parse_endpoint("https://API.Example.com/v1?x=1");
  REQUIRE(name);
  CHECK(name->host == "api.example.com");
  CHECK(name->port == 443);
  CHECK(name->tls);
  CHECK_FALSE(name->literal);
  const auto six = parse_endpoint("http://[2001:DB8::1]:8080/");
  REQUIRE(six);
  CHECK(six->host == "2001:db8::1");
  CHECK(six->port == 8080);
  CHECK(six->literal);
  CHECK(parse_endpoint("http://127.1/")->host == "127.0.0.1");
  CHECK(parse_endpoint("https://xn--bcher-kva.example/"));
  CHECK(parse_endpoint("https://bücher.example/").error().find("xn--") != std::string::npos);
  CHECK_FALSE(parse_endpoint("gopher://example.com/"));
  CHECK_FALSE(parse_endpoint("example.com"));
  CHECK(outaged::probes::join_host_port("::1", 80) == "[::1]:80");
}

TEST_CASE("egress: who goes past the proxy") {
  auto egress = Egress::create("http://proxy.example:3128",
                               "internal.test,.dotted.test, 10.0.0.0/8 192.0.2.7,2001:db8::/33,[::1]", "", "");
  REQUIRE(egress);
  const auto proxied = [&](const std::string& url) { return egress->way(parse_endpoint(url).value()).value(); };
  CHECK(proxied("http://example.com/"));
  CHECK_FALSE(proxied("http://internal.test/"));
  CHECK_FALSE(proxied("http://a.INTERNAL.test/"));
  CHECK_FALSE(proxied("http://internal.test./"));
  CHECK(proxied("http://notinternal.test/"));
  CHECK_FALSE(proxied("http://a.dotted.test/"));
  CHECK_FALSE(proxied("http://10.255.0.1/"));
  CHECK(proxied("http://11.0.0.1/"));
  CHECK_FALSE(proxied("http://192.0.2.7:8080/"));
  CHECK(proxied("http://192.0.2.8/"));
  CHECK_FALSE(proxied("http://[2001:db8:7fff::1]/"));
  CHECK(proxied("http://[2001:db8:8000::1]/"));
  CHECK_FALSE(proxied("http://[::1]/"));
  CHECK_FALSE(Egress::create("http://p:1", "*", "", "")->way(parse_endpoint("http://a/").value()).value());
  CHECK_FALSE(Egress::create("", "", "", "")->way(parse_endpoint("http://a/").value()).value());
}

TEST_CASE("egress: how an exchange ended") {
  const auto is = [](CURLcode code, void (*change)(Outcome&)) {
    Outcome outcome;
    outcome.code = code;
    change(outcome);
    return classify(outcome);
  };
  const auto nothing = [](Outcome&) {};
  const auto connected = [](Outcome& o) { o.connected = true; };
  CHECK(is(CURLE_OK, nothing) == TransportError::none);
  CHECK(is(CURLE_COULDNT_CONNECT, [](Outcome& o) { o.os_errno = ECONNREFUSED; }) == TransportError::connect_refused);
  CHECK(is(CURLE_COULDNT_CONNECT, [](Outcome& o) { o.os_errno = EHOSTUNREACH; }) ==
        TransportError::connect_unreachable);
  CHECK(is(CURLE_COULDNT_CONNECT, [](Outcome& o) { o.os_errno = EMFILE; }) == TransportError::local);
  CHECK(is(CURLE_COULDNT_CONNECT, [](Outcome& o) { o.os_errno = ETIMEDOUT; }) == TransportError::connect_timeout);
  CHECK(is(CURLE_OPERATION_TIMEDOUT, nothing) == TransportError::connect_timeout);
  CHECK(is(CURLE_OPERATION_TIMEDOUT, connected) == TransportError::timeout_first_byte);
  CHECK(is(CURLE_OPERATION_TIMEDOUT, [](Outcome& o) { o.connected = o.answered = true; }) ==
        TransportError::timeout_body);
  CHECK(is(CURLE_OPERATION_TIMEDOUT, [](Outcome& o) { o.connected = o.tls = true; }) == TransportError::tls_handshake);
  CHECK(is(CURLE_SEND_ERROR, connected) == TransportError::send_failed);
  CHECK(is(CURLE_HTTP2_STREAM, connected) == TransportError::protocol);
  CHECK(is(CURLE_HTTP2_STREAM, [](Outcome& o) { o.status = 200; }) == TransportError::truncated_body);
  CHECK(is(CURLE_OUT_OF_MEMORY, nothing) == TransportError::local);
  CHECK(is(CURLE_SSL_CACERT_BADFILE, connected) == TransportError::local);
}

TEST_CASE("egress: proxies of each kind, with libcurl's own default ports") {
  const auto port = [](const std::string& proxy) {
    auto egress = Egress::create(proxy, "", "", "");
    return egress->way(parse_endpoint("http://a/").value()).value()->endpoint.port;
  };
  CHECK(port("http://proxy.example:3128") == 3128);
  CHECK(port("http://proxy.example:80/") == 80);
  CHECK(port("proxy.example") == 1080);
  CHECK(port("https://proxy.example") == 443);
  CHECK(port("socks5://user:secret@proxy.example") == 1080);
  auto socks = Egress::create("socks5://proxy.example", "", "", "");
  CHECK(socks->way(parse_endpoint("http://a/").value()).value()->url == "socks5h://proxy.example");
  CHECK_FALSE(Egress::create("ftp://proxy.example", "", "", ""));
  CHECK_FALSE(Egress::create("http://", "", "", ""));
}

TEST_CASE("egress: a request's own proxy, or none, whatever is configured") {
  auto egress = Egress::create("http://configured.example:1", "past.test", "", "");
  REQUIRE(egress);
  const auto host = [&](const std::string& url, const std::optional<std::string>& own) {
    const auto way = egress->way(parse_endpoint(url).value(), own);
    if (!way) return std::string{"error"};
    return way.value() ? way.value()->endpoint.host : std::string{"direct"};
  };
  CHECK(host("http://far.test/", std::nullopt) == "configured.example");
  CHECK(host("http://past.test/", std::nullopt) == "direct");
  CHECK(host("http://far.test/", "") == "direct");
  CHECK(host("http://far.test/", "socks5://own.example") == "own.example");
  CHECK(host("http://past.test/", "own.example:3128") == "own.example");  // said of this one request
  CHECK(host("http://far.test/", "ftp://own.example") == "error");
  // What was handed out stays good while others are added.
  const auto first = egress->way(parse_endpoint("http://a/").value(), "http://first.example:8080");
  for (int i = 0; i < 100; ++i)
    CHECK(egress->way(parse_endpoint("http://a/").value(), "http://p" + std::to_string(i) + ".example:8080").ok());
  CHECK(first.value()->endpoint.host == "first.example");
}
