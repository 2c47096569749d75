#include <doctest/doctest.h>

#include "probes/llm/event_stream.h"
#include "probes/llm/sse.h"
#include "tests/probes/llm_streams.h"

namespace outaged::probes::llm {
namespace {

/// Every event as "name|data", for all ways of cutting the text in two.
std::vector<std::string> events(const std::string& text) {
  std::vector<std::string> first;
  for (std::size_t cut = 0; cut <= text.size(); ++cut) {
    std::vector<std::string> out;
    SseParser parser;
    const auto take = [&](const SseEvent& event) {
      out.push_back(std::string(event.name) + "|" + std::string(event.data));
    };
    parser.feed(std::string_view(text).substr(0, cut), take);
    parser.feed(std::string_view(text).substr(cut), take);
    parser.finish(take);
    if (cut == 0) first = out;
    CHECK_MESSAGE(out == first, "cut at ", cut);
  }
  return first;
}

using Events = std::vector<std::string>;

}  // namespace

TEST_CASE("sse: the grammar, however it is cut") {
  CHECK(events("data: a\n\n") == Events{"|a"});
  CHECK(events("data:a\r\n\r\n") == Events{"|a"});
  CHECK(events("event: x\rdata: a\r\r") == Events{"x|a"});
  CHECK(events("data:  a\n\n") == Events{"| a"});  // one space belongs to the grammar, not more
  CHECK(events("data: a\ndata: b\n\n") == Events{"|a\nb"});
  CHECK(events("data\n\n") == Events{"|"});
  CHECK(events(": comment\n\ndata: a\n\n:\n") == Events{"|a"});
  CHECK(events("event: ping\n\ndata: a\n\n") == Events{"|a"});  // no data, no event, and its name is not kept
  CHECK(events("\xEF\xBB\xBF"
               "data: a\n\n") == Events{"|a"});
  CHECK(events("id: 7\nretry: 10\ndata: a\n\n") == Events{"|a"});
  CHECK(events("data: a\n\ndata: b\n\n") == Events{"|a", "|b"});
  CHECK(events("data: a") == Events{"|a"});  // its end is missing
  CHECK(events("error: {\"code\":500}\n\n") == Events{"error|{\"code\":500}"});
  CHECK(events("").empty());
  CHECK(events("\n\n\r\n").empty());
}

TEST_CASE("sse: lines of no grammar are kept aside, comments are counted") {
  SseParser parser;
  const auto none = [](const SseEvent&) { FAIL("no event"); };
  parser.feed(": a\n: b\n{\n  \"error\": 1\n}\n", none);
  parser.finish(none);
  CHECK(parser.comments() == 2);
  CHECK(parser.stray() == "{\n  \"error\": 1\n}\n");
}

TEST_CASE("sse: what is too large is dropped and counted, and the next event is read") {
  SseParser parser;
  Events got;
  const auto take = [&](const SseEvent& event) { got.emplace_back(event.data); };
  const std::string megabyte(1024 * 1024, 'x');
  parser.feed("data: " + megabyte + "\n\ndata: a\n\n", take);
  for (int i = 0; i < 64; ++i) parser.feed("data: " + megabyte.substr(0, 16 * 1024) + "\n", take);
  parser.feed("\ndata: b\n\n", take);
  parser.finish(take);
  CHECK(got == Events{"a", "b"});
  CHECK(parser.oversized() == 2);
}

TEST_CASE("event stream: frames, however they are cut") {
  const std::string bytes = test::event_frame("a", "{}") + test::frame({}, "") + test::exception_frame("e", "m");
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    EventStreamParser parser;
    Events got;
    const auto take = [&](const Frame& frame) {
      got.push_back(std::string(frame.header(":event-type")) + std::string(frame.header(":exception-type")) + "|" +
                    std::string(frame.payload));
    };
    parser.feed(std::string_view(bytes).substr(0, cut), take);
    parser.feed(std::string_view(bytes).substr(cut), take);
    CHECK(got == Events{"a|{}", "|", "e|{\"message\":\"m\"}"});
    CHECK(parser.pending() == 0);
    CHECK(parser.corrupt() == 0);
  }
}

TEST_CASE("event stream: no changed bit passes the checksums") {
  const std::string one = test::event_frame("messageStop", R"({"stopReason":"end_turn"})");
  for (std::size_t i = 0; i < one.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string changed = one;
      changed[i] = static_cast<char>(changed[i] ^ (1 << bit));
      EventStreamParser parser;
      int frames = 0;
      parser.feed(changed, [&](const Frame&) { ++frames; });
      CHECK(frames == 0);
      CHECK(parser.corrupt() == 1);
      CHECK(test::judge_stream("bedrock", test::streamed(changed)).cls != Class::ok);
    }
  }
}

TEST_CASE("event stream: a frame that is spoilt is skipped, a length that is spoilt ends it") {
  std::string spoilt = test::event_frame("a", "{}");
  spoilt.back() = static_cast<char>(spoilt.back() ^ 1);
  EventStreamParser parser;
  int frames = 0;
  const auto take = [&](const Frame&) { ++frames; };
  parser.feed(spoilt + test::event_frame("b", "{}"), take);
  CHECK(frames == 1);
  CHECK(parser.corrupt() == 1);
  CHECK(!parser.broken());
  // A right checksum over a hostile length.
  std::string huge = test::big_endian(0x7fffffff) + test::big_endian(0);
  huge += test::big_endian(test::crc32_of(huge));
  parser.feed(huge, take);
  CHECK(parser.broken());
  parser.feed(test::event_frame("c", "{}"), take);
  CHECK(frames == 1);
}

TEST_CASE("base64: what it can read and what not") {
  for (const char* text : {"", "a", "ab", "abc", "abcd", "{\"type\":\"message_stop\"}"})
    CHECK(decode_base64(test::base64(text)) == text);
  CHECK(decode_base64("YQ") == "a");
  CHECK(decode_base64("Y Q==").empty());
  CHECK(decode_base64("YQ=YQ").empty());
}

}  // namespace outaged::probes::llm
