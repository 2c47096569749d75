// Streams of every wire, made by hand: a right one, and what ends it. Shared by the tests of the llm readers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "probes/llm/judge.h"

namespace outaged::test {

/// CRC32 bit by bit (IEEE 802.3), so that the reader's is checked against another.
inline std::uint32_t crc32_of(std::string_view bytes) {
  std::uint32_t crc = 0xffffffffU;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1U ? 0xedb88320U : 0U);
  }
  return ~crc;
}

inline std::string big_endian(std::uint32_t number) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(number >> shift & 0xffU));
  return out;
}

using FrameHeaders = std::vector<std::pair<std::string, std::string>>;

inline std::string frame(const FrameHeaders& headers, const std::string& payload) {
  std::string head;
  for (const auto& [name, value] : headers) {
    head.push_back(static_cast<char>(name.size()));
    head += name;
    head.push_back(7);
    head.push_back(static_cast<char>(value.size() >> 8));
    head.push_back(static_cast<char>(value.size() & 0xffU));
    head += value;
  }
  std::string out = big_endian(static_cast<std::uint32_t>(16 + head.size() + payload.size())) +
                    big_endian(static_cast<std::uint32_t>(head.size()));
  out += big_endian(crc32_of(out));
  out += head + payload;
  return out + big_endian(crc32_of(out));
}

inline std::string event_frame(const std::string& type, const std::string& payload) {
  return frame({{":event-type", type}, {":content-type", "application/json"}, {":message-type", "event"}}, payload);
}

inline std::string exception_frame(const std::string& type, const std::string& message) {
  return frame({{":exception-type", type}, {":content-type", "application/json"}, {":message-type", "exception"}},
               "{\"message\":\"" + message + "\"}");
}

inline std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k)
      bits = bits << 8 | (i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += i + k > bytes.size() ? '=' : digits[bits >> (18 - 6 * k) & 63U];
  }
  return out;
}

inline std::string chunk_frame(const std::string& native) {
  return event_frame("chunk", "{\"bytes\":\"" + base64(native) + "\"}");
}

struct Sample {
  std::string wire, what;
  std::vector<std::string> parts;  // in order; whole events
  std::size_t ending = 0;          // the part with the success terminator
  std::string error;               // an error event of this wire that means "overloaded" or a server's error
  std::string keep_alive;          // "" if the wire has none
  bool binary = false;

  std::string body() const {
    std::string out;
    for (const std::string& part : parts) out += part;
    return out;
  }
  std::size_t ends_at() const {
    std::size_t out = 0;
    for (std::size_t i = 0; i <= ending; ++i) out += parts[i].size();
    return out;
  }
};

inline std::string sse(const std::string& data, const std::string& name = "") {
  return (name.empty() ? "" : "event: " + name + "\n") + "data: " + data + "\n\n";
}

inline std::vector<std::string> messages_events() {
  return {
      R"({"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","content":[],"stop_reason":null,"usage":{"input_tokens":9,"output_tokens":1}}})",
      R"({"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}})",
      R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hi"}})",
      R"({"type":"content_block_stop","index":0})",
      R"({"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"output_tokens":7}})",
      R"({"type":"message_stop"})"};
}

