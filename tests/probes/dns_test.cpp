#include <doctest/doctest.h>

#include <algorithm>

#include "probes/io/dns_message.h"
#include "probes/kinds/second_opinion.h"
#include "tests/probes/ask_support.h"
#include "tests/probes/loop_support.h"
#include "tests/support/dns_server.h"
#include "tests/support/raw_server.h"

using namespace std::chrono_literals;
using outaged::Class;
using outaged::DnsQuery;
using outaged::TransportError;
using outaged::config::DnsCheck;
using outaged::config::Egress;
using outaged::config::Target;
using outaged::probes::parse_dns;
using test::contains;
using test::detail;
using test::dns_name;
using test::DnsAnswer;
using test::DnsServer;
using test::probe_target;

namespace {

/// Asks `server`, and only it, unless the test says otherwise.
Target dns(const std::string& name, const std::string& type, const std::string& server,
           outaged::Duration timeout = 4s) {
  Target target;
  target.name = "s/c/t";
  target.kind = "dns";
  target.timeout = timeout;
  auto& check = target.check.emplace<DnsCheck>();
  check.name = name;
  check.type = type;
  check.server = server;
  return target;
}
DnsCheck& check_of(Target& target) { return std::get<DnsCheck>(target.check); }

std::string bytes(std::initializer_list<int> numbers) {
  std::string out;
  for (const int number : numbers) out += static_cast<char>(number);
  return out;
}

DnsAnswer usual(const std::string& name, DnsServer::Type type) {
  const int number = static_cast<int>(type);
  const auto record = [&](std::string data) { return DnsAnswer{.records = {{number, std::move(data)}}}; };
  if (name == "a.test") return {0, {"192.0.2.1", "192.0.2.2", "2001:db8::1"}};
  if (name == "alias.test") return {.records = {{5, dns_name("a.test")}, {1, bytes({192, 0, 2, 1})}}};
  if (name == "4.2.0.192.in-addr.arpa") return record(dns_name("host.test"));
  if (name.ends_with(".8.b.d.0.1.0.0.2.ip6.arpa")) return record(dns_name("six.test"));
  if (name == "missing.test") return {3, {}};
  if (name == "fails.test") return {2, {}};
  if (name == "refused.test") return {5, {}};
  if (name == "silent.test") return {.silent = true};
  if (name == "big.test") return {.addresses = {"192.0.2.9"}, .truncated = true};
  if (name == "garbage.test") return {.garbage = true};
  switch (number) {
    case 2:
    case 5:
      return record(dns_name("Target.test"));
    case 15:
      return record(bytes({0, 10}) + dns_name("mail.test"));
    case 16:
      return record(bytes({3}) + "v=s" + bytes({5}) + "pf1 \n");
    case 6:
      return record(dns_name("ns.test") + dns_name("admin.test") +
                    bytes({0, 0, 0, 7, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4}));
    case 33:
      return record(bytes({0, 1, 0, 2, 0, 80}) + dns_name("www.test"));
    case 257:
      return record(bytes({0, 5}) + "issue" + "ca.test");
    default:
      return {};
  }
}

outaged::Response ask(const DnsServer& server, const std::string& name, const std::string& type) {
  DnsQuery query;
  query.name = name;
  query.type = type;
  query.server = server.address();
  query.timeout = 3s;
  return test::perform(query);
}

std::vector<std::string> values(const outaged::Response& response) {
  std::vector<std::string> out;
  for (const auto& record : response.records) out.push_back(record.type + " " + record.value);
  return out;
}

using Values = std::vector<std::string>;

}  // namespace

