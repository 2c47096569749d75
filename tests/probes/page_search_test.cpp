// Detection from a page's bare address: a web of documents at their addresses, asked by the page probe as the loop
// would, but without sockets. Every format is found, in the stated order; moves between vendors are noticed and told.
#include <doctest/doctest.h>

#include <map>
#include <set>

#include "core/text.h"
#include "probes/pages/detect.h"
#include "probes/pages/mapping.h"
#include "probes/registry.h"
#include "tests/probes/fixtures.h"
#include "tests/probes/page_rows.h"
#include "tests/probes/page_samples.h"

namespace outaged::probes {
namespace {

class TestClock : public Clock {
 public:
  Timestamp wall() const override { return now; }
  SteadyTime steady() const override { return {}; }
  Timestamp now = *parse_time(test::sample_clock);
};

/// Documents by address (without query); what is not there is 404, or the shell of a single-page application.
struct Web {
  std::map<std::string, Response> at;
  bool shell = false;
  std::vector<std::string> asked;

  static Response body(std::string text, int status = 200) {
    Response out;
    out.status = status;
    out.body = std::move(text);
    return out;
  }
  static Response redirect(const std::string& location) {
    Response out = body("", 302);
    out.headers = {{"location", location}};
    return out;
  }
  Response get(const std::string& url) {
    asked.push_back(url);
    for (const std::string& key : {url, url.substr(0, url.find('?'))})
      if (const auto found = at.find(key); found != at.end()) {
        Response out = found->second;
        out.url = url;
        return out;
      }
    return shell ? body("<!doctype html><html><body><div id=app></div></body></html>") : body("not found", 404);
  }
};

struct Reader {
  TestClock clock;
  std::shared_ptr<const Probe> probe;

