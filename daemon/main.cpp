// The command line, on one page. Each sub-command is one function of daemon/commands.h.
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "daemon/commands.h"
#include "daemon/version.h"
#include "simulator/simulate.h"

using namespace outaged;

int main(int argc, char** argv) {
  CLI::App app{"outaged watches the services you depend on, and whether their status pages admit what you see."};
  app.set_version_flag("--version", fmt::format("outaged {}", version));
  app.require_subcommand(0, 1);
  app.fallthrough();
  int code = 0;

  commands::Source source;
  app.add_option("--config.file", source.config_file, "Configuration: a YAML file, or a folder of them")->capture_default_str();
  app.add_option("--catalog.path", source.catalog_path, "A folder of catalog entries over the built-in ones (default: /etc/outaged/catalog.d)");
  app.add_option("--web.listen-address", source.listen_address, "host:port to serve on (port 0: any free one)");
  app.add_option("--web.external-url", source.external_url, "Where people reach us; links in alerts begin with it");
  app.add_option("--storage.path", source.storage_path, "The SQLite database");
  app.add_option("--storage.retention", source.retention, "How long raw observations are kept, such as 30d");
  app.add_option("--log.level", source.log_level, "How much is logged")->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  app.add_option("--log.format", source.log_format, "How it is logged")->check(CLI::IsMember({"text", "json"}));

  auto* run = app.add_subcommand("run", "Watch, store, tell; what happens when no command is given");
  auto* check = app.add_subcommand("check-config", "Say whether the configuration is right, and what it watches");
  check->add_option("file", source.config_file, "In place of --config.file");

  bool explain_asked = false;
  commands::ExplainOptions explained;
  auto* explain = check->add_flag("--explain", explain_asked, "What the rules promise: time to detection, false alarms, floor, probes");
  check->add_option("--baseline", explained.baseline, "With --explain: share that fails on a normal day")
      ->needs(explain)->check(CLI::Range(0.0, 0.5))->capture_default_str();
  check->add_option("--db", explained.database, "With --explain: what this database's daemon has learned to be normal")
      ->needs(explain)->check(CLI::ExistingFile);
  check->add_flag("--json", explained.json, "With --explain: for machines")->needs(explain);

  bool catalog_json = false;
  std::string catalog_name;
  auto* catalog = app.add_subcommand("catalog", "The services that a configuration need only name, with use:")->require_subcommand(1);
  auto* catalog_list = catalog->add_subcommand("list", "All of them, a line each");
  catalog_list->add_flag("--json", catalog_json, "For machines, with their pages and settings");
  auto* catalog_show = catalog->add_subcommand("show", "One of them, as YAML");
  catalog_show->add_option("name", catalog_name, "What stands after use:")->required();

  commands::DemoOptions demo;
  auto* demo_command = app.add_subcommand("demo", "Play 13 April 2026 on this machine, in about a minute");
  demo_command->add_flag("--json", demo.json, "One JSON document at the end instead of the table");
  demo_command->add_option("--speed", demo.speed, "Times as fast as it was")->check(CLI::Range(1.0, 120.0))->capture_default_str();
  demo_command->add_option("--listen", demo.listen_address, "Where the API answers meanwhile")->capture_default_str();

  commands::PageOptions page;
  auto* page_command = app.add_subcommand("page", "What does this status page claim? Exit code 3: it cannot be read");
  page_command->add_option("what", page.what, "A document's file, - for standard input, or the page's URL")->required();
  page_command->add_option("--url", page.url, "The page's URL (or the document's), where a file is given: some formats are known by it alone");
  page_command->add_option("--at", page.at, "The clock to read it by, such as 2026-04-13T14:00:00Z");
  page_command->add_option("--format", page.format, "As this format; auto, the default, finds out");
  page_command->add_flag("--json", page.json, "For machines");

  commands::ProbeOptions probe;
  auto* probe_command = app.add_subcommand("probe", "One probe, with phases and class. Exit code 1: not ok");
  probe_command->add_option("what", probe.what, "A URL (http, https, tcp, tls, dns, icmp), or service/component/target of the configuration")->required();
  probe_command->add_flag("--json", probe.json, "For machines");

  commands::ClassifyOptions classify;
  auto* classify_command = app.add_subcommand("classify", "Whose fault is this answer? Exit code 1: rows of the manifest differ");
  auto* wire = classify_command->add_option("--wire", classify.wire, "Whose: anthropic, openai, gemini, bedrock, …; web for a page");
  auto* manifest = classify_command->add_option("--manifest", classify.manifest, "Many answers, in JSON Lines, beside their files")->excludes(wire);
  classify_command->add_option("--status", classify.status, "The HTTP status")->check(CLI::Range(100, 999))->excludes(manifest);
  classify_command->add_option("--header", classify.headers, "'name: value'; may be repeated")->excludes(manifest)->allow_extra_args(false);
  auto* body = classify_command->add_option("--body", classify.body, "The answer's body: a file, - for standard input")->excludes(manifest);
  classify_command->add_option("--timeline", classify.timeline, "The answer with arrival times, in JSON Lines")->excludes(manifest)->excludes(body);
  classify_command->add_flag("--stream", classify.stream, "A stream was asked for")->excludes(manifest);
  classify_command->add_flag("--json", classify.json, "For machines");

  commands::ReplayArguments replay;
  auto* replay_command = app.add_subcommand("replay", "The rules against the past: what would have been told?");
  auto* trace = replay_command->add_option("--trace", replay.trace, "Probes in JSON Lines");
  replay_command->add_option("--claims", replay.claims, "Status page samples in JSON Lines")->needs(trace);
  replay_command->add_option("--db", replay.database, "Our own database")->excludes(trace);
  replay_command->add_option("--since", replay.since, "From this time on (a cold start)")->excludes(trace);
  replay_command->add_option("--config", replay.config_file, "Under this configuration instead of the one of the day (of a trace: the rules of the services it names)");
  replay_command->add_flag("--json", replay.json, "One JSON document: the summary with the incidents");
  replay_command->add_option("--out", replay.out, "Target alerts in JSON Lines");
  replay_command->add_option("--mismatches-out", replay.mismatches_out, "Called mismatches in JSON Lines");
  replay_command->add_option("--dense", replay.dense, "The trace holds a sample this often: probe adaptively, such as 6s or 6")->needs(trace);
  replay_command->add_flag("--no-component-stream", replay.no_component_stream, "Judge each target by itself");
  replay_command->add_flag("--no-slow-stream", replay.no_slow_stream, "Do not judge slowness");
  replay_command->add_option("--min-outage", replay.min_outage, "Rule: min_outage");
  replay_command->add_option("--reopen", replay.reopen, "Rule: reopen");
  replay_command->add_option("--interval", replay.interval, "Rule: interval");
  replay_command->add_option("--grace", replay.grace, "Rule: grace");
  replay_command->add_option("--budget", replay.budget, "Rule: false alarms per target-year")->check(CLI::PositiveNumber);

  commands::ReportOptions report;
  auto* report_command = app.add_subcommand("report", "How honest each status page has been");
  report_command->add_flag("--pages", report.pages, "Lag, what was never admitted, understated, cleared too early or late")->required();
  report_command->add_option("--db", report.database, "This database in place of the configured one")->check(CLI::ExistingFile);
  report_command->add_option("--since", report.since, "Incidents from this time on, or so long ago: 2026-04-13T14:00:00Z, 90d");
  report_command->add_flag("--json", report.json, "For machines");

  simulator::SimulateOptions simulate;
  auto* simulate_command = app.add_subcommand("simulate", "A provider that fails, and a page that lies, on cue");
  simulate_command->add_option("scenario", simulate.scenario, "A built-in scenario's name, or a file")->required();
  simulate_command->add_option("--listen", simulate.listen_address, "host:port")->capture_default_str();
  simulate_command->add_option("--speed", simulate.speed, "Scenario seconds per second")->check(CLI::PositiveNumber);
  simulate_command->add_option("--port-file", simulate.port_file, "Write the port here once it listens");
  simulate_command->add_flag("--until-end", simulate.until_end, "Stop when the scenario has been played");

  simulator::ReceiveOptions receive;
  auto* receive_command = app.add_subcommand("receive", "A receiver of notifications that records them");
  receive_command->add_option("--scenario", receive.scenario, "Whose receivers say how it fails");
  receive_command->add_option("--listen", receive.listen_address, "host:port")->capture_default_str();
  receive_command->add_option("--log-file", receive.log_file, "What arrives, in JSON Lines");
  receive_command->add_option("--port-file", receive.port_file, "Write the port here once it listens");

  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;  // help and version are no errors
  }

  if (check->parsed()) {
    code = explain_asked ? commands::explain(source, explained) : commands::check_config(source);
  } else if (catalog_list->parsed()) {
    code = commands::catalog_list(source, catalog_json);
  } else if (catalog_show->parsed()) {
    code = commands::catalog_show(source, catalog_name);
  } else if (demo_command->parsed()) {
    demo.colour = isatty(STDOUT_FILENO) && std::getenv("NO_COLOR") == nullptr;
    code = commands::demo(demo, std::filesystem::read_symlink("/proc/self/exe").string());
  } else if (page_command->parsed()) {
    code = commands::page(page, source);
  } else if (probe_command->parsed()) {
    code = commands::probe(probe, source);
  } else if (classify_command->parsed()) {
    code = commands::classify(classify);
  } else if (replay_command->parsed()) {
    if (replay.trace.empty() && replay.database.empty()) {
      fmt::print(stderr, "replay: give --trace PROBES.jsonl or --db FILE\n");
      return 2;
    }
    code = commands::replay(replay);
  } else if (report_command->parsed()) {
    code = commands::report(report, source);
  } else if (simulate_command->parsed()) {
    code = simulator::run_simulation(simulate);
  } else if (receive_command->parsed()) {
    code = simulator::run_receiver(receive);
  } else {
    (void)run;
    code = commands::run(source);
  }
  return code;
}
