#include <fmt/format.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "daemon/api_json.h"
#include "daemon/commands.h"
#include "daemon/read_input.h"
#include "probes/bounded_json.h"
#include "probes/llm/lines.h"
#include "probes/llm/timeline.h"
#include "probes/web_answer.h"

namespace outaged::commands {
namespace {

namespace llm = probes::llm;

/// One answer to be judged, and by whose rules.
struct Question {
  std::string wire;
  llm::Recorded answer;
  bool stream = false;
};

struct Verdict {
  std::string_view cls, fault, outage;
  llm::LlmAttribution found;
};

std::string_view spell_outage(Counts counts) {
  switch (counts) {
    case Counts::bad:
      return "yes";
    case Counts::maybe:
      return "maybe";
    case Counts::good:
    case Counts::nothing:
      return "no";
  }
  return "no";
}

std::string unknown_wire(const std::string& name) {
  std::vector<std::string_view> known = {"web"};
  for (const llm::Wire& wire : llm::wires()) known.push_back(wire.name);
  const std::string_view meant = nearest(name, known);
  return fmt::format("unknown wire \"{}\"{}; known: {}", clean_line(name, 80),
                     meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant), fmt::join(known, ", "));
}

Result<Verdict> judge(const Question& question) {
  Verdict out;
  if (question.wire == "web") {
    static_cast<probes::Attribution&>(out.found) = probes::attribute_web(question.answer.response);
  } else {
    const llm::Wire* wire = llm::find_wire(question.wire);
    if (!wire) return Error{unknown_wire(question.wire)};
    llm::LlmExpectation expectation;
    expectation.stream = question.stream;
    out.found =
        llm::attribute_llm(*wire, question.answer.response, llm::as_recorded(expectation, *wire, question.answer));
  }
  out.cls = to_string(out.found.cls);
  out.fault = to_string(probes::fault_of(out.found));
  out.outage = spell_outage(probes::counts_of(out.found));
  return out;
}

std::string trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

Result<Question> question_of(const ClassifyOptions& options) {
  Question out;
  out.wire = options.wire;
  out.stream = options.stream;
  if (options.wire.empty()) return Error{"give --wire NAME, or --manifest FILE"};
  if (!options.timeline.empty()) {
    const auto text = read_input(options.timeline);
    if (!text) return Error{text.error()};
    auto recorded = llm::read_timeline(*text);
    if (!recorded) return Error{fmt::format("{}: {}", options.timeline, recorded.error())};
    out.answer = std::move(*recorded);
    out.stream = true;
  } else if (!options.body.empty()) {
    auto text = read_input(options.body);
    if (!text) return Error{text.error()};
    out.answer.response.body = std::move(*text);
  }
  Response& response = out.answer.response;
  if (options.status) response.status = *options.status;
  if (response.status == 0 && options.timeline.empty() && options.wire != "web")
    return Error{"give --status N: without it only a page can be judged"};
  for (const std::string& header : options.headers) {
    const auto colon = header.find(':');
    if (colon == std::string::npos || colon == 0)
      return Error{fmt::format("--header '{}': write it as 'name: value'", clean_line(header, 80))};
    response.headers.emplace_back(lower_ascii(trim(header.substr(0, colon))), trim(header.substr(colon + 1)));
  }
  return out;
}

Json verdict_json(const Verdict& verdict) {
  const llm::LlmAttribution& found = verdict.found;
  Json out = {{"class", verdict.cls},
              {"fault", verdict.fault},
              {"outage", verdict.outage},
              {"evidence", found.evidence.detail}};
  if (!found.evidence.request_id.empty()) out["request_id"] = found.evidence.request_id;
  if (found.retry_after != Duration{}) out["retry_after_seconds"] = to_seconds(found.retry_after);
  if (found.first_token) out["first_token_seconds"] = static_cast<double>(found.first_token->count()) / 1e6;
  if (found.largest_gap) out["largest_gap_seconds"] = static_cast<double>(found.largest_gap->count()) / 1e6;
  if (found.usage.input + found.usage.output > 0)
    out["usage"] = {{"input_tokens", found.usage.input}, {"output_tokens", found.usage.output}};
  if (!found.stop_reason.empty()) out["stop_reason"] = found.stop_reason;
  return out;
}

void print(const Verdict& verdict) {
  const llm::LlmAttribution& found = verdict.found;
  fmt::print("{} ({}; fault: {}; counts against the provider: {})\n", verdict.cls, info(found.cls).sentence,
             verdict.fault, verdict.outage);
  if (!found.evidence.detail.empty()) fmt::print("  {}\n", found.evidence.detail);
  if (!found.evidence.request_id.empty()) fmt::print("  request id {}\n", found.evidence.request_id);
  if (found.retry_after != Duration{})
    fmt::print("  asks to be left alone for {}\n", spell_duration(found.retry_after));
  if (found.first_token)
    fmt::print("  first token after {}\n", spell_duration(std::chrono::ceil<Duration>(*found.first_token)));
}

/// A row of a manifest: {"file", "wire", "stream", "http_status", "headers", "content_type", and what is right}.
Result<Question> question_of(const nlohmann::json& row, const std::filesystem::path& folder) {
  using probes::string_at;
  Question out;
  const std::string file = string_at(row, "file");
  out.wire = string_at(row, "wire");
  if (file.empty() || out.wire.empty()) return Error{"a row needs \"file\" and \"wire\""};
  const auto stream = row.find("stream");
  out.stream = stream != row.end() && stream->is_boolean() && stream->get<bool>();
  auto text = read_input((folder / file).string());
  if (!text) return Error{text.error()};
  const std::string type = string_at(row, "content_type");
  if (type == "timeline") {
    auto recorded = llm::read_timeline(*text);
    if (!recorded) return Error{fmt::format("{}: {}", file, recorded.error())};
    out.answer = std::move(*recorded);
  } else {
    out.answer.response.body = std::move(*text);
  }
  Response& response = out.answer.response;
  if (const auto status = row.find("http_status");
      response.status == 0 && status != row.end() && status->is_number_integer() && type != "timeline")
    response.status = status->get<int>();
  // An answer of which only the text is known.
  if (response.status == 0 && type != "timeline" && out.wire != "web") response.status = 200;
  if (const auto headers = row.find("headers"); headers != row.end() && headers->is_object())
    for (const auto& [name, value] : headers->items())
      if (value.is_string()) response.headers.emplace_back(lower_ascii(name), value.get<std::string>());
  if (response.header("content-type").empty() && !type.empty() && type != "timeline")
    response.headers.emplace_back("content-type", type);
  return out;
}

struct Totals {
  int rows = 0, judged = 0, differ = 0, unreadable = 0;
};

void judge_row(std::string_view line, int number, const std::filesystem::path& folder, bool as_json, Totals& totals) {
  ++totals.rows;
  nlohmann::json row;
  std::string why;
  std::string problem;
  std::string file = fmt::format("line {}", number);
  if (!probes::parse_json(line, row, &why) || !row.is_object()) problem = why.empty() ? "not an object" : why;
  if (problem.empty() && !probes::string_at(row, "file").empty())
    file = clean_line(probes::string_at(row, "file"), 100);
  std::optional<Verdict> verdict;
  if (problem.empty()) {
    const auto question = question_of(row, folder);
    const auto judged = question ? judge(*question) : Result<Verdict>(Error{question.error()});
    if (judged)
      verdict = *judged;
    else
      problem = judged.error();
  }
  if (!verdict) {
    ++totals.unreadable;
    if (as_json)
      fmt::print("{}\n",
                 Json{{"file", file}, {"problem", problem}}.dump(-1, ' ', false, Json::error_handler_t::replace));
    else
      fmt::print("UNREADABLE {}: {}\n", file, clean_line(problem));
    return;
  }
  ++totals.judged;
  // What the row says is right; a key that it lacks is not compared.
  std::string expected;
  bool differs = false;
  const std::pair<const char*, std::string_view> pairs[] = {
      {"cls", verdict->cls}, {"fault", verdict->fault}, {"outage", verdict->outage}};
  for (const auto& [key, got] : pairs) {
    const std::string right = probes::string_at(row, key);
    expected += fmt::format("{}{}", expected.empty() ? "" : " ", right.empty() ? "-" : clean_line(right, 40));
    differs = differs || (!right.empty() && right != got);
  }
  if (differs) ++totals.differ;
  if (as_json) {
    Json out = {{"file", file}};
    out.update(verdict_json(*verdict));
    out["differs"] = differs;
    if (differs) out["expected"] = expected;
    fmt::print("{}\n", out.dump(-1, ' ', false, Json::error_handler_t::replace));
  } else {
    fmt::print("{} {}: {} {} {}{}  {}\n", differs ? "DIFFERS" : "as-said", file, verdict->cls, verdict->fault,
               verdict->outage, differs ? fmt::format(" (the manifest says {})", expected) : "",
               verdict->found.evidence.detail);
  }
}

int judge_manifest(const ClassifyOptions& options) {
  const auto text = read_input(options.manifest);
  if (!text) {
    fmt::print(stderr, "{}\n", text.error());
    return 2;
  }
  const std::filesystem::path folder =
      options.manifest == "-" ? "." : std::filesystem::path(options.manifest).parent_path();
  Totals totals;
  int number = 0;
  llm::LineSplitter lines;
  const auto on_line = [&](std::string_view line) {
    ++number;
    if (line.find_first_not_of(" \t") != std::string_view::npos) judge_row(line, number, folder, options.json, totals);
  };
  lines.feed(*text, on_line);
  lines.finish(on_line);
  if (options.json)
    fmt::print("{}\n", Json{{"rows", totals.rows},
                            {"judged", totals.judged},
                            {"differ", totals.differ},
                            {"unreadable", totals.unreadable}}
                           .dump());
  else
    fmt::print("{} rows: {} as the manifest says, {} differ, {} could not be read\n", totals.rows,
               totals.judged - totals.differ, totals.differ, totals.unreadable);
  return totals.differ + totals.unreadable > 0 || totals.rows == 0 ? 1 : 0;
}

}  // namespace

int classify(const ClassifyOptions& options) {
  if (!options.manifest.empty()) return judge_manifest(options);
  const auto question = question_of(options);
  const auto verdict = question ? judge(*question) : Result<Verdict>(Error{question.error()});
  if (!verdict) {
    fmt::print(stderr, "classify: {}\n", verdict.error());
    return 2;
  }
  if (options.json)
    fmt::print("{}", to_text(verdict_json(*verdict)));
  else
    print(*verdict);
  return 0;
}

}  // namespace outaged::commands
