// The recorded documents of every format, each read as its row of ground truth says: by detection from the document and
// its page's address, by detection from the document and its own address, and by its format's name.
#include "tests/probes/page_rows.h"

#include <doctest/doctest.h>

#include <set>

#include "core/text.h"
#include "probes/pages/mapping.h"
#include "probes/pages/reader.h"
#include "tests/probes/fixtures.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

const Timestamp later = *parse_time("2031-05-06T12:00:00Z");

Timestamp clock_of(const json& row) {
  return row.at("as_of").is_null() ? later : *parse_time(row.at("as_of").get<std::string>());
}

std::string problems_of(const json& row, const PageReport& report) {
  const json actual = json::parse(report_json(report));
  std::string out;
  const test::RowCheck check(row, actual);
  for (const std::string& problem : check.problems()) out += "\n    " + problem;
  return out;
}

}  // namespace

TEST_CASE("recorded pages: every document gives its row, its format found out") {
  const auto rows = test::fixture_rows("statuspages/expected.jsonl");
  for (const json& row : rows) {
    const std::string file = row.at("file");
    const std::string body = test::read_bytes(test::fixture_root() + "/statuspages/" + file);
    for (const char* key : {"url", "document_url"}) {
      const PageReport report = detect_page(body, {clock_of(row), row.at(key).get<std::string>()});
      const std::string problems = problems_of(row, report);
      CHECK_MESSAGE(problems.empty(), file << " by its " << key << ": " << report.problem << problems);
    }
  }
  if (!rows.empty()) CHECK(rows.size() >= 150);
}

TEST_CASE("recorded pages: nearly every document tells its format by itself") {
  // Empty lists: whose "nothing" it is, only the address says.
  const std::set<std::string> silent = {"samples/aws/currentevents_empty.json", "samples/checkly/unresolved_empty.json",
                                        "samples/zendesk/incidents_active_empty.json"};
  for (const json& row : test::fixture_rows("statuspages/expected.jsonl")) {
    const std::string file = row.at("file");
    const std::string body = test::read_bytes(test::fixture_root() + "/statuspages/" + file);
    const PageReport report = detect_page(body, {clock_of(row), ""});
    if (silent.contains(file)) {
      CHECK_FALSE(report.readable);
      continue;
    }
    const std::string problems = problems_of(row, report);
    CHECK_MESSAGE(problems.empty(), file << ": " << report.problem << problems);
  }
}

TEST_CASE("recorded pages: every document gives its row where its format is given") {
  for (const json& row : test::fixture_rows("statuspages/expected.jsonl")) {
    const std::string file = row.at("file");
    const json& names = row.at("format");
    const PageFormat* format = page_format((names.is_array() ? names.at(0) : names).get<std::string>());
    if (!format) continue;  // a stranger's
    const std::string body = test::read_bytes(test::fixture_root() + "/statuspages/" + file);
    const std::string problems = problems_of(row, read_page(*format, body, {clock_of(row), ""}));
    CHECK_MESSAGE(problems.empty(), file << problems);
  }
}

}  // namespace outaged::probes
