#include "daemon/log.h"

#include <fmt/format.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdlib>
#include <memory>

#include "core/json.h"
#include "core/text.h"

namespace outaged {
namespace {

bool as_json = false;

void log(spdlog::level::level_enum level, std::string_view text) {
  const std::string line = clean_line(text, 4000);
  if (as_json) {
    spdlog::log(level, "{}", dump_json(nlohmann::json(line)));
  } else {
    spdlog::log(level, "{}", line);
  }
}

/// "<6>" and so on: what journald takes as the line's priority.
class PriorityFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&, spdlog::memory_buf_t& out) override {
    const char* text = message.level >= spdlog::level::err    ? "<3>"
                       : message.level == spdlog::level::warn ? "<4>"
                       : message.level == spdlog::level::info ? "<6>"
                                                              : "<7>";
    out.append(text, text + 3);
  }
  std::unique_ptr<custom_flag_formatter> clone() const override { return std::make_unique<PriorityFlag>(); }
};

std::string name_of(const Topology& topology, ComponentId id) {
  const ComponentSpec* spec = topology.component(id);
  return spec ? spec->name : "a component no longer configured";
}

}  // namespace

void log_setup(std::string_view level, std::string_view format) {
  auto logger = spdlog::stderr_logger_mt("outaged");
  auto formatter = std::make_unique<spdlog::pattern_formatter>(spdlog::pattern_time_type::utc);
  as_json = format == "json";
  if (as_json) {
    formatter->set_pattern(R"({"time":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l","message":%v})");
  } else if (std::getenv("JOURNAL_STREAM") != nullptr) {
    formatter->add_flag<PriorityFlag>('*').set_pattern("%*%v");
  } else {
    formatter->set_pattern("%Y-%m-%dT%H:%M:%S.%eZ %-7l %v");
  }
  logger->set_formatter(std::move(formatter));
  logger->set_level(level == "debug"     ? spdlog::level::debug
                    : level == "warn"  ? spdlog::level::warn
                    : level == "error"   ? spdlog::level::err
                                         : spdlog::level::info);
  spdlog::set_default_logger(std::move(logger));
}

void log_debug(std::string_view text) { log(spdlog::level::debug, text); }
void log_info(std::string_view text) { log(spdlog::level::info, text); }
void log_warning(std::string_view text) { log(spdlog::level::warn, text); }
void log_error(std::string_view text) { log(spdlog::level::err, text); }

void LogTimeline::effect(Timestamp, const Effect& effect, const Topology& topology) {
  if (const auto* opened = std::get_if<IncidentOpened>(&effect)) {
    const Incident& incident = opened->incident;
    const std::string what =
        incident.from_page ? fmt::format("is failing, says its page: {}", spell(incident.worst))
        : incident.slow    ? fmt::format("is slow: {} of {} requests", incident.slow_answers, incident.probes)
                           : fmt::format("is failing: {} of {} requests", incident.failures, incident.probes);
    log_warning(fmt::format("{} {} since {} (incident {})", name_of(topology, incident.component), what,
                            format_time(incident.onset), incident.id));
  } else if (const auto* again = std::get_if<IncidentReopened>(&effect)) {
    log_warning(fmt::format("{} is failing again (incident {})", name_of(topology, again->incident.component), again->incident.id));
  } else if (const auto* over = std::get_if<IncidentRecovered>(&effect)) {
    log_info(fmt::format("{} works again (incident {})", name_of(topology, over->incident.component), over->incident.id));
  } else if (const auto* verdict = std::get_if<VerdictChanged>(&effect)) {
    const Verdict &before = verdict->before, &after = verdict->after;
    if (before.agreement == after.agreement && before.called == after.called && before.health == after.health) return;
    log_info(fmt::format("{}: {}: {}", name_of(topology, verdict->after.component), to_string(verdict->after.agreement),
                         verdict->after.why));
  } else if (const auto* network = std::get_if<NetworkChanged>(&effect)) {
    network->down ? log_warning(network->text) : log_info(network->text);
  } else if (const auto* notice = std::get_if<SelfNotice>(&effect)) {
    log_warning(fmt::format("{} {}", notice->subject, notice->text));
  }
}

void LogTimeline::notification(Timestamp, const OutboxRow& row) {
  const std::string what = fmt::format("{} to {} ({})", to_string(row.notification.kind), row.receiver, row.notification.key);
  switch (row.state) {
    case OutboxState::pending:
      if (row.attempts > 0) {
        log_warning(fmt::format("{}: attempt {} failed: {}; next at {}", what, row.attempts, row.error,
                                row.next_attempt ? format_time(*row.next_attempt) : "once it can"));
      }
      break;
    case OutboxState::delivered: log_info(fmt::format("{}: delivered", what)); break;
    case OutboxState::dead: log_error(fmt::format("{}: given up: {}", what, row.error)); break;
    case OutboxState::cancelled: log_debug(fmt::format("{}: no longer needed", what)); break;
  }
}

void LogTimeline::resumed(const Incident& incident, const Topology& topology) {
  log_warning(fmt::format("{} was failing when we stopped: still open since {} (incident {})", name_of(topology, incident.component),
                          format_time(incident.onset), incident.id));
}

void LogTimeline::restore_problem(const std::string& problem) {
  log_error(fmt::format("reading back what was stored: {}", problem));
}

void LogTimeline::storage_problem(const std::string& problem) {
  if (problem.empty()) {
    log_info("storage works again");
  } else {
    log_error(fmt::format("cannot store: {}. Deciding and telling goes on from memory; trying again", problem));
  }
}

void LogTimeline::clock_step(Timestamp, Duration by) {
  log_warning(fmt::format("the machine's clock was stepped by {} s", to_seconds(by)));
}

}  // namespace outaged