TEST_CASE("dns: every type of record as a zone file writes it") {
  DnsServer server{usual};
  CHECK(values(ask(server, "a.test", "A")) == Values{"A 192.0.2.1", "A 192.0.2.2"});
  CHECK(values(ask(server, "a.test", "AAAA")) == Values{"AAAA 2001:db8::1"});
  CHECK(values(ask(server, "alias.test", "A")) == Values{"CNAME a.test", "A 192.0.2.1"});
  CHECK(values(ask(server, "x.test", "CNAME")) == Values{"CNAME Target.test"});
  CHECK(values(ask(server, "x.test", "NS")) == Values{"NS Target.test"});
  CHECK(values(ask(server, "x.test", "MX")) == Values{"MX 10 mail.test"});
  CHECK(values(ask(server, "x.test", "TXT")) == Values{"TXT v=spf1 \n"});
  CHECK(values(ask(server, "x.test", "SOA")) == Values{"SOA ns.test admin.test 7 1 2 3 4"});
  CHECK(values(ask(server, "x.test", "SRV")) == Values{"SRV 1 2 80 www.test"});
  CHECK(values(ask(server, "x.test", "CAA")) == Values{"CAA 0 issue \"ca.test\""});
  const auto response = ask(server, "a.test", "A");
  CHECK(response.rcode == "NOERROR");
  CHECK(response.records[0].ttl == 60);
  CHECK(response.remote == server.address());
  CHECK(response.timings.processing > outaged::Micros{0});
}

TEST_CASE("dns: what fails has its class") {
  DnsServer server{usual};
  const auto judged = [&](const std::string& name) { return probe_target(dns(name, "A", server.address(), 900ms)); };
  CHECK(judged("a.test").finding.cls == Class::ok);
  CHECK_FALSE(judged("a.test").finding.evidence);
  CHECK(judged("missing.test").finding.cls == Class::dns_nxdomain);
  CHECK(judged("fails.test").finding.cls == Class::dns_servfail);
  CHECK(judged("refused.test").finding.cls == Class::dns_error);
  const auto silent = judged("silent.test");
  CHECK(silent.finding.cls == Class::dns_timeout);
  CHECK(silent.took < 1500ms);
  CHECK(judged("x.test").finding.cls == Class::unexpected_content);
  CHECK(contains(detail(judged("x.test")), "no A record"));
  CHECK(judged("garbage.test").finding.cls == Class::protocol_error);
}

TEST_CASE("dns: answers that are wrong, missing or too many") {
  DnsServer server{usual};
  Target target = dns("a.test", "A", server.address());
  check_of(target).expect_answers = {"192.0.2.2"};
  CHECK(probe_target(target).finding.cls == Class::ok);
  check_of(target).exact = true;
  auto result = probe_target(target);
  CHECK(result.finding.cls == Class::unexpected_content);
  CHECK(contains(detail(result), "192.0.2.1 is among the answers"));
  check_of(target).expect_answers = {"192.0.2.2", "192.0.2.1"};
  CHECK(probe_target(target).finding.cls == Class::ok);
  check_of(target).expect_answers = {"192.0.2.7"};
  result = probe_target(target);
  CHECK(result.finding.cls == Class::unexpected_content);
  CHECK(contains(detail(result), "192.0.2.7 is not among the answers; got 192.0.2.1, 192.0.2.2"));

  target = dns("a.test", "AAAA", server.address());
  check_of(target).expect_answers = {"2001:0DB8:0::1"};  // another spelling
  CHECK(probe_target(target).finding.cls == Class::ok);
  target = dns("x.test", "CNAME", server.address());
  check_of(target).expect_answers = {"target.TEST."};
  CHECK(probe_target(target).finding.cls == Class::ok);
  target = dns("missing.test", "A", server.address());
  check_of(target).expect_rcode = "NXDOMAIN";
  CHECK(probe_target(target).finding.cls == Class::ok);
  check_of(target).name = "a.test";
  CHECK(probe_target(target).finding.cls == Class::unexpected_content);
}

TEST_CASE("dns: an address is looked up backwards under its own name") {
  DnsServer server{usual};
  Target target = dns("192.0.2.4", "PTR", server.address());
  check_of(target).expect_answers = {"host.test"};
  CHECK(probe_target(target).finding.cls == Class::ok);
  target = dns("2001:db8::4", "PTR", server.address());
  check_of(target).expect_answers = {"six.test"};
  CHECK(probe_target(target).finding.cls == Class::ok);
}

