// The gRPC health check against a server that speaks HTTP/2 byte by byte, rightly and wrongly.
#include <doctest/doctest.h>

#include "probes/registry.h"
#include "tests/probes/ask_support.h"
#include "tests/support/http2.h"

namespace outaged::probes {
namespace {

namespace h2 = test::http2;

config::Target target(const std::string& url, const std::string& service = "") {
  config::Target out;
  out.name = "shop/grpc/health";
  out.kind = "grpc";
  out.timeout = 3s;
  auto& check = out.check.emplace<config::GrpcCheck>();
  check.url = url;
  check.service = service;
  return out;
}

std::string message(const std::string& bytes) { return std::string(4, '\0') + static_cast<char>(bytes.size()) + bytes; }
const std::string serving = message("\x08\x01");

const h2::Headers grpc_head = {{":status", "200"}, {"content-type", "application/grpc"}};

/// What a server that writes `answer` (given the stream's number) is judged to be.
Result judged(const std::function<std::string(std::uint32_t)>& answer, const std::string& service = "") {
  test::RawServer server{[&](test::Connection& c) {
    const h2::Asked asked = h2::read_request(c);
    if (asked.stream == 0) return;
    c.write(answer(asked.stream));
    c.hang();
  }};
  return test::probe_target(target(server.url(""), service));
}

/// An answer of this message and these trailers.
Result answered(const std::string& body, const h2::Headers& trailers) {
  return judged(
      [&](std::uint32_t s) { return h2::head(s, grpc_head) + h2::data(s, body) + h2::head(s, trailers, true); });
}

/// Trailers only: all in one head.
Result refused(const std::string& code, const std::string& words = "") {
  return judged([&](std::uint32_t s) {
    h2::Headers all = grpc_head;
    all.emplace_back("grpc-status", code);
    if (!words.empty()) all.emplace_back("grpc-message", words);
    return h2::head(s, all, true);
  });
}

}  // namespace

TEST_CASE("grpc: the question is what the protocol says") {
  config::Target t = target("http://127.0.0.1:50051/", "shop.v1.Orders");
  std::get<config::GrpcCheck>(t.check).metadata = {{"authorization", config::Secret("Bearer abcdefgh")}};
  config::Egress egress;
  egress.user_agent = "watcher/1";
  const Request request = std::get<Request>((*make_probe(t, egress))->first());
  CHECK(request.method == "POST");
  CHECK(request.url == "http://127.0.0.1:50051/grpc.health.v1.Health/Check");
  CHECK(request.http2_only);
  CHECK(request.body == std::string("\0\0\0\0\x10\x0a\x0e", 7) + "shop.v1.Orders");
  const auto header = [&](std::string_view name) -> std::string {
    for (const auto& [key, value] : request.headers)
      if (key == name) return value;
    return "";
  };
  CHECK(header("content-type") == "application/grpc");
  CHECK(header("te") == "trailers");
  CHECK(header("grpc-timeout") == "3000m");
  CHECK(header("authorization") == "Bearer abcdefgh");
  CHECK(header("user-agent") == "watcher/1");
  CHECK(std::get<Request>((*make_probe(target("http://h:1"), {}))->first()).body == std::string(5, '\0'));
}

TEST_CASE("grpc: what it says of itself") {
  CHECK(answered(serving, {{"grpc-status", "0"}}).finding.cls == Class::ok);
  const Result down = answered(message("\x08\x02"), {{"grpc-status", "0"}});
  CHECK(down.finding.cls == Class::server_error);
  CHECK(test::detail(down) == "it says of itself: NOT_SERVING");
  CHECK(answered(message(""), {{"grpc-status", "0"}}).finding.cls == Class::server_error);  // zero: UNKNOWN
  CHECK(answered(message("\x08\x03"), {{"grpc-status", "0"}}).finding.cls == Class::not_found);
  CHECK(answered(message("\x08\x63"), {{"grpc-status", "0"}}).finding.cls == Class::protocol_error);
  // A field of a later version is passed over.
  CHECK(answered(message("\x12\x02hi\x08\x01\x1d"
                         "1234"),
                 {{"grpc-status", "0"}})
            .finding.cls == Class::ok);
}

TEST_CASE("grpc: each status its class") {
  const std::pair<const char*, Class> table[] = {{"1", Class::server_error},  {"2", Class::server_error},
                                                 {"3", Class::bad_request},   {"4", Class::timeout_before_first_byte},
                                                 {"5", Class::not_found},     {"7", Class::auth},
                                                 {"8", Class::rate_limited},  {"12", Class::not_found},
                                                 {"13", Class::server_error}, {"14", Class::server_error},
                                                 {"16", Class::auth},         {"17", Class::protocol_error},
                                                 {"x", Class::protocol_error}};
  for (const auto& [code, cls] : table) {
    CAPTURE(code);
    CHECK(refused(code).finding.cls == cls);
    CHECK(answered("", {{"grpc-status", code}}).finding.cls == cls);
  }
  const Result overloaded = refused("14", "too%20many%20requests%0Ain flight");
  CHECK(overloaded.finding.cls == Class::overloaded);
  CHECK(test::detail(overloaded) == "gRPC UNAVAILABLE: too many requests in flight");
  CHECK(refused("14", "no healthy upstream").finding.cls == Class::edge_error);
  CHECK(test::detail(refused("12", "unknown service grpc.health.v1.Health")) ==
        "gRPC UNIMPLEMENTED: unknown service grpc.health.v1.Health");
}

TEST_CASE("grpc: an answer without its end is never ok") {
  // Without trailers, cut off before them, reset.
  CHECK(judged([](std::uint32_t s) { return h2::head(s, grpc_head) + h2::data(s, serving, true); }).finding.cls ==
        Class::stream_truncated);
  test::RawServer breaks{[](test::Connection& c) {
    const h2::Asked asked = h2::read_request(c);
    c.write(h2::head(asked.stream, grpc_head) + h2::data(asked.stream, serving));
    c.pause(100ms);  // or the reset overtakes what came before it
    c.write(h2::reset(asked.stream, 2));
    c.hang();
  }};
  CHECK(test::probe_target(target(breaks.url(""))).finding.cls == Class::stream_truncated);
  CHECK(answered(serving, {{"x-other", "1"}}).finding.cls == Class::stream_truncated);
  // Its message cut, compressed, or of another length than it says.
  for (std::size_t size = 0; size < serving.size(); ++size)
    CHECK(answered(serving.substr(0, size), {{"grpc-status", "0"}}).finding.cls == Class::protocol_error);
  CHECK(answered("\x01" + serving.substr(1), {{"grpc-status", "0"}}).finding.cls == Class::protocol_error);
  CHECK(answered(serving + "x", {{"grpc-status", "0"}}).finding.cls == Class::protocol_error);
  CHECK(answered(message("\x08"), {{"grpc-status", "0"}}).finding.cls == Class::protocol_error);
  CHECK(answered(message("\x12\x7f"), {{"grpc-status", "0"}}).finding.cls == Class::protocol_error);
  CHECK(answered(message(std::string(11, '\xff')), {{"grpc-status", "0"}}).finding.cls == Class::protocol_error);
  CHECK(answered(std::string(10'000, 'x'), {{"grpc-status", "0"}}).finding.cls != Class::ok);
}

TEST_CASE("grpc: what is no gRPC server") {
  const auto plain = [](const std::string& status, const std::string& type, const std::string& body) {
    return judged([&](std::uint32_t s) {
      return h2::head(s, {{":status", status}, {"content-type", type}}) + h2::data(s, body, true);
    });
  };
  CHECK(plain("200", "text/html", "<html>hello</html>").finding.cls == Class::unexpected_content);
  CHECK(plain("503", "text/plain", "upstream connect error or disconnect/reset before headers").finding.cls ==
        Class::edge_error);
  CHECK(plain("404", "text/plain", "no").finding.cls == Class::not_found);
  test::RawServer old{[](test::Connection& c) {
    c.read_head();
    c.respond("no", "400 Bad Request");
    c.hang();
  }};
  const Result other = test::probe_target(target(old.url("")));
  CHECK((other.finding.cls == Class::protocol_error || other.finding.cls == Class::tcp_reset));
  if (other.finding.cls == Class::tcp_reset)
    CHECK(test::contains(test::detail(other), "does it speak HTTP/2 in plain text?"));
  CHECK(test::probe_target(target("http://127.0.0.1:" + std::to_string(test::free_port()))).finding.cls ==
        Class::tcp_refused);
  test::RawServer hangs{[](test::Connection& c) { c.hang(); }};
  config::Target t = target(hangs.url(""));
  t.timeout = 300ms;
  CHECK(test::probe_target(t).finding.cls == Class::timeout_before_first_byte);
}

TEST_CASE("grpc: our metadata is not repeated") {
  test::RawServer server{[&](test::Connection& c) {
    const h2::Asked asked = h2::read_request(c);
    h2::Headers all = grpc_head;
    all.emplace_back("grpc-status", "16");
    all.emplace_back("grpc-message", "bad token sk-live-12345");
    c.write(h2::head(asked.stream, all, true));
    c.hang();
  }};
  config::Target t = target(server.url(""));
  std::get<config::GrpcCheck>(t.check).metadata = {{"authorization", config::Secret("Bearer sk-live-12345")}};
  const Result result = test::probe_target(t);
  CHECK(result.finding.cls == Class::auth);
  CHECK(test::detail(result) == "gRPC UNAUTHENTICATED: bad token [redacted]");
}

}  // namespace outaged::probes
