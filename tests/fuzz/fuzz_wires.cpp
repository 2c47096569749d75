// Any bytes as the answer of any wire: no crash, no hang, one clean line of evidence, and never `ok` for a stream that
// its wire does not call terminated.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "probes/llm/judge.h"
#include "probes/llm/timeline.h"
#include "probes/web_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace outaged;
  namespace llm = probes::llm;
  if (size < 3) return 0;
  const llm::Wire& wire = llm::wires()[data[0] % llm::wires().size()];
  static constexpr int statuses[] = {200, 200, 200, 202, 302, 400, 401, 403, 404, 429, 500, 502, 503, 529};
  Response response;
  response.status = statuses[data[1] % std::size(statuses)];
  response.body.assign(reinterpret_cast<const char*>(data) + 3, size - 3);
  const std::size_t piece = 1 + data[2] % 64;
  for (std::size_t end = piece; end < response.body.size() + piece; end += piece)
    response.arrivals.push_back({Micros(static_cast<std::int64_t>(end)), end});
  if (data[2] & 64U) response.headers.emplace_back("content-type", "text/event-stream");
  llm::LlmExpectation expectation;
  expectation.stream = (data[1] & 128U) != 0;
  if (data[2] & 128U) response.error = TransportError::truncated_body;
  const llm::LlmAttribution out = llm::attribute_llm(wire, response, expectation);
  if (out.evidence.detail.size() > 400 || out.evidence.detail.find_first_of("\r\n\x1b") != std::string::npos)
    std::abort();
  if (out.cls == Class::ok && expectation.stream && response.status == 200) {
    const llm::StreamReading reading = wire.read_stream(response.body, response.arrivals);
    if (!reading.terminated || reading.error) std::abort();
  }
  (void)probes::attribute_web(response);
  (void)llm::read_timeline(response.body);
  return 0;
}