TEST_CASE("dns: TCP where the answer does not fit, and where it is wanted") {
  DnsServer server{usual};
  CHECK(probe_target(dns("big.test", "A", server.address())).finding.cls == Class::ok);
  CHECK(server.over_tcp() == 1);
  Target target = dns("a.test", "A", server.address());
  check_of(target).tcp = true;
  CHECK(probe_target(target).finding.cls == Class::ok);
  CHECK(server.over_tcp() == 2);
  check_of(target).tcp = false;
  CHECK(probe_target(target).finding.cls == Class::ok);
  CHECK(server.over_tcp() == 2);
  CHECK(server.recursion_wanted());
  check_of(target).recursion = false;
  CHECK(probe_target(target).finding.cls == Class::ok);
  CHECK_FALSE(server.recursion_wanted());
}

TEST_CASE("dns: nobody listens there") {
  const std::string nobody = "127.0.0.1:" + std::to_string(test::free_port());
  const auto result = probe_target(dns("a.test", "A", nobody));
  CHECK(result.finding.cls == Class::tcp_refused);
  CHECK(contains(detail(result), nobody));
}

TEST_CASE("dns: a server that is named by name") {
  DnsServer server{usual}, names{[](const std::string&name, DnsServer::Type) {
    return name == "ns.test" ? DnsAnswer{0, {"127.0.0.1"}} : DnsAnswer{3, {}};
  }};
  Egress egress;
  egress.resolvers = {names.address()};
  const std::string port = server.address().substr(server.address().rfind(':'));
  const auto good = probe_target(dns("a.test", "A", "ns.test" + port), egress);
  CHECK(good.finding.cls == Class::ok);
  CHECK(good.response.remote == server.address());
  CHECK(good.response.timings.resolve > outaged::Micros{0});
  CHECK(probe_target(dns("a.test", "A", "none.test"), egress).finding.cls == Class::dns_nxdomain);
}

TEST_CASE("dns: our own resolvers, the next where one fails, and what the last one said") {
  DnsServer broken{[](const std::string&, DnsServer::Type) { return DnsAnswer{2, {}}; }}, good{usual};
  Egress egress;
  egress.resolvers = {broken.address(), good.address()};
  CHECK(probe_target(dns("a.test", "A", ""), egress).finding.cls == Class::ok);
  egress.resolvers = {broken.address(), broken.address()};
  CHECK(probe_target(dns("a.test", "A", ""), egress).finding.cls == Class::dns_servfail);
  egress.resolvers = {"127.0.0.1:" + std::to_string(test::free_port())};
  const auto none = probe_target(dns("a.test", "A", ""), egress);
  CHECK(none.finding.cls == Class::dns_error);
}

TEST_CASE("dns: a second server tells theirs from ours") {
  DnsServer first{usual}, good{[](const std::string&, DnsServer::Type) {
    return DnsAnswer{0, {"192.0.2.1"}};
  }},
      servfail{[](const std::string&, DnsServer::Type) {
        return DnsAnswer{2, {}};
      }},
      silent{[](const std::string&, DnsServer::Type) { return DnsAnswer{.silent = true}; }};
  const auto judged = [&](const std::string& name, const DnsServer& second, outaged::Duration timeout = 1200ms) {
    Target target = dns(name, "A", first.address(), timeout);
    check_of(target).second_server = second.address();
    return probe_target(target);
  };
  for (const std::string name : {"missing.test", "fails.test", "silent.test", "x.test"}) {
    const auto ours = judged(name, good);
    CHECK(ours.finding.cls == Class::dns_error);
    CHECK(contains(detail(ours), "the resolver " + good.address() + " answers as expected, so the trouble is with"));
    CHECK(ours.took < 1500ms);
  }
  // The first answer is the one that is reported and timed.
  CHECK(judged("missing.test", good).response.rcode == "NXDOMAIN");

  auto theirs = judged("missing.test", servfail);
  CHECK(theirs.finding.cls == Class::dns_nxdomain);
  CHECK(contains(detail(theirs), "says SERVFAIL"));
  CHECK(contains(detail(judged("fails.test", servfail)), "says SERVFAIL too"));
  CHECK(judged("silent.test", servfail).finding.cls == Class::dns_servfail);
  const auto nobody = judged("fails.test", silent);
  CHECK(nobody.finding.cls == Class::dns_servfail);
  CHECK(contains(detail(nobody), "gives no answer either way"));
  CHECK(judged("silent.test", silent).finding.cls == Class::dns_timeout);
  const int before = good.questions();
  CHECK(judged("a.test", good).finding.cls == Class::ok);
  CHECK(good.questions() == before);  // only on failure
}

