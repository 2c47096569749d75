#include <doctest/doctest.h>

#include "core/text.h"
#include "tests/probes/fixtures.h"
#include "tests/probes/llm_streams.h"

namespace outaged::probes::llm {
namespace {

using test::judge_stream;
using test::Sample;
using test::samples;
using test::streamed;

std::string with_line_ends(const std::string& text, const std::string& end) {
  std::string out;
  for (const char c : text) {
    if (c == '\n')
      out += end;
    else
      out += c;
  }
  return out;
}

/// Where the last byte of the terminator stands: its line's end need not have come.
std::size_t shortest_right(const Sample& sample) {
  std::size_t end = sample.ends_at();
  const std::string body = sample.body();
  if (sample.binary) return end;
  while (end > 0 && (body[end - 1] == '\n' || body[end - 1] == '\r')) --end;
  return end;
}

/// No beginning of it is ok before its terminator stands there in full; from then on every one is.
void check_cuts(const Sample& sample, std::size_t terminated_at) {
  const std::string body = sample.body();
  for (std::size_t n = 0; n <= body.size(); ++n) {
    const Class cls = judge_stream(sample.wire, streamed(body.substr(0, n))).cls;
    CHECK_MESSAGE((cls == Class::ok) == (n >= terminated_at), sample.wire, " ", sample.what, " cut at ", n, " of ",
                  body.size(), ", terminated at ", terminated_at, ": ", to_string(cls));
    Response late = streamed(body.substr(0, n), "text/event-stream");
    late.error = TransportError::timeout_body;
    late.total = 60s;
    if (n < terminated_at) CHECK(judge_stream(sample.wire, late).cls != Class::ok);
  }
}

}  // namespace

TEST_CASE("llm streams: right ones are ok, with their usage and the reason why they stopped") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.wire);
    CAPTURE(sample.what);
    const LlmAttribution out = judge_stream(sample.wire, streamed(sample.body()));
    CHECK_MESSAGE(out.cls == Class::ok, out.evidence.detail);
    CHECK(out.usage.input == 9);
    CHECK(out.usage.output == 7);
    CHECK(!out.stop_reason.empty());
    CHECK(!out.first_token);  // no arrivals, no times
  }
}

TEST_CASE("llm streams: cut at every byte none is ok without its terminator") {
  for (const Sample& sample : samples()) check_cuts(sample, shortest_right(sample));
}

TEST_CASE("llm streams: the same with CRLF and with CR") {
  for (Sample sample : samples()) {
    if (sample.binary) continue;
    for (const char* end : {"\r\n", "\r"}) {
      Sample other = sample;
      for (std::string& part : other.parts) part = with_line_ends(part, end);
      check_cuts(other, shortest_right(other));
    }
  }
}

TEST_CASE("llm streams: one byte at a time reads as all at once, and gives the time of the first content") {
  for (const Sample& sample : samples()) {
    CAPTURE(sample.wire);
    CAPTURE(sample.what);
    const LlmAttribution out = judge_stream(sample.wire, test::byte_by_byte("\xEF\xBB\xBF" + sample.body()));
    if (sample.binary) continue;
    CHECK_MESSAGE(out.cls == Class::ok, out.evidence.detail);
    REQUIRE(out.first_token);
    CHECK(out.first_token->count() > 0);
    CHECK(*out.first_token <= Micros(1000 * static_cast<std::int64_t>(sample.ends_at() + 3)));
  }
  for (const Sample& sample : samples()) {
    if (!sample.binary) continue;
    CHECK(judge_stream(sample.wire, test::byte_by_byte(sample.body())).cls == Class::ok);
  }
}

TEST_CASE("llm streams: every piece size reads alike") {
  for (const Sample& sample : samples()) {
    const std::string body = sample.body();
    for (std::size_t size = 2; size < 24; ++size) {
      Response response = streamed(body);
      for (std::size_t end = size; end < body.size() + size; end += size)
        response.arrivals.push_back({Micros(static_cast<std::int64_t>(end)), std::min(end, body.size())});
      CHECK_MESSAGE(judge_stream(sample.wire, response).cls == Class::ok, sample.wire, " in pieces of ", size);
    }
  }
}

