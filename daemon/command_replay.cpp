#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <limits>

#include <nlohmann/json.hpp>

#include "daemon/api_json.h"
#include "daemon/commands.h"
#include "daemon/replay.h"
#include "daemon/replay_summary.h"

namespace outaged::commands {
namespace {

/// Epoch seconds, as detector evaluators take them.
Json seconds(Timestamp t) { return static_cast<double>(to_millis(t)) / 1000.0; }
Json seconds(const std::optional<Timestamp>& t) { return t ? seconds(*t) : Json(); }

bool write_lines(const std::string& path, const std::vector<Json>& lines) {
  std::ofstream out(path);
  for (const Json& line : lines) out << to_text(line);
  out.flush();
  if (!out) fmt::print(stderr, "{}: cannot be written\n", path);
  return static_cast<bool>(out);
}

/// Reads one duration argument; false after saying what is wrong with it.
bool read_duration(const char* flag, const std::string& text, std::optional<Duration>& out) {
  if (text.empty()) return true;
  out = parse_duration(text);
  if (!out) fmt::print(stderr, "{}: \"{}\" is not a duration such as 90s or 10m\n", flag, text);
  return out.has_value();
}

/// Ids for a counterfactual configuration come from the database whose inputs carry them.
class RecordedNames : public Names {
 public:
  explicit RecordedNames(std::vector<storage::Name> names) {
    for (storage::Name& name : names) {
      auto& next = next_[static_cast<std::size_t>(name.kind)];
      next = std::max(next, name.id + 1);
      ids_[{name.kind, std::move(name.name)}] = name.id;
    }
  }
  std::uint32_t id(Kind kind, std::string_view name) override {
    const auto [found, added] = ids_.try_emplace({kind, std::string(name)}, next_[static_cast<std::size_t>(kind)]);
    if (added) ++next_[static_cast<std::size_t>(kind)];
    return found->second;
  }

 private:
  std::map<std::pair<Kind, std::string>, std::uint32_t> ids_;
  std::array<std::uint32_t, 4> next_{};
};

}  // namespace

int replay(const ReplayArguments& arguments) {
  ReplayOptions options;
  options.trace = arguments.trace;
  options.claims = arguments.claims;
  options.database = arguments.database;
  options.false_alarms_per_year = arguments.budget;
  if (!read_duration("--min-outage", arguments.min_outage, options.min_outage) ||
      !read_duration("--reopen", arguments.reopen, options.reopen) ||
      !read_duration("--interval", arguments.interval, options.interval) ||
      !read_duration("--grace", arguments.grace, options.grace)) {
    return 2;
  }
  options.component_stream = !arguments.no_component_stream;
  options.slow_stream = !arguments.no_slow_stream;
  if (!arguments.dense.empty()) {
    // A plain number is seconds, as the traces' own tools have it.
    const bool plain = arguments.dense.find_first_not_of("0123456789") == std::string::npos;
    std::optional<Duration> dense;
    if (!read_duration("--dense", plain ? arguments.dense + "s" : arguments.dense, dense)) return 2;
    options.dense = dense.value_or(Duration{});
  }
  if (!arguments.since.empty()) {
    options.since = parse_time(arguments.since);
    if (!options.since) {
      fmt::print(stderr, "--since: \"{}\" is not a time such as 2026-04-13T14:00:00Z\n", arguments.since);
      return 2;
    }
  }
  std::vector<Incident> was;
  if (!arguments.database.empty()) {
    const auto history = storage::History::open(arguments.database);
    if (!history) {
      fmt::print(stderr, "{}\n", history.error());
      return 1;
    }
    was = (*history)->incidents(std::nullopt, options.since.value_or(never_past), std::numeric_limits<std::int32_t>::max());
    std::reverse(was.begin(), was.end());
  }
  if (!arguments.config_file.empty()) {
    Source source;
    source.config_file = arguments.config_file;
    const auto config = load(source);
    if (!config) {
      fmt::print(stderr, "{}\n", config.error());
      return 1;
    }
    std::vector<storage::Name> known;
    if (const auto history = arguments.database.empty() ? Result<std::unique_ptr<storage::History>>(Error{}) : storage::History::open(arguments.database)) {
      known = (*history)->names();
    }
    RecordedNames names(std::move(known));
    options.topology = config::make_topology(*config, names);
  }
  const auto report = outaged::replay(options);
  if (!report) {
    fmt::print(stderr, "{}\n", report.error());
    return 1;
  }
  for (const std::string& note : report->notes) fmt::print(stderr, "note: {}\n", note);

  Published picture;
  picture.topology = report->topology;
  const Directory names(picture);
  const Timestamp end = report->to.value_or(Timestamp{});
  if (arguments.json) {
    Json out = summary_json(*report, was);
    Json incidents = Json::array();
    for (const Incident& incident : report->incidents) incidents.push_back(incident_json(incident, names, end, true));
    out["incidents"] = std::move(incidents);
    fmt::print("{}", to_text(out));
  } else {
    for (const Incident& incident : report->incidents) fmt::print("{}", to_text(incident_json(incident, names, end, true)));
  }

  bool written = true;
  if (!arguments.out.empty()) {
    std::vector<Json> lines;
    for (const Alert& alert : report->alerts) {
      lines.push_back({{"target", alert.target}, {"type", alert.component ? "component" : "outage"}, {"fired_at", seconds(alert.fired)},
                       {"started_at", seconds(alert.onset)}, {"resolved_at", seconds(alert.resolved)},
                       {"reopened", alert.reopened}});
    }
    written = write_lines(arguments.out, lines) && written;
  }
  if (!arguments.mismatches_out.empty()) {
    std::vector<Json> lines;
    for (const MismatchPeriod& period : report->mismatches) {
      lines.push_back({{"target", period.component}, {"type", to_string(period.kind)}, {"fired_at", seconds(period.from)},
                       {"resolved_at", seconds(period.to)}});
    }
    written = write_lines(arguments.mismatches_out, lines) && written;
  }
  if (!arguments.json) fmt::print(stderr, "{}", summary_table(*report, was));
  return written ? 0 : 1;
}

}  // namespace outaged::commands
