#include <doctest/doctest.h>

#include <atomic>
#include <ctime>
#include <fstream>

#include "probes/io/starttls.h"
#include "tests/probes/ask_support.h"
#include "tests/probes/loop_support.h"
#include "tests/support/certificates.h"
#include "tests/support/dns_server.h"
#include "tests/support/raw_server.h"

using namespace std::chrono_literals;
using outaged::Class;
using outaged::Dialogue;
using outaged::Micros;
using outaged::TransportError;
using outaged::config::Target;
using outaged::config::TcpCheck;
using outaged::probes::StartTls;
using test::Authority;
using test::Connection;
using test::contains;
using test::detail;
using test::probe_target;
using test::RawServer;

namespace {

Target tcp(int port, std::vector<TcpCheck::Line> dialogue = {}, outaged::Duration timeout = 5s) {
  Target target;
  target.name = "s/c/t";
  target.kind = "tcp";
  target.timeout = timeout;
  auto& check = target.check.emplace<TcpCheck>();
  check.host = "127.0.0.1";
  check.port = static_cast<std::uint16_t>(port);
  check.dialogue = std::move(dialogue);
  return target;
}

Target tls(int port, const std::string& ca, TcpCheck::Tls how = TcpCheck::Tls::direct, outaged::Duration timeout = 5s) {
  Target target = tcp(port, {}, timeout);
  target.kind = "tls";
  auto& check = std::get<TcpCheck>(target.check);
  check.tls = how;
  check.ca_file = ca;
  return target;
}

TcpCheck& check_of(Target& target) { return std::get<TcpCheck>(target.check); }

const std::string loopback = "IP:127.0.0.1";

/// Speaks `before` line by line (each is sent, then a line is read), then TLS.
RawServer::Handler starttls_server(std::vector<std::string> before, SSL_CTX* context, std::string* heard = nullptr) {
  return [=](Connection& c) {
    for (const std::string& text : before) {
      if (!c.write(text)) return;
      if (text == before.back()) break;
      std::string line;
      while (!line.ends_with('\n')) {
        const std::string byte = c.read_exactly(1);
        if (byte.empty()) return;
        line += byte;
      }
      if (heard) *heard += line;
    }
    SSL* const ssl = SSL_new(context);
    SSL_set_fd(ssl, c.fd());
    if (SSL_accept(ssl) == 1) {
      char byte = 0;
      SSL_read(ssl, &byte, 1);  // until the other side has gone
    }
    SSL_free(ssl);
  };
}

}  // namespace

TEST_CASE("tcp: a port that is open, one that is closed, and the phases") {
  RawServer server{[](Connection& c) { c.hang(); }};
  const auto open = probe_target(tcp(server.port()));
  CHECK(open.finding.cls == Class::ok);
  CHECK(open.response.remote == "127.0.0.1:" + std::to_string(server.port()));
  CHECK(open.response.timings.connect > Micros{0});
  CHECK(open.response.timings.tls == Micros{0});
  CHECK(open.response.timings.processing == Micros{0});

  const auto closed = probe_target(tcp(test::free_port()));
  CHECK(closed.finding.cls == Class::tcp_refused);
  CHECK(closed.response.error == TransportError::connect_refused);
  CHECK(closed.finding.evidence->remote == closed.response.remote);
}

TEST_CASE("tcp: what is sent and what must come") {
  RawServer server{[](Connection& c) {
    c.write("220 hello\r\n");
    if (c.read_exactly(6) == "PING\r\n") c.write("+PO"), c.pause(30ms), c.write("NG\r\n220 hello\r\n");
    c.hang();
  }};
  const auto good = probe_target(tcp(server.port(), {{false, "220"}, {true, "PING\r\n"}, {false, "+PONG"}}));
  CHECK(good.finding.cls == Class::ok);
  CHECK(good.response.timings.processing > Micros{0});
  CHECK(good.response.timings.transfer >= 25ms);

  // What one expectation has used is not there for the next: "220" came once, before PING.
  const auto once = probe_target(tcp(server.port(), {{false, "220"}, {false, "220"}}, 300ms));
  CHECK(once.finding.cls != Class::ok);

  const auto wrong = probe_target(tcp(server.port(), {{false, "+OK"}}, 300ms));
  CHECK(wrong.finding.cls == Class::unexpected_content);
  CHECK(contains(detail(wrong), "expected \"+OK\", the server says \"220 hello"));
}

