// Servers that mean harm: bounded time and memory, the right class, and nobody else pays for it.
#include <doctest/doctest.h>
#include <sys/resource.h>
#include <zlib.h>

#include <map>

#include "probes/registry.h"
#include "tests/probes/ask_support.h"
#include "tests/probes/loop_support.h"
#include "tests/support/raw_server.h"
#include "tests/support/sanitized.h"

namespace outaged::probes {
namespace {

using test::Connection;
using test::RawServer;

/// Gzip of so many megabytes of nothing: a thousandth of that on the wire.
std::string bomb(int megabytes) {
  z_stream stream{};
  REQUIRE(deflateInit2(&stream, 9, Z_DEFLATED, 31, 9, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string in(1 << 20, '\0'), out;
  std::string chunk(1 << 16, '\0');
  for (int i = 0; i <= megabytes; ++i) {
    stream.next_in = reinterpret_cast<Bytef*>(in.data());
    stream.avail_in = i < megabytes ? static_cast<uInt>(in.size()) : 0;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(chunk.data());
      stream.avail_out = static_cast<uInt>(chunk.size());
      deflate(&stream, i < megabytes ? Z_NO_FLUSH : Z_FINISH);
      out.append(chunk, 0, chunk.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  }
  deflateEnd(&stream);
  return out;
}

const std::string& gigabyte() {
  static const std::string bytes = bomb(1024);
  return bytes;
}

void drip(Connection& c) {
  c.read_head();
  c.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
  while (c.pause(10ms) && c.write("x")) continue;
}
void endless(Connection& c) {
  c.read_head();
  c.write("HTTP/1.1 200 OK\r\n\r\n");
  const std::string block(64 * 1024, 'x');
  while (c.write(block)) continue;
}
void explode(Connection& c) {
  c.read_head();
  c.respond(gigabyte(), "200 OK", "Content-Encoding: gzip\r\n");
}
void round_and_round(Connection& c) {
  c.read_head();
  c.respond("", "302 Found", "Location: /again\r\n");
}
void big_head(Connection& c) {
  c.read_head();
  c.write("HTTP/1.1 200 OK\r\n");
  const std::string line = "X-Filler: " + std::string(1000, 'y') + "\r\n";
  for (int i = 0; i < 10'240; ++i)
    if (!c.write(line)) return;
  c.write("\r\n");
}
void interim(Connection& c) {  // 103 for ever
  c.read_head();
  while (c.write("HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n")) continue;
}

config::Target target(const std::string& url) {
  config::Target out;
  out.name = "hostile/api/target";
  out.timeout = 1s;
  out.http().url = url;
  out.http().follow_redirects = true;
  out.http().headers = {{"accept-encoding", config::Secret("gzip")}};
  return out;
}

long resident_peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

struct Villain {
  const char* name;
  void (*serve)(Connection&);
  Class cls;
};
constexpr Villain villains[] = {
    {"drip", drip, Class::timeout_body},
    {"endless body", endless, Class::body_too_large},
    {"gzip bomb", explode, Class::body_too_large},
    {"redirect loop", round_and_round, Class::redirected},
    {"head of 10 MB", big_head, Class::protocol_error},
    {"interim answers without end", interim, Class::protocol_error},
};

}  // namespace

TEST_CASE("hostile: each ends in time, in its class, and in little memory") {
  gigabyte();
  [[maybe_unused]] const long before = resident_peak_kilobytes();
  for (const Villain& villain : villains) {
    CAPTURE(villain.name);
    RawServer server{villain.serve};
    const auto begun = std::chrono::steady_clock::now();
    const Result result = test::probe_target(target(server.url()));
    CHECK(std::chrono::steady_clock::now() - begun < 4s);
    CHECK(result.finding.cls == villain.cls);
    CHECK(result.response.body.size() <= target("").http().max_body);
    CHECK_FALSE(test::detail(result).empty());
  }
  if (!sanitized) CHECK(resident_peak_kilobytes() - before < 64 * 1024);
}

TEST_CASE("hostile: the other targets do not notice") {
  gigabyte();
  std::vector<std::unique_ptr<RawServer>> servers;
  Plan plan;
  const auto add = [&](const config::Target& t, Duration interval) {
    Job job;
    job.id = static_cast<std::uint32_t>(plan.size());
    job.name = t.name;
    job.interval = interval;
    job.probe = *make_probe(t, {});
    plan.push_back(std::move(job));
  };
  RawServer healthy{[](Connection& c) {
    c.read_head();
    c.respond("fine");
  }};
  add(target(healthy.url()), 50ms);
  for (const Villain& villain : villains)
    for (int i = 0; i < 3; ++i) {
      servers.push_back(std::make_unique<RawServer>(villain.serve));
      add(target(servers.back()->url()), 300ms);
    }
  test::Collector results;
  auto loop = Loop::create({}, results);
  REQUIRE(loop);
  loop.value()->start();
  loop.value()->replace(std::move(plan));
  const bool enough = results.wait([](const auto& all) {
    std::map<std::uint32_t, int> runs;
    for (const Result& result : all) ++runs[result.id];
    return runs.size() == 1 + 3 * std::size(villains) && runs[0] >= 60;
  });
  loop.value()->stop();
  REQUIRE(enough);
  std::vector<Duration> took;
  for (const Result& result : results.results()) {
    if (result.id != 0) continue;
    CHECK(result.finding.cls == Class::ok);
    took.push_back(result.took + result.lag);
  }
  // The median, and nine of ten: this machine has more to do than this test.
  std::sort(took.begin(), took.end());
  MESSAGE("beside hostile servers: median " << took[took.size() / 2].count() << " ms, nine of ten within "
                                            << took[took.size() * 9 / 10].count() << " ms");
  CHECK(took[took.size() / 2] < 100ms);
  CHECK(took[took.size() * 9 / 10] < 500ms);
}

}  // namespace outaged::probes
