// Pure checks and conversions of single values: names, URLs, addresses, sizes, ranges. A check returns what is wrong,
// in words that complete "… is not accepted: it", or "" if nothing is; it never repeats the value, which may be a
// secret.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace outaged::config {

/// [a-z0-9][a-z0-9_-]*, at most 63 bytes: names go into URLs, metrics and file names.
bool is_name(std::string_view text);
/// [a-zA-Z_][a-zA-Z0-9_]*: a Prometheus label, an environment variable.
bool is_identifier(std::string_view text);
/// RFC 9110 token: a method, a header's name.
bool is_token(std::string_view text);
/// Free of control characters: fit for a header's value or one line.
bool is_one_line(std::string_view text);

/// What is wrong with an http or https URL, or "". `credentials`: user:password@ is accepted.
std::string url_fault(std::string_view url, bool credentials = false);
/// The same for a proxy: http, https, socks5 or socks5h.
std::string proxy_fault(std::string_view url);
/// "host:port" or "[v6]:port" to listen on.
std::string listen_fault(std::string_view address);
/// Whether a listen address that passed can only be reached from this machine.
bool is_loopback(std::string_view address);
/// Where to connect: a host name, an IPv4 address, or an IPv6 address (in brackets where a port follows).
struct HostPort {
  std::string host;                   // without brackets
  std::optional<std::uint16_t> port;  // nullopt: not given
};
/// "host", "host:port", "[v6]:port" or "v6"; nullopt: `fault` says why.
std::optional<HostPort> parse_host_port(std::string_view text, std::string& fault);
/// "ip", "ip:port" or "[v6]:port" of a name server.
std::string resolver_fault(std::string_view address);
/// A JSON pointer, RFC 6901.
std::string pointer_fault(std::string_view pointer);

/// "1048576", "512KiB", "1MiB", "1GiB": bytes.
std::optional<std::size_t> parse_size(std::string_view text);
/// "0.1" or "10%".
std::optional<double> parse_rate(std::string_view text);
std::optional<double> parse_number(std::string_view text);
std::optional<long long> parse_integer(std::string_view text);
/// "200" or "400-499", within 100 to 599.
std::optional<std::pair<int, int>> parse_status_range(std::string_view text);
/// Standard alphabet, padded or not.
bool is_base64(std::string_view text);

}  // namespace outaged::config
