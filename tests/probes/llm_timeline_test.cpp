#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "probes/llm/timeline.h"
#include "probes/retry_after.h"
#include "tests/probes/llm_streams.h"

namespace outaged::probes::llm {
namespace {

const std::string head = R"({"t_ms":100,"ev":"request_sent"}
{"t_ms":400,"ev":"headers","status":200,"content_type":"text/event-stream","Request-Id":"req_1"}
)";

std::string chunk(int t_ms, const std::string& data) {
  return nlohmann::json{{"t_ms", t_ms}, {"ev", "chunk"}, {"data", data}}.dump() + "\n";
}
std::string end(int t_ms, const std::string& name) {
  return nlohmann::json{{"t_ms", t_ms}, {"ev", name}}.dump() + "\n";
}

LlmAttribution judge(const std::string& text) {
  const auto recorded = read_timeline(text);
  REQUIRE_MESSAGE(recorded.ok(), text);
  const Wire& wire = *find_wire("anthropic");
  LlmExpectation expectation;
  expectation.stream = true;
  return attribute_llm(wire, recorded->response, as_recorded(expectation, wire, *recorded));
}

}  // namespace

TEST_CASE("timeline: times count from the request, the headers are kept") {
  const auto recorded = read_timeline(head + chunk(700, "data: a\n\n") + end(900, "eof"));
  REQUIRE(recorded.ok());
  const Response& response = recorded->response;
  CHECK(response.status == 200);
  CHECK(response.header("request-id") == "req_1");
  CHECK(response.header("content-type") == "text/event-stream");
  REQUIRE(response.arrivals.size() == 1);
  CHECK(response.arrivals[0].at == Micros(600'000));
  CHECK(response.total == Micros(800'000));
  CHECK(response.error == TransportError::none);
}

TEST_CASE("timeline: how it ended decides") {
  const auto events = test::messages_events();
  std::string all, half;
  for (std::size_t i = 0; i < events.size(); ++i) {
    all += chunk(500 + static_cast<int>(i), test::sse(events[i]));
    if (i < 3) half += chunk(500 + static_cast<int>(i), test::sse(events[i]));
  }
  CHECK(judge(head + all + end(600, "eof")).cls == Class::ok);
  CHECK(judge(head + all).cls == Class::ok);
  CHECK(judge(head + half + end(600, "eof")).cls == Class::stream_truncated);
  CHECK(judge(head + half).cls == Class::stream_truncated);
  CHECK(judge(head + half + end(15'000, "client_abort")).cls == Class::stream_stalled);
  CHECK(judge(head + half + end(600, "connection_reset")).cls == Class::stream_truncated);
  CHECK(judge(head + half + end(15'000, "client_idle_timeout")).cls == Class::stream_stalled);  // its limit, not ours
  CHECK(judge(head + half + end(15'000, "client_total_timeout")).cls == Class::timeout_body);
  CHECK(judge(head + end(300'000, "client_first_event_timeout")).cls == Class::stream_stalled);
  const std::string sent = R"({"t_ms":0,"ev":"request_sent"})"
                           "\n";
  CHECK(judge(sent + end(10'000, "client_timeout")).cls == Class::timeout_before_first_byte);
  CHECK(judge(sent + end(10'000, "reset")).cls == Class::tcp_reset);
  CHECK(judge(sent + end(10'000, "connect_timeout")).cls == Class::tcp_timeout);
}

TEST_CASE("timeline: bytes that are no text come in base64") {
  const std::string bytes = test::event_frame("messageStop", R"({"stopReason":"end_turn"})");
  const auto recorded =
      read_timeline(head + nlohmann::json{{"t_ms", 500}, {"ev", "chunk"}, {"data_base64", test::base64(bytes)}}.dump());
  REQUIRE(recorded.ok());
  CHECK(recorded->response.body == bytes);
}

TEST_CASE("timeline: errors name the line") {
  CHECK(read_timeline("").error() == "an empty timeline");
  CHECK(read_timeline("{\"t_ms\":0,\"ev\":\"request_sent\"}\nnonsense").error().starts_with("line 2: "));
  CHECK(read_timeline("{\"ev\":\"chunk\"}").error().starts_with("line 1: needs"));
  CHECK(read_timeline(end(5, "request_sent") + end(4, "eof")).error().starts_with("line 2: t_ms must not fall"));
}

TEST_CASE("retry after: the forms that providers use") {
  CHECK(read_delay("34.4s") == 34400ms);
  CHECK(read_delay("1m47.58s") == 107580ms);
  CHECK(read_delay("120ms") == 120ms);
  CHECK(read_delay("6m0s") == 6min);
  CHECK(read_delay("12") == 12s);
  CHECK(read_delay("1.5") == 1500ms);
  CHECK(read_delay("86400") == 24h);
  CHECK(!read_delay("soon"));
  CHECK(!read_delay(""));
  CHECK(!read_delay("-5"));
  CHECK(!read_delay("5 apples"));
  CHECK(delay_in_prose("Please try again in 50.597142857s. Visit") == 50597ms);
  CHECK(delay_in_prose("Please retry after 45 seconds.") == 45s);
  CHECK(delay_in_prose("Please try again in 1m47.58s.") == 107580ms);
  CHECK(!delay_in_prose("try again later"));
  const auto header = [](std::vector<std::pair<std::string, std::string>> headers) {
    Response response;
    response.headers = std::move(headers);
    return retry_after_header(response);
  };
  CHECK(header({{"retry-after", "7"}}) == 7s);
  CHECK(header({{"retry-after-ms", "1500"}, {"retry-after", "7"}}) == 1500ms);
  CHECK(header({{"date", "Mon, 13 Apr 2026 14:00:00 GMT"}, {"retry-after", "Mon, 13 Apr 2026 14:01:30 GMT"}}) == 90s);
  CHECK(header({{"date", "Mon, 13 Apr 2026 14:00:00 GMT"}, {"retry-after", "Mon, 13 Apr 2026 13:00:00 GMT"}}) == 0s);
  CHECK(!header({{"retry-after", "Mon, 13 Apr 2026 14:01:30 GMT"}}));  // no clock to take it against
  CHECK(!header({{"retry-after", "nonsense"}}));
  CHECK(header({{"retry-after", "99999999999999999999"}}).value() > 24h);
}

}  // namespace outaged::probes::llm
