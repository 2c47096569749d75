// TLS with servers that are right, wrong, or choosy; whose certificate is shown to whom; what is parsed how often.
#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>

#include "probes/transfer.h"
#include "tests/probes/loop_support.h"
#include "tests/support/certificates.h"
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

TEST_CASE("transfer: TLS, right and wrong") {
  const test::Authority authority, stranger;
  LoopOptions options;
  options.ca_file = authority.path();
  const auto answer = [](Connection& c) {
    c.read_head();
    c.respond("safe");
  };
  SUBCASE("good, with the chain's expiry") {
    const auto tls = authority.server("IP:127.0.0.1");
    RawServer server{answer, tls.get()};
    Request request;
    request.url = server.url();
    request.want_cert = true;
    const auto before = std::chrono::system_clock::now();
    const Response response = fetch(request, options);
    CHECK(response.error == TransportError::none);
    CHECK(response.body == "safe");
    CHECK(response.timings.tls > Micros{0});
    CHECK(response.timings.connect > Micros{0});
    CHECK(sum(response.timings) == response.total);
    REQUIRE(response.cert_expiry);
    CHECK(*response.cert_expiry > before + 23h);
    CHECK(*response.cert_expiry < before + 25h);
    request.want_cert = false;
    CHECK_FALSE(fetch(request, options).cert_expiry);
  }
  SUBCASE("expired") {
    const auto tls = authority.server("IP:127.0.0.1", -172800, -86400);
    RawServer server{answer, tls.get()};
    const Response response = fetch(server.url(), 5s, options);
    CHECK(response.error == TransportError::tls_expired);
    CHECK(response.status == 0);
  }
  SUBCASE("not yet valid") {
    const auto tls = authority.server("IP:127.0.0.1", 86400, 172800);
    RawServer server{answer, tls.get()};
    CHECK(fetch(server.url(), 5s, options).error == TransportError::tls_expired);
  }
  SUBCASE("for another name") {
    const auto tls = authority.server("DNS:other.test");
    RawServer server{answer, tls.get()};
    CHECK(fetch(server.url(), 5s, options).error == TransportError::tls_name_mismatch);
  }
  SUBCASE("of an unknown authority") {
    const auto tls = stranger.server("IP:127.0.0.1");
    RawServer server{answer, tls.get()};
    CHECK(fetch(server.url(), 5s, options).error == TransportError::tls_unknown_ca);
    CHECK(fetch(server.url()).error == TransportError::tls_unknown_ca);  // nor in the system's
  }
  SUBCASE("too old a version") {
    const auto tls = authority.server("IP:127.0.0.1");
    SSL_CTX_set_security_level(tls.get(), 0);
    SSL_CTX_set_min_proto_version(tls.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(tls.get(), TLS1_1_VERSION);
    RawServer server{answer, tls.get()};
    CHECK(fetch(server.url(), 5s, options).error == TransportError::tls_handshake);
  }
  SUBCASE("a request's own authority, and none of another request's") {
    const auto known = authority.server("IP:127.0.0.1"), other = stranger.server("IP:127.0.0.1");
    RawServer first{answer, known.get()}, second{answer, other.get()};
    struct Alternates final : outaged::Probe {
      Request requests[2];
      mutable std::vector<TransportError> errors;
      outaged::Ask first() const override { return requests[0]; }
      outaged::Step next(const Response& response, outaged::Run& run) const override {
        errors.push_back(response.error);
        if (run.requests < 6) return requests[run.requests % 2];
        return outaged::Finding{};
      }
    };
    const auto probe = std::make_shared<Alternates>();
    probe->requests[0].url = first.url();
    probe->requests[1].url = second.url();
    REQUIRE(outaged::probes::run_once(options, probe));
    using enum TransportError;
    CHECK(probe->errors == std::vector{none, tls_unknown_ca, none, tls_unknown_ca, none, tls_unknown_ca});
    probe->errors.clear();
    probe->requests[1].ca_file = stranger.path();
    REQUIRE(outaged::probes::run_once(options, probe));
    CHECK(probe->errors == std::vector<TransportError>(6, none));
    probe->requests[0].ca_file = stranger.path();
    probe->errors.clear();
    REQUIRE(outaged::probes::run_once(options, probe));
    CHECK(probe->errors[0] == tls_unknown_ca);
    probe->requests[0].ca_file = "/nonexistent/ca.pem";
    CHECK(fetch(probe->requests[0], options).error == local);
  }
  SUBCASE("a client certificate, shown to whom it is meant for") {
    const auto tls = authority.server("IP:127.0.0.1");
    REQUIRE(SSL_CTX_load_verify_file(tls.get(), authority.path().c_str()) == 1);
    SSL_CTX_set_verify(tls.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    RawServer server{answer, tls.get()};
    const std::string file = authority.client_file(), unknown = stranger.client_file();
    Request request;
    request.url = server.url();
    CHECK(fetch(request, options).error != TransportError::none);
    request.cert_file = file;
    CHECK(fetch(request, options).body == "safe");
    request.cert_file = unknown;
    CHECK(fetch(request, options).error != TransportError::none);
    request.cert_file = authority.path();  // a certificate without its key
    CHECK(fetch(request, options).error == TransportError::local);
    unlink(file.c_str());
    unlink(unknown.c_str());

    // A server that does not insist sees none but from those who have one.
    const auto curious = authority.server("IP:127.0.0.1");
    SSL_CTX_set_verify(curious.get(), SSL_VERIFY_PEER, [](int, X509_STORE_CTX*) { return 1; });
    std::atomic<int> shown = 0;
    SSL_CTX_set_app_data(curious.get(), &shown);
    SSL_CTX_set_info_callback(curious.get(), [](const SSL* ssl, int where, int) {
      if ((where & SSL_CB_HANDSHAKE_DONE) == 0) return;
      if (SSL_get0_peer_certificate(ssl)) ++*static_cast<std::atomic<int>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
    });
    RawServer looks{answer, curious.get()};
    const std::string again = authority.client_file();
    struct Twice final : outaged::Probe {  // one loop, and so one context of libcurl's
      Request requests[3];
      outaged::Ask first() const override { return requests[0]; }
      outaged::Step next(const Response&, outaged::Run& run) const override {
        if (run.requests < 3) return requests[run.requests];
        return outaged::Finding{};
      }
    };
    const auto probe = std::make_shared<Twice>();
    for (Request& each : probe->requests) each.url = looks.url();
    probe->requests[1].cert_file = again;
    REQUIRE(outaged::probes::run_once(options, probe));
    CHECK(looks.accepted() == 3);
    CHECK(shown == 1);
    unlink(again.c_str());
  }
  SUBCASE("servers that know one group only, each with certificates of each kind") {
    for (const char* group : {"X25519", "P-256", "P-384"}) {
      CAPTURE(group);
      const auto tls = authority.server("IP:127.0.0.1");
      REQUIRE(SSL_CTX_set1_groups_list(tls.get(), group) == 1);
      RawServer server{answer, tls.get()};
      CHECK(fetch(server.url(), 5s, options).body == "safe");
      SSL_CTX_set_max_proto_version(tls.get(), TLS1_2_VERSION);
      CHECK(fetch(server.url(), 5s, options).body == "safe");
    }
  }
  SUBCASE("a server that does not speak TLS, and one that says nothing") {
    RawServer plain{[](Connection& c) { c.write("HTTP/1.1 400 Bad Request\r\n\r\n"); }};
    CHECK(fetch("https://127.0.0.1:" + std::to_string(plain.port()) + "/").error == TransportError::tls_handshake);
    RawServer silent{[](Connection& c) { c.hang(); }};
    const Response response = fetch("https://127.0.0.1:" + std::to_string(silent.port()) + "/", 300ms);
    CHECK(response.error == TransportError::tls_handshake);
    CHECK(response.timings.tls > 200ms);
  }
}

TEST_CASE("transfer: no TLS session is reused, and no CA bundle is parsed twice") {
  const test::Authority authority;
  const auto tls = authority.server("IP:127.0.0.1");
  std::atomic<int> reused = 0;
  SSL_CTX_set_app_data(tls.get(), &reused);
  SSL_CTX_set_info_callback(tls.get(), [](const SSL* ssl, int where, int) {
    if ((where & SSL_CB_HANDSHAKE_DONE) != 0 && SSL_session_reused(ssl) != 0)
      ++*static_cast<std::atomic<int>*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  });
  RawServer server{[](Connection& c) {
                     c.read_head();
                     c.respond("safe");
                   },
                   tls.get()};

  // The probe asks again and again in one run, so that all requests share one loop, and by two bundles in turn: the
  // system's with our authority behind it, twice. To parse one is what costs.
  struct Repeats final : outaged::Probe {
    Request requests[2];
    mutable std::vector<Response> responses;
    mutable std::vector<std::chrono::steady_clock::time_point> ends;
    outaged::Ask first() const override { return requests[0]; }
    outaged::Step next(const Response& response, outaged::Run& run) const override {
      responses.push_back(response);
      ends.push_back(std::chrono::steady_clock::now());
      if (run.requests < 18) return requests[run.requests % 2];
      return outaged::Finding{};
    }
  };
  const auto probe = std::make_shared<Repeats>();
  std::string paths[2];
  for (int i = 0; i < 2; ++i) {
    char path[] = "/tmp/outaged-test-bundle-XXXXXX";
    const int fd = mkstemp(path);
    REQUIRE(fd >= 0);
    close(fd);
    paths[i] = path;
    REQUIRE(std::system(("cat /etc/ssl/certs/ca-certificates.crt " + authority.path() + " > " + path).c_str()) == 0);
    probe->requests[i].url = server.url();
  }
  probe->requests[1].ca_file = paths[1];
  LoopOptions options;
  options.ca_file = paths[0];
  REQUIRE(outaged::probes::run_once(options, probe));
  for (const std::string& path : paths) unlink(path.c_str());
  REQUIRE(probe->responses.size() == 18);
  for (const Response& response : probe->responses) CHECK(response.error == TransportError::none);
  CHECK(reused == 0);
  CHECK(server.accepted() == 18);
  // The second pays for its bundle (20 ms); if all did, the median would be of its size. Sanitizers slow both alike.
  std::vector<std::chrono::steady_clock::duration> gaps;
  for (std::size_t i = 1; i < probe->ends.size(); ++i) gaps.push_back(probe->ends[i] - probe->ends[i - 1]);
  const auto second = gaps.front();
  std::nth_element(gaps.begin(), gaps.begin() + 8, gaps.end());
  const auto in_us = [](auto time) { return std::chrono::duration_cast<Micros>(time).count(); };
  MESSAGE("a request with a new bundle " << in_us(second) << " us, median " << in_us(gaps[8]) << " us");
  CHECK(gaps[8] * 2 < second);
}
