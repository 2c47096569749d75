// What leaves, and which way: the proxy, who goes past it, the CA bundle, the User-Agent; and a URL taken apart as far
// as the loop must know it. Pure but for create(), which reads the CA bundle once to be sure of it. One owner, its
// thread. The environment's http_proxy and no_proxy are not looked at: what is configured holds.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace outaged::probes {

/// Where a URL leads.
struct Endpoint {
  std::string host;  // lower case, without brackets
  std::uint16_t port = 0;
  bool tls = false;
  bool literal = false;  // the host is an address
};
/// http and https only.
outaged::Result<Endpoint> parse_endpoint(const std::string& url);
/// "192.0.2.1:443", "[2001:db8::1]:443"
std::string join_host_port(std::string_view host, std::uint16_t port);

struct Proxy {
  std::string url;    // as libcurl takes it; may hold a password
  Endpoint endpoint;  // of the proxy itself
};

class Egress {
 public:
  /// Errors: a proxy URL that cannot be used, a CA bundle that cannot be read or holds no certificate.
  static outaged::Result<Egress> create(std::string proxy, std::string_view no_proxy, std::string ca_file,
                                        std::string user_agent);

  /// The proxy that a request to this host goes through, or null; it lives as long as this. `own`: the request's own
  /// choice, for which no_proxy does not hold; "": none. Otherwise the configured one, but for the hosts of `no_proxy`,
  /// as curl takes it: "*", names (each with its subdomains), addresses, networks in CIDR notation.
  /// Errors: an own proxy whose URL cannot be used.
  outaged::Result<const Proxy*> way(const Endpoint& endpoint, const std::optional<std::string>& own = {});

  const std::string& ca_file() const { return ca_file_; }  // empty: the system's
  const std::string& user_agent() const { return user_agent_; }

 private:
  std::optional<Proxy> proxy_;
  std::string ca_file_, user_agent_;
  std::vector<std::string> direct_;
  std::map<std::string, Proxy> own_;  // as many as the configuration names
};

}  // namespace outaged::probes
