// What the tests of the llm kind share: a clock that tests turn, checks, and an API that answers by path without a
// socket, so that a day of runs takes a moment.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "probes/kinds/kinds.h"
#include "probes/llm/ledger.h"
#include "probes/llm/requests.h"

namespace test {

using outaged::Class;
using outaged::Duration;
using outaged::Request;
using outaged::Response;
using outaged::Timestamp;
using namespace std::chrono_literals;

class TurnedClock final : public outaged::Clock {
 public:
  explicit TurnedClock(Timestamp start = *outaged::parse_time("2026-04-13T00:00:00Z")) : start_(start) {}
  Timestamp wall() const override { return start_ + passed; }
  outaged::SteadyTime steady() const override { return outaged::SteadyTime{} + 1000h + passed; }
  Duration passed{};

 private:
  const Timestamp start_;
};

inline outaged::config::LlmCheck llm_check(const std::string& wire, const std::string& key = "sk-test-key-0123456789") {
  outaged::config::LlmCheck check;
  check.wire = wire;
  check.model = "tiny-model";
  if (!key.empty()) check.api_key = outaged::config::Secret(key);
  check.region = "eu-west-1";
  check.project = "my-project";
  check.deployment = "my-deployment";
  check.api_version = wire == "azure-openai" ? "2024-10-21" : "";
  check.ledger = "acme";
  check.tokens_per_day = 60'000;
  check.requests_per_day = 2'000;
  return check;
}

inline outaged::config::Target llm_target(outaged::config::LlmCheck check, const std::string& name = "acme/api/tiny") {
  outaged::config::Target target;
  target.name = name;
  target.kind = "llm";
  target.timeout = 30s;
  target.check = std::move(check);
  return target;
}

inline Response answer(int status, std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  Response out;
  out.status = status;
  out.body = std::move(body);
  out.headers = {{"content-type", "application/json"}, {"request-id", "req_1"}};
  for (auto& header : headers) out.headers.insert(out.headers.begin(), header);
  out.total = 200ms;
  out.remote = "192.0.2.1:443";
  return out;
}

/// Not the provider's application, which gives a request id.
inline Response gateway(int status) {
  Response out = answer(status, "upstream connect error or disconnect/reset before headers");
  out.headers = {{"content-type", "text/plain"}};
  return out;
}

// Made by hand after the shapes of the Messages API.
inline const std::string message_ok =
    R"({"id":"msg_1","type":"message","role":"assistant","model":"tiny-model","content":[{"type":"text","text":"Hi"}],)"
    R"("stop_reason":"max_tokens","usage":{"input_tokens":8,"output_tokens":1}})";
inline const std::string message_stream =
    "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\",\"type\":\"message\",\"usage\":"
    "{\"input_tokens\":8,\"output_tokens\":1}}}\n\n"
    "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,\"content_block\":{\"type\":\"text\","
    "\"text\":\"\"}}\n\n"
    "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{\"type\":\"text_delta\","
    "\"text\":\"Hi\"}}\n\n"
    "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
    "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"max_tokens\"},\"usage\":"
    "{\"output_tokens\":1}}\n\n"
    "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n";
inline std::string anthropic_error(const std::string& type, const std::string& text) {
  return R"({"type":"error","error":{"type":")" + type + R"(","message":")" + text + R"("},"request_id":"req_1"})";
}

/// An Anthropic API without a socket. Each of its answers may be replaced.
struct FakeApi {
  std::function<Response(const Request&)> canary = [](const Request&) {
    return answer(401, anthropic_error("authentication_error", "x-api-key header is required"));
  };
  std::function<Response(const Request&)> models = [](const Request&) {
    return answer(200, R"({"data":[{"type":"model","id":"tiny-model"}],"has_more":false})");
  };
  std::function<Response(const Request&)> count = [](const Request&) { return answer(200, R"({"input_tokens":8})"); };
  std::function<Response(const Request&)> paid = [](const Request& request) {
    return request.body.find("\"stream\":true") != std::string::npos
               ? answer(200, message_stream, {{"content-type", "text/event-stream"}})
               : answer(200, message_ok);
  };
  std::vector<std::string> asked;  // rungs, in order

  Response operator()(const Request& request) {
    const bool keyed = std::any_of(request.headers.begin(), request.headers.end(),
                                   [](const auto& header) { return header.first == "x-api-key"; });
    const auto ends = [&](std::string_view path) { return request.url.ends_with(path); };
    const std::string rung = ends("/v1/models")                ? "models"
                             : ends("/v1/messages/count_tokens") ? "count"
                             : !keyed                            ? "canary"
                             : request.body.find("\"stream\":true") != std::string::npos ? "stream"
                                                                                         : "completion";
    asked.push_back(rung);
    auto response = rung == "models" ? models(request) : rung == "count" ? count(request) : rung == "canary" ? canary(request) : paid(request);
    response.url = request.url;
    return response;
  }
};

/// One run, from its first request to its finding.
template <class Api>
outaged::Finding run(const outaged::Probe& probe, Api& api, bool base = true) {
  outaged::Run state;
  state.base_schedule = base;
  state.requests = 1;
  REQUIRE(std::holds_alternative<outaged::Nothing>(probe.first()));
  auto step = probe.next(Response{}, state);
  for (int i = 0; i < 10; ++i) {
    if (auto* finding = std::get_if<outaged::Finding>(&step)) return std::move(*finding);
    REQUIRE(std::holds_alternative<Request>(step));
    ++state.requests;
    step = probe.next(api(std::get<Request>(step)), state);
  }
  FAIL("the run did not end");
  return {};
}

inline std::string detail(const outaged::Finding& finding) { return finding.evidence ? finding.evidence->detail : ""; }

}  // namespace test
