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

/// One HTTP request, complete: the loop adds nothing but the egress settings.
struct Request {
  std::string method = "GET";
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  Duration timeout = 10s;              // total, name resolution included
  std::size_t max_body = 1024 * 1024;  // bytes after decompression; more is body_too_large
  bool http2 = true;
  bool want_cert = false;              // report the chain's earliest expiry
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
  std::optional<Timestamp> cert_expiry;
  /// First header of that (lower-case) name, or "".
  const std::string& header(std::string_view name) const;
};

/// What a run found: for a target its class, for a page its reading.
struct Finding {
  Class cls = Class::ok;
  std::shared_ptr<const Evidence> evidence;
  std::shared_ptr<const PageReport> page;       // pages only, changed or not
  std::shared_ptr<const PageDocument> document; // pages only
};

/// What one run of a probe remembers between its requests.
struct Run {
  int requests = 0;                    // made so far
  std::shared_ptr<void> state;         // the kind's own
};

class Probe {
 public:
  virtual ~Probe() = default;
  virtual Request first() const = 0;
  /// Ask again, or conclude.
  virtual std::variant<Request, Finding> next(const Response& response, Run& run) const = 0;
};

}  // namespace outaged
