#include "probes/llm/timeline.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/llm/event_stream.h"
#include "probes/llm/lines.h"
#include "probes/llm/reader.h"

namespace outaged::probes::llm {
namespace {

using nlohmann::json;

std::string as_text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump(-1, ' ', false, json::error_handler_t::replace);
}

void read_head(const json& event, Response& out) {
  if (const json* status = member(event, "status"); status && status->is_number_integer()) {
    const auto number = status->get<std::int64_t>();
    if (number >= 100 && number <= 999) out.status = static_cast<int>(number);
  }
  for (const auto& [key, value] : event.items()) {
    if (key == "t_ms" || key == "ev" || key == "status" || value.is_null()) continue;
    if (key == "headers" && value.is_object()) {
      for (const auto& [name, text] : value.items()) out.headers.emplace_back(lower_ascii(name), as_text(text));
    } else {
      out.headers.emplace_back(key == "content_type" ? "content-type" : lower_ascii(key), as_text(value));
    }
  }
}

/// How it ended, from what the event is called.
void read_end(std::string_view name, Recorded& out) {
  const auto has = [&](std::string_view word) { return name.find(word) != std::string_view::npos; };
  Response& response = out.response;
  if (has("timeout") || has("deadline") || name.starts_with("client_")) {
    out.gave_up = !has("total") && !has("deadline");
    response.error = response.status != 0 ? TransportError::timeout_body
                     : has("connect")     ? TransportError::connect_timeout
                     : has("dns")         ? TransportError::dns_timeout
                                          : TransportError::timeout_first_byte;
  } else if (has("refused")) {
    response.error = TransportError::connect_refused;
  } else if (has("rst") || has("reset") || has("abort") || has("broken") || has("error")) {
    response.error = response.status != 0 ? TransportError::truncated_body : TransportError::reset_before_response;
  } else if (response.status == 0) {
    response.error = TransportError::reset_before_response;
  }
}

}  // namespace

outaged::Result<Recorded> read_timeline(std::string_view text) {
  Recorded out;
  int line_number = 0;
  std::optional<double> start;
  std::string problem, last;
  double now = 0;
  const auto on_line = [&](std::string_view line) {
    ++line_number;
    if (!problem.empty() || line.find_first_not_of(" \t") == std::string_view::npos) return;
    json event;
    std::string why;
    if (!parse_json(line, event, &why) || !event.is_object()) {
      problem = fmt::format("line {}: {}", line_number, why.empty() ? "not an object" : why);
      return;
    }
    const json* at = member(event, "t_ms");
    const std::string name = string_at(event, "ev");
    if (!at || !at->is_number() || name.empty()) {
      problem = fmt::format("line {}: needs \"t_ms\" (a number) and \"ev\" (a word)", line_number);
      return;
    }
    const double t = at->get<double>();
    if (!std::isfinite(t) || t < now || t > 1e9) {
      problem = fmt::format("line {}: t_ms must not fall, nor pass 1e9", line_number);
      return;
    }
    now = t;
    if (!start || name == "request_sent") start = t;
    const Micros since{std::llround((t - *start) * 1000)};
    out.response.total = since;
    last = name;
    if (name == "headers") {
      read_head(event, out.response);
    } else if (name == "chunk" || member(event, "data")) {
      last = "chunk";
      const std::string raw = string_at(event, "data_base64");
      out.response.body += raw.empty() ? string_at(event, "data") : decode_base64(raw);
      out.response.arrivals.push_back({since, out.response.body.size()});
    }
  };
  LineSplitter lines;
  lines.feed(text, on_line);
  lines.finish(on_line);
  if (!problem.empty()) return Error{problem};
  if (!start) return Error{"an empty timeline"};
  read_end(last == "headers" || last == "chunk" || last == "request_sent" ? "eof" : last, out);
  return out;
}

LlmExpectation as_recorded(LlmExpectation expectation, const Wire& wire, const Recorded& recorded) {
  if (!recorded.gave_up) return expectation;
  const StreamReading reading = wire.read_stream(recorded.response.body, recorded.response.arrivals);
  if (!reading.last_content) return expectation;
  const auto silence = std::chrono::floor<Duration>(recorded.response.total - *reading.last_content);
  expectation.max_gap = std::min(expectation.max_gap, std::max(silence - 1ms, Duration{}));
  return expectation;
}

}  // namespace outaged::probes::llm