TEST_CASE("dns: a name that is asked of our own resolvers has the second one of the egress") {
  DnsServer ours{usual}, good{[](const std::string&, DnsServer::Type) { return DnsAnswer{0, {"192.0.2.1"}}; }};
  Egress egress;
  egress.resolvers = {ours.address()};
  CHECK(probe_target(dns("missing.test", "A", ""), egress).finding.cls == Class::dns_nxdomain);
  egress.second_resolver = good.address();
  CHECK(probe_target(dns("missing.test", "A", ""), egress).finding.cls == Class::dns_error);
}

TEST_CASE("dns: a server that is watched itself is not excused because others do well") {
  DnsServer watched{usual}, ours{[](const std::string&, DnsServer::Type) { return DnsAnswer{0, {"192.0.2.1"}}; }};
  Egress egress;
  egress.resolvers = {ours.address()};
  const auto result = probe_target(dns("fails.test", "A", watched.address()), egress);
  CHECK(result.finding.cls == Class::dns_servfail);
  CHECK(contains(detail(result), "our own resolver answers as expected"));
}

TEST_CASE("second opinion: an HTTP or TCP target whose name our resolver cannot find") {
  DnsServer broken{usual}, good{[](const std::string&, DnsServer::Type type) {
    return type == DnsServer::Type::a ? DnsAnswer{} : DnsAnswer{0, {"2001:db8::7"}};  // AAAA only
  }};
  Egress egress;
  egress.resolvers = {broken.address()};
  Target http;
  http.name = "s/c/t";
  http.timeout = 1500ms;
  http.http().url = "http://fails.test/path?x";
  CHECK(probe_target(http, egress).finding.cls == Class::dns_servfail);
  CHECK(good.questions() == 0);

  egress.second_resolver = good.address();
  const auto ours = probe_target(http, egress);
  CHECK(ours.finding.cls == Class::dns_error);
  CHECK(contains(detail(ours), good.address() + " finds it"));
  CHECK(ours.response.error == TransportError::dns_servfail);  // the response of the target, not of the question
  CHECK(ours.response.url == "http://fails.test/path?x");
  CHECK(good.questions() == 2);

  egress.second_resolver = broken.address();
  CHECK(probe_target(http, egress).finding.cls == Class::dns_servfail);
  http.http().url = "http://missing.test/";
  CHECK(probe_target(http, egress).finding.cls == Class::dns_nxdomain);

  http.http().family = outaged::config::HttpCheck::Family::v4;  // the addresses it has are of no use
  http.http().url = "http://missing.test/";
  egress.second_resolver = good.address();
  CHECK(probe_target(http, egress).finding.cls == Class::dns_nxdomain);
  http.http().family = outaged::config::HttpCheck::Family::any;

  Target tcp;
  tcp.name = "s/c/t";
  tcp.kind = "tcp";
  tcp.check.emplace<outaged::config::TcpCheck>();
  std::get<outaged::config::TcpCheck>(tcp.check).host = "missing.test";
  std::get<outaged::config::TcpCheck>(tcp.check).port = 25;
  egress.second_resolver = good.address();
  CHECK(probe_target(tcp, egress).finding.cls == Class::dns_error);
  http.http().url = "http://127.0.0.1:" + std::to_string(test::free_port()) + "/";
  const int before = good.questions();
  CHECK(probe_target(http, egress).finding.cls == Class::tcp_refused);
  CHECK(good.questions() == before);
}

