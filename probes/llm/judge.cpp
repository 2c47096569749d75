#include "probes/llm/judge.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/evidence.h"
#include "probes/llm/errors.h"
#include "probes/retry_after.h"

namespace outaged::probes::llm {
namespace {

bool is_stream_type(const Response& response) {
  const std::string type = lower_ascii(response.header("content-type"));
  for (const std::string_view known : {"text/event-stream", "vnd.amazon.eventstream", "x-ndjson", "jsonl"})
    if (type.find(known) != std::string::npos) return true;
  return false;
}

bool looks_like_events(std::string_view body) {
  for (const std::string_view start : {"data:", "event:", ":",
                                       "\xEF\xBB\xBF"
                                       "data:",
                                       "\xEF\xBB\xBF"
                                       "event:"})
    if (body.starts_with(start)) return true;
  return false;
}

void conclude(LlmAttribution& out, Class cls, std::string_view detail) {
  out.cls = cls;
  out.evidence.detail = clean_line(detail);
}

void take_request_id(LlmAttribution& out, const std::string& id) {
  if (out.evidence.request_id.empty()) out.evidence.request_id = clean_line(id, 200);
}

void judge_error(const Wire& wire, ProviderError error, std::string_view where, LlmAttribution& out) {
  if (wire.router && error.upstream.empty()) error.upstream = out.upstream;
  if (error.retry_after != Duration{} && out.retry_after == Duration{}) out.retry_after = error.retry_after;
  take_request_id(out, error.request_id);
  const Reading meaning = read_error_within(wire, error);
  out.counts = meaning.counts;
  const std::string words = spell_error(error, meaning);
  conclude(out, meaning.cls, fmt::format("{}{}{}", where, words.starts_with(' ') ? ":" : "", words));
}

/// The application answered, but not with what belongs here.
void judge_wrong(std::string_view detail, LlmAttribution& out) {
  conclude(out, Class::unexpected_content, detail);
  if (!out.evidence.request_id.empty()) out.fault = Fault::provider;
}

/// A complete document. False: it is none.
bool judge_document(const Wire& wire, const Response& response, const LlmExpectation& expectation,
                    LlmAttribution& out) {
  nlohmann::json document;
  if (!parse_json(response.body, document)) return false;
  const BodyReading reading = wire.read_body(document, expectation.stream ? Asked::anything : expectation.asked);
  out.usage = reading.usage;
  out.stop_reason = reading.stop_reason;
  switch (reading.shape) {
    case BodyReading::Shape::error:
      judge_error(wire, reading.error.value_or(ProviderError{}), fmt::format("HTTP {} with an error", response.status),
                  out);
      break;
    case BodyReading::Shape::starting:
      conclude(out, Class::starting, fmt::format("HTTP {}: {}", response.status, reading.what));
      break;
    case BodyReading::Shape::wrong:
      judge_wrong(fmt::format("HTTP {}: {}", response.status, reading.what), out);
      break;
    case BodyReading::Shape::right:
      take_request_id(out, reading.request_id);
      if (expectation.stream)
        judge_wrong(fmt::format("HTTP {}: {} in one piece where a stream belongs", response.status, reading.what), out);
      else
        conclude(out, Class::ok,
                 fmt::format("HTTP {}: {}{}", response.status, reading.what,
                             reading.stop_reason.empty() ? "" : ", stop reason " + reading.stop_reason));
      break;
  }
  return true;
}

std::string tell(const StreamReading& reading) {
  std::string out =
      fmt::format("{} event{}, {} with content", reading.events, reading.events == 1 ? "" : "s", reading.contents);
  if (!reading.anomaly.empty()) out += ", " + reading.anomaly;
  return out;
}

std::string spell(Micros t) { return spell_duration(std::chrono::ceil<Duration>(t)); }

void judge_terminated(const StreamReading& reading, const LlmExpectation& expectation, LlmAttribution& out) {
  if (reading.first_content && *reading.first_content > expectation.first_token)
    return conclude(out, Class::timeout_first_token,
                    fmt::format("first token after {}, later than the {} allowed", spell(*reading.first_content),
                                spell_duration(expectation.first_token)));
  if (reading.largest_gap > expectation.max_gap)
    return conclude(out, Class::stream_stalled,
                    fmt::format("nothing came for {} amid the stream, longer than the {} allowed",
                                spell(reading.largest_gap), spell_duration(expectation.max_gap)));
  conclude(out, Class::ok,
           fmt::format("a complete stream ({}){}{}", tell(reading),
                       reading.stop_reason.empty() ? "" : ", stop reason " + reading.stop_reason,
                       reading.refused ? ", refused" : ""));
}

void judge_unfinished(const Wire& wire, const Response& response, const StreamReading& reading,
                      const LlmExpectation& expectation, LlmAttribution& out) {
  if (response.error == TransportError::too_large)
    return conclude(out, Class::body_too_large, fmt::format("a stream larger than allowed ({})", tell(reading)));
  if (response.error == TransportError::timeout_body) {
    if (!reading.last_content)
      return conclude(
          out, Class::stream_stalled,
          fmt::format("HTTP {}, then {} ({})", response.status,
                      reading.contents > 0 ? "silence" : fmt::format("no content within {}", spell(response.total)),
                      tell(reading)));
    const Micros silence = response.total - *reading.last_content;
    if (silence > expectation.max_gap)
      return conclude(out, Class::stream_stalled,
                      fmt::format("silence for {} after {}", spell(silence), tell(reading)));
    return conclude(out, Class::timeout_body,
                    fmt::format("the stream did not end within {} ({})", spell(response.total), tell(reading)));
  }
  // One may be the path's doing, or that of whoever a router forwards to; a vendor's own stream has one author.
  out.counts = wire.router ? Counts::maybe : Counts::bad;
  conclude(out, Class::stream_truncated,
           fmt::format("the stream {} without its closing event ({})",
                       response.error == TransportError::none ? "ended" : "broke off", tell(reading)));
}

void judge_stream(const Wire& wire, const Response& response, const LlmExpectation& expectation, LlmAttribution& out) {
  const StreamReading reading = wire.read_stream(response.body, response.arrivals);
  out.first_token = reading.first_content;
  if (reading.contents > 1 && reading.first_content) out.largest_gap = reading.largest_gap;
  out.usage = reading.usage;
  out.stop_reason = reading.stop_reason;
  out.upstream = reading.upstream;
  take_request_id(out, reading.request_id);

  if (reading.error)
    return judge_error(wire, *reading.error, fmt::format("HTTP {}, then an error in the stream", response.status), out);
  if (reading.terminated) return judge_terminated(reading, expectation, out);
  if (reading.events == 0 && response.error == TransportError::none) {
    LlmExpectation document = expectation;
    document.stream = expectation.stream || !is_stream_type(response);
    if (judge_document(wire, response, document, out)) return;
    if (!is_stream_type(response) && !response.header("content-type").empty())
      return judge_wrong(
          fmt::format("HTTP {} with {} where a stream belongs", response.status, response.header("content-type")), out);
  }
  judge_unfinished(wire, response, reading, expectation, out);
}

/// Refused as it should be, but in the words of the API itself: anything can say 401.
void judge_refusal(const Wire& wire, const Response& response, LlmAttribution& out) {
  if (response.status < 400 || response.status == 405 || wire.domain.empty() || read_provider_error(response)) return;
  judge_wrong(fmt::format("HTTP {} without the API's error body", response.status), out);
}

void read_retry_after(const Response& response, LlmAttribution& out) {
  if (const auto header = retry_after_header(response)) {
    out.retry_after = *header;
  } else if (response.status >= 400) {
    const auto error = read_provider_error(response);
    if (!error) return;
    out.retry_after =
        error->retry_after != Duration{} ? error->retry_after : delay_in_prose(error->message).value_or(Duration{});
  }
}

}  // namespace

LlmAttribution attribute_llm(const Wire& wire, const Response& response, const LlmExpectation& expectation) {
  const bool blank = is_blank(response.body);
  const bool stream_type = is_stream_type(response);
  const bool may_be_blank = wire.blank_health && !expectation.stream &&
                            (expectation.asked == Asked::health || expectation.asked == Asked::anything);
  const bool needs_body = !(blank && (stream_type || may_be_blank));

  Expectation general;
  general.status = expectation.status;
  general.json = general.content = needs_body;
  general.fronted = !wire.domain.empty();
  general.broken_off = true;
  general.domain = wire.domain;
  general.read = [&](const ProviderError* error, const Response& of) -> std::optional<Reading> {
    if (of.status < 400) return std::nullopt;
    const bool has_request_id = (error && !error->request_id.empty()) || !evidence_of(of).request_id.empty();
    return read_failure(wire, error, of.status, has_request_id);
  };

  LlmAttribution out;
  static_cast<Attribution&>(out) = attribute(response, general);
  read_retry_after(response, out);
  if (out.cls != Class::ok || !expects(general, response.status)) return out;
  if (response.status < 200 || response.status > 299) {
    judge_refusal(wire, response, out);
    return out;
  }

  if (!response.header("x-amzn-errortype").empty()) {
    judge_error(wire, read_provider_error(response).value_or(ProviderError{}),
                fmt::format("HTTP {} with an error", response.status), out);
    return out;
  }
  const bool streamed =
      expectation.stream || stream_type || (expectation.asked == Asked::anything && looks_like_events(response.body));
  if (streamed) {
    judge_stream(wire, response, expectation, out);
  } else if (response.error != TransportError::none) {
    conclude(out, class_of(response.error),
             fmt::format("HTTP {}, but the answer {}", response.status,
                         response.error == TransportError::timeout_body ? "did not end in time" : "broke off"));
  } else if (blank) {
    if (!may_be_blank) judge_wrong(fmt::format("HTTP {} with an empty body", response.status), out);  // a 204, say
  } else if (!judge_document(wire, response, expectation, out)) {
    judge_wrong(fmt::format("HTTP {} with something that is not JSON", response.status), out);
  }
  return out;
}

}  // namespace outaged::probes::llm