TEST_CASE("llm streams: an error, first or after any event, is the class of that error") {
  for (const Sample& sample : samples()) {
    for (std::size_t at = 0; at <= sample.parts.size(); ++at) {
      Sample broken = sample;
      broken.parts.insert(broken.parts.begin() + static_cast<std::ptrdiff_t>(at), sample.error);
      const LlmAttribution out = judge_stream(sample.wire, streamed(broken.body()));
      CAPTURE(sample.wire);
      CAPTURE(sample.what);
      CAPTURE(at);
      CHECK_MESSAGE(out.cls != Class::ok, out.evidence.detail);
      CHECK(fault_of(out) == Fault::provider);
      CHECK(counts_of(out) == Counts::bad);
      CHECK(out.cls != Class::stream_truncated);
      // And it stays one if nothing comes after it.
      broken.parts.resize(at + 1);
      CHECK(judge_stream(sample.wire, streamed(broken.body())).cls == out.cls);
    }
  }
}

TEST_CASE("llm streams: keep-alives are no progress and no terminator") {
  for (const Sample& sample : samples()) {
    if (sample.keep_alive.empty()) continue;
    CAPTURE(sample.wire);
    Response response = streamed("", "text/event-stream");
    for (int i = 1; i <= 6; ++i) {
      response.body += sample.keep_alive;
      response.arrivals.push_back({Micros(10'000'000LL * i), response.body.size()});
    }
    response.total = 60s;
    CHECK(judge_stream(sample.wire, response).cls == Class::stream_truncated);
    response.error = TransportError::timeout_body;
    CHECK(judge_stream(sample.wire, response).cls == Class::stream_stalled);
    // Among events they change nothing.
    Sample mixed = sample;
    mixed.parts.clear();
    for (const std::string& part : sample.parts) mixed.parts.insert(mixed.parts.end(), {sample.keep_alive, part});
    CHECK(judge_stream(sample.wire, streamed(mixed.body())).cls == Class::ok);
  }
}

TEST_CASE("llm streams: without the event that ends it no stream is ok, whatever else it has") {
  for (const Sample& sample : samples()) {
    Sample endless = sample;
    endless.parts.erase(endless.parts.begin() + static_cast<std::ptrdiff_t>(sample.ending));
    const LlmAttribution out = judge_stream(sample.wire, streamed(endless.body(), "text/event-stream"));
    CHECK_MESSAGE(out.cls == Class::stream_truncated, sample.wire, " ", sample.what, ": ", out.evidence.detail);
    CHECK(fault_of(out) == Fault::provider);
    CHECK(counts_of(out) == (sample.wire == "openrouter" ? Counts::maybe : Counts::bad));
  }
  CHECK(judge_stream("openai", streamed("data: [DONE]\n\n", "text/event-stream")).cls == Class::stream_truncated);
  // A message_stop without a reason to stop is none.
  CHECK(judge_stream("anthropic", streamed(test::sse(R"({"type":"message_stop"})"))).cls == Class::stream_truncated);
  CHECK(
      judge_stream("openai", streamed(test::sse(R"({"choices":[{"delta":{"content":"a"},"finish_reason":"error"}]})")))
          .cls == Class::server_error);
  CHECK(judge_stream("openai", streamed(test::sse(R"({"choices":[{"delta":{"content":"a"},"finish_reason":""}]})")))
            .cls == Class::stream_truncated);
}

