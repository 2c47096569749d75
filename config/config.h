// The configuration as typed data, and its loader. Every problem found is reported, with file, line and column.
// Called by the daemon at start and reload, and by the command line; on the calling thread. Performs file reads only
// (the config itself, `*_file` secrets, ${VAR} from the environment, systemd credentials); never touches the network.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
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
  /// In a time that does not tell how much of it was right.
  bool is(std::string_view given) const;

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
  // All of the following are empty or unset by default.
  std::vector<std::string> body_matches, body_not_matches;  // RE2
  struct HeaderCondition {
    std::string name, matches;                           // RE2; empty: must be there
    bool absent = false;
  };
  std::vector<HeaderCondition> header_conditions;
  std::optional<Duration> min_cert_left;                 // a certificate that ends sooner fails as tls_expired
  std::optional<std::size_t> min_size, max_size;         // of the body, in bytes
  bool page = false;                                     // a page for people: not blank, its assets alive, no login form
  std::string ca_file, cert_file, key_file;              // PEM
  std::optional<std::string> proxy;                      // instead of egress.proxy; "": none
  enum class Family : std::uint8_t { any, v4, v6 } family = Family::any;  // any: each the host has, in turn
};

/// kinds `tcp` and `tls`: a connection, perhaps secured, perhaps spoken over.
struct TcpCheck {
  std::string host;                                      // name or address literal
  std::uint16_t port = 0;
  enum class Tls : std::uint8_t { none, direct, smtp, imap, pop3 } tls = Tls::none;  // the last three: by STARTTLS
  std::string server_name;                               // empty: host
  std::string ca_file, cert_file, key_file;
  std::optional<Duration> min_cert_left;                 // a certificate that ends sooner fails as tls_expired
  struct Line {
    bool send = false;                                   // else: what must come, as a substring
    std::string text;
  };
  std::vector<Line> dialogue;                            // in order, once connected (and secured)
};

/// kind `dns`: one question to one name server.
struct DnsCheck {
  std::string name, type = "A";                          // A AAAA CNAME MX NS TXT SOA SRV PTR CAA
  std::string server;                                    // "ip[:port]" or a name; empty: the system's
  std::string second_server;                             // asked on failure, to tell theirs from ours; empty: if a server is
                                                         // named, the system's, for evidence only; else egress.second_resolver
  bool tcp = false, recursion = true;
  std::string expect_rcode = "NOERROR";
  std::vector<std::string> expect_answers;               // all of these must be among the answers
  bool exact = false;                                    // and no others
};

/// kind `icmp`: an echo request, unprivileged where the kernel allows it.
struct IcmpCheck {
  std::string host;
  enum class Family : std::uint8_t { any, v4, v6 } family = Family::any;
  std::size_t payload = 56;                              // bytes
};

/// kind `grpc`: grpc.health.v1.Health/Check.
struct GrpcCheck {
  std::string url;                                       // http://host:port or https://host:port
  std::string service;                                   // empty: the server as a whole
  std::vector<std::pair<std::string, Secret>> metadata;
  std::string ca_file, cert_file, key_file;
};

/// kind `exec`: a program with the Nagios plugin's exit codes (0 ok, 1 warning, 2 critical, 3 unknown).
struct ExecCheck {
  std::vector<std::string> command;                      // argv; no shell
  std::vector<std::pair<std::string, Secret>> environment;
  bool warning_is_ok = true;
  std::size_t max_output = 64 * 1024;
};

/// kind `feed`: posts that match keywords, against their own normal rate. Never opens an incident by itself.
struct FeedCheck {
  std::string url;
  std::vector<std::pair<std::string, Secret>> headers;
  std::vector<std::string> keywords;                     // RE2, any of them, without case, in title or text
  Duration window = 30min;                               // posts younger than this count
  int threshold = 0;                                     // matching posts that are unusual; 0: learned
  std::string items, title, time;                        // JSON: pointers to the list, and within each item
};

/// kind `push`: something reports that it is alive; silence is the failure.
struct PushCheck {
  Duration every{};                                      // how often it must report; rules.interval is how often we look
  Duration grace{};                                      // beyond that
  Secret token;                                          // what it must show; empty: whoever reaches us may report
};

