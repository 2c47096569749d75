// The configuration as typed data, and its loader. Every problem found is reported, with file, line and column.
// Called by the daemon at start and reload, and by the command line; on the calling thread. Performs file reads only
// (the config itself, `*_file` secrets, ${VAR} from the environment, systemd credentials); never touches the network.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/model.h"
#include "core/result.h"
#include "core/topology.h"

namespace outaged::config {

struct Position {
  std::string file;
  int line = 0, column = 0;  // 1-based; 0: the file as a whole
};

struct Problem {
  Position at;
  std::string message;
};
/// "file:line:column: message"
std::string to_string(const Problem& problem);

/// A secret: never printed, never stored. `reveal` only where it leaves for its owner.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_;
};

/// A condition on the body: the value at a JSON pointer (RFC 6901).
struct JsonCondition {
  std::string pointer;
  std::optional<std::string> equals;  // compared with the value's JSON text, strings without quotes; nullopt: must exist
};

struct HttpCheck {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, Secret>> headers;  // values may hold secrets
  Secret body;
  std::vector<std::pair<int, int>> expect_status;        // inclusive ranges; empty: 200 to 299
  std::vector<std::string> body_contains, body_not_contains;
  std::vector<JsonCondition> json;
  std::string content_type;                              // required prefix; empty: any
  std::optional<Duration> max_latency;                   // a right answer that took longer fails as timeout_body
  std::size_t max_body = 1024 * 1024;                    // bytes
  bool follow_redirects = false;
  bool http2 = true;                                     // offer it on TLS
};

struct Target {
  Position at;
  std::string name;                 // full: "claude/api/messages"
  std::string kind = "http";
  Labels labels;
  Duration timeout = 10s;
  HttpCheck http;
  DetectionRules rules;             // rules.interval is the probing interval
};

struct PageBinding {                // which page components speak for ours; ids first, names as fallback
  std::string page;                 // page name; empty: no page
  std::vector<std::string> components;  // ids or names; empty: the page as a whole
};

struct Component {
  Position at;
  std::string name;                 // full: "claude/api"
  std::string title;
  PageBinding page;
  std::vector<Target> targets;
};

struct Page {
  Position at;
  std::string name;                 // the service's name, or "service/page" where a service has several
  std::string url;                  // for people
  std::string format = "statuspage";
  Duration interval = 60s, timeout = 10s;
  std::size_t max_body = 4 * 1024 * 1024;
};

struct Service {
  Position at;
  std::string name, title;
  Importance importance = Importance::notify;
  std::optional<Page> page;
  AgreementRules rules;
  std::vector<Component> components;
};

struct Control {
  Position at;
  std::string name;                 // "control/…"
  std::string url;
  Duration interval = 30s, timeout = 5s;
};

enum class Updates : std::uint8_t { all, important, none };  // important: admitted, severity, cleared

struct Receiver {
  Position at;
  std::string name;
  std::string kind;                 // "webhook", "slack"
  Secret url;                       // a Slack webhook's URL is a secret itself
  Secret signing_secret;            // webhook: Standard Webhooks, "whsec_…" or raw
  std::vector<std::pair<std::string, Secret>> headers;
  bool send_resolved = true;
  std::optional<Updates> updates;   // nullopt: the kind's own default
  Duration timeout = 10s;
  Duration backoff_first = 5s, backoff_max = 5min, give_up_after = 72h;
};

struct Route {                      // first match wins; a service, or all
  Position at;
  std::string service;              // empty: any
  std::vector<std::string> receivers;
};

struct Egress {
  std::string proxy;                // "http://host:port", may be empty
  std::string no_proxy;             // comma-separated, as curl takes it
  std::string ca_file;              // PEM bundle; empty: the system's
  std::string user_agent;           // empty: "outaged/<version> (+external_url)"
  std::vector<std::string> resolvers;  // "ip" or "ip:port"; empty: resolv.conf
};

struct Web {
  std::string listen_address = "127.0.0.1:9721";
  std::string external_url;         // no trailing slash
};

struct Storage {
  std::string path = "outaged.db";
  Duration retention = 30 * 24h;
};

struct Log {
  std::string level = "info", format = "text";
};

struct Config {
  std::string hash;                 // SHA-256 of the loaded files' bytes, hex
  std::vector<std::string> files;
  std::vector<Service> services;
  std::vector<Control> controls;
  ControlRules control_rules;
  std::vector<Receiver> receivers;
  std::vector<Route> routes;        // empty: everything to every receiver
  Egress egress;
  Web web;
  Storage storage;
  Log log;
  std::vector<std::string> notes;   // true but worth saying: "no controls configured: …"
};

struct Loaded {
  std::optional<Config> config;     // set if and only if problems is empty
  std::vector<Problem> problems;
};

/// Loads a file, or every *.yaml and *.yml of a directory in order of name (their lists are joined).
Loaded load(const std::string& path);
/// The same from memory; `name` stands for the file in problems. Relative *_file paths are taken from `base`.
Loaded load_text(std::string_view text, const std::string& name, const std::string& base = ".");

/// What the engine must know. Names get their ids from `names`.
std::shared_ptr<const Topology> make_topology(const Config& config, Names& names);

}  // namespace outaged::config
