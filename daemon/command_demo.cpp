// The demo: a provider and a receiver as processes of their own, the real daemon between them, the scenario's story told.
#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <nlohmann/json.hpp>

#include "alerts/delivery.h"
#include "core/promise.h"
#include "core/text.h"
#include "core/words.h"
#include "daemon/api_json.h"
#include "daemon/child_process.h"
#include "daemon/commands.h"
#include "daemon/daemon.h"
#include "daemon/demo_config.h"
#include "daemon/log.h"
#include "daemon/story.h"

namespace outaged::commands {
namespace {

constexpr std::string_view followed = "claude/api";
constexpr double scenario_rate = 0.44;
constexpr Duration scenario_failing = 5min, scenario_admits = 45min, scenario_end = 64min;

/// A folder of our own, gone with us.
class Workspace {
 public:
  Workspace() {
    std::string pattern = (std::filesystem::temp_directory_path() / "outaged-demo-XXXXXX").string();
    if (mkdtemp(pattern.data())) path_ = pattern;
  }
  ~Workspace() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  bool ok() const { return !path_.empty(); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

struct Outcome {
  std::optional<Incident> incident;
  Story::Deliveries deliveries;
  std::size_t arrived = 0;            // distinct messages the receiver itself recorded as taken
  Promise promised;
  bool mismatch = false, all_arrived = false, in_time = false, lag_right = false;
  bool good() const { return mismatch && all_arrived && in_time && lag_right; }
};

class Table {
 public:
  Table(bool quiet, bool colour) : quiet_(quiet), colour_(colour) {}
  void head() { row("clock", "what we see", "what their page says", "outaged", "\x1b[1m"); }
  void row(const std::string& clock, const std::string& see, const std::string& say, const std::string& does, const char* style = "") {
    if (quiet_) return;
    const bool loud = does.starts_with("OUTAGE") || does.starts_with("MISMATCH");
    const char* shown = !colour_ ? "" : *style ? style : loud ? "\x1b[1;31m" : does.starts_with("WORKS") ? "\x1b[1;32m" : "";
    fmt::print("{}{:<7} {:<24} {:<30} {}{}\n", shown, clock, see, say, does, *shown ? "\x1b[0m" : "");
    std::fflush(stdout);
  }
  void line(const std::string& text) {
    if (!quiet_) fmt::print("{}\n", text);
  }

 private:
  bool quiet_, colour_;
};

/// Where the scenario stands, from the provider itself.
Result<StoryClock> read_clock(int port, double speed) {
  const auto sender = alerts::make_http_sender({});
  const Timestamp before = system_clock().wall();
  const auto response = sender->send({.method = "GET", .url = fmt::format("http://127.0.0.1:{}/-/time", port), .headers = {}, .body = {}}, 5s);
  const auto json = nlohmann::json::parse(response.body, nullptr, false);
  if (response.status != 200 || !json.is_object() || !json.contains("scenario_ms")) {
    return Error{fmt::format("the simulated provider does not answer: {} {}", response.status, response.error)};
  }
  StoryClock clock;
  clock.speed = speed;
  clock.began = before - from_seconds(json["scenario_ms"].get<double>() / 1000 / speed);
  return clock;
}

/// Distinct webhook ids, and chat messages, that the receiver recorded and took with 2xx.
std::size_t count_arrived(const std::string& log, std::size_t& chat) {
  std::ifstream in(log);
  std::set<std::string> ids;
  std::set<std::string> texts;
  for (std::string line; std::getline(in, line);) {
    const auto row = nlohmann::json::parse(line, nullptr, false);
    if (!row.is_object() || row.value("answered", 0) / 100 != 2) continue;
    if (row.value("path", "") == "/slack") {
      texts.insert(row.value("body", ""));
    } else if (row.contains("headers") && row["headers"].contains("webhook-id")) {
      ids.insert(row["headers"]["webhook-id"].get<std::string>());
    }
  }
  chat = texts.size();
  return ids.size();
}

Json report_json(const Outcome& outcome, const StoryClock& clock, const Directory& names) {
  Json out;
  out["passed"] = outcome.good();
  out["checks"] = {{"mismatch_found", outcome.mismatch}, {"all_notifications_arrived", outcome.all_arrived},
                   {"detected_within_promise", outcome.in_time}, {"page_lag_right_within_a_poll", outcome.lag_right}};
  out["speed"] = clock.speed;
  out["promised_seconds"] = {{"median", to_seconds(clock.story(outcome.promised.median))}, {"p99", to_seconds(clock.story(outcome.promised.p99))}};
  if (outcome.incident) {
    const Incident& incident = *outcome.incident;
    const auto story = [&](Timestamp t) { return format_time(clock.story(t)); };
    out["story"] = {{"first_failure", story(incident.onset)}, {"detected", story(incident.detected)},
                    {"detection_delay_seconds", to_seconds(clock.story(incident.detected - incident.onset))},
                    {"recovered", incident.recovered ? Json(story(*incident.recovered)) : Json()},
                    {"cleared", incident.cleared ? Json(story(*incident.cleared)) : Json()}};
    if (incident.admitted) {
      out["story"]["page_lag_seconds"] = {to_seconds(clock.story(incident.admitted->last_green - incident.onset)),
                                          to_seconds(clock.story(incident.admitted->first_red - incident.onset))};
    }
    out["incident"] = incident_json(incident, names, incident.recovered.value_or(incident.detected), true);
  }
  out["notifications"] = {{"made", outcome.deliveries.made}, {"delivered", outcome.deliveries.delivered},
                          {"failed_attempts", outcome.deliveries.failed_attempts}, {"arrived", outcome.arrived}};
  return out;
}

void print_summary(const Outcome& outcome, const StoryClock& clock) {
  const auto mark = [](bool good) { return good ? "ok " : "NOT"; };
  fmt::print("\n");
  if (!outcome.incident) {
    fmt::print("No incident was found.\n");
    return;
  }
  const Incident& incident = *outcome.incident;
  const auto at = [&](Timestamp t) { return format_clock(clock.story(t), true); };
  const auto spell = [&](Duration d) { return spell_duration(clock.story(d)); };
  fmt::print("First failure    {}\n", at(incident.onset));
  fmt::print("We knew          {}  after {} (promised at {}: half within {}, 99 % within {})\n", at(incident.detected),
             spell(incident.detected - incident.onset), spell_rate(scenario_rate), spell(outcome.promised.median), spell(outcome.promised.p99));
  if (incident.admitted) {
    fmt::print("Their page       admitted it {} to {} after the first failure, between two readings\n",
               spell(incident.admitted->last_green - incident.onset), spell(incident.admitted->first_red - incident.onset));
  } else {
    fmt::print("Their page       never admitted it\n");
  }
  if (incident.recovered) fmt::print("Works again      {}  last failure {}\n", at(*incident.recovered), at(incident.last_failure));
  if (incident.cleared) fmt::print("All clear        {}\n", at(*incident.cleared));
  fmt::print("Seen             {}\n", spell_failures(incident.failures, incident.probes, incident.baseline));
  fmt::print("Told             {} notifications delivered, {} attempts failed on the way, {} arrived at the receivers\n",
             outcome.deliveries.delivered, outcome.deliveries.failed_attempts, outcome.arrived);
  for (const Proof& proof : incident.proof) {
    fmt::print("Proof            {}  {}  after {}\n", proof.request_id, clean_line(proof.detail, 90), spell(proof.took));
  }
  fmt::print("\n[{}] the mismatch was found   [{}] every notification arrived   [{}] detected as promised   [{}] page lag right to a poll\n",
             mark(outcome.mismatch), mark(outcome.all_arrived), mark(outcome.in_time), mark(outcome.lag_right));
}

}  // namespace

int demo(const DemoOptions& options, const std::string& program) {
  signal(SIGPIPE, SIG_IGN);
  // Before any thread begins: Ctrl-C is taken where the folder and the children can still be cleaned up.
  sigset_t blocked;
  sigemptyset(&blocked);
  for (const int each : {SIGINT, SIGTERM}) sigaddset(&blocked, each);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
  log_setup("error", "text");
  const Workspace workspace;
  if (!workspace.ok()) {
    fmt::print(stderr, "demo: no temporary folder can be made\n");
    return 1;
  }
  ChildProcess provider, receiver;
  const std::string provider_port = workspace.file("provider.port"), receiver_port = workspace.file("receiver.port");
  const std::string arrivals = workspace.file("arrivals.jsonl"), output = workspace.file("children.log");
  auto started = receiver.start(program, {"receive", "--scenario", options.scenario, "--log-file", arrivals, "--port-file", receiver_port}, output);
  if (started) started = provider.start(program, {"simulate", options.scenario, "--speed", fmt::format("{}", options.speed), "--port-file", provider_port}, output);
  const int provider_at = started ? wait_for_port(provider_port, 10s) : 0;
  const int receiver_at = started ? wait_for_port(receiver_port, 10s) : 0;
  if (provider_at == 0 || receiver_at == 0) {
    std::ifstream log(output);
    fmt::print(stderr, "demo: the simulated provider did not start: {}\n{}\n", started ? "" : started.error(),
               std::string(std::istreambuf_iterator<char>(log), {}));
    return 1;
  }
  const auto clock = read_clock(provider_at, options.speed);
  if (!clock) {
    fmt::print(stderr, "demo: {}\n", clock.error());
    return 1;
  }
  const std::string text = demo_config({.provider_port = provider_at, .receiver_port = receiver_at, .listen_address = options.listen_address,
                                        .database = workspace.file("demo.db"), .speed = options.speed});
  const auto source = [text]() -> Result<config::Config> {
    config::Loaded loaded = config::load_text(text, "demo");
    if (!loaded.config) return Error{config::to_string(loaded.problems.front())};
    return std::move(*loaded.config);
  };
  auto config = source();
  if (!config) {
    fmt::print(stderr, "demo: {}\n", config.error());
    return 1;
  }
  Outcome outcome;
  for (const config::Service& service : config->services) outcome.promised = promise(service.components.front().targets.front().rules, scenario_rate);

  Story story;
  story.follow(std::string(followed));
  PipelineOptions pace;
  pace.publish_every = 100ms;
  auto daemon = Daemon::start(std::move(*config), source, story, pace);
  if (!daemon) {
    fmt::print(stderr, "demo: {}\n", daemon.error());
    return 1;
  }

  Table table(options.json, options.colour);
  table.line(fmt::format("13 April 2026, {:.0f} times as fast: an API fails now and then, its status page says all is well.", options.speed));
  table.line(fmt::format("Meanwhile: page http://127.0.0.1:{0}/  metrics http://127.0.0.1:{0}/metrics\n", (*daemon)->port()));
  table.head();

  std::shared_ptr<const Published> picture;
  const ComponentStatus* component = nullptr;
  const auto look = [&] {
    picture = (*daemon)->board().latest();
    component = nullptr;
    for (std::size_t i = 0; picture && i < picture->components.size(); ++i) {
      if (picture->topology->components[i].name == followed) component = &picture->components[i];
    }
    if (component && component->incident) outcome.incident = component->incident;
  };
  Duration told_at{};
  std::string last_said;
  sigset_t interrupts;
  sigemptyset(&interrupts);
  for (const int each : {SIGINT, SIGTERM}) sigaddset(&interrupts, each);
  const struct timespec pause = {0, 50'000'000};
  for (bool over = false; !over;) {
    if (sigtimedwait(&interrupts, nullptr, &pause) > 0) {
      fmt::print(stderr, "interrupted\n");
      return 130;
    }
    if (const std::string failure = (*daemon)->failure(); !failure.empty()) {
      fmt::print(stderr, "demo: {}\n", failure);
      return 1;
    }
    look();
    over = clock->elapsed(system_clock().wall()) >= scenario_end + 30min;
    if (!component) continue;
    const Timestamp now = system_clock().wall();
    const std::string see = what_we_see(*component), say = what_they_say(*component);
    const std::deque<Story::Event> events = story.take();
    for (const Story::Event& event : events) table.row(format_clock(clock->story(event.at)), see, say, event.what);
    const bool page_changed = say != last_said && !last_said.empty() && last_said != "not read yet";
    if (events.empty() && (page_changed || clock->elapsed(now) - told_at >= 5min)) {
      table.row(format_clock(clock->story(now)), see, say, page_changed ? "their page changed" : "");
    }
    if (!events.empty() || page_changed || clock->elapsed(now) - told_at >= 5min) told_at = clock->elapsed(now);
    last_said = say;
    outcome.deliveries = story.deliveries();
    const bool settled = outcome.deliveries.delivered + outcome.deliveries.dead >= outcome.deliveries.made;
    const bool ended = clock->elapsed(now) >= scenario_end;
    over = over || (ended && settled && outcome.incident && outcome.incident->recovered);
  }
  look();
  const Published last = *picture;
  (*daemon)->stop();
  provider.stop();
  receiver.stop();
  outcome.deliveries = story.deliveries();

  std::size_t chat = 0;
  outcome.arrived = count_arrived(arrivals, chat);
  outcome.arrived += chat;
  outcome.all_arrived = outcome.deliveries.made > 0 && outcome.deliveries.dead == 0 && outcome.arrived >= outcome.deliveries.made &&
                        outcome.incident && outcome.incident->recovered;
  if (outcome.incident) {
    const Incident& incident = *outcome.incident;
    outcome.mismatch = incident.mismatch_since.has_value();
    outcome.in_time = incident.detected - (clock->began + from_seconds(to_seconds(scenario_failing) / options.speed)) <= outcome.promised.p99;
    if (incident.admitted) {
      // The truth lies between our two readings, give or take the time a reading takes.
      const Timestamp truth = clock->began + from_seconds(to_seconds(scenario_admits) / options.speed);
      const Duration poll = from_seconds(60 / options.speed);
      outcome.lag_right = incident.admitted->last_green <= truth + poll && truth <= incident.admitted->first_red + poll &&
                          incident.admitted->first_red - incident.admitted->last_green <= 2 * poll;
    }
  }
  if (options.json) {
    fmt::print("{}", to_text(report_json(outcome, *clock, Directory(last))));
  } else {
    print_summary(outcome, *clock);
  }
  return outcome.good() ? 0 : 1;
}

}  // namespace outaged::commands
