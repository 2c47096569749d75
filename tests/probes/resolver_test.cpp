#include "probes/resolver.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <mutex>

#include "tests/probes/loop_support.h"
#include "tests/support/dns_server.h"
#include "tests/support/raw_server.h"

using namespace std::chrono_literals;
using outaged::Duration;
using outaged::SteadyTime;
using outaged::TransportError;
using outaged::probes::LoopOptions;
using outaged::probes::Poller;
using outaged::probes::Resolver;
using outaged::probes::ResolverOptions;
using test::DnsAnswer;
using test::DnsServer;

namespace {

struct Asker final : Resolver::Waiter {
  int told = 0;
  Resolver::Answer answer;
  void resolved(const Resolver::Answer& given) override {
    ++told;
    answer = given;
  }
};

SteadyTime now() { return std::chrono::steady_clock::now(); }

struct Bench {
  explicit Bench(ResolverOptions options) {
    poller = Poller::create().value();
    auto made = Resolver::create(*poller, std::move(options));
    REQUIRE(made);
    resolver = std::move(made).value();
  }
  void run(const std::function<bool()>& done, Duration limit = 15s) {
    const SteadyTime end = now() + limit;
    while (!done() && now() < end) {
      for (const auto& event : poller->wait(5ms)) resolver->on_event(event);
      resolver->on_time(now());
    }
    REQUIRE(done());
  }
  Resolver::Answer ask(const std::string& name, Duration timeout = 5s) {
    Asker asker;
    resolver->resolve(name, now(), now() + timeout, asker);
    run([&] { return asker.told > 0; });
    CHECK(asker.told == 1);
    return asker.answer;
  }
  std::unique_ptr<Poller> poller;
  std::unique_ptr<Resolver> resolver;
};

ResolverOptions options_for(const DnsServer& server) {
  ResolverOptions options;
  options.servers = {server.address()};
  options.hosts_path = "/nonexistent";
  options.resolv_path = "/dev/null";
  return options;
}

DnsAnswer usual(const std::string& name, DnsServer::Type type) {
  if (name == "both.test") return {0, {"192.0.2.1", "192.0.2.2", "2001:db8::1"}};
  if (name == "four.test") return {0, {"192.0.2.4"}};
  if (name == "loop.test" || name == "loop.test.") return {0, {"127.0.0.1"}};
  if (name == "none.test") return {0, {}};
  if (name == "fails.test") return {2, {}};
  if (name == "refuses.test") return {5, {}};
  if (name == "silent.test") return {0, {}, true};
  if (name == "half.test") return {0, {"192.0.2.5"}, type == DnsServer::Type::aaaa};
  if (name == "mixed.test") return type == DnsServer::Type::a ? DnsAnswer{2, {}} : DnsAnswer{0, {}};
  return {3, {}};
}

std::string temporary() {
  char path[] = "/tmp/outaged-test-hosts-XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  close(fd);
  return path;
}

}  // namespace

TEST_CASE("resolver: both families, and each kind of failure") {
  DnsServer server{usual};
  Bench bench{options_for(server)};
  CHECK(bench.ask("both.test").addresses == std::vector<std::string>{"2001:db8::1", "192.0.2.1", "192.0.2.2"});
  CHECK(bench.ask("four.test").addresses == std::vector<std::string>{"192.0.2.4"});
  const auto missing = bench.ask("missing.test");
  CHECK(missing.error == TransportError::dns_nxdomain);
  CHECK(missing.text == "no such name: missing.test");
  CHECK(bench.ask("fails.test").error == TransportError::dns_servfail);
  CHECK(bench.ask("mixed.test").error == TransportError::dns_servfail);
  CHECK(bench.ask("refuses.test").error == TransportError::dns_error);
  CHECK(bench.ask("none.test").error == TransportError::dns_error);
  CHECK(bench.ask("none.test").text == "none.test has no address");
}

TEST_CASE("resolver: silence ends at the waiter's own deadline") {
  DnsServer server{usual};
  Bench bench{options_for(server)};
  const SteadyTime begun = now();
  const auto answer = bench.ask("silent.test", 200ms);
  CHECK(answer.error == TransportError::dns_timeout);
  CHECK(now() - begun >= 200ms);
  CHECK(now() - begun < 1s);
}

TEST_CASE("resolver: one family that is silent does not hold up the other") {
  DnsServer server{usual};
  Bench bench{options_for(server)};
  const SteadyTime begun = now();
  CHECK(bench.ask("half.test").addresses == std::vector<std::string>{"192.0.2.5"});
  CHECK(now() - begun < 900ms);
}

TEST_CASE("resolver: no server at all") {
  ResolverOptions options;
  options.servers = {"127.0.0.1:" + std::to_string(test::free_port())};
  options.hosts_path = "/nonexistent";
  options.resolv_path = "/dev/null";
  Bench bench{options};
  const SteadyTime begun = now();
  const auto answer = bench.ask("any.test", 10s);
  CHECK((answer.error == TransportError::dns_error || answer.error == TransportError::dns_timeout));
  CHECK(now() - begun < 5s);  // the kernel says so at once
}

