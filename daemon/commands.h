// What each sub-command does. main.cpp reads the command line and calls one of these; each returns the exit code.
// They print to stdout what was asked for, and to stderr what went wrong, naming the mend.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "core/promise.h"
#include "core/time.h"
#include "daemon/explain_facts.h"

namespace outaged::commands {

struct Source {
  std::string config_file = "/etc/outaged/outaged.yaml";
  std::string catalog_path;          // of entries over the built-in ones; empty: as the file says, or the default
  // Over what the file says; empty: as it says.
  std::string listen_address, external_url, storage_path, retention, log_level, log_format;
};
/// The configuration with the command line's word over it. Every problem, a line each, in the error.
Result<config::Config> load(const Source& source);

int run(const Source& source);
int check_config(const Source& source);

/// What `use:` may name. Exit code 1: an entry is wrong, or there is none of that name.
int catalog_list(const Source& source, bool json);
int catalog_show(const Source& source, const std::string& name);

struct ExplainOptions {
  double baseline = prior_baseline;  // share of requests that fail on a normal day, where nothing was learned
  std::string database = {};              // whose targets' learned baselines hold; empty: none
  bool json = false;
};
/// What the rules promise: delays, false alarms, floor, probes, paid tokens. As text of at most 100 columns, or as JSON.
std::string explain(const config::Config& config, const ExplainOptions& options, const Learned* learned = nullptr);
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

struct ClassifyOptions {
  std::string wire;                  // "anthropic", "openai", …, or "web" for a page
  std::optional<int> status;
  std::vector<std::string> headers;  // "name: value"
  std::string body, timeline;        // files, "-" for standard input; at most one of them
  std::string manifest;              // a file of many: then nothing else is read
  bool stream = false, json = false;
};
/// Whose fault is this answer? Exit code 1: a row of the manifest is not what it says; 2: the question is wrong.
int classify(const ClassifyOptions& options);

struct ReplayArguments {
  std::string trace, claims, database, since, config_file, out, mismatches_out;
  std::string min_outage, reopen, interval, grace, dense;
  bool no_component_stream = false, no_slow_stream = false, json = false;
  std::optional<double> budget;
};
int replay(const ReplayArguments& arguments);

struct ReportOptions {
  bool pages = false;
  std::string database;              // empty: the configured one
  std::string since;                 // RFC 3339, or how long ago; empty: all that is stored
  bool json = false;
};
/// Exit code 1: the database cannot be read; 2: the question is wrong.
int report(const ReportOptions& options, const Source& source);

struct DemoOptions {
  bool json = false;
  double speed = 60;
  std::string scenario = "april-13";
  std::string listen_address = "127.0.0.1:0";
  bool colour = false;
};
int demo(const DemoOptions& options, const std::string& program);

}  // namespace outaged::commands
