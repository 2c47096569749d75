// The keys of the kinds `http` beyond the basic ones, `grpc` and `feed`.
#include <algorithm>

#include "tests/config/helpers.h"

namespace outaged::config {
namespace {

const std::string base = "            url: https://a.example\n";

Target read(const std::string& more) { return good(target(more)).services[0].components[0].targets[0]; }

/// Lines below `expect`.
std::string expect(const std::string& line) { return base + "            expect:\n              " + line + "\n"; }

std::string header(const HttpCheck& check, const std::string& name) {
  for (const auto& [key, value] : check.headers)
    if (key == name) return value.reveal();
  return "";
}

}  // namespace

TEST_CASE("http keys: every condition") {
  const Target t = read(base +
                        "            expect:\n"
                        "              body_matches: ['^ok', \"(?i)fine\"]\n"
                        "              body_not_matches: error\\b\n"
                        "              headers:\n"
                        "                - {name: X-Cache, matches: ^HIT}\n"
                        "                - {name: etag}\n"
                        "                - {name: x-debug, absent: true}\n"
                        "              min_size: 10\n"
                        "              max_size: 1KiB\n"
                        "              min_cert_left: 14d\n");
  const HttpCheck& check = t.http();
  CHECK(check.body_matches == std::vector<std::string>{"^ok", "(?i)fine"});
  CHECK(check.body_not_matches == std::vector<std::string>{"error\\b"});
  REQUIRE(check.header_conditions.size() == 3);
  CHECK(check.header_conditions[0].matches == "^HIT");
  CHECK(check.header_conditions[2].absent);
  CHECK(*check.min_size == 10);
  CHECK(*check.max_size == 1024);
  CHECK(*check.min_cert_left == 14 * 24h);
  CHECK_FALSE(check.page);
  CHECK_FALSE(check.proxy);
  CHECK(check.family == HttpCheck::Family::any);
}

TEST_CASE("http keys: conditions that cannot be") {
  CHECK(problems(target(expect("body_matches: '(ab'"))) ==
        Lines{"c.yaml:9:29: body_matches \"(ab\" is not a regular expression: missing ): (ab"});
  CHECK(problems(target(expect("body_matches: [fine, 'a**b', '']"))) ==
        Lines{"c.yaml:9:36: body_matches \"a**b\" is not a regular expression: bad repetition operator: **",
              "c.yaml:9:44: body_matches holds an empty text"});
  CHECK(problems(target(expect("headers: [{name: a b}, {matches: x}, {name: c, matches: x, absent: true}]"))).size() ==
        3);
  CHECK(problems(target(expect("headers: [{name: a, matches: '['}]"))).size() == 1);
  CHECK(problems(target(expect("{min_size: 10, max_size: 5}"))) ==
        Lines{"c.yaml:9:40: max_size is smaller than min_size"});
  CHECK(problems(target(expect("min_size: 2MiB"))) ==
        Lines{"c.yaml:9:25: min_size is larger than max_body, so it can never be reached"});
  CHECK(problems(target("            url: http://a.example\n            expect: {min_cert_left: 14d}\n")) ==
        Lines{"c.yaml:8:37: min_cert_left needs an https URL: no certificate otherwise"});
}

TEST_CASE("http keys: who we are, and which way we go") {
  const TempDir dir;
  const std::string ca = dir.write("ca.pem", "x"), token = dir.write("token", "s3cret-token\n");
  const Target t =
      read(base + "            ca_file: " + ca + "\n            cert_file: " + ca +
           "\n            proxy: none\n            ip_version: 6\n            bearer_token_file: " + token + "\n");
  CHECK(t.http().ca_file == ca);
  CHECK(t.http().cert_file == ca);
  CHECK(t.http().proxy == "");
  CHECK(t.http().family == HttpCheck::Family::v6);
  CHECK(header(t.http(), "authorization") == "Bearer s3cret-token");
  CHECK(header(read(base + "            basic_auth: {username: Aladdin, password: open sesame}\n").http(),
               "authorization") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  CHECK(read(base + "            proxy: http://u:p@proxy.example:3128\n").http().proxy ==
        "http://u:p@proxy.example:3128");

  const auto one = [&](const std::string& line) { return problems(target(base + "            " + line + "\n")); };
  CHECK(one("ca_file: /nonexistent/ca.pem").size() == 1);
  CHECK(one("key_file: " + ca).size() == 1);
  CHECK(one("ip_version: 5").size() == 1);
  const auto literal = [](const std::string& host, const std::string& version) {
    return problems(target("            url: http://" + host + "/\n            ip_version: " + version + "\n")).size();
  };
  CHECK(literal("192.0.2.1", "6") == 1);
  CHECK(literal("[2001:db8::1]:80", "4") == 1);
  CHECK(literal("[2001:db8::1]:80", "6") == 0);
  CHECK(literal("192.0.2.1:80", "4") == 0);
  CHECK(literal("192.0.2.1", "any") == 0);
  CHECK(one("proxy: gopher://user:hunter2@x").size() == 1);
  CHECK(one("proxy: gopher://user:hunter2@x")[0].find("hunter2") == std::string::npos);
  CHECK(one("basic_auth: {username: 'a:b', password: x}").size() == 1);
  CHECK(problems(target(base + "            bearer_token: x1\n            headers: {Authorization: x2}\n")) ==
        Lines{"c.yaml:6:13: basic_auth, bearer_token and the header authorization exclude one another; keep one"});
}

TEST_CASE("http keys: a page follows redirects unless told otherwise") {
  CHECK(read(base + "            page: true\n").http().follow_redirects);
  CHECK_FALSE(read(base + "            page: true\n            follow_redirects: false\n").http().follow_redirects);
  CHECK_FALSE(read(base + "            page: false\n").http().follow_redirects);
  CHECK(problems(target(base + "            method: HEAD\n            page: true\n")) ==
        Lines{"c.yaml:9:19: page: true is about what GET answers; remove method"});
}

TEST_CASE("grpc keys") {
  const Target t = read(
      "            kind: grpc\n            url: https://a.example:443\n            service: shop.v1.Orders\n"
      "            metadata: {x-key: abc}\n");
  const auto& check = std::get<GrpcCheck>(t.check);
  CHECK(check.url == "https://a.example:443");
  CHECK(check.service == "shop.v1.Orders");
  REQUIRE(check.metadata.size() == 1);
  CHECK(check.metadata[0].second.reveal() == "abc");
  CHECK_FALSE(t.advisory);
  const auto one = [&](const std::string& more) { return problems(target("            kind: grpc\n" + more)); };
  CHECK(one("            service: x\n").size() == 1);  // no URL
  CHECK(one("            url: https://a.example/path\n").size() == 1);
  CHECK(one("            url: https://a.example:1/\n").empty());
  CHECK(one("            url: https://a.example\n            metadata: {grpc-timeout: 1S}\n").size() == 1);
  CHECK(one("            url: https://a.example\n            headers: {a: b}\n").size() == 1);
}

TEST_CASE("feed keys") {
  const Target t = read(
      "            kind: feed\n            url: https://a.example/new.rss\n            keywords: [down, 'out(age)?']\n"
      "            window: 1h\n            threshold: 5\n");
  const auto& check = std::get<FeedCheck>(t.check);
  CHECK(check.keywords == std::vector<std::string>{"down", "out(age)?"});
  CHECK(check.window == 1h);
  CHECK(check.threshold == 5);
  const auto notes =
      good(target("            kind: feed\n            url: https://a.example/f\n            keywords: x\n"));
  CHECK(std::any_of(notes.notes.begin(), notes.notes.end(),
                    [](const auto& note) { return note.find("is read every 30s") != std::string::npos; }));
  CHECK(t.advisory);  // it never opens an incident by itself
  const std::string url = "            kind: feed\n            url: https://a.example/new.json\n";
  const auto one = [&](const std::string& more) { return problems(target(url + more)); };
  CHECK(one("            keywords: [x]\n            items: /hits\n            title: /title\n            time: /at\n")
            .empty());
  CHECK(one("").size() == 1);
  CHECK(one("            keywords: []\n").size() == 1);
  CHECK(one("            keywords: '('\n").size() == 1);
  CHECK(one("            keywords: x\n            time: /at\n").size() == 1);  // JSON without items
  CHECK(one("            keywords: x\n            items: hits\n").size() == 1);
  CHECK(one("            keywords: x\n            window: 10s\n").size() == 1);
}

}  // namespace outaged::config
