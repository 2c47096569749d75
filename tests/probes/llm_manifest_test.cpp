#include <doctest/doctest.h>

#include "probes/llm/timeline.h"
#include "probes/web_answer.h"
#include "tests/probes/fixtures.h"

namespace outaged::probes::llm {
namespace {

std::string_view spell_outage(Counts counts) {
  return counts == Counts::bad ? "yes" : counts == Counts::maybe ? "maybe" : "no";
}

Recorded answer_of(const nlohmann::json& row) {
  const std::string body = test::read_bytes(test::fixture_root() + "/llm/samples/" + row.at("file").get<std::string>());
  if (row.at("content_type") == "timeline") {
    const auto recorded = read_timeline(body);
    REQUIRE(recorded.ok());
    return *recorded;
  }
  Recorded out;
  out.response.body = body;
  if (row.at("http_status").is_number()) out.response.status = row.at("http_status");
  for (const auto& [name, value] : row.at("headers").items()) out.response.headers.emplace_back(name, value);
  if (out.response.header("content-type").empty() && row.at("content_type").is_string())
    out.response.headers.emplace_back("content-type", row.at("content_type"));
  return out;
}

}  // namespace

TEST_CASE("llm: every recorded answer gets its class, its fault and whether it is an outage") {
  int rows = 0;
  for (const auto& row : test::fixture_rows("llm/samples/manifest.jsonl")) {
    CAPTURE(row.at("file").get<std::string>());
    const std::string name = row.at("wire");
    const Recorded answer = answer_of(row);
    Attribution out;
    if (name == "web") {
      out = attribute_web(answer.response);
    } else {
      const Wire* wire = find_wire(name);
      REQUIRE(wire);
      LlmExpectation expectation;
      expectation.stream = row.at("stream");
      out = attribute_llm(*wire, answer.response, as_recorded(expectation, *wire, answer));
    }
    CHECK_MESSAGE(to_string(out.cls) == row.at("cls").get<std::string>(), out.evidence.detail);
    CHECK_MESSAGE(to_string(fault_of(out)) == row.at("fault").get<std::string>(), out.evidence.detail);
    CHECK_MESSAGE(spell_outage(counts_of(out)) == row.at("outage").get<std::string>(), out.evidence.detail);
    ++rows;
  }
  if (rows != 0) CHECK(rows >= 75);
}

}  // namespace outaged::probes::llm
