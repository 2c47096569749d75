// The way an exchange takes: through proxies, over one family of addresses, in HTTP/2.
#include <doctest/doctest.h>
#include <stdlib.h>

#include "tests/probes/loop_support.h"
#include "tests/support/certificates.h"
#include "tests/support/dns_server.h"
#include "tests/support/http2.h"
#include "tests/support/raw_server.h"

using namespace std::chrono_literals;
using outaged::Request;
using outaged::Response;
using outaged::TransportError;
using outaged::probes::LoopOptions;
using test::Connection;
using test::fetch;
using test::RawServer;

TEST_CASE("transfer: a proxy for what is not excepted, with the name left to it") {
  std::string asked;
  RawServer proxy{[&](Connection& c) {
    asked = c.read_head();
    if (asked.starts_with("CONNECT forbidden.test"))
      c.write("HTTP/1.1 403 Forbidden\r\n\r\n");
    else if (asked.starts_with("CONNECT"))
      c.write("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    else
      c.respond("by proxy");
  }};
  RawServer direct{[](Connection& c) {
    c.read_head();
    c.respond("directly");
  }};
  LoopOptions options;
  options.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  options.no_proxy = "127.0.0.0/8, internal.test";
  options.resolvers = {"127.0.0.1:1"};  // nobody there: a name that we tried to resolve would fail
  const Response far = fetch("http://name-that-only-the-proxy-knows.test/x", 5s, options);
  CHECK(far.error == TransportError::none);
  CHECK(far.body == "by proxy");
  CHECK(asked.starts_with("GET http://name-that-only-the-proxy-knows.test/x HTTP/1.1\r\n"));
  CHECK(fetch(direct.url(), 5s, options).body == "directly");
  CHECK(fetch("https://forbidden.test/", 5s, options).error == TransportError::local);
  CHECK(fetch("https://unreachable.test/", 5s, options).error == TransportError::connect_unreachable);

  options.proxy = "http://127.0.0.1:" + std::to_string(test::free_port());
  CHECK(fetch("http://far.test/", 5s, options).error == TransportError::local);
}

TEST_CASE("transfer: a request's own proxy, or none") {
  const auto says = [](const char* text) {
    return [text](Connection& c) {
      c.read_head();
      c.respond(text);
    };
  };
  RawServer configured{says("configured")}, own{says("own")}, direct{says("directly")};
  LoopOptions options;
  options.proxy = "http://127.0.0.1:" + std::to_string(configured.port());
  Request request;
  request.url = direct.url();
  CHECK(fetch(request, options).body == "configured");
  request.proxy = "127.0.0.1:" + std::to_string(own.port());
  CHECK(fetch(request, options).body == "own");
  CHECK(fetch(request).body == "own");
  request.proxy = "";
  CHECK(fetch(request, options).body == "directly");
  request.proxy = "gopher://127.0.0.1";
  CHECK(fetch(request, options).error == TransportError::local);
}

TEST_CASE("transfer: the environment's proxy is not used") {
  RawServer direct{[](Connection& c) {
    c.read_head();
    c.respond("directly");
  }};
  setenv("http_proxy", "http://127.0.0.1:1", 1);
  const Response response = fetch(direct.url());
  unsetenv("http_proxy");
  CHECK(response.body == "directly");
}

TEST_CASE("transfer: HTTP/2 where it is known beforehand, and where TLS agrees on it") {
  namespace h2 = test::http2;
  std::string body;
  const auto answer = [&](Connection& c) {
    const h2::Asked asked = h2::read_request(c);
    body = asked.body;
    c.write(h2::head(asked.stream, {{":status", "200"}, {"x-one", "1"}, {"content-length", "3"}}) +
            h2::data(asked.stream, "two"));
    c.pause(50ms);  // the length that it gave has come; it is not the end
    c.write(h2::head(asked.stream, {{"x-last", "3"}}, true));
    c.hang();
  };
  Request request;
  request.method = "POST";
  request.body = std::string("a\0b", 3);
  request.http2_only = true;
  const auto check = [&](const Response& response) {
    CHECK(response.error == TransportError::none);
    CHECK(response.http_version == "2");
    CHECK(response.header("x-one") == "1");
    CHECK(response.body == "two");
    REQUIRE(response.trailers.size() == 1);
    CHECK(response.trailers[0].second == "3");
    CHECK(body == request.body);
  };
  SUBCASE("plain text") {
    RawServer server{answer};
    request.url = server.url();
    check(fetch(request));
  }
  SUBCASE("TLS") {
    const test::Authority authority;
    const auto tls = authority.server("IP:127.0.0.1");
    SSL_CTX_set_alpn_select_cb(
        tls.get(),
        [](SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in, unsigned in_size, void*) {
          static const unsigned char wanted[] = {2, 'h', '2'};
          return SSL_select_next_proto(const_cast<unsigned char**>(out), size, wanted, sizeof wanted, in, in_size) ==
                         OPENSSL_NPN_NEGOTIATED
                     ? SSL_TLSEXT_ERR_OK
                     : SSL_TLSEXT_ERR_ALERT_FATAL;
        },
        nullptr);
    RawServer server{answer, tls.get()};
    request.url = server.url();
    LoopOptions options;
    options.ca_file = authority.path();
    check(fetch(request, options));
  }
  SUBCASE("a stream reset half-way, and before the head") {
    for (const bool half : {true, false}) {
      RawServer server{[&](Connection& c) {
        const h2::Asked asked = h2::read_request(c);
        if (half) c.write(h2::head(asked.stream, {{":status", "200"}}) + h2::data(asked.stream, "two"));
        if (half) c.pause(100ms);  // or the reset overtakes what came before it
        c.write(h2::reset(asked.stream, 2));
        c.hang();
      }};
      request.url = server.url();
      CHECK(fetch(request).error == (half ? TransportError::truncated_body : TransportError::protocol));
    }
  }
  SUBCASE("a server that speaks HTTP/1.1 only") {
    RawServer server{[](Connection& c) {
      c.read_head();
      c.respond("no", "400 Bad Request");
      c.hang();
    }};
    request.url = server.url();
    const Response response = fetch(request);
    CHECK((response.error == TransportError::protocol || response.error == TransportError::reset_before_response));
    CHECK(response.status == 0);
  }
}

TEST_CASE("transfer: one family of a host that has both") {
  if (!test::has_v6_loopback()) {
    MESSAGE("SKIPPED: no ::1 on this machine");
    return;
  }
  test::DnsServer dns{[](const std::string& name, test::DnsServer::Type) {
    if (name == "both.test") return test::DnsAnswer{0, {"127.0.0.1", "::1"}};
    if (name == "four.test") return test::DnsAnswer{0, {"127.0.0.1"}};
    if (name == "far.test") return test::DnsAnswer{0, {"127.0.0.1", "2001:db8::1"}};
    return test::DnsAnswer{3, {}};
  }};
  const auto says = [](const char* text) {
    return [text](Connection& c) {
      c.read_head();
      c.respond(text);
    };
  };
  RawServer four{says("over four")};
  RawServer six{says("over six"), nullptr, four.port()};
  LoopOptions options;
  options.resolvers = {dns.address()};
  const auto ask = [&](const char* name, outaged::Family family, bool or_other) {
    Request request;
    request.url = std::string("http://") + name + ":" + std::to_string(four.port()) + "/";
    request.family = family;
    request.or_other_family = or_other;
    return fetch(request, options);
  };
  using outaged::Family;
  CHECK(ask("both.test", Family::v4, false).body == "over four");
  CHECK(ask("both.test", Family::v6, false).body == "over six");
  CHECK(ask("both.test", Family::v4, true).family == Family::v4);
  const Response preferred = ask("both.test", Family::v6, true);
  CHECK(preferred.body == "over six");
  CHECK(preferred.family == Family::v6);
  CHECK(ask("four.test", Family::v6, true).body == "over four");
  CHECK(ask("four.test", Family::v6, true).family == Family::any);  // there was no choice
  const Response none = ask("four.test", Family::v6, false);
  CHECK(none.error == TransportError::dns_nxdomain);
  CHECK(none.error_text == "the host has no IPv6 address");
  // A machine without a route must not call every second probe a failure. (Where there is one, it is a choice.)
  const Response far = ask("far.test", Family::v4, true);
  CHECK(far.body == "over four");
}
