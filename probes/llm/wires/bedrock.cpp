// Amazon Bedrock: Converse, and InvokeModel with the native answers of Anthropic's models. Streams are binary frames;
// the native events are JSON in base64 within them. Source:
// https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/llm/event_stream.h"
#include "probes/llm/wires/all.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {
namespace {

using nlohmann::json;

Usage usage_of(const json& object) {
  const json* usage = member(object, "usage");
  if (!usage) return {};
  return {count_of(*usage, "inputTokens"), count_of(*usage, "outputTokens")};
}

bool is_refusal(std::string_view reason) {
  return reason == "guardrail_intervened" || reason == "content_filtered" || reason == "refusal";
}

/// The name of an exception stands in a header, its words in the payload.
ProviderError exception_of(std::string_view name, std::string_view payload) {
  ProviderError out;
  json document;
  if (parse_json(payload, document)) out = read_error_document(document).value_or(ProviderError{});
  if (!name.empty() && name.find_first_of(" :/<") == std::string_view::npos)
    out.words.insert(out.words.begin(), clean_line(name, 80));
  return out;
}

void read_converse_event(std::string_view type, const json& event, Tally& tally) {
  if (type == "contentBlockDelta") {
    const json* delta = member(event, "delta");
    if (!delta) return;
    const json* reasoning = member(*delta, "reasoningContent");
    const json* tool = member(*delta, "toolUse");
    if (size_of(*delta, "text") > 0 || (reasoning && size_of(*reasoning, "text") > 0) ||
        (tool && size_of(*tool, "input") > 0))
      tally.content();
  } else if (type == "contentBlockStart") {
    if (const json* start = member(event, "start"); start && member(*start, "toolUse")) tally.content();
  } else if (type == "messageStart") {
    if (tally.reading.terminated) tally.note("messageStart twice");
  } else if (type == "messageStop") {
    const std::string reason = string_at(event, "stopReason");
    tally.reading.stop_reason = clean_line(reason, 80);
    tally.reading.refused = is_refusal(reason);
    if (!reason.empty()) tally.terminate();
  } else if (type == "metadata") {
    merge(tally.reading.usage, usage_of(event));
  }
}

class Frames {
 public:
  void operator()(const Frame& frame, Tally& tally) {
    const std::string_view kind = frame.header(":message-type");
    tally.event();
    if (kind == "exception" || kind == "error") {
      const std::string_view name = frame.header(kind == "error" ? ":error-code" : ":exception-type");
      ProviderError error = exception_of(name, frame.payload);
      if (error.message.empty()) error.message = clean_line(frame.header(":error-message"));
      return tally.fail(std::move(error));
    }
    json document;
    if (kind != "event" || !parse_json(frame.payload, document)) {
      ++tally.reading.unparsable;
      return;
    }
    const std::string_view type = frame.header(":event-type");
    if (type != "chunk") return read_converse_event(type, document, tally);
    json native;
    if (!parse_json(decode_base64(string_at(document, "bytes")), native)) {
      ++tally.reading.unparsable;
      return;
    }
    if (const json* metrics = member(native, "amazon-bedrock-invocationMetrics"))
      merge(tally.reading.usage, {count_of(*metrics, "inputTokenCount"), count_of(*metrics, "outputTokenCount")});
    messages_("", native, tally);
  }

 private:
  MessagesEvents messages_;
};

StreamReading read_stream(std::string_view body, const std::vector<Arrival>& arrivals) {
  Tally tally;
  if (first_byte(body) == '{') return tally.reading;  // a document, not frames
  EventStreamParser parser;
  Frames frames;
  for_each_piece(body, arrivals, [&](std::string_view piece, std::optional<Micros> at) {
    tally.at(at);
    parser.feed(piece, [&](const Frame& frame) { frames(frame, tally); });
  });
  tally.reading.unparsable += parser.corrupt();
  if (parser.corrupt() > 0) tally.note("frames with a wrong checksum or length");
  if (parser.pending() > 0) tally.note("a frame that did not come in full");
  return tally.reading;
}

/// A frame that a proxy or a log wrote out as JSON: {"headers": {":exception-type": …}, "body": "…"}.
std::optional<BodyReading> read_decoded_frame(const json& document) {
  const json* headers = member(document, "headers");
  if (!headers) return std::nullopt;
  const std::string kind = string_at(*headers, ":message-type");
  if (kind != "exception" && kind != "error") return std::nullopt;
  BodyReading out;
  out.shape = BodyReading::Shape::error;
  out.error = exception_of(string_at(*headers, kind == "error" ? ":error-code" : ":exception-type"),
                           string_at(document, "body"));
  return out;
}

BodyReading read_converse_body(const json& document, Asked asked) {
  const bool any = asked == Asked::anything;
  if (const json* output = member(document, "output"); output && (any || asked == Asked::completion)) {
    if (!member(*output, "message")) return wrong("an output without a message");
    const std::string reason = string_at(document, "stopReason");
    if (reason.empty()) return wrong("an output without a stopReason");
    BodyReading out = right("a message");
    out.stop_reason = clean_line(reason, 80);
    out.refused = is_refusal(reason);
    out.usage = usage_of(document);
    return out;
  }
  if ((any || asked == Asked::count_tokens) && member(document, "inputTokens")) return right("a count of tokens");
  if ((any || asked == Asked::models) && (member(document, "modelSummaries") || member(document, "modelDetails")))
    return right("a list");
  return wrong("JSON that is no answer of Converse");
}

BodyReading read_body(const json& document, Asked asked) {
  if (auto frame = read_decoded_frame(document)) return *frame;
  if (const json* output = member(document, "Output"); output && !string_at(*output, "__type").empty()) {
    BodyReading out;
    out.shape = BodyReading::Shape::error;
    out.error = read_error_document(*output);
    return out;
  }
  if (auto error = read_error_body(document)) return *error;
  return string_at(document, "type") == "message" ? read_messages_body(document, asked)
                                                  : read_converse_body(document, asked);
}

/// Its words come in a header that not everybody passes on. Capacity is shared: a 429 accuses us only in part.
std::optional<Reading> read_error(const ProviderError& error, int status) {
  if (status == 429 && !read_code_words(error)) return Reading{Class::rate_limited, "", Counts::maybe};
  return std::nullopt;
}

Wire make(std::string_view name) {
  return {.name = name,
          .domain = "amazonaws.com",
          .read_stream = read_stream,
          .read_body = read_body,
          .read_error = read_error};
}

}  // namespace

Wire bedrock() { return make("bedrock"); }
Wire bedrock_anthropic() { return make("bedrock-anthropic"); }

}  // namespace outaged::probes::llm