  explicit Reader(const std::string& url, const std::string& format = "auto") {
    config::Page page;
    page.name = "tidewater";
    page.url = url;
    page.format = format;
    probe = make_page_probe(page, {}, clock);
  }
  /// One run to its end.
  Finding run(Web& web) {
    Run run;
    const Ask first = probe->first();
    Step step =
        probe->next(std::holds_alternative<Request>(first) ? web.get(std::get<Request>(first).url) : Response{}, run);
    for (int i = 0; std::holds_alternative<Request>(step); ++i) {
      REQUIRE(i < 80);
      step = probe->next(web.get(std::get<Request>(step).url), run);
    }
    return std::get<Finding>(step);
  }
  PageReport read(Web& web) {
    const Finding finding = run(web);
    REQUIRE(finding.page);
    return *finding.page;
  }
};

const std::string page = "https://status.tidewater.example";

test::PageSample sample_of(const std::string& format) {
  for (const auto& sample : test::page_samples())
    if (sample.format == format) return sample;
  throw std::runtime_error("no sample of " + format);
}

/// What the page's own HTML gives away, where the document's address cannot be made from the page's.
std::string html_for(const std::string& format) {
  if (format == "statusio") return "<html><script>var statuspageId = '0123456789abcdef01234567';</script></html>";
  if (format == "uptimerobot") return "<html><script>window.pspId='abCD1234'</script></html>";
  if (format == "flashduty") return "<html><script src=\"/api/status-page/77001/theme.js\"></script></html>";
  return "";
}

}  // namespace

TEST_CASE("page search: every format is found from the page's bare address") {
  for (const auto& sample : test::page_samples())
    for (const bool shell : {false, true}) {
      CAPTURE(sample.format);
      CAPTURE(shell);
      Web web;
      web.shell = shell;
      web.at[sample.document.substr(0, sample.document.find('?'))] = Web::body(sample.red);
      if (const std::string html = html_for(sample.format); !html.empty()) web.at[sample.page] = Web::body(html);
      Reader reader(sample.page);
      const PageReport report = reader.read(web);
      CHECK_MESSAGE(report.readable, report.problem);
      CHECK(report.format == sample.format);
      CHECK(level(report.claim) > 0);
      CHECK(web.asked.size() <= 60);
      CHECK(report.moved.empty());  // an API at another host is no move
      // It is remembered: the next run begins with the document.
      web.asked.clear();
      CHECK(reader.read(web).format == sample.format);
      CHECK(web.asked.front() == sample.document);
      CHECK(web.asked.size() <= 4);
    }
}

TEST_CASE("page search: recorded documents, served under their addresses, give their rows") {
  // No page's address leads to these: a single component, a version, an unlinked feed, what may be refused anyway.
  const std::set<std::string> others = {
      "samples/cachet/v1_component_unknown_status0_docs.json", "samples/cachet/v1_version_docs.json",
      "samples/misc_feeds/metanet_rss_german_handmade.xml", "samples/salesforce/instance_POD114_status_20230402.json"};
  int found = 0;
  for (const nlohmann::json& row : test::fixture_rows("statuspages/expected.jsonl")) {
    const std::string file = row.at("file"), url = row.at("url"), document = row.at("document_url");
    if (row.at("readable") == false) continue;
    Web web;
    web.at[document.substr(0, document.find('?'))] =
        Web::body(test::read_bytes(test::fixture_root() + "/statuspages/" + file));
    if (file.starts_with("samples/statusio/"))
      web.at[url] =
          Web::body("<html><script>statuspageId = '" + document.substr(document.rfind('/') + 1) + "'</script></html>");
    Reader reader(url);
    if (!row.at("as_of").is_null()) reader.clock.now = *parse_time(row.at("as_of").get<std::string>());
    const PageReport report = reader.read(web);
    if (!report.readable) {
      CHECK_MESSAGE((others.contains(file) || row.at("readable").is_array()), file << ": " << report.problem);
      continue;
    }
    ++found;
    const nlohmann::json actual = nlohmann::json::parse(report_json(report));
    std::string problems;
    const test::RowCheck check(row, actual);
    for (const std::string& problem : check.problems()) problems += "\n    " + problem;
    CHECK_MESSAGE(problems.empty(), file << problems);
  }
  if (found != 0) CHECK(found > 120);
}

TEST_CASE("page search: the order is that of certainty, and what answers first wins") {
  Web web;
  web.at[page + "/api/v2/summary.json"] = Web::body(sample_of("statuspage").green);
  web.at[page + "/index.json"] = Web::body(sample_of("betterstack").red);
  web.at[page + "/history.atom"] = Web::body(sample_of("statuspage_feed").red);
  CHECK(Reader(page).read(web).format == "statuspage");
  CHECK(web.asked.front() == page + "/api/v2/summary.json");
  web.at.erase(page + "/api/v2/summary.json");
  CHECK(Reader(page).read(web).format == "betterstack");
  web.at.erase(page + "/index.json");
  CHECK(Reader(page).read(web).format == "statuspage_feed");
}

TEST_CASE("page search: Instatus answers at Statuspage's address too") {
  Web web;
  web.at[page + "/api/v2/summary.json"] = Web::body(sample_of("instatus").red);
  web.at[page + "/v2/components.json"] =
      Web::body(R"({"components":[{"id":"c1","name":"Harbour","status":"DEGRADEDPERFORMANCE","group":null}]})");
  const PageReport report = Reader(page).read(web);
  CHECK(report.format == "instatus");
  CHECK(claim_of(report, {"Harbour"}).status == Status::degraded_performance);
}

TEST_CASE("page search: links out of the page's HTML are taken only to the page's own host") {
  const auto found = candidates_in_html(page + "/", R"(<html><head>
    <link rel="alternate" type="application/rss+xml" href="https://evil.example/feed">
    <link rel="alternate" type="application/atom+xml" href="http://status.tidewater.example/plain">
    <LINK REL='alternate' TYPE='application/atom+xml' HREF='/own.atom?a=1&amp;b=2'>
    <link rel="stylesheet" href="/style.css"><script>statuspageId = 'not-an-id'</script></html>)");
  REQUIRE(found.size() == 1);
  CHECK(found[0].url == page + "/own.atom?a=1&b=2");
  Web web;
  web.at[page] = Web::body(R"(<html><link rel="alternate" type="application/atom+xml" href="/own.atom"></html>)");
  web.at[page + "/own.atom"] = Web::body(sample_of("atom").red);
  CHECK(Reader(page).read(web).format == "atom");
  CHECK(candidates_in_html(page, std::string(3'000'000, '<')).empty());
}

TEST_CASE("page search: nothing to be found is unknown, says why, and is not asked for again at once") {
  Web web;
  web.shell = true;
  Reader reader(page);
  const PageReport first = reader.read(web);
  CHECK_FALSE(first.readable);
  CHECK(first.claim == Status::unknown);
  CHECK_MESSAGE(first.problem.find("no status that we can read") != std::string::npos, first.problem);
  CHECK(first.problem.find("HTML") != std::string::npos);
  CHECK(web.asked.size() > 15);
  CHECK(web.asked.size() <= 60);
  // The pauses grow, and in them nothing is asked.
  std::vector<std::size_t> asked;
  for (int run = 0; run < 10; ++run) {
    web.asked.clear();
    CHECK(reader.read(web).problem == first.problem);
    asked.push_back(web.asked.size());
  }
  CHECK(asked[0] == 0);
  CHECK(asked[1] > 0);
  CHECK(asked[2] + asked[3] == 0);
  CHECK(asked[4] > 0);
  CHECK(asked[5] + asked[6] + asked[7] + asked[8] == 0);
  CHECK(asked[9] > 0);
}

TEST_CASE("page search: a host that cannot be reached, or wants to be left alone, is asked once") {
  for (const bool limited : {false, true}) {
    struct Down : Web {
    } web;
    Response down;
    if (limited)
      down.status = 429;
    else
      down.error = TransportError::connect_refused;
    web.at[page + "/api/v2/summary.json"] = down;
    Reader reader(page);
    const Finding finding = reader.run(web);
    CHECK(web.asked.size() == 1);
    CHECK_FALSE(finding.page->readable);
    CHECK(finding.page->problem.find("could not be fetched") != std::string::npos);
    CHECK(finding.cls != Class::ok);
    // It is tried again with the next run: that says nothing of the format.
    web.at[page + "/api/v2/summary.json"] = Web::body(sample_of("statuspage").red);
    CHECK(reader.read(web).format == "statuspage");
  }
}

TEST_CASE("page search: a page that moved to another host is found there, and it is told once") {
  Web web;
  const std::string other = "https://health.tidewater.example";
  web.at[page + "/api/v2/summary.json"] = Web::redirect(other + "/api/v2/summary.json");
  web.at[other + "/api/v2/summary.json"] = Web::body(sample_of("statuspage").red);
  Reader reader(page);
  const PageReport report = reader.read(web);
  CHECK(report.format == "statuspage");
  CHECK(report.moved == "the page moved from status.tidewater.example to health.tidewater.example");
  CHECK(reader.read(web).moved.empty());

  // Everything redirects to the new page's front: the search goes on there.
  Web front;
  for (const Candidate& candidate : candidates(page)) front.at[candidate.url] = Web::redirect(other + "/");
  front.at[other + "/index.json"] = Web::body(sample_of("betterstack").red);
  const PageReport there = Reader(page).read(front);
  CHECK_MESSAGE(there.format == "betterstack", there.problem);
  CHECK(there.moved.find("to health.tidewater.example") != std::string::npos);

  // Never to plain http, nor to this machine.
  for (const std::string target :
       {"http://health.tidewater.example/", "https://127.0.0.1/", "https://localhost/", "ftp://x/"}) {
    Web bad;
    bad.at[page + "/api/v2/summary.json"] = Web::redirect(target);
    CHECK_FALSE(Reader(page).read(bad).readable);
    for (const std::string& url : bad.asked) CHECK(url.starts_with(page));
  }
}

TEST_CASE("page search: a page that moved to another vendor is found again after three failures of its anchor") {
  Web web;
  web.at[page + "/api/v2/summary.json"] = Web::body(sample_of("statuspage").green);
  Reader reader(page);
  CHECK(reader.read(web).format == "statuspage");
  web.at.clear();
  web.shell = true;
  web.at[page + "/index.json"] = Web::body(sample_of("betterstack").red);
  for (int failure = 0; failure < 3; ++failure) {
    web.asked.clear();
    const PageReport report = reader.read(web);
    CHECK_FALSE(report.readable);
    CHECK(report.claim == Status::unknown);
    CHECK(web.asked.size() == 1);
  }
  const PageReport moved = reader.read(web);
  CHECK(moved.format == "betterstack");
  CHECK(moved.claim == Status::major_outage);
  CHECK(moved.moved == "the page is of the format betterstack now, statuspage before");
  CHECK(reader.read(web).moved.empty());
}

TEST_CASE("page search: what is no question of format starts no search") {
  Web web;
  const std::string document = page + "/api/v2/summary.json";
  web.at[document] = Web::body(sample_of("statuspage").green);
  Reader reader(page);
  CHECK(reader.read(web).readable);
  Response down;
  down.error = TransportError::timeout_first_byte;
  for (const Response& bad : {down, Web::body("oh", 500), Web::body("slow", 429)}) {
    web.at[document] = bad;
    for (int failure = 0; failure < 5; ++failure) {
      web.asked.clear();
      CHECK_FALSE(reader.read(web).readable);
      CHECK(web.asked.size() == 1);
    }
  }
  web.at[document] = Web::body(sample_of("statuspage").green);
  CHECK(reader.read(web).readable);
}

TEST_CASE("page search: a format that was given is not looked for") {
  Web web;
  web.at[page + "/index.json"] = Web::body(sample_of("betterstack").red);
  Reader reader(page, "statuspage");
  for (int run = 0; run < 6; ++run) {
    web.asked.clear();
    CHECK_FALSE(reader.read(web).readable);
    CHECK(web.asked == std::vector<std::string>{page + "/api/v2/summary.json"});
  }
}

TEST_CASE("page search: documents that carry a part of the claim are read every time, and lists to their last page") {
  Web kuma;
  const test::PageSample sample = sample_of("uptimekuma");
  kuma.at[sample.document] = Web::body(sample.green);
  kuma.at["https://status.tidewater.example/api/status-page/port"] = Web::body(
      R"({"config":{"slug":"port"},"incident":null,"publicGroupList":[{"id":1,"name":"Port","monitorList":[{"id":1,"name":"Harbour"}]}]})");
  Reader reader(sample.page);
  PageReport report = reader.read(kuma);
  REQUIRE(report.components.size() == 1);
  CHECK(report.components[0].name == "Harbour");
  CHECK(report.claim == Status::operational);
  kuma.at["https://status.tidewater.example/api/status-page/port"] = Web::body(
      R"({"config":{"slug":"port"},"incident":{"id":3,"title":"Fog","style":"warning"},"publicGroupList":[{"id":1,"name":"Port","monitorList":[{"id":1,"name":"Harbour"}]}]})");
  report = reader.read(kuma);  // the beats are the same bytes
  CHECK(report.claim == Status::degraded_performance);

  Web list;
  const auto monitors = [](int id, const std::string& state) {
    return R"({"status":"ok","psp":{"perPage":1,"totalMonitors":3,"monitors":[{"monitorId":)" + std::to_string(id) +
           R"(,"name":"m","statusClass":")" + state + R"("}]},"statistics":{"counts":{"up":2,"down":1}}})";
  };
  const std::string document = page + "/api/getMonitorList/abCD1234";
  list.at[page] = Web::body(html_for("uptimerobot"));
  list.at[document] = Web::body(monitors(1, "success"));
  list.at[document + "?page=2"] = Web::body(monitors(2, "success"));
  list.at[document + "?page=3"] = Web::body(monitors(3, "danger"));
  Reader robot(page);
  for (int run = 0; run < 2; ++run) {
    const PageReport all = robot.read(list);
    CHECK(all.components.size() == 3);
    CHECK(all.claim == Status::major_outage);
    CHECK(all.indicator == Status::partial_outage);
  }
}

}  // namespace outaged::probes
