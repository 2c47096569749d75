// What holds for every page format, over the table: a stranger's document is never healthy, a broken one never anything
// but unknown with a reason, nothing costs more than its size allows, and no word is taken for what it does not say.
#include "core/page_formats.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <set>

#include "core/text.h"
#include "probes/pages/claim.h"
#include "probes/pages/mapping.h"
#include "probes/pages/reader.h"
#include "tests/probes/fixtures.h"
#include "tests/probes/page_samples.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

const Timestamp noon = *parse_time(test::sample_clock);

PageReport read(const PageFormat& format, const std::string& body) { return read_page(format, body, {noon, ""}); }

void check_unreadable(const PageReport& report, const std::string& what) {
  INFO(report.format << " on " << what);
  CHECK_FALSE(report.readable);
  CHECK(report.claim == Status::unknown);
  CHECK_FALSE(report.indicator);
  CHECK(report.components.empty());
  CHECK(report.incidents.empty());
  CHECK(report.problem.size() > 10);
  CHECK(report.problem.size() <= 400);
  CHECK(claim_of(report, {"Harbour"}).status == Status::unknown);
  CHECK(claim_of(report, {}).status == Status::unknown);
}

/// What must hold of any report whatever the document was.
void check_sound(const PageReport& report) {
  if (!report.readable) {
    CHECK(report.claim == Status::unknown);
    CHECK_FALSE(report.problem.empty());
  }
  CHECK(json::accept(report_json(report)));
  for (const PageComponent& component : report.components)
    if (!component.group && !component.silent && component.claim == Status::unknown)
      CHECK(report.claim != Status::operational);
  for (const PageIncident& incident : report.incidents)
    if (lifts(incident) && report.stale.empty()) CHECK(level(report.claim) > 0);
}

template <class Work>
double seconds(Work&& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// "Nothing open" of a vendor whose format is known.
bool may_be_empty(const std::string& format, const std::string& body) {
  static const std::set<std::pair<std::string, std::string>> all_clear = {{"aws", "[]"},
                                                                          {"google_cloud", "[]"},
                                                                          {"google_workspace", "[]"},
                                                                          {"zendesk", R"({"data":[]})"},
                                                                          {"checkly", R"({"incidents":[]})"},
                                                                          {"incidentio_native", R"({"incidents":[]})"},
                                                                          {"openstatus", R"({"status":"ok"})"}};
  return all_clear.contains({format, body});
}

}  // namespace

TEST_CASE("page formats: the table and the names that the configuration offers are the same") {
  REQUIRE(page_formats().size() == std::size(page_format_names));
  for (std::size_t i = 0; i < std::size(page_format_names); ++i) {
    CHECK(page_formats()[i].name == page_format_names[i]);
    CHECK(page_format(page_format_names[i]) == &page_formats()[i]);
  }
  CHECK(page_format("auto") == nullptr);
  CHECK(page_format("") == nullptr);
}

TEST_CASE("page formats: each has a hand-made sample, and reads it") {
  std::set<std::string> sampled;
  for (const auto& sample : test::page_samples()) {
    CAPTURE(sample.format);
    sampled.insert(sample.format);
    const PageFormat* format = page_format(sample.format);
    REQUIRE(format);
    const PageReport green = read(*format, sample.green), red = read(*format, sample.red);
    CHECK_MESSAGE(green.readable, green.problem);
    CHECK(green.claim == Status::operational);
    CHECK_MESSAGE(red.readable, red.problem);
    CHECK(red.claim == sample.worst);
    CHECK(red.format == sample.format);
    check_sound(green);
    check_sound(red);
    CHECK(claim_of(red, {}).red);
    CHECK_FALSE(claim_of(green, {}).red);
    const auto documents = format->documents(sample.page);
    REQUIRE_FALSE(documents.empty());
    // The document's own address is kept.
    CHECK(format->documents(sample.document).front() == sample.document);
  }
  CHECK(sampled.size() == page_formats().size());
}

TEST_CASE("page formats: each is recognised, by the document itself or by its address") {
  for (const auto& sample : test::page_samples())
    for (const std::string& body : {sample.green, sample.red}) {
      CAPTURE(sample.format);
      for (const std::string& url : {sample.page, sample.document}) {
        const PageReport report = detect_page(body, {noon, url});
        CHECK_MESSAGE(report.format == sample.format, report.format << " " << report.problem);
      }
      if (!sample.by_itself) continue;
      const PageReport report = detect_page(body, {noon, ""});
      CHECK_MESSAGE(report.format == sample.format, report.format << " " << report.problem);
    }
}