TEST_CASE("llm streams: times decide between a stall, a late first token and one that is merely slow to end") {
  const Sample sample = samples().front();
  const auto timed = [&](std::vector<int> seconds, std::size_t parts) {
    Response out = streamed("", "text/event-stream");
    for (std::size_t i = 0; i < parts; ++i) {
      out.body += sample.parts[i];
      out.arrivals.push_back({Micros(1'000'000LL * seconds[i]), out.body.size()});
    }
    out.total = Micros(1'000'000LL * seconds[parts - 1]);
    return out;
  };
  CHECK(judge_stream("anthropic", timed({1, 1, 2, 3, 3, 3}, 6)).cls == Class::ok);
  const LlmAttribution fine = judge_stream("anthropic", timed({1, 1, 2, 3, 3, 3}, 6));
  CHECK(fine.first_token == Micros(2'000'000));
  CHECK(judge_stream("anthropic", timed({1, 1, 46, 47, 47, 47}, 6)).cls == Class::timeout_first_token);
  CHECK(judge_stream("anthropic", timed({1, 1, 2, 33, 33, 33}, 6)).cls == Class::stream_stalled);

  Response cut = timed({1, 1, 2}, 3);
  cut.error = TransportError::timeout_body;
  cut.total = 20s;
  CHECK(judge_stream("anthropic", cut).cls == Class::timeout_body);  // it still came along when our time was up
  cut.total = 60s;
  CHECK(judge_stream("anthropic", cut).cls == Class::stream_stalled);
  cut.error = TransportError::truncated_body;
  CHECK(judge_stream("anthropic", cut).cls == Class::stream_truncated);
  Response nothing = streamed("", "text/event-stream");
  nothing.error = TransportError::timeout_body;
  nothing.total = 60s;
  CHECK(judge_stream("anthropic", nothing).cls == Class::stream_stalled);
  nothing.error = TransportError::truncated_body;
  CHECK(judge_stream("anthropic", nothing).cls == Class::stream_truncated);
  nothing.status = 0;
  nothing.error = TransportError::timeout_first_byte;
  CHECK(judge_stream("anthropic", nothing).cls == Class::timeout_before_first_byte);
  // What came in full is right, even if the connection was not closed after it.
  Response open = timed({1, 1, 2, 3, 3, 3}, 6);
  open.error = TransportError::timeout_body;
  open.total = 60s;
  CHECK(judge_stream("anthropic", open).cls == Class::ok);
}

TEST_CASE("llm streams: refusals and filters are healthy, a spliced stream is noted") {
  const auto delta = [](const char* reason) {
    return test::sse(R"({"type":"message_start","message":{"id":"m"}})") +
           test::sse(std::string(R"({"type":"message_delta","delta":{"stop_reason":")") + reason + "\"}}") +
           test::sse(R"({"type":"message_stop"})");
  };
  CHECK(judge_stream("anthropic", streamed(delta("refusal"))).cls == Class::ok);
  CHECK(judge_stream("gemini", streamed(test::sse(R"({"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"}})"))).cls ==
        Class::ok);
  CHECK(judge_stream("gemini", streamed(test::sse(R"({"candidates":[{"finishReason":"SAFETY"}]})"))).cls == Class::ok);
  const LlmAttribution spliced = judge_stream(
      "anthropic", streamed(test::sse(R"({"type":"message_start","message":{"id":"m"}})") + delta("end_turn")));
  CHECK(spliced.cls == Class::ok);
  CHECK(spliced.evidence.detail.find("message_start twice") != std::string::npos);
  // The first half ended, the second did not.
  CHECK(judge_stream("anthropic",
                     streamed(delta("end_turn") + test::sse(R"({"type":"message_start","message":{"id":"m"}})")))
            .cls == Class::stream_truncated);
}

TEST_CASE("llm streams: what cannot be read is counted and does not end the reading") {
  for (Sample sample : samples()) {
    if (sample.binary) continue;
    sample.parts.insert(sample.parts.begin(), sample.what == "lines" ? "{not json\n" : "data: {not json\n\n");
    const LlmAttribution out = judge_stream(sample.wire, streamed(sample.body()));
    CHECK_MESSAGE(out.cls == Class::ok, sample.wire, ": ", out.evidence.detail);
    CHECK(out.evidence.detail.find("could not be read") != std::string::npos);
  }
}

