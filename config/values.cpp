#include "config/values.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace outaged::config {
namespace {

bool lower(char c) { return c >= 'a' && c <= 'z'; }
bool upper(char c) { return c >= 'A' && c <= 'Z'; }
bool digit(char c) { return c >= '0' && c <= '9'; }

template <class Pred>
bool all(std::string_view text, Pred pred) {
  return std::all_of(text.begin(), text.end(), pred);
}

bool is_port(std::string_view text, int least) {
  const auto port = parse_integer(text);
  return port && *port >= least && *port <= 65535 && all(text, digit);
}

bool is_ip(const std::string& text, int family) {
  std::array<unsigned char, sizeof(in6_addr)> address{};
  return inet_pton(family, text.c_str(), address.data()) == 1;
}

struct Parts {
  std::string_view host, port;  // host without brackets
  bool v6 = false, has_port = false, ok = false;
};

Parts split(std::string_view text) {
  Parts out;
  std::string_view rest;
  if (text.starts_with("[")) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return out;
    out.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    out.v6 = true;
    if (!is_ip(std::string(out.host), AF_INET6)) return out;
  } else {
    const auto colon = text.find(':');
    out.host = text.substr(0, colon);
    rest = colon == std::string_view::npos ? std::string_view{} : text.substr(colon);
  }
  if (!rest.empty()) {
    if (rest.front() != ':') return out;
    out.port = rest.substr(1);
    out.has_port = true;
  }
  out.ok = true;
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return upper(c) ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

bool is_host_char(char c) {
  return lower(c) || upper(c) || digit(c) || c == '.' || c == '-' || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

std::string authority_fault(std::string_view rest, bool credentials) {
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = authority.rfind('@'); at != std::string_view::npos) {
    if (!credentials) return "holds a user name or password; send it in a header whose value comes from a file";
    authority.remove_prefix(at + 1);
  }
  const Parts address = split(authority);
  if (!address.ok)
    return "has a host that cannot be read; an IPv6 address stands in brackets: https://[2001:db8::1]:8443/";
  if (address.host.empty()) return "has no host";
  if (!address.v6 && !all(address.host, is_host_char))
    return "has a host with a character that no host name has";
  if (address.has_port && !is_port(address.port, 1)) return "has a port that is not a number from 1 to 65535";
  return {};
}

}  // namespace

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 63 && (lower(text[0]) || digit(text[0])) &&
         all(text, [](char c) { return lower(c) || digit(c) || c == '_' || c == '-'; });
}

bool is_identifier(std::string_view text) {
  return !text.empty() && !digit(text[0]) &&
         all(text, [](char c) { return lower(c) || upper(c) || digit(c) || c == '_'; });
}

bool is_token(std::string_view text) {
  return !text.empty() && all(text, [](char c) {
    return lower(c) || upper(c) || digit(c) || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
  });
}

bool is_one_line(std::string_view text) {
  return all(text, [](char c) { return (static_cast<unsigned char>(c) >= 0x20 || c == '\t') && c != 0x7f; });
}

std::string url_fault(std::string_view url, bool credentials) {
  const std::string scheme = lower_case(url.substr(0, url.find(':')));
  if ((scheme != "http" && scheme != "https") || url.substr(scheme.size(), 3) != "://")
    return "does not begin with http:// or https://";
  if (!all(url, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }))
    return "holds a space or a control character; write a space as %20";
  return authority_fault(url.substr(scheme.size() + 3), credentials);
}

std::string proxy_fault(std::string_view url) {
  const std::string scheme = lower_case(url.substr(0, url.find(':')));
  const bool known = scheme == "http" || scheme == "https" || scheme == "socks5" || scheme == "socks5h";
  if (!known || url.substr(scheme.size(), 3) != "://")
    return "does not begin with http://, https://, socks5:// or socks5h://";
  if (!all(url, [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f; }))
    return "holds a space or a control character";
  return authority_fault(url.substr(scheme.size() + 3), true);
}

std::string listen_fault(std::string_view address) {
  const Parts parts = split(address);
  if (!parts.ok || !parts.has_port || parts.host.empty())
    return "is not host:port, like 127.0.0.1:9721 (0.0.0.0:9721 for every interface, [::1]:9721 for IPv6)";
  if (!is_port(parts.port, 0)) return "has a port that is not a number from 0 to 65535";
  return {};
}

