#include "probes/llm/reader.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/llm/sse.h"

namespace outaged::probes::llm {

using nlohmann::json;

void Tally::content() {
  ++reading.contents;
  if (!now_) return;
  if (!reading.first_content) reading.first_content = now_;
  if (reading.last_content) reading.largest_gap = std::max(reading.largest_gap, *now_ - *reading.last_content);
  reading.last_content = now_;
}

void Tally::terminate() {
  if (!reading.terminated && now_ && reading.last_content)
    reading.largest_gap = std::max(reading.largest_gap, *now_ - *reading.last_content);
  reading.terminated = true;
}

void Tally::fail(ProviderError error) {
  if (!reading.error) reading.error = std::move(error);
}

void Tally::fail(const json& document) { fail(read_error_document(document).value_or(ProviderError{})); }

void Tally::note(std::string_view what) {
  if (reading.anomaly.empty()) reading.anomaly = what;
}

void for_each_piece(std::string_view body, const std::vector<Arrival>& arrivals,
                    const std::function<void(std::string_view, std::optional<Micros>)>& take) {
  std::size_t done = 0;
  std::optional<Micros> last;
  for (const Arrival& arrival : arrivals) {
    const std::size_t end = std::min(arrival.end, body.size());
    last = arrival.at;
    if (end <= done) continue;
    take(body.substr(done, end - done), last);
    done = end;
  }
  if (done < body.size()) take(body.substr(done), last);
}

namespace {

void take_document(std::string_view name, std::string_view text, Tally& tally, const OnDocument& on_document) {
  json document;
  if (!parse_json(text, document)) {
    ++tally.reading.unparsable;
    if (name == "error") {  // what it says is no JSON, but that it is an error is said
      ProviderError error;
      error.message = clean_line(text);
      tally.fail(std::move(error));
    }
    return;
  }
  tally.event();
  on_document(name, document, tally);
}

/// A bare JSON document among the events: what a server writes when it dies half-way.
void read_stray(const std::string& text, Tally& tally) {
  if (const char first = first_byte(text); first != '{' && first != '[') return;
  json document;
  if (!parse_json(text, document)) {
    ++tally.reading.unparsable;
    return;
  }
  if (document.is_array() && !document.empty()) {
    json element = std::move(document.front());
    document = std::move(element);
  }
  if (tells_error(document)) tally.fail(document);
}

}  // namespace

StreamReading read_sse(std::string_view body, const std::vector<Arrival>& arrivals, const OnDocument& on_document) {
  Tally tally;
  SseParser parser;
  const auto on_event = [&](const SseEvent& event) {
    // Says that nothing more comes; not that what came was right.
    if (event.data == "[DONE]" || event.data.empty()) return;
    take_document(event.name, event.data, tally, on_document);
  };
  for_each_piece(body, arrivals, [&](std::string_view piece, std::optional<Micros> at) {
    tally.at(at);
    parser.feed(piece, on_event);
  });
  parser.finish(on_event);
  tally.reading.unparsable += parser.oversized();
  read_stray(parser.stray(), tally);
  if (tally.reading.unparsable > 0) tally.note("events that could not be read");
  return tally.reading;
}

StreamReading read_ndjson(std::string_view body, const std::vector<Arrival>& arrivals, const OnDocument& on_document) {
  Tally tally;
  LineSplitter lines;
  const auto on_line = [&](std::string_view line) {
    if (line.find_first_not_of(" \t") != std::string_view::npos) take_document("", line, tally, on_document);
  };
  for_each_piece(body, arrivals, [&](std::string_view piece, std::optional<Micros> at) {
    tally.at(at);
    lines.feed(piece, on_line);
  });
  lines.finish(on_line);
  tally.reading.unparsable += lines.oversized();
  if (tally.reading.unparsable > 0) tally.note("lines that could not be read");
  return tally.reading;
}

const json* member(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto it = object.find(key);
  return it == object.end() || it->is_null() ? nullptr : &*it;
}

std::size_t size_of(const json& object, const char* key) {
  const json* value = member(object, key);
  if (!value) return 0;
  if (value->is_string()) return value->get_ref<const std::string&>().size();
  return value->is_structured() ? value->size() : 0;
}

std::uint64_t count_of(const json& object, const char* key) {
  constexpr std::uint64_t most = 1'000'000'000;  // no answer has more tokens: what is larger is nonsense
  const json* value = member(object, key);
  if (!value || !value->is_number_unsigned()) return 0;
  const auto number = value->get<std::uint64_t>();
  return number <= most ? number : 0;
}

bool tells_error(const json& document) {
  if (const json* error = member(document, "error"))
    return error->is_object()   ? !error->empty()
           : error->is_string() ? !error->get_ref<const std::string&>().empty()
                                : false;
  return string_at(document, "type") == "error" || string_at(document, "object") == "error";
}

void merge(Usage& into, const Usage& told) {
  into.input = std::max(into.input, told.input);
  into.output = std::max(into.output, told.output);
}

}  // namespace outaged::probes::llm