inline std::vector<Sample> samples() {
  std::vector<Sample> out;

  Sample messages{
      .wire = "anthropic",
      .what = "messages",
      .parts = {},
      .ending = 5,
      .error = sse(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})", "error"),
      .keep_alive = sse(R"({"type": "ping"})", "ping")};
  for (const std::string& event : messages_events()) {
    const auto from = event.find(':') + 2;
    messages.parts.push_back(sse(event, event.substr(from, event.find('"', from) - from)));
  }
  out.push_back(messages);
  Sample nameless = messages;
  nameless.what = "messages without names, data without a space";
  for (std::string& part : nameless.parts) part = "data:" + part.substr(part.find("data: ") + 6);
  nameless.wire = "vertex-anthropic";
  out.push_back(nameless);
  nameless.wire = "vertex";
  out.push_back(nameless);

  Sample chat{
      .wire = "openai",
      .what = "chat",
      .parts =
          {sse(R"({"id":"c1","choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}]})"),
           sse(R"({"id":"c1","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]})"),
           sse(R"({"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"length"}]})"),
           sse(R"({"id":"c1","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":7}})"), "data: [DONE]\n\n"},
      .ending = 2,
      .error = sse(R"({"error":{"message":"The server had an error","type":"server_error","code":null}})") +
               "data: [DONE]\n\n",
      .keep_alive = ": keep-alive\n\n"};
  for (const char* wire :
       {"openai", "azure-openai", "mistral", "groq", "openrouter", "vllm", "llamacpp", "ollama", "openai-compatible"}) {
    chat.wire = wire;
    out.push_back(chat);
  }

  out.push_back(
      {.wire = "openai-responses",
       .what = "responses",
       .parts =
           {sse(R"({"type":"response.created","response":{"id":"resp_1","status":"in_progress","error":null}})",
                "response.created"),
            sse(R"({"type":"response.output_text.delta","delta":"Hi"})", "response.output_text.delta"),
            sse(R"({"type":"response.output_text.done","text":"Hi"})", "response.output_text.done"),
            sse(R"({"type":"response.incomplete","response":{"id":"resp_1","status":"incomplete","error":null,"incomplete_details":{"reason":"max_output_tokens"},"usage":{"input_tokens":9,"output_tokens":7}}})",
                "response.incomplete")},
       .ending = 3,
       .error = sse(R"({"type":"error","code":"server_is_overloaded","message":"m","param":null})", "error"),
       .keep_alive = ": ping\n\n"});

  Sample gemini{
      .wire = "gemini",
      .what = "generateContent",
      .parts =
          {sse(R"({"candidates":[{"content":{"parts":[{"text":"Hi"}],"role":"model"},"index":0}]})"),
           sse(R"({"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"finishReason":"MAX_TOKENS","index":0}],"usageMetadata":{"promptTokenCount":9,"candidatesTokenCount":7}})")},
      .ending = 1,
      .error = sse(R"({"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}})"),
      .keep_alive = ": ping\n\n"};
  out.push_back(gemini);
  gemini.wire = "vertex";
  out.push_back(gemini);

  Sample converse{.wire = "bedrock",
                  .what = "converse",
                  .parts = {event_frame("messageStart", R"({"role":"assistant"})"),
                            event_frame("contentBlockDelta", R"({"contentBlockIndex":0,"delta":{"text":"Hi"}})"),
                            event_frame("contentBlockStop", R"({"contentBlockIndex":0})"),
                            event_frame("messageStop", R"({"stopReason":"max_tokens"})"),
                            event_frame("metadata", R"({"usage":{"inputTokens":9,"outputTokens":7}})")},
                  .ending = 3,
                  .error = exception_frame("serviceUnavailableException", "busy"),
                  .keep_alive = "",
                  .binary = true};
  out.push_back(converse);
  Sample native = converse;
  native.wire = "bedrock-anthropic";
  native.what = "messages in frames";
  native.parts.clear();
  for (const std::string& event : messages_events()) native.parts.push_back(chunk_frame(event));
  native.ending = 5;
  native.keep_alive = chunk_frame(R"({"type":"ping"})");
  out.push_back(native);
  native.wire = "bedrock";
  out.push_back(native);

  out.push_back({.wire = "ollama",
                 .what = "lines",
                 .parts = {"{\"model\":\"m\",\"response\":\"Hi\",\"done\":false}\n",
                           "{\"model\":\"m\",\"response\":\"\",\"done\":true,\"done_reason\":\"length\",\"prompt_eval_"
                           "count\":9,\"eval_count\":7}\n"},
                 .ending = 1,
                 .error = "{\"error\":\"the runner was killed\"}\n",
                 .keep_alive = ""});
  out.push_back(
      {.wire = "llamacpp",
       .what = "native",
       .parts = {sse(R"({"content":"Hi","stop":false})"),
                 sse(R"({"content":"","stop":true,"stop_type":"limit","tokens_evaluated":9,"tokens_predicted":7})")},
       .ending = 1,
       .error = "error: {\"code\":500,\"message\":\"m\",\"type\":\"server_error\"}\n\n",
       .keep_alive = ":\n\n"});
  return out;
}

inline Response streamed(std::string body, const std::string& type = "") {
  Response out;
  out.status = 200;
  out.body = std::move(body);
  if (!type.empty()) out.headers.emplace_back("content-type", type);
  return out;
}

/// Each byte by itself, a millisecond apart.
inline Response byte_by_byte(std::string body) {
  Response out = streamed(std::move(body));
  for (std::size_t i = 1; i <= out.body.size(); ++i)
    out.arrivals.push_back({Micros(1000 * static_cast<std::int64_t>(i)), i});
  out.total = Micros(1000 * static_cast<std::int64_t>(out.body.size()));
  return out;
}

inline probes::llm::LlmAttribution judge_stream(const std::string& wire, const Response& response) {
  probes::llm::LlmExpectation expectation;
  expectation.stream = true;
  return probes::llm::attribute_llm(*probes::llm::find_wire(wire), response, expectation);
}

}  // namespace outaged::test
