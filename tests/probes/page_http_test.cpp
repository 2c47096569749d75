// Detection over real HTTP: pages under their host names, resolved by a name server of the test to a server on loopback
// that tells them apart by their Host header.
#include <doctest/doctest.h>

#include "core/text.h"
#include "probes/loop.h"
#include "probes/registry.h"
#include "tests/probes/page_samples.h"
#include "tests/support/dns_server.h"
#include "tests/support/http_receiver.h"

namespace outaged::probes {
namespace {

class TestClock : public Clock {
 public:
  Timestamp wall() const override { return *parse_time(test::sample_clock); }
  SteadyTime steady() const override { return {}; }
};

}  // namespace

TEST_CASE("page over http: formats are found under the hosts' own names") {
  std::map<std::string, std::string> documents;  // host + target
  test::HttpReceiver server([&](const test::ReceivedRequest& request, std::size_t) {
    std::string host = request.header("host");
    host = host.substr(0, host.find(':'));
    const auto found = documents.find(host + request.target);
    test::Answer answer;
    answer.status = found == documents.end() ? 404 : 200;
    answer.body = found == documents.end() ? "not here" : found->second;
    return answer;
  });
  ::test::DnsServer names(
      [](const std::string&, ::test::DnsServer::Type) { return ::test::DnsAnswer{.addresses = {"127.0.0.1"}}; });
  LoopOptions options;
  options.resolvers = {names.address()};
  const TestClock clock;
  const std::string port = ":" + std::to_string(server.port());

  int found = 0;
  for (const auto& sample : test::page_samples()) {
    // Those whose document is elsewhere, behind TLS, are found in page_search_test.
    const std::string host = sample.page.substr(8, sample.page.find('/', 8) - 8);
    if (!sample.document.starts_with("https://" + host) || sample.format == "flashduty" ||
        sample.format == "uptimerobot")
      continue;
    CAPTURE(sample.format);
    documents.clear();
    documents[sample.document.substr(8)] = sample.red;
    config::Page page;
    page.name = "tidewater";
    page.url = "http://" + host + port + sample.page.substr(8 + host.size());
    REQUIRE(page.format == "auto");  // the default
    const auto result = run_once(options, make_page_probe(page, {}, clock));
    REQUIRE(result);
    REQUIRE(result->finding.page);
    CHECK_MESSAGE(result->finding.page->readable, result->finding.page->problem);
    CHECK(result->finding.page->format == sample.format);
    CHECK(level(result->finding.page->claim) > 0);
    REQUIRE(result->finding.document);
    CHECK(*result->finding.document->body == sample.red);
    CHECK(result->finding.document->served_by == host);
    ++found;
  }
  CHECK(found >= 33);
}

TEST_CASE("page over http: a page that serves nothing we know is unknown within its bounds") {
  std::atomic<int> asked = 0;
  test::HttpReceiver server([&](const test::ReceivedRequest&, std::size_t) {
    ++asked;
    return test::Answer{.body = "<!doctype html><html><body>hello</body></html>"};
  });
  config::Page page;
  page.url = "http://127.0.0.1:" + std::to_string(server.port());
  const TestClock clock;
  const auto result = run_once({}, make_page_probe(page, {}, clock));
  REQUIRE(result);
  REQUIRE(result->finding.page);
  CHECK_FALSE(result->finding.page->readable);
  CHECK(result->finding.page->claim == Status::unknown);
  CHECK(result->finding.page->problem.find("no status that we can read") != std::string::npos);
  CHECK(asked > 20);
  CHECK(asked <= 60);
}

}  // namespace outaged::probes