TEST_CASE("tcp: silence, a cut, a flood and a half line each have their class") {
  RawServer silent{[](Connection& c) { c.hang(); }};
  CHECK(probe_target(tcp(silent.port(), {{false, "220"}}, 300ms)).finding.cls == Class::timeout_before_first_byte);

  RawServer mute{[](Connection&) {}};
  CHECK(probe_target(tcp(mute.port(), {{false, "220"}})).finding.cls == Class::tcp_reset);

  RawServer cut{[](Connection& c) { c.write("554 go away\r\n"); }};
  CHECK(probe_target(tcp(cut.port(), {{false, "220"}})).finding.cls == Class::unexpected_content);

  RawServer half{[](Connection& c) {
    c.write("22");
    c.hang();
  }};
  CHECK(probe_target(tcp(half.port(), {{false, "220"}}, 300ms)).finding.cls == Class::timeout_body);

  RawServer flood{[](Connection& c) {
    const std::string text(8192, 'x');
    while (c.write(text)) continue;
  }};
  const auto flooded = probe_target(tcp(flood.port(), {{false, "220"}}));
  CHECK(flooded.finding.cls == Class::unexpected_content);
  CHECK(flooded.response.body.size() == 64 * 1024);
}

TEST_CASE("tcp: a peer that reads nothing is not waited for beyond the time limit") {
  RawServer server{[](Connection& c) {
    c.write("talks and talks, but never reads\n");
    c.pause(5s);
  }};
  const std::string much(32 * 1024 * 1024, 'x');
  const auto result = probe_target(tcp(server.port(), {{true, much}, {false, "done"}}, 400ms));
  CHECK(result.finding.cls == Class::timeout_before_first_byte);
  CHECK(result.took < 2s);
}

TEST_CASE("tls: a good certificate, its end, and the phases") {
  Authority authority;
  const auto context = authority.server(loopback, -86400, 20 * 86400L);
  RawServer server{[](Connection& c) { c.hang(); }, context.get()};
  const auto good = probe_target(tls(server.port(), authority.path()));
  CHECK(good.finding.cls == Class::ok);
  CHECK(good.response.timings.tls > Micros{0});
  REQUIRE(good.response.cert_expiry);
  const auto left = *good.response.cert_expiry - outaged::Timestamp{std::chrono::seconds{std::time(nullptr)}};
  CHECK(left > 20 * 24h - 1min);
  CHECK(left <= 20 * 24h);

  Target soon = tls(server.port(), authority.path());
  check_of(soon).min_cert_left = 30 * 24h;
  const auto result = probe_target(soon);
  CHECK(result.finding.cls == Class::tls_expired);
  CHECK(contains(detail(result), "the certificate ends in"));
  check_of(soon).min_cert_left = 14 * 24h;
  CHECK(probe_target(soon).finding.cls == Class::ok);
}

TEST_CASE("tls: each fault of a certificate has its class") {
  Authority authority, other;
  const auto judged = [&](const test::TlsContext& context) {
    RawServer server{[](Connection& c) { c.hang(); }, context.get()};
    return probe_target(tls(server.port(), authority.path()));
  };
  const auto expired = judged(authority.server(loopback, -2 * 86400, -86400));
  CHECK(expired.finding.cls == Class::tls_expired);
  REQUIRE(expired.response.cert_expiry);  // known though the chain is refused
  CHECK(*expired.response.cert_expiry < outaged::Timestamp{std::chrono::seconds{std::time(nullptr)}});
  CHECK(judged(authority.server(loopback, 86400, 2 * 86400)).finding.cls == Class::tls_expired);
  CHECK(judged(authority.server("DNS:other.test")).finding.cls == Class::tls_name_mismatch);
  CHECK(judged(authority.server("IP:127.0.0.2")).finding.cls == Class::tls_name_mismatch);
  CHECK(judged(other.server(loopback)).finding.cls == Class::tls_unknown_ca);
  CHECK(judged(Authority::self_signed(loopback)).finding.cls == Class::tls_unknown_ca);
}

