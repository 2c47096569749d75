// The keys of the kinds that are not HTTP.
#include <doctest/doctest.h>

#include <algorithm>

#include "tests/config/helpers.h"

using namespace std::chrono_literals;

namespace outaged::config {
namespace {

/// A target of `kind` with further lines, each indented by 12; they begin at line 8.
std::string of_kind(const std::string& kind, const std::string& more) {
  return target("            kind: " + kind + "\n" + more);
}

template <class Check>
Check check_of(const std::string& text) {
  return std::get<Check>(good(text).services.at(0).components.at(0).targets.at(0).check);
}

}  // namespace

TEST_CASE("tcp: address and dialogue") {
  const auto check = check_of<TcpCheck>(of_kind("tcp",
                                                "            address: Redis.example.com:6379\n"
                                                "            dialogue:\n"
                                                "              - send: \"PING\\r\\n\"\n"
                                                "              - expect: +PONG\n"));
  CHECK(check.host == "Redis.example.com");
  CHECK(check.port == 6379);
  CHECK(check.tls == TcpCheck::Tls::none);
  REQUIRE(check.dialogue.size() == 2);
  CHECK(check.dialogue[0].send);
  CHECK(check.dialogue[0].text == "PING\r\n");
  CHECK_FALSE(check.dialogue[1].send);
  CHECK(check_of<TcpCheck>(of_kind("tcp", "            address: '[2001:db8::1]:25'\n")).host == "2001:db8::1");

  const auto note =
      good(of_kind("tcp", "            address: a.example:1\n            dialogue: [{send: PING}]\n")).notes;
  CHECK(std::any_of(note.begin(), note.end(),
                    [](const auto& n) { return n.find("without a line end") != std::string::npos; }));
}

TEST_CASE("tcp: every mistake has its place and its mend") {
  CHECK(problems(of_kind("tcp", "")) ==
        Lines{"c.yaml:6:13: a target needs the key address: host:port, like mail.example.com:25"});
  const auto address = [](const std::string& text) {
    return problems(of_kind("tcp", "            address: " + text + "\n"));
  };
  CHECK(address("a.example") == Lines{"c.yaml:8:22: address \"a.example\" has no port; write host:port"});
  CHECK(address("a.example:0") ==
        Lines{"c.yaml:8:22: address \"a.example:0\" has a port that is not a number from 1 to 65535"});
  CHECK(address("tcp://a.example:1") ==
        Lines{"c.yaml:8:22: address \"tcp://a.example:1\" is a URL; leave out the scheme and the path"});
  CHECK(address("2001:db8::1:g") ==
        Lines{"c.yaml:8:22: address \"2001:db8::1:g\" has a port that is not a number from 1 to 65535"});
  CHECK(address("'a b:1'") ==
        Lines{"c.yaml:8:22: address \"a b:1\" has a host with a character that no host name has"});
  CHECK(address("bücher.example:1") ==
        Lines{"c.yaml:8:22: address \"bücher.example:1\" has a host that must be written in its ASCII form (xn--…)"});
  CHECK(problems(of_kind(
            "tcp", "            address: a.example:1\n            starttls: smtp\n            min_cert_left: 14d\n")) ==
        Lines{"c.yaml:9:23: starttls needs kind: tls", "c.yaml:10:28: min_cert_left needs kind: tls"});
  CHECK(problems(of_kind(
            "tcp",
            "            address: a.example:1\n            dialogue:\n              - {send: \"a\\n\", expect: b}\n"
            "              - {}\n              - expectt: x\n")) ==
        Lines{"c.yaml:10:17: each line of the dialogue is either send: TEXT or expect: TEXT",
              "c.yaml:11:17: each line of the dialogue is either send: TEXT or expect: TEXT",
              "c.yaml:12:17: each line of the dialogue is either send: TEXT or expect: TEXT",
              "c.yaml:12:17: unknown key \"expectt\" in a line of the dialogue; did you mean expect?"});
  CHECK(problems(of_kind("tcp", "            adress: a.example:1\n")).at(1) ==
        "c.yaml:8:13: unknown key \"adress\" in a target; did you mean address?");
}

TEST_CASE("tls: STARTTLS, names, files and the certificate's end") {
  TempDir dir;
  const std::string pem = dir.write("ca.pem", "x");
  auto check = check_of<TcpCheck>(of_kind("tls", "            address: a.example:443\n"));
  CHECK(check.tls == TcpCheck::Tls::direct);
  CHECK_FALSE(check.min_cert_left);
  check = check_of<TcpCheck>(
      of_kind("tls",
              "            address: a.example:25\n            starttls: smtp\n            min_cert_left: 14d\n"
              "            server_name: mail.example\n            ca_file: " +
                  pem + "\n"));
  CHECK(check.tls == TcpCheck::Tls::smtp);
  CHECK(check.min_cert_left == Duration{14 * 24h});
  CHECK(check.server_name == "mail.example");
  CHECK(check.ca_file == pem);
  const auto faults = problems(of_kind("tls",
                                       "            address: a.example:25\n            starttls: ftp\n            "
                                       "server_name: a:1\n            key_file: /nonexistent\n"));
  CHECK(faults == Lines{"c.yaml:9:23: starttls must be one of smtp, imap, pop3, not \"ftp\"; did you mean smtp?",
                        "c.yaml:10:26: server_name \"a:1\" has a port; write the name alone",
                        "c.yaml:11:23: key_file needs cert_file: the certificate that the key belongs to",
                        "c.yaml:11:23: key_file: cannot read \"/nonexistent\": No such file or directory"});
}

TEST_CASE("dns: the question, whom to ask, and what must come") {
  auto check = check_of<DnsCheck>(of_kind("dns", "            query: www.example.com\n"));
  CHECK(check.type == "A");
  CHECK(check.server.empty());
  CHECK(check.recursion);
  check = check_of<DnsCheck>(
      of_kind("dns",
              "            query: example.com\n            type: MX\n            server: ns1.example.com\n"
              "            second_server: 192.0.2.53:5353\n            tcp: true\n            recursion: false\n"
              "            expect: {answers: [10 mail.example.com], exact: true}\n"));
  CHECK(check.type == "MX");
  CHECK(check.server == "ns1.example.com");
  CHECK(check.second_server == "192.0.2.53:5353");
  CHECK(check.tcp);
  CHECK_FALSE(check.recursion);
  CHECK(check.expect_answers == Lines{"10 mail.example.com"});
  CHECK(check.exact);
  CHECK(check_of<DnsCheck>(of_kind("dns", "            query: 2001:db8::1\n            type: PTR\n")).name ==
        "2001:db8::1");

  CHECK(problems(of_kind(
            "dns", "            query: http://example.com\n            type: AAA\n            server: '[::1'\n")) ==
        Lines{"c.yaml:8:20: query \"http://example.com\" is a URL; leave out the scheme and the path",
              "c.yaml:9:19: type must be one of A, AAAA, CNAME, MX, NS, TXT, SOA, SRV, PTR, CAA, not \"AAA\"; did you "
              "mean AAAA?",
              "c.yaml:10:21: server \"[::1\" is not host:port; an IPv6 address stands in brackets: [2001:db8::1]:443"});
  CHECK(problems(of_kind(
            "dns", "            query: a.example\n            expect: {rcode: NXDOMAIN, answers: 192.0.2.1}\n")) ==
        Lines{"c.yaml:9:48: answers never come with NXDOMAIN; remove one of the two"});
  CHECK(problems(of_kind("dns", "            query: a.example\n            expect: {exact: true}\n")) ==
        Lines{"c.yaml:9:29: exact needs answers: those, and no others"});
}

TEST_CASE("icmp: host, family and size") {
  auto check = check_of<IcmpCheck>(of_kind("icmp", "            host: a.example\n"));
  CHECK(check.host == "a.example");
  CHECK(check.payload == 56);
  check = check_of<IcmpCheck>(
      of_kind("icmp", "            host: 2001:db8::1\n            ip_version: 6\n            payload: 0\n"));
  CHECK(check.host == "2001:db8::1");
  CHECK(check.family == IcmpCheck::Family::v6);
  CHECK(check.payload == 0);
  CHECK(problems(of_kind("icmp",
                         "            host: a.example:80\n            ip_version: 5\n            payload: 100000\n")) ==
        Lines{"c.yaml:8:19: host \"a.example:80\" has a port, which ICMP has not; write the host alone",
              "c.yaml:9:25: ip_version must be one of any, 4, 6, not \"5\"; did you mean 4?",
              "c.yaml:10:22: payload must be a whole number from 0 to 65507, not \"100000\""});
}

TEST_CASE("exec: the program, its environment and its secrets") {
  TempDir dir;
  const std::string secret = dir.write("token", "very-secret\n");
  const auto config = good(of_kind("exec",
                                   "            command: [/bin/true, -H, \"22\"]\n            environment:\n"
                                   "              TOKEN: {file: " +
                                       secret +
                                       "}\n              MODE: quick\n"
                                       "            warning_is_ok: false\n            max_output: 2KiB\n"));
  const auto& check = std::get<ExecCheck>(config.services[0].components[0].targets[0].check);
  CHECK(check.command == Lines{"/bin/true", "-H", "22"});
  REQUIRE(check.environment.size() == 2);
  CHECK(check.environment[0].first == "TOKEN");
  CHECK(check.environment[0].second.reveal() == "very-secret");
  CHECK_FALSE(check.warning_is_ok);
  CHECK(check.max_output == 2048);

  CHECK(problems(of_kind("exec", "            command: check_ssh -p 22\n"))
            .at(0)
            .find("must be a list, as there is no shell") != std::string::npos);
  CHECK(problems(of_kind("exec", "            command: []\n")) ==
        Lines{"c.yaml:8:22: command is empty; name the program and its arguments"});
  CHECK(problems(of_kind("exec", "            command: [\"\"]\n            environment: {1X: a}\n")) ==
        Lines{"c.yaml:8:23: the program has no name",
              "c.yaml:9:27: \"1X\" is not the name of an environment variable, which has letters, digits and _"});
  const auto notes = good(of_kind("exec", "            command: [plugins/absent]\n")).notes;
  REQUIRE(notes.size() >= 1);
  CHECK(std::any_of(notes.begin(), notes.end(), [](const auto& note) {
    return note.find("plugins/absent\" now: No such file or directory") != std::string::npos;
  }));
}

TEST_CASE("egress: a second resolver") {
  CHECK(good("egress: {second_resolver: '192.0.2.53'}\n" + fine()).egress.second_resolver == "192.0.2.53");
  CHECK(problems("egress: {second_resolver: dns.example}\n" + fine()).at(0).find("second_resolver \"dns.example\"") !=
        std::string::npos);
}

}  // namespace outaged::config