TEST_CASE("resolver: questions in flight are shared, answers are not kept") {
  DnsServer server{usual};
  Bench bench{options_for(server)};
  std::vector<Asker> askers(10);
  for (Asker& asker : askers) bench.resolver->resolve("four.test", now(), now() + 5s, asker);
  CHECK(bench.resolver->lookups() == 1);
  bench.run([&] { return std::all_of(askers.begin(), askers.end(), [](const Asker& a) { return a.told == 1; }); });
  CHECK(server.questions() == 2);  // A and AAAA
  bench.ask("four.test");
  CHECK(server.questions() == 4);
}

TEST_CASE("resolver: a cancelled waiter is not told, the others are") {
  DnsServer server{usual};
  Bench bench{options_for(server)};
  Asker gone, stays;
  bench.resolver->resolve("four.test", now(), now() + 5s, gone);
  bench.resolver->resolve("four.test", now(), now() + 5s, stays);
  bench.resolver->cancel(gone);
  bench.run([&] { return stays.told == 1; });
  CHECK(gone.told == 0);
}

TEST_CASE("resolver: destroyed with questions open") {
  DnsServer server{usual};
  Asker asker;
  {
    Bench bench{options_for(server)};
    bench.resolver->resolve("silent.test", now(), now() + 5s, asker);
  }
  CHECK(asker.told == 0);
}

TEST_CASE("resolver: lookups in flight are bounded") {
  DnsServer server{usual};
  auto options = options_for(server);
  options.max_lookups = 2;
  Bench bench{options};
  Asker a, b, c;
  bench.resolver->resolve("silent.test", now(), now() + 5s, a);
  bench.resolver->resolve("x.silent.test", now(), now() + 5s, b);
  bench.resolver->resolve("y.silent.test", now(), now() + 5s, c);
  CHECK(c.told == 1);
  CHECK(c.answer.error == TransportError::local);
}

TEST_CASE("resolver: the hosts file comes first and is read again when it changes") {
  const std::string path = temporary();
  std::ofstream{path}
      << "# comment\n192.0.2.9 Pinned.test alias.test # more\nnonsense line\n2001:db8::9\tpinned.test\n";
  DnsServer server{usual};
  auto options = options_for(server);
  options.hosts_path = path;
  Bench bench{options};
  CHECK(bench.ask("pinned.test").addresses == std::vector<std::string>{"192.0.2.9", "2001:db8::9"});
  CHECK(bench.ask("alias.test").addresses == std::vector<std::string>{"192.0.2.9"});
  CHECK(server.questions() == 0);
  std::ofstream{path} << "192.0.2.10 pinned.test\n";
  CHECK(test::eventually([&] { return bench.ask("pinned.test").addresses.front() == "192.0.2.10"; }, 5s));
  unlink(path.c_str());
  CHECK(bench.ask("localhost").addresses == std::vector<std::string>{"::1", "127.0.0.1"});
}

TEST_CASE("resolver: a changed resolv.conf is followed") {
  // The port cannot be given in resolv.conf: a loopback address where nobody listens, then none but the default.
  const std::string path = temporary();
  std::ofstream{path} << "nameserver 127.0.0.53\nsearch first.test\n";
  DnsServer server{[](const std::string& name, DnsServer::Type) {
    return name == "short.second.test" ? DnsAnswer{0, {"192.0.2.2"}} : DnsAnswer{3, {}};
  }};
  auto options = options_for(server);
  options.resolv_path = path;
  Bench bench{options};
  CHECK(bench.ask("short").error == TransportError::dns_nxdomain);
  std::ofstream{path} << "nameserver 127.0.0.53\nsearch second.test # now longer\n";
  CHECK(test::eventually([&] { return bench.ask("short").error == TransportError::none; }, 5s));
  unlink(path.c_str());
}

TEST_CASE("resolver: a probe is asked at the resolved address, and its phase is timed") {
  DnsServer server{usual};
  std::string host;
  test::RawServer web{[&](test::Connection& c) {
    host = c.read_head();
    c.respond("found");
  }};
  LoopOptions options;
  options.resolvers = {server.address()};
  for (const std::string name : {"loop.test", "LOOP.test", "loop.test."}) {
    const auto response = test::fetch("http://" + name + ":" + std::to_string(web.port()) + "/", 5s, options);
    CHECK(response.error == TransportError::none);
    CHECK(response.body == "found");
    CHECK(response.timings.resolve > outaged::Micros{0});
    CHECK(response.remote == "127.0.0.1:" + std::to_string(web.port()));
  }
  const auto missing = test::fetch("http://missing.test/", 5s, options);
  CHECK(missing.error == TransportError::dns_nxdomain);
  CHECK(missing.timings.resolve == missing.total);
  CHECK(test::fetch("http://fails.test/", 5s, options).error == TransportError::dns_servfail);
  const auto silent = test::fetch("http://silent.test/", 200ms, options);
  CHECK(silent.error == TransportError::dns_timeout);
  CHECK(silent.total < 1s);
}

TEST_CASE("resolver: the deadline includes the resolution") {
  DnsServer server{[](const std::string&, DnsServer::Type) {
    std::this_thread::sleep_for(150ms);
    return DnsAnswer{0, {"127.0.0.1"}};
  }};
  test::RawServer web{[](test::Connection& c) { c.hang(); }};
  LoopOptions options;
  options.resolvers = {server.address()};
  const auto response = test::fetch("http://slow.test:" + std::to_string(web.port()) + "/", 600ms, options);
  CHECK(response.error == TransportError::timeout_first_byte);
  CHECK(response.timings.resolve >= 150ms);
  CHECK(response.total >= 590ms);
  CHECK(response.total < 750ms);
}