TEST_CASE("second opinion: whose name was asked") {
  using outaged::probes::name_asked;
  CHECK(name_asked("https://Api.Example.com:8443/x?y") == "api.example.com");
  CHECK(name_asked("tcp://mail.example.com:25") == "mail.example.com");
  CHECK(name_asked("icmp://host.example.com") == "host.example.com");
  CHECK(name_asked("https://user:pw@a.example/") == "a.example");
  CHECK(name_asked("https://192.0.2.1/") == "");
  CHECK(name_asked("https://[2001:db8::1]/") == "");
  CHECK(name_asked("icmp://2001:db8::1") == "");
  CHECK(name_asked("exec:/bin/true") == "");
}

TEST_CASE("dns: a black-holed resolver delays no other target") {
  DnsServer hole{[](const std::string&, DnsServer::Type) { return DnsAnswer{.silent = true}; }}, good{usual};
  test::Collector sink;
  auto loop = std::move(outaged::probes::Loop::create({}, sink)).value();
  outaged::probes::Plan plan;
  DnsQuery lost, found;
  lost.name = found.name = "a.test";
  lost.server = hole.address();
  lost.timeout = 60s;
  found.server = good.address();
  for (std::uint32_t id = 100; id < 400; ++id)
    plan.push_back(test::job(id, std::make_shared<test::OneAsk>(lost), 100ms));
  for (std::uint32_t id = 0; id < 10; ++id) plan.push_back(test::job(id, std::make_shared<test::OneAsk>(found), 100ms));
  loop->replace(plan);
  loop->start();
  CHECK(test::eventually([&] { return hole.questions() >= 300; }));
  loop->stats();
  const auto of_others = [](const auto& results) {
    return std::count_if(results.begin(), results.end(), [](const auto& result) { return result.id < 10; });
  };
  const auto before = of_others(sink.results());
  CHECK(sink.wait([&](const auto& results) { return of_others(results) >= before + 100; }));
  CHECK(loop->stats().lag_max < 500ms);
  for (const auto& result : sink.results())
    if (result.id < 10) CHECK(result.response.rcode == "NOERROR");
  const auto begun = std::chrono::steady_clock::now();
  loop->stop();
  CHECK(std::chrono::steady_clock::now() - begun < 1s);
}

TEST_CASE("dns message: any bytes are read within bounds") {
  const std::string header = bytes({0, 1, 0x84, 0, 0, 0, 0, 1, 0, 0, 0, 0});
  const auto parse = [](const std::string& text) {
    return parse_dns(reinterpret_cast<const unsigned char*>(text.data()), text.size());
  };
  CHECK_FALSE(parse(""));
  CHECK_FALSE(parse(header));  // an answer is promised
  // A name that points to itself.
  CHECK_FALSE(parse(header + bytes({0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4})));
  const std::string good = header + bytes({0, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 1, 2, 3, 4});
  REQUIRE(parse(good));
  CHECK(parse(good)->authoritative);
  CHECK(parse(good)->records[0].value == "1.2.3.4");
  for (std::size_t cut = 0; cut < good.size(); ++cut) CHECK_FALSE(parse(good.substr(0, cut)));
  // Dots, quotes and bytes of no character within a label do not pass for anything else.
  const std::string odd = header + bytes({0, 0, 5, 0, 1, 0, 0, 0, 60, 0, 6, 4, 'a', '.', 0xff, ' ', 0});
  REQUIRE(parse(odd));
  CHECK(parse(odd)->records[0].value == "a\\.\\255\\032");
  // A type that we do not know is kept as such.
  const std::string unknown = header + bytes({0, 0xff, 0xf0, 0, 1, 0, 0, 0, 60, 0, 2, 1, 2});
  REQUIRE(parse(unknown));
  CHECK(parse(unknown)->records[0].type == "TYPE65520");
  // Every message of random bytes ends, one way or the other.
  unsigned seed = 1;
  for (int i = 0; i < 20000; ++i) {
    std::string noise = bytes({0, 1, 0x80, 0, 0, 1, 0, 9, 0, 0, 0, 0});
    for (int k = 0; k < 60; ++k) noise += static_cast<char>((seed = seed * 1664525 + 1013904223) >> 24);
    const auto message = parse(noise);
    if (message) CHECK(message->records.size() <= 9);
  }
}
