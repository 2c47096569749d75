// A probe describes requests and judges responses; it performs no I/O. The loop (probes/loop.h) performs them.
// Implemented by probes/kinds (one file per kind) and by the page reader. Immutable after construction, so that the
// loop and the command line may share one; what a run remembers lives in Run.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/model.h"
#include "core/page.h"

namespace outaged {

enum class Family : std::uint8_t { any, v4, v6 };

/// One HTTP request, complete: the loop adds nothing but the egress settings.
struct Request {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Duration timeout = 10s;              // total, name resolution included
  std::size_t max_body = 1024 * 1024;  // bytes after decompression; more is body_too_large
  bool http2 = true;
  bool http2_only = false;             // without TLS too (gRPC)
  bool want_cert = false;              // report the chain's earliest expiry
  bool want_arrivals = false;          // report when each part of the body came
  std::string ca_file, cert_file, key_file;  // PEM; empty: the egress settings', none
  std::optional<std::string> proxy;    // instead of the egress settings'; "": none
  Family family = Family::any;         // any: whichever of a host's addresses answers first
  bool or_other_family = false;        // of a host that has no such address the other family is asked
};

/// One TCP connection: opened, perhaps secured, perhaps spoken over.
struct Dialogue {
  std::string host;
  std::uint16_t port = 0;
  enum class Tls : std::uint8_t { none, direct, smtp, imap, pop3 } tls = Tls::none;  // the last three: by STARTTLS
  std::string server_name, ca_file, cert_file, key_file;
  struct Line {
    bool send = false;                 // else: what must come, as a substring of what came so far
    std::string text;
  };
  std::vector<Line> lines;
  Duration timeout = 10s;
  std::size_t max_read = 64 * 1024;
};

/// One question to one name server.
struct DnsQuery {
  std::string name, type = "A";
  std::string server;                  // "ip[:port]" or a name; empty: the system's
  bool tcp = false, recursion = true;
  Duration timeout = 5s;
};

/// One ICMP echo request.
struct Ping {
  std::string host;
  Family family = Family::any;
  std::size_t payload = 56;
  Duration timeout = 5s;
};

/// One child process, without a shell, in a process group of its own.
struct Command {
  std::vector<std::string> argv;
  std::vector<std::pair<std::string, std::string>> environment;
  Duration timeout = 10s;              // then the whole group is killed
  std::size_t max_output = 64 * 1024;
};

/// Nothing to ask: the probe is judged at once, with an empty response.
struct Nothing {};

/// What a probe may ask the loop to perform.
using Ask = std::variant<Request, Dialogue, DnsQuery, Ping, Command, Nothing>;

/// When a part of a body came, since the request was asked, and how long the body was then.
struct Arrival {
  Micros at{};
  std::size_t end = 0;
};

struct DnsRecord {
  std::string type, value;             // as in a zone file, without the final dot; TXT without quotes
  std::uint32_t ttl = 0;
};

/// How the exchange ended below HTTP. `none`: a complete response was received.
enum class TransportError : std::uint8_t {
  none,
  dns_nxdomain, dns_servfail, dns_timeout, dns_error,
  connect_refused, connect_timeout, connect_reset, connect_unreachable,
  tls_expired, tls_name_mismatch, tls_unknown_ca, tls_handshake,
  send_failed,
  timeout_first_byte, timeout_body,
  reset_before_response, truncated_body, too_large, protocol,
  local,  // ours: out of descriptors, bad URL, a proxy that refuses
};

struct Response {
  TransportError error = TransportError::none;
  std::string error_text;              // libcurl's or the resolver's words, for evidence
  int status = 0;                      // 0: no status line was received
  std::string http_version;            // "1.1", "2"
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case, in order of arrival
  std::string body;                    // at most max_body, decoded
  Timings timings;
  Micros total{};
  std::string remote;                  // "192.0.2.1:443"
  std::string url;                     // that was asked
  Family family = Family::any;         // that was asked, where the host has both and one was wanted
  std::optional<Timestamp> cert_expiry;
  std::vector<Arrival> arrivals;       // if asked for
  std::vector<std::pair<std::string, std::string>> trailers;  // names in lower case
  std::string rcode;                   // DNS: "NOERROR", "NXDOMAIN", …
  std::vector<DnsRecord> records;      // DNS: the answer section
  std::optional<int> exit_code;        // command: nullopt if it was killed
  /// First header of that (lower-case) name, or "".
  const std::string& header(std::string_view name) const;
};

/// What a run found: for a target its class, for a page its reading.
struct Finding {
  Class cls = Class::ok;
  std::shared_ptr<const Evidence> evidence;
  std::shared_ptr<const PageReport> page;       // pages only, changed or not
  std::shared_ptr<const PageDocument> document; // pages only
  Duration not_before{};               // the other side wants to be left alone this long (Retry-After); zero: no
  bool shallow = false;                // good news from less than the whole check: does not teach the baseline
  std::shared_ptr<Response> response;  // that was judged, where it is not the last; its body may be gone
};

/// What one run of a probe remembers between its requests.
struct Run {
  int requests = 0;                    // made so far
  bool base_schedule = true;           // in its turn; false: asked faster, or out of turn, for something is suspected
  std::shared_ptr<void> state;         // the kind's own
};

/// Ask again, or conclude.
using Step = std::variant<Finding, Request, Dialogue, DnsQuery, Ping, Command, Nothing>;

class Probe {
 public:
  virtual ~Probe() = default;
  virtual Ask first() const = 0;
  virtual Step next(const Response& response, Run& run) const = 0;
};

}  // namespace outaged