TEST_CASE("tls: a protocol that is too old, no TLS at all, and silence fail the handshake") {
  Authority authority;
  const auto old = authority.server(loopback);
  SSL_CTX_set_security_level(old.get(), 0);  // or it would not even offer it
  SSL_CTX_set_min_proto_version(old.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(old.get(), TLS1_1_VERSION);
  RawServer old_server{[](Connection& c) { c.hang(); }, old.get()};
  CHECK(probe_target(tls(old_server.port(), authority.path())).finding.cls == Class::tls_handshake);

  RawServer plain{[](Connection& c) {
    c.write("220 I speak no TLS\r\n");
    c.hang();
  }};
  CHECK(probe_target(tls(plain.port(), authority.path())).finding.cls == Class::tls_handshake);
  RawServer closes{[](Connection&) {}};
  CHECK(probe_target(tls(closes.port(), authority.path())).finding.cls == Class::tls_handshake);
  RawServer silent{[](Connection& c) { c.hang(); }};
  const auto result = probe_target(tls(silent.port(), authority.path(), TcpCheck::Tls::direct, 300ms));
  CHECK(result.finding.cls == Class::tls_handshake);
  CHECK(result.response.timings.tls >= 250ms);
}

TEST_CASE("tls: the name is sent, and the server is judged by it") {
  Authority authority;
  const auto context = authority.server("DNS:mail.test");
  std::atomic<bool> named = false;
  SSL_CTX_set_tlsext_servername_callback(
      context.get(), +[](SSL* ssl, int*, void* seen) {
        const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
        *static_cast<std::atomic<bool>*>(seen) = name && std::string{name} == "mail.test";
        return SSL_TLSEXT_ERR_OK;
      });
  SSL_CTX_set_tlsext_servername_arg(context.get(), &named);
  RawServer server{[](Connection& c) { c.hang(); }, context.get()};
  Target target = tls(server.port(), authority.path());
  CHECK(probe_target(target).finding.cls == Class::tls_name_mismatch);
  CHECK_FALSE(named);  // an address is no name
  check_of(target).server_name = "mail.test";
  CHECK(probe_target(target).finding.cls == Class::ok);
  CHECK(named);
}

TEST_CASE("tls: a client certificate is shown to a server that wants one") {
  Authority authority;
  const auto context = authority.server(loopback);
  SSL_CTX_load_verify_file(context.get(), authority.path().c_str());
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_max_proto_version(context.get(), TLS1_2_VERSION);  // so that the refusal is a part of the handshake
  RawServer server{[](Connection& c) { c.hang(); }, context.get()};
  Target target = tls(server.port(), authority.path());
  CHECK(probe_target(target).finding.cls == Class::tls_handshake);

  const auto own = authority.server("DNS:client.test");
  char path[] = "/tmp/outaged-test-cert-XXXXXX";
  const int fd = mkstemp(path);
  std::FILE* file = fdopen(fd, "w");
  PEM_write_X509(file, SSL_CTX_get0_certificate(own.get()));
  PEM_write_PrivateKey(file, SSL_CTX_get0_privatekey(own.get()), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  check_of(target).cert_file = path;  // the key in the same file
  CHECK(probe_target(target).finding.cls == Class::ok);
  unlink(path);
  check_of(target).cert_file = "/nonexistent/cert.pem";
  const auto broken = probe_target(target);
  CHECK(broken.finding.cls == Class::probe_error);
  CHECK(contains(detail(broken), "/nonexistent/cert.pem"));
}

TEST_CASE("tls: a dialogue within TLS") {
  Authority authority;
  const auto context = authority.server(loopback);
  RawServer server{[](Connection& c) {
                     if (c.read_exactly(6) == "PING\r\n") c.write("+PONG\r\n");
                     c.hang();
                   },
                   context.get()};
  Target target = tls(server.port(), authority.path());
  check_of(target).dialogue = {{true, "PING\r\n"}, {false, "+PONG"}};
  const auto result = probe_target(target);
  CHECK(result.finding.cls == Class::ok);
  CHECK(result.response.body == "+PONG\r\n");
  check_of(target).dialogue = {{true, "PONG\r\n"}, {false, "+PONG"}};
  target.timeout = 300ms;
  CHECK(probe_target(target).finding.cls == Class::timeout_before_first_byte);
}

TEST_CASE("starttls: smtp, imap and pop3 against servers that speak them") {
  Authority authority;
  const auto context = authority.server(loopback);
  const auto expired = authority.server(loopback, -2 * 86400, -86400);
  const std::vector<std::pair<TcpCheck::Tls, std::vector<std::string>>> protocols = {
      {TcpCheck::Tls::smtp,
       {"220-mx.test greets\r\n220 you\r\n", "250-mx.test\r\n250-SIZE 1000\r\n250 STARTTLS\r\n", "220 go\r\n"}},
      {TcpCheck::Tls::imap, {"* OK ready\r\n", "* CAPABILITY IMAP4rev1\r\na1 OK begin\r\n"}},
      {TcpCheck::Tls::pop3, {"+OK ready\r\n", "+OK begin\r\n"}},
  };
  for (const auto& [how, script] : protocols) {
    std::string heard;
    {
      RawServer server{starttls_server(script, context.get(), &heard)};
      const auto good = probe_target(tls(server.port(), authority.path(), how));
      CHECK(good.finding.cls == Class::ok);
      CHECK(good.response.cert_expiry);
    }
    CHECK((heard == "EHLO outaged.invalid\r\nSTARTTLS\r\n" || heard == "a1 STARTTLS\r\n" || heard == "STLS\r\n"));
    RawServer late{starttls_server(script, expired.get())};
    CHECK(probe_target(tls(late.port(), authority.path(), how)).finding.cls == Class::tls_expired);
  }
}

TEST_CASE("starttls: refusals, silence and what is slipped in before TLS") {
  Authority authority;
  const auto context = authority.server(loopback);
  const auto judged = [&](std::vector<std::string> script, outaged::Duration timeout = 3s) {
    RawServer server{starttls_server(std::move(script), context.get())};
    return probe_target(tls(server.port(), authority.path(), TcpCheck::Tls::smtp, timeout));
  };
  auto result = judged({"554 no service here\r\n", ""});
  CHECK(result.finding.cls == Class::protocol_error);
  CHECK(contains(detail(result), "554 no service here"));
  result = judged({"220 hello\r\n", "250 mx.test\r\n", ""});
  CHECK(result.finding.cls == Class::protocol_error);
  CHECK(contains(detail(result), "does not offer STARTTLS"));
  result = judged({"220 hello\r\n", "250 STARTTLS\r\n", "454 not now\r\n"});
  CHECK(contains(detail(result), "454 not now"));
  result = judged({"220 hello\r\n", "250 STARTTLS\r\n", "220 go\r\n250 injected\r\n"});
  CHECK(result.finding.cls == Class::protocol_error);
  CHECK(contains(detail(result), "before TLS"));
  RawServer silent{[](Connection& c) { c.hang(); }};
  CHECK(probe_target(tls(silent.port(), authority.path(), TcpCheck::Tls::imap, 300ms)).finding.cls ==
        Class::tls_handshake);
  RawServer says_why{[](Connection& c) { c.write("421 too busy\r\n"); }};
  CHECK(contains(detail(probe_target(tls(says_why.port(), authority.path(), TcpCheck::Tls::smtp))), "421 too busy"));
}

TEST_CASE("starttls: line by line") {
  StartTls imap{Dialogue::Tls::imap};
  CHECK(imap.take("* PREAUTH already in") == StartTls::Next::refused);
  StartTls second{Dialogue::Tls::imap};
  CHECK(second.take("* ok ready") == StartTls::Next::send);
  CHECK(second.take("* 3 EXISTS") == StartTls::Next::read);
  CHECK(second.take("a1 NO") == StartTls::Next::refused);
  StartTls smtp{Dialogue::Tls::smtp};
  CHECK(smtp.take("") == StartTls::Next::refused);
  StartTls http{Dialogue::Tls::smtp};
  CHECK(http.take("HTTP/1.1 400 Bad Request") == StartTls::Next::refused);
  CHECK(contains(http.why(), "no SMTP"));
  StartTls pop3{Dialogue::Tls::pop3};
  CHECK(pop3.take("-ERR busy") == StartTls::Next::refused);
}

TEST_CASE("dialogue: by name, and the next address where one refuses") {
  RawServer server{[](Connection& c) { c.hang(); }};
  test::DnsServer dns{[](const std::string& name, test::DnsServer::Type) {
    if (name == "both.test") return test::DnsAnswer{0, {"::1", "127.0.0.1"}};  // nobody listens on ::1
    return test::DnsAnswer{3, {}};
  }};
  outaged::config::Egress egress;
  egress.resolvers = {dns.address()};
  Target target = tcp(server.port());
  check_of(target).host = "Both.test";
  const auto good = probe_target(target, egress);
  CHECK(good.finding.cls == Class::ok);
  CHECK(good.response.remote == "127.0.0.1:" + std::to_string(server.port()));
  CHECK(good.response.timings.resolve > Micros{0});
  check_of(target).host = "missing.test";
  CHECK(probe_target(target, egress).finding.cls == Class::dns_nxdomain);
}

TEST_CASE("dialogue: an address that swallows everything gives way to the next") {
  // A listener whose queue is full answers no SYN.
  const int full = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(0x7f000002);
  socklen_t size = sizeof address;
  REQUIRE(bind(full, reinterpret_cast<sockaddr*>(&address), size) == 0);
  REQUIRE(listen(full, 0) == 0);
  REQUIRE(getsockname(full, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  std::vector<int> fillers;
  for (int i = 0; i < 4; ++i) {
    fillers.push_back(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    connect(fillers.back(), reinterpret_cast<sockaddr*>(&address), size);
  }
  const int good = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool bound = bind(good, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(good, 8) == 0;
  REQUIRE(bound);

  test::DnsServer dns{[](const std::string&, test::DnsServer::Type) {
    return test::DnsAnswer{0, {"127.0.0.2", "127.0.0.1"}};
  }};
  outaged::config::Egress egress;
  egress.resolvers = {dns.address()};
  Target target = tcp(ntohs(address.sin_port));
  check_of(target).host = "two.test";
  const auto result = probe_target(target, egress);
  CHECK(result.finding.cls == Class::ok);
  CHECK(result.response.timings.connect >= 240ms);  // the delay between two attempts
  CHECK(result.took < 3s);

  check_of(target).host = "127.0.0.2";
  target.timeout = 300ms;
  CHECK(probe_target(target).finding.cls == Class::tcp_timeout);
  for (const int fd : fillers) close(fd);
  close(full);
  close(good);
}

TEST_CASE("dialogue: hundreds in flight, hanging ones delay nobody, and a stop drops them") {
  Authority authority;
  const auto context = authority.server(loopback);
  RawServer hanging{[](Connection&c) { c.hang(); }}, secured{[](Connection&c) { c.hang(); }, context.get()};
  test::Collector sink;
  auto loop = std::move(outaged::probes::Loop::create({}, sink)).value();
  outaged::probes::Plan plan;
  Dialogue waits, greets;
  waits.host = greets.host = "127.0.0.1";
  waits.port = static_cast<std::uint16_t>(hanging.port());
  waits.lines = {{false, "never"}};
  waits.timeout = 60s;
  greets.port = static_cast<std::uint16_t>(secured.port());
  greets.tls = Dialogue::Tls::direct;
  greets.ca_file = authority.path();
  for (std::uint32_t id = 100; id < 400; ++id)
    plan.push_back(test::job(id, std::make_shared<test::OneAsk>(waits), 100ms));
  for (std::uint32_t id = 0; id < 10; ++id)
    plan.push_back(test::job(id, std::make_shared<test::OneAsk>(greets), 200ms));
  loop->replace(plan);
  loop->start();
  CHECK(test::eventually([&] { return hanging.open() == 300; }));
  const auto before = sink.results().size();
  CHECK(sink.wait_for(before + 50));
  for (const auto& result : sink.results()) CHECK(result.response.error == TransportError::none);
  const auto begun = std::chrono::steady_clock::now();
  loop->stop();
  CHECK(std::chrono::steady_clock::now() - begun < 1s);
  loop.reset();
  CHECK(test::eventually([&] { return hanging.open() == 0; }));
}
