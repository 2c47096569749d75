#include <doctest/doctest.h>
#include <linux/capability.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>
#include <functional>
#include <iostream>
#include <thread>

#include "tests/probes/ask_support.h"
#include "tests/support/dns_server.h"

using namespace std::chrono_literals;
using outaged::Class;
using outaged::config::IcmpCheck;
using outaged::config::Target;
using test::contains;
using test::detail;
using test::probe_target;

namespace {

Target icmp(const std::string& host, IcmpCheck::Family family = IcmpCheck::Family::any,
            outaged::Duration timeout = 2s) {
  Target target;
  target.name = "s/c/t";
  target.kind = "icmp";
  target.timeout = timeout;
  auto& check = target.check.emplace<IcmpCheck>();
  check.host = host;
  check.family = family;
  return target;
}

bool may_open(int type, int family, int protocol) {
  const int fd = socket(family, type | SOCK_CLOEXEC, protocol);
  if (fd >= 0) close(fd);
  return fd >= 0;
}
bool may_ping() { return may_open(SOCK_DGRAM, AF_INET, IPPROTO_ICMP) || may_open(SOCK_RAW, AF_INET, IPPROTO_ICMP); }

/// A network of this thread's own, where loopback is up and nothing else; false if we may not have one.
bool own_network() {
  if (unshare(CLONE_NEWNET) != 0) return false;
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ifreq request{};
  std::string{"lo"}.copy(request.ifr_name, sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  const bool up = fd >= 0 && ioctl(fd, SIOCSIFFLAGS, &request) == 0;
  if (fd >= 0) close(fd);
  return up;
}
bool set_ping_groups(const std::string& range) {
  std::ofstream file{"/proc/sys/net/ipv4/ping_group_range"};
  return file && file << range << std::flush;
}

/// Of this thread alone.
bool drop_capabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[2] = {};
  return syscall(SYS_capset, &header, none) == 0;
}

/// Runs it on a thread of its own in such a network; false, and said so, if that is forbidden here.
bool in_own_network(const std::string& ping_groups, const std::function<void()>& test) {
  bool ran = false;
  std::thread{[&] {
    ran = own_network() && set_ping_groups(ping_groups);
    if (ran) test();
  }}.join();
  if (!ran) std::cout << "SKIPPED: this user may not have a network of its own\n";
  return ran;
}

void check_loopback() {
  const auto four = probe_target(icmp("127.0.0.1"));
  CHECK(four.finding.cls == Class::ok);
  CHECK(four.response.remote == "127.0.0.1");
  CHECK(four.response.timings.processing > outaged::Micros{0});
  CHECK(four.response.timings.processing <= four.response.total);
  Target large = icmp("127.0.0.1");
  std::get<IcmpCheck>(large.check).payload = 9001;
  CHECK(probe_target(large).finding.cls == Class::ok);
  std::get<IcmpCheck>(large.check).payload = 0;
  CHECK(probe_target(large).finding.cls == Class::ok);
  const auto six = probe_target(icmp("::1"));
  CHECK(six.finding.cls == Class::ok);
}

}  // namespace

TEST_CASE("icmp: loopback answers, IPv4 and IPv6") {
  if (!may_ping()) {
    std::cout << "SKIPPED: the kernel lets this user send no echo requests\n";
    return;
  }
  check_loopback();
}

TEST_CASE("icmp: unprivileged, by the kernel's own ping sockets") {
  in_own_network("0 2147483647", [] {
    REQUIRE(may_open(SOCK_DGRAM, AF_INET, IPPROTO_ICMP));
    check_loopback();
  });
}

TEST_CASE("icmp: no route is the path's fault, silence the other side's") {
  in_own_network("0 2147483647", [] {
    const auto unreachable = probe_target(icmp("192.0.2.1"));
    CHECK(unreachable.finding.cls == Class::tcp_unreachable);
    // A kernel that is told not to answer.
    std::ofstream{"/proc/sys/net/ipv4/icmp_echo_ignore_all"} << "1";
    const auto silent = probe_target(icmp("127.0.0.1", IcmpCheck::Family::any, 200ms));
    CHECK(silent.finding.cls == Class::timeout_before_first_byte);
    CHECK(silent.took < 1s);
  });
}

TEST_CASE("icmp: a name, and the wanted family of its addresses") {
  if (!may_ping()) {
    std::cout << "SKIPPED: the kernel lets this user send no echo requests\n";
    return;
  }
  test::DnsServer dns{[](const std::string& name, test::DnsServer::Type) {
    if (name == "both.test") return test::DnsAnswer{0, {"127.0.0.1", "::1"}};
    if (name == "four.test") return test::DnsAnswer{0, {"127.0.0.1"}};
    return test::DnsAnswer{3, {}};
  }};
  outaged::config::Egress egress;
  egress.resolvers = {dns.address()};
  CHECK(probe_target(icmp("both.test", IcmpCheck::Family::v4), egress).response.remote == "127.0.0.1");
  CHECK(probe_target(icmp("both.test", IcmpCheck::Family::v6), egress).response.remote == "::1");
  const auto none = probe_target(icmp("four.test", IcmpCheck::Family::v6), egress);
  CHECK(none.finding.cls == Class::dns_error);
  CHECK(contains(detail(none), "no address of that family"));
  CHECK(probe_target(icmp("none.test"), egress).finding.cls == Class::dns_nxdomain);
}

TEST_CASE("icmp: where the kernel forbids it, the mend is said and nobody is blamed") {
  in_own_network("1 0", [] {
    REQUIRE(drop_capabilities());
    const auto result = probe_target(icmp("127.0.0.1"));
    CHECK(result.finding.cls == Class::probe_error);
    CHECK(contains(detail(result), "net.ipv4.ping_group_range"));
  });
}