TEST_CASE("page formats: a word that nobody knows is unknown, never operational and never down") {
  for (const auto& sample : test::page_samples()) {
    if (sample.strange.empty()) continue;
    CAPTURE(sample.format);
    const PageReport report = read(*page_format(sample.format), sample.strange);
    CHECK_MESSAGE(report.readable, report.problem);
    const bool lifted = std::any_of(report.incidents.begin(), report.incidents.end(), lifts);
    CHECK(report.claim == (lifted ? Status::degraded_performance : Status::unknown));
  }
}

TEST_CASE("page formats: a stranger's document is unreadable, with a reason") {
  const std::vector<std::string> strangers = {
      "",
      " \n\t ",
      "{}",
      "[]",
      "null",
      "17",
      "true",
      "\"operational\"",
      R"({"message":"Forbidden"})",
      R"({"status":"ok"})",
      R"({"error":{"code":403}})",
      R"({"data":[]})",
      R"({"data":{}})",
      R"({"incidents":[]})",
      R"({"components":[]})",
      R"({"services":[]})",
      R"({"page":{}})",
      R"([{}])",
      R"([1,2,3])",
      R"([null])",
      R"({"items":[{"id":1}]})",
      R"({"status":{"indicator":0}})",
      R"({"result":{}})",
      R"({"summary":{}})",
      R"({"heartbeatList":[]})",
      "<html><body>Please sign in</body></html>",
      "<!DOCTYPE html><html><head><title>All Systems Operational</title></head></html>",
      "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>",
      "<rss></rss>",
      "<rss><channel></channel></rss>",
      "<feed></feed>",
      "<rss version=\"2.0\"><channel><title>",
      "<a/>",
      "OK",
      "operational",
      "All Systems Operational",
      "upstream connect error or disconnect/reset before headers",
      "\xFF\xFE",
      "\xFE\xFF",
      std::string(64, '\0'),
      "{\"status\":\"\xC3\x28\"}",
      std::string("\x1f\x8b\x08\x00garbage", 11)};
  for (const std::string& body : strangers) {
    for (const PageFormat& format : page_formats())
      if (!may_be_empty(std::string(format.name), body)) check_unreadable(read(format, body), clean_line(body, 60));
    check_unreadable(detect_page(body, {noon, ""}), "detection: " + clean_line(body, 60));
    check_unreadable(detect_page(body, {noon, "https://status.tidewater.example"}),
                     "detection: " + clean_line(body, 60));
  }
}

TEST_CASE("page formats: no format takes another's document for healthy") {
  // These share a shape, or are feeds that any reader of feeds can read.
  const auto family = [](std::string_view format) -> std::string {
    if (format == "statuspage" || format == "incidentio" || format == "openstatus") return "statuspage";
    if (format == "google_cloud" || format == "google_workspace") return "google";
    const PageFormat* known = page_format(format);
    const bool feed = known >= page_format("statuspage_feed");
    return feed ? "feed" : std::string(format);
  };
  for (const auto& sample : test::page_samples())
    for (const PageFormat& format : page_formats()) {
      if (family(format.name) == family(sample.format)) continue;
      CAPTURE(sample.format);
      CAPTURE(format.name);
      if (may_be_empty(std::string(format.name), sample.green)) continue;
      if (sample.format == "aws" || sample.format == "zendesk" || sample.format == "checkly") {
        CHECK_FALSE(read(format, sample.red).readable);
      } else {
        CHECK_FALSE(read(format, sample.green).readable);
      }
    }
}

TEST_CASE("page formats: what is cut off is unreadable") {
  for (const auto& sample : test::page_samples()) {
    const PageFormat& format = *page_format(sample.format);
    CAPTURE(sample.format);
    for (std::size_t length = 0; length < sample.red.size(); length += 1 + sample.red.size() / 23) {
      const PageReport report = read(format, sample.red.substr(0, length));
      // ("});" of a callback is no part of the document.)
      if (sample.format == "apple" && length + 3 > sample.red.size()) continue;
      CHECK_MESSAGE(!report.readable, "after " << length << " bytes");
      CHECK_FALSE(report.problem.empty());
    }
  }
}

