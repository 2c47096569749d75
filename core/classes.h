// What happened, from one closed list, whose fault it is, and whether it counts.
// The table in classes.cpp is the only place that knows. Persisted by number: append only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace outaged {

enum class Class : std::uint8_t {  // append only
  ok = 0,
  dns_nxdomain,
  dns_servfail,
  dns_timeout,
  dns_error,
  tcp_refused,
  tcp_timeout,
  tcp_reset,
  tcp_unreachable,
  tls_expired,
  tls_name_mismatch,
  tls_unknown_ca,
  tls_handshake,
  timeout_before_first_byte,
  timeout_body,
  timeout_first_token,
  stream_stalled,
  stream_truncated,
  body_truncated,
  body_too_large,
  protocol_error,
  server_error,
  overloaded,
  edge_error,
  upstream_error,
  upstream_limited,
  starting,
  unexpected_status,
  unexpected_content,
  redirected,
  rate_limited,
  account,
  auth,
  not_found,
  bad_request,
  access_blocked,
  bot_challenge,
  network_local,
  probe_error,
  reported_bad,
  not_asked,
  silent,
  waiting,
};
inline constexpr std::size_t class_count = static_cast<std::size_t>(Class::waiting) + 1;

/// Whose fault a class is by itself. Only `provider` counts against the provider.
enum class Fault : std::uint8_t { none, provider, path, us, unclear };

/// What a class does to the sums. `maybe` is bad only when corroborated; `nothing` is void.
enum class Counts : std::uint8_t { good, bad, maybe, nothing };

struct ClassInfo {
  std::string_view name;      // stable: database, metrics, API
  Fault fault;
  Counts counts;
  std::string_view sentence;  // for people: "HTTP 500 from the service itself"
};

const ClassInfo& info(Class cls);
inline std::string_view to_string(Class cls) { return info(cls).name; }
std::string_view to_string(Fault fault);
std::string_view to_string(Counts counts);
std::optional<Class> class_from_string(std::string_view name);

}  // namespace outaged