/// kind `llm`: one wire of one provider, one model.
struct LlmCheck {
  std::string wire;                                      // probes/llm: "anthropic", "openai", "openai-responses", …
  std::string url;                                       // base, without the path; empty: the wire's own
  std::string model;
  std::vector<std::string> models;                       // while it is read: each becomes a target of its own
  Secret api_key;                                        // empty: only what needs no key is asked
  Secret access_key_id, secret_access_key, session_token;  // bedrock (SigV4)
  std::string region, project, deployment, api_version;  // vertex, bedrock, azure
  std::vector<std::pair<std::string, Secret>> headers;
  bool stream = true;                                    // the last rung streams
  int max_tokens = 0;                                    // of a completion; 0: the least the wire takes
  Duration first_token = 20s, max_gap = 15s;             // later: timeout_first_token, stream_stalled
  std::string ladder = "auto";                           // or one rung: canary, models, count, completion, stream
  std::string ledger;                                    // budgets are kept per this name; the service's by default
  std::int64_t tokens_per_day = 0, requests_per_day = 0; // set by the reader: a budget is on by default
};

using Check = std::variant<HttpCheck, TcpCheck, DnsCheck, IcmpCheck, GrpcCheck, ExecCheck, FeedCheck, PushCheck, LlmCheck>;

struct Target {
  Position at;
  std::string name;                 // full: "claude/api/messages"
  std::string kind = "http";
  Labels labels;
  Duration timeout = 10s;
  Check check;
  DetectionRules rules;             // rules.interval is the probing interval
  bool advisory = false;            // shown and named, but opens nothing and counts nowhere (kind `feed`)

  /// Of kind `http`.
  HttpCheck& http() { return std::get<HttpCheck>(check); }
  const HttpCheck& http() const { return std::get<HttpCheck>(check); }
};

struct PageBinding {                // which page components speak for ours; ids first, names as fallback
  std::string page;                 // page name; empty: no page
  std::vector<std::string> components;  // ids or names; empty: the page as a whole
};

struct Alternative {
  Position at;
  std::string name;                 // of another component, full: "bedrock/runtime"
};

struct Component {
  Position at;
  std::string name;                 // full: "claude/api"
  std::string title;
  PageBinding page;
  std::vector<Alternative> alternatives;  // what serves in its place, the best first
  bool reported = false;            // watched by what applications report of it: needs neither target nor page
  std::vector<Target> targets;
};

struct Page {
  Position at;
  std::string name;                 // the service's name, or "service/page" where a service has several
  std::string url;                  // for people
  std::string format = "auto";      // or one of core/page_formats.h
  Duration interval = 60s, timeout = 10s;
  std::size_t max_body = 4 * 1024 * 1024;
  Secret hook_token;                // who knows it may have the page read at once; empty: nobody may
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
  std::string second_resolver;      // the same; asked when a name is not found, to tell theirs from ours; empty: none
};

struct Web {
  std::string listen_address = "127.0.0.1:9721";
  std::string external_url;         // no trailing slash
};

/// What others may tell us over HTTP, and how much of it.
struct Ingest {
  std::size_t max_streams = 1000;      // sources times components (times models and regions) heard within a day
  double rows_per_second = 20'000;     // of one peer
  double reports_per_minute = 6;       // "it fails for me too", of one peer
  DetectionRules traffic = traffic_rules();
};

/// How hard we probe, all in all.
struct Probing {
  int max_per_host = 32;            // probes in flight at one host; loopback and private addresses are not limited
  std::int64_t tokens_per_day = 0, requests_per_day = 0;  // of all paid probes together; 0: what their ledgers allow
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
  Probing probing;
  Ingest ingest;
  Storage storage;
  Log log;
  std::vector<std::string> notes;   // true but worth saying: "no controls configured: …"
};

struct Loaded {
  std::optional<Config> config;     // set if and only if problems is empty
  std::vector<Problem> problems;
};

/// Loads a file, or every *.yaml and *.yml of a directory in order of name (their lists are joined).
/// `catalog_path`: the directory of catalog entries over the built-in ones; empty: what the configuration says.
Loaded load(const std::string& path, const std::string& catalog_path = {});
/// The same from memory; `name` stands for the file in problems. Relative *_file paths are taken from `base`.
Loaded load_text(std::string_view text, const std::string& name, const std::string& base = ".");

/// What the engine must know. Names get their ids from `names`.
std::shared_ptr<const Topology> make_topology(const Config& config, Names& names);

}  // namespace outaged::config