TEST_CASE("page formats: UTF-16 is read, bytes of another encoding are not guessed at") {
  const auto utf16 = [](const std::string& text, bool big, bool mark) {
    std::string out = mark ? (big ? "\xFE\xFF" : "\xFF\xFE") : "";
    for (const char c : text) {
      if (big) out += '\0';
      out += c;
      if (!big) out += '\0';
    }
    return out;
  };
  for (const auto& sample : test::page_samples()) {
    if (sample.red.find_first_of("\x80\xff") != std::string::npos || sample.format == "hund") continue;
    CAPTURE(sample.format);
    const PageFormat& format = *page_format(sample.format);
    if (sample.red.find("encoding=\"UTF-8\"") == std::string::npos)
      for (const bool big : {true, false})
        for (const bool mark : {true, false}) {
          const PageReport report = read(format, utf16(sample.red, big, mark));
          CHECK_MESSAGE(report.readable, report.problem);
          CHECK(report.claim == sample.worst);
        }
    CHECK(read(format, "\xEF\xBB\xBF" + sample.red).claim == sample.worst);
  }
  std::string latin = test::page_samples().front().green;
  latin.replace(latin.find("Harbour"), 7,
                "H\xE4"
                "fen");
  const PageReport report = detect_page(latin, {noon, ""});
  check_unreadable(report, "Latin-1");
}

