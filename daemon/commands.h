// What each sub-command does. main.cpp reads the command line and calls one of these; each returns the exit code.
// They print to stdout what was asked for, and to stderr what went wrong, naming the mend.
#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "core/promise.h"
#include "core/time.h"

namespace outaged::commands {

struct Source {
  std::string config_file = "/etc/outaged/outaged.yaml";
  // Over what the file says; empty: as it says.
  std::string listen_address, external_url, storage_path, retention, log_level, log_format;
};
/// The configuration with the command line's word over it. Every problem, a line each, in the error.
Result<config::Config> load(const Source& source);

int run(const Source& source);
int check_config(const Source& source);

struct ExplainOptions {
  double baseline = prior_baseline;  // share of requests that fail on a normal day
  bool json = false;
};
/// What the rules promise: delays, false alarms, floor, probes. As text of at most 100 columns, or as JSON.
std::string explain(const config::Config& config, const ExplainOptions& options);
int explain(const Source& source, const ExplainOptions& options);

struct PageOptions {
  std::string what;                  // a file, "-" for standard input, or a URL
  std::string url;                   // of the page, where `what` is a file
  std::string at;                    // the reader's clock; empty: now
  std::string format;                // empty: whichever reads it
  bool json = false;
};
int page(const PageOptions& options, const Source& source);

struct ProbeOptions {
  std::string what;                  // a URL, or a target of the configuration ("claude/api/messages")
  bool json = false;
};
int probe(const ProbeOptions& options, const Source& source);

struct ReplayArguments {
  std::string trace, claims, database, since, config_file, out, mismatches_out;
  std::string min_outage, reopen, interval, grace, dense;
  bool no_component_stream = false, no_slow_stream = false, json = false;
  std::optional<double> budget;
};
int replay(const ReplayArguments& arguments);

struct DemoOptions {
  bool json = false;
  double speed = 60;
  std::string scenario = "april-13";
  std::string listen_address = "127.0.0.1:0";
  bool colour = false;
};
int demo(const DemoOptions& options, const std::string& program);

}  // namespace outaged::commands