bool is_loopback(std::string_view address) {
  const Parts parts = split(address);
  return parts.host == "localhost" || parts.host == "::1" ||
         (parts.host.starts_with("127.") && is_ip(std::string(parts.host), AF_INET));
}

std::optional<HostPort> parse_host_port(std::string_view text, std::string& fault) {
  if (is_ip(std::string(text), AF_INET6)) return HostPort{std::string(text), std::nullopt};
  const Parts parts = split(text);
  if (text.find("://") != std::string_view::npos)
    fault = "is a URL; leave out the scheme and the path";
  else if (!parts.ok)
    fault = "is not host:port; an IPv6 address stands in brackets: [2001:db8::1]:443";
  else if (parts.host.empty())
    fault = "has no host";
  else if (!parts.v6 && !all(parts.host, is_host_char))
    fault = "has a host with a character that no host name has";
  else if (!parts.v6 && !all(parts.host, [](char c) { return static_cast<unsigned char>(c) < 0x80; }))
    fault = "has a host that must be written in its ASCII form (xn--…)";
  else if (parts.has_port && !is_port(parts.port, 1))
    fault = "has a port that is not a number from 1 to 65535";
  if (!fault.empty()) return std::nullopt;
  HostPort out{std::string(parts.host), std::nullopt};
  if (parts.has_port) out.port = static_cast<std::uint16_t>(*parse_integer(parts.port));
  return out;
}

std::string resolver_fault(std::string_view address) {
  if (is_ip(std::string(address), AF_INET6)) return {};
  const Parts parts = split(address);
  if (!parts.ok || (!parts.v6 && !is_ip(std::string(parts.host), AF_INET)))
    return "is not the IP address of a name server, like 192.0.2.53, 192.0.2.53:5353 or [2001:db8::53]:5353";
  if (parts.has_port && !is_port(parts.port, 1)) return "has a port that is not a number from 1 to 65535";
  return {};
}

std::string pointer_fault(std::string_view pointer) {
  if (!pointer.empty() && pointer.front() != '/') return "is not a JSON pointer, which begins with /: /error/type";
  for (std::size_t i = 0; i < pointer.size(); ++i)
    if (pointer[i] == '~' && (i + 1 >= pointer.size() || (pointer[i + 1] != '0' && pointer[i + 1] != '1')))
      return "has a ~ that is not part of ~0 (for ~) or ~1 (for /)";
  return {};
}

std::optional<std::size_t> parse_size(std::string_view text) {
  std::size_t unit = 1;
  for (const auto& [suffix, bytes] :
       {std::pair<std::string_view, std::size_t>{"KiB", 1u << 10}, {"MiB", 1u << 20}, {"GiB", 1u << 30}}) {
    if (!text.ends_with(suffix)) continue;
    text.remove_suffix(suffix.size());
    unit = bytes;
    break;
  }
  const auto number = parse_integer(text);
  if (!number || *number < 0) return std::nullopt;
  const auto count = static_cast<std::size_t>(*number);
  if (count > std::numeric_limits<std::size_t>::max() / unit) return std::nullopt;
  return count * unit;
}

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> parse_rate(std::string_view text) {
  const bool percent = text.ends_with("%");
  if (percent) text.remove_suffix(1);
  while (text.ends_with(" ")) text.remove_suffix(1);
  const auto number = parse_number(text);
  if (!number) return std::nullopt;
  return percent ? *number / 100.0 : *number;
}

std::optional<long long> parse_integer(std::string_view text) {
  long long value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::pair<int, int>> parse_status_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = parse_integer(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_integer(text.substr(dash + 1));
  if (!first || !last || *first < 100 || *last > 599 || *first > *last) return std::nullopt;
  return std::pair{static_cast<int>(*first), static_cast<int>(*last)};
}

bool is_base64(std::string_view text) {
  for (int padding = 0; padding < 2 && text.ends_with("="); ++padding) text.remove_suffix(1);
  return !text.empty() && text.size() % 4 != 1 &&
         all(text, [](char c) { return lower(c) || upper(c) || digit(c) || c == '+' || c == '/'; });
}

}  // namespace outaged::config