TEST_CASE("page formats: deeply nested documents are refused, not followed") {
  const std::size_t depth = 200'000;
  const std::string lists = std::string(depth, '['), objects = [&] {
    std::string out;
    for (std::size_t i = 0; i < depth / 4; ++i) out += R"({"data":)";
    return out;
  }();
  std::string elements = "<rss><channel><title>";
  for (std::size_t i = 0; i < depth / 4; ++i) elements += "<b>";
  std::string closed = "<feed><title>Status</title><entry><title>x</title><content>";
  for (std::size_t i = 0; i < 20'000; ++i) closed += "<b>";
  for (std::size_t i = 0; i < 20'000; ++i) closed += "</b>";
  closed += "</content></entry></feed>";
  for (const std::string& body : {lists, objects, elements, closed, lists + std::string(depth, ']')}) {
    PageReport report;
    const double took = seconds([&] { report = detect_page(body, {noon, ""}); });
    check_sound(report);
    CHECK(took < 5);
  }
  const PageReport report = read(*page_format("statuspage"), R"({"status":)" + lists);
  CHECK(report.problem.find("nested deeper") != std::string::npos);
}

TEST_CASE("page formats: huge documents cost time and memory in proportion") {
  const std::size_t size = 4 * 1024 * 1024;
  const auto repeat = [&](const std::string& head, const std::string& each, const std::string& tail) {
    std::string out = head;
    while (out.size() + each.size() + tail.size() < size) out += each;
    if (!each.empty() && each.back() == ',' && out.back() == ',') out.pop_back();
    return out + tail;
  };
  const std::vector<std::string> documents = {
      repeat("[", "0,", "]"),
      repeat("[", "{},", "]"),
      repeat(R"({"status":{"indicator":"none"},"components":[)", R"({"id":"x","name":"y","status":"operational"},)",
             "]}"),
      repeat(R"({"status":{"indicator":"none"},"incidents":[)", R"({"id":"x","status":"investigating"},)", "]}"),
      repeat(R"({"status":{"indicator":"none"},"incidents":[{"id":"x","status":"identified","components":[)",
             R"({"id":"y"},)", "]}]}"),
      repeat(R"([{"arn":"arn:aws:health:x","status":"3","impacted_services":{)", R"("k":{"current":"3"},)", "}}]"),
      repeat("<rss><channel><title>Status</title>", "<item><title>x</title><guid>y</guid></item>", "</channel></rss>"),
      repeat("<rss><channel><title>Status</title><item><title>x</title><description><![CDATA[",
             "<small>a</small><strong>b</strong>", "]]></description></item></channel></rss>"),
      repeat("<rss><channel><title>Status</title><item><title>", "&amp;amp;", "</title></item></channel></rss>"),
      repeat("<feed><title>Status</title>", "<a/>", "</feed>"),
      repeat(R"({"a":")", "x", R"("})"),
      std::string(size, ' '),
      std::string(size, 'x'),
      std::string(size, '<')};
  for (std::size_t i = 0; i < documents.size(); ++i) {
    CAPTURE(i);
    PageReport report;
    const double took = seconds([&] { report = detect_page(documents[i], {noon, ""}); });
    CHECK(took < 20);  // a tenth of that on an idle machine without sanitizers
    CHECK(report.components.size() <= 5'000);
    CHECK(report.incidents.size() <= 5'000);
    if (!report.readable) CHECK(report.claim == Status::unknown);
    CHECK(report_json(report).size() < 40 * 1024 * 1024);
  }
}

TEST_CASE("page formats: any mutation of any sample is read without harm, and never as more than it says") {
  const auto samples = test::page_samples();
  const std::vector<std::string> pieces = {"[",
                                           "]",
                                           "{",
                                           "}",
                                           "\"",
                                           ",",
                                           ":",
                                           "null",
                                           "true",
                                           "-1",
                                           "1e999",
                                           "[]",
                                           "{}",
                                           "\"status\":7",
                                           "99999999999999999999",
                                           "\\ud800",
                                           "<",
                                           ">",
                                           "</item>",
                                           "]]>",
                                           "&#x110000;",
                                           "\xFF",
                                           "\"components\":",
                                           "\"id\":1.5",
                                           "\"\"",
                                           "2031-13-45T99:99:99Z",
                                           std::string(70, '[')};
  std::mt19937 random(20310506);
  const auto below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  int readable = 0;
  for (int round = 0; round < 12'000; ++round) {
    const auto& sample = samples[static_cast<std::size_t>(round) % samples.size()];
    std::string body = below(2) == 0 ? sample.green : sample.red;
    for (std::size_t edits = 1 + below(4); edits > 0; --edits) {
      const std::size_t at = body.empty() ? 0 : below(body.size());
      switch (below(5)) {
        case 0:
          body.insert(at, pieces[below(pieces.size())]);
          break;
        case 1:
          body.erase(at, 1 + below(20));
          break;
        case 2:
          if (!body.empty()) body[at] = static_cast<char>(random());
          break;
        case 3:
          if (below(4) == 0) body.resize(at);
          break;
        case 4:
          body.insert(at, body.substr(below(body.size() + 1), below(60)));
          break;
      }
    }
    PageReport report = read(*page_format(sample.format), body);
    readable += report.readable;
    check_sound(report);
    merge_page(report, read(*page_format(sample.format), sample.red));
    check_sound(report);
    if (round % 10 == 0) check_sound(detect_page(body, {noon, sample.page}));
    const Claim claim = claim_of(report, {"Harbour"});
    if (!report.readable) CHECK(claim.status == Status::unknown);
  }
  CHECK(readable > 2000);  // the mutations reach past the parsers
}

TEST_CASE("page formats: a component of a vendor without a list of them is what the open incidents say") {
  const auto claim = [](const std::string& format, const std::string& body, const std::string& component) {
    return claim_of(read(*page_format(format), body), {component});
  };
  for (const auto& sample : test::page_samples()) {
    CAPTURE(sample.format);
    if (sample.format == "google_cloud") {
      CHECK(claim(sample.format, sample.red, "h1").status == Status::partial_outage);
      CHECK(claim(sample.format, sample.red, "cloud harbour").status == Status::partial_outage);
      CHECK(claim(sample.format, sample.red, "h2").status == Status::operational);
      CHECK_FALSE(claim(sample.format, sample.red, "h2").red);
      CHECK(claim(sample.format, sample.green, "h1").status == Status::operational);
    }
    if (sample.format == "aws") {
      for (const char* component : {"eu-west-9", "harbour-eu-west-9", "Amazon Harbour"})
        CHECK(claim(sample.format, sample.red, component).status == Status::degraded_performance);
      CHECK(claim(sample.format, sample.red, "eu-west-8").status == Status::operational);
    }
    if (sample.format == "checkly") CHECK(claim(sample.format, sample.red, "Harbour").red);
    if (sample.format == "azure_rss") CHECK(claim(sample.format, sample.red, "Harbour").red);
    if (sample.format == "rss") CHECK(claim(sample.format, sample.green, "Harbour").status == Status::operational);
  }
}

TEST_CASE("page formats: a container that is no record of its own speaks through what is in it") {
  for (const auto& sample : test::page_samples())
    if (sample.format == "gatus" || sample.format == "cstate") {
      const PageReport report = read(*page_format(sample.format), sample.red);
      CHECK(claim_of(report, {"port"}).status == Status::major_outage);
      CHECK(claim_of(report, {"sea"}).status == Status::unknown);
    }
}

}  // namespace outaged::probes