TEST_CASE("llm streams: an event that calls itself an error is one, whatever its data") {
  for (const char* wire : {"anthropic", "openai", "openai-responses", "gemini", "vertex", "llamacpp"}) {
    CAPTURE(wire);
    CHECK(judge_stream(wire, streamed("event: error\ndata: it broke\n\n")).cls == Class::server_error);
    CHECK(judge_stream(wire, streamed("event: error\ndata: {\"message\":\"Overloaded\"}\n\n")).cls == Class::overloaded);
  }
}

TEST_CASE("llm streams: a document where a stream belongs") {
  CHECK(
      judge_stream("openai", streamed(R"({"error":{"code":"server_is_overloaded","message":"m"}})", "application/json"))
          .cls == Class::overloaded);
  CHECK(judge_stream("openai", streamed(R"({"choices":[{"message":{"content":"a"},"finish_reason":"stop"}]})",
                                        "application/json"))
            .cls == Class::unexpected_content);
  CHECK(judge_stream("openai", streamed("<html>hello</html>", "text/html")).cls == Class::unexpected_content);
  CHECK(judge_stream("openai", streamed("hello", "text/plain")).cls == Class::unexpected_content);
  CHECK(judge_stream("openai", streamed("", "")).cls == Class::unexpected_content);
  CHECK(judge_stream("openai", streamed("", "text/event-stream")).cls == Class::stream_truncated);
  // Google's answer without alt=sse is an array of the events.
  const std::string whole =
      R"([{"candidates":[{"content":{"parts":[{"text":"a"}]}}]},{"candidates":[{"finishReason":"STOP"}]}])";
  for (std::size_t n = 0; n <= whole.size(); ++n)
    CHECK((judge_stream("vertex", streamed(whole.substr(0, n), "application/json")).cls == Class::ok) ==
          (n == whole.size()));
  CHECK(judge_stream("gemini", streamed(R"([{"error":{"code":503,"status":"UNAVAILABLE","message":"m"}}])")).cls ==
        Class::overloaded);
  // A server that dies half-way writes its error as it would elsewhere.
  const std::string half = test::sse(R"({"candidates":[{"content":{"parts":[{"text":"a"}]}}]})");
  CHECK(
      judge_stream(
          "gemini",
          streamed(
              half +
              "{\n  \"error\": {\n    \"code\": 500,\n    \"status\": \"INTERNAL\",\n    \"message\": \"m\"\n  }\n}\n"))
          .cls == Class::server_error);
}

TEST_CASE("llm streams: recorded ones, cut at every byte, are never ok without their terminator") {
  const std::map<std::string, std::string> terminators = {{"anthropic", "\"type\":\"message_stop\"}"},
                                                          {"openai", "\"finish_reason\":\"stop\""},
                                                          {"gemini", "\"finishReason\":\"STOP\""},
                                                          {"bedrock", "stopReason"}};
  int rows = 0;
  for (const auto& row : test::fixture_rows("llm/samples/manifest.jsonl")) {
    if (row.at("stream") != true || row.at("content_type") == "timeline") continue;
    const std::string file = row.at("file"), wire = row.at("wire");
    const std::string body = test::read_bytes(test::fixture_root() + "/llm/samples/" + file);
    const bool right = row.at("cls") == "ok";
    const std::size_t end = right ? body.find(terminators.at(wire)) + terminators.at(wire).size() : body.size() + 1;
    REQUIRE(end != std::string::npos);
    const std::size_t step = body.size() > 4000 ? 7 : 1;
    for (std::size_t n = 0; n<body.size(); n += n + 400> end && n < end + 400 ? 1 : step)
      if (n < end) CHECK_MESSAGE(judge_stream(wire, streamed(body.substr(0, n))).cls != Class::ok, file, " cut at ", n);
    CHECK_MESSAGE((judge_stream(wire, test::byte_by_byte(body)).cls == Class::ok) == right, file);
    ++rows;
  }
  if (rows != 0) CHECK(rows >= 14);
}

}  // namespace outaged::probes::llm
