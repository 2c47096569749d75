// A host with two address families of which one does not work: whose fault, and in which words.
#include <doctest/doctest.h>

#include "probes/registry.h"
#include "tests/probes/ask_support.h"
#include "tests/support/dns_server.h"
#include "tests/support/raw_server.h"

namespace outaged::probes {
namespace {

Response refused(Family family) {
  Response out;
  out.error = TransportError::connect_refused;
  out.family = family;
  out.total = 3s;
  out.remote = family == Family::v6 ? "[2001:db8::1]:443" : "192.0.2.1:443";
  return out;
}

Response good(Family family) {
  Response out;
  out.status = 200;
  out.body = "fine";
  out.family = family;
  out.total = 10ms;
  return out;
}

config::Target target() {
  config::Target out;
  out.http().url = "https://both.example/";
  return out;
}

std::shared_ptr<const Probe> probe(const config::Target& t) { return *make_probe(t, {}); }

}  // namespace

TEST_CASE("http families: a path that fails beside one that works is the path's fault") {
  for (const Family broken : {Family::v6, Family::v4}) {
    const Family other = broken == Family::v6 ? Family::v4 : Family::v6;
    const auto p = probe(target());
    Run run;
    auto step = p->next(refused(broken), run);
    REQUIRE(std::holds_alternative<Request>(step));
    const Request& again = std::get<Request>(step);
    CHECK(again.url == "https://both.example/");
    CHECK(again.family == other);
    CHECK_FALSE(again.or_other_family);
    CHECK(again.timeout == 7s);  // what the first attempt has left
    step = p->next(good(other), run);
    REQUIRE(std::holds_alternative<Finding>(step));
    const Finding& finding = std::get<Finding>(step);
    CHECK(finding.cls == Class::tcp_unreachable);
    CHECK(info(finding.cls).fault == Fault::path);
    REQUIRE(finding.evidence);
    CHECK(finding.evidence->detail == (broken == Family::v6
                                           ? "the IPv6 path fails, IPv4 works: TCP connection refused"
                                           : "the IPv4 path fails, IPv6 works: TCP connection refused"));
    CHECK(finding.evidence->remote == refused(broken).remote);
    REQUIRE(finding.response);
    CHECK(finding.response->error == TransportError::connect_refused);
  }
}

TEST_CASE("http families: where both fail it is the host") {
  const auto p = probe(target());
  Run run;
  REQUIRE(std::holds_alternative<Request>(p->next(refused(Family::v6), run)));
  const auto step = p->next(refused(Family::v4), run);
  REQUIRE(std::holds_alternative<Finding>(step));
  CHECK(std::get<Finding>(step).cls == Class::tcp_refused);
  CHECK(std::get<Finding>(step).evidence->detail ==
        "over IPv4: TCP connection refused, and over IPv6: TCP connection refused");

  Run second;
  REQUIRE(std::holds_alternative<Request>(p->next(refused(Family::v6), second)));
  Response error = good(Family::v4);
  error.status = 500;
  const auto failing = p->next(error, second);
  CHECK(std::get<Finding>(failing).cls == Class::server_error);
  CHECK(std::get<Finding>(failing).evidence->detail == "over IPv4: HTTP 500, and over IPv6: TCP connection refused");
}

TEST_CASE("http families: no second question where there is no choice, no time, or another failure") {
  const auto concludes = [](const config::Target& t, const Response& response) {
    Run run;
    return std::holds_alternative<Finding>(probe(t)->next(response, run));
  };
  CHECK(concludes(target(), refused(Family::any)));
  Response late = refused(Family::v6);
  late.total = 10s;
  CHECK(concludes(target(), late));
  Response handshake = refused(Family::v6);
  handshake.error = TransportError::tls_handshake;
  CHECK(concludes(target(), handshake));
  Response timeout = refused(Family::v6);
  timeout.error = TransportError::connect_timeout;
  CHECK_FALSE(concludes(target(), timeout));
  config::Target strict = target();
  strict.http().family = config::HttpCheck::Family::v6;
  CHECK(concludes(strict, refused(Family::v6)));
}

TEST_CASE("http families: against a real host with both") {
  if (!test::has_v6_loopback()) {
    MESSAGE("SKIPPED: no ::1 on this machine");
    return;
  }
  test::DnsServer dns{[](const std::string&, test::DnsServer::Type) {
    return test::DnsAnswer{0, {"127.0.0.1", "::1"}};
  }};
  const auto answer = [](test::Connection& c) {
    c.read_head();
    c.respond("fine");
  };
  test::RawServer four{answer};
  config::Target t;
  t.http().url = "http://both.test:" + std::to_string(four.port()) + "/";
  config::Egress egress;
  egress.resolvers = {dns.address()};
  const Result broken = test::probe_target(t, egress);  // nobody on ::1
  CHECK(broken.finding.cls == Class::tcp_unreachable);
  CHECK(test::detail(broken).starts_with("the IPv6 path fails, IPv4 works"));
  test::RawServer six{answer, nullptr, four.port()};
  CHECK(test::probe_target(t, egress).finding.cls == Class::ok);
  CHECK(six.accepted() == 1);

  // A family that swallows packets must leave the other one time: a full listen queue drops what comes.
  const int full = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  socklen_t size = sizeof address;
  REQUIRE(bind(full, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(full, 0) == 0);
  REQUIRE(getsockname(full, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  std::vector<int> waiting;
  for (int i = 0; i < 8; ++i) {
    waiting.push_back(socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    connect(waiting.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  t.http().url = "http://both.test:" + std::to_string(ntohs(address.sin6_port)) + "/";
  t.timeout = 800ms;
  const auto begun = std::chrono::steady_clock::now();
  const Result both = test::probe_target(t, egress);
  CHECK(std::chrono::steady_clock::now() - begun < 5s);
  CHECK(both.finding.cls == Class::tcp_refused);  // nobody there on IPv4
  CHECK(test::contains(test::detail(both), "over IPv6: TCP connection timed out"));
  for (const int fd : waiting) close(fd);
  close(full);
}

}  // namespace outaged::probes
