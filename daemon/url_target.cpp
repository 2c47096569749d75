#include "daemon/url_target.h"

#include <fmt/format.h>

#include <string_view>

#include "config/values.h"
#include "core/text.h"

namespace outaged {
namespace {

struct Parts {
  std::string scheme, authority, path, query;
};

Parts split(const std::string& url) {
  Parts out;
  const std::size_t colon = url.find("://");
  out.scheme = lower_ascii(url.substr(0, colon));
  std::string rest = url.substr(colon + 3);
  if (const std::size_t mark = rest.find('?'); mark != std::string::npos) {
    out.query = rest.substr(mark + 1);
    rest.erase(mark);
  }
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  out.authority = rest.substr(0, slash);
  if (slash < rest.size()) out.path = rest.substr(slash + 1);
  return out;
}

/// The value of the one key that may stand there; "" if there is none.
Result<std::string> only(const Parts& parts, std::string_view key) {
  if (parts.query.empty()) return std::string{};
  if (!parts.query.starts_with(key) || parts.query.size() <= key.size() || parts.query[key.size()] != '=' ||
      parts.query.find('&') != std::string::npos)
    return Error{fmt::format("after the ? only {}=… may stand", key)};
  return parts.query.substr(key.size() + 1);
}

Result<void> read_tcp(const Parts& parts, config::TcpCheck& check) {
  std::string fault;
  const auto address = config::parse_host_port(parts.authority, fault);
  if (!address) return Error{fmt::format("the address {}", fault)};
  if (!address->port || !parts.path.empty()) return Error{fmt::format("write {}://host:port", parts.scheme)};
  check.host = address->host;
  check.port = *address->port;
  if (parts.scheme != "tls") return parts.query.empty() ? Result<void>{} : Error{"nothing may stand after the ?"};
  check.tls = config::TcpCheck::Tls::direct;
  const auto starttls = only(parts, "starttls");
  if (!starttls) return Error{starttls.error()};
  if (*starttls == "smtp")
    check.tls = config::TcpCheck::Tls::smtp;
  else if (*starttls == "imap")
    check.tls = config::TcpCheck::Tls::imap;
  else if (*starttls == "pop3")
    check.tls = config::TcpCheck::Tls::pop3;
  else if (!starttls->empty())
    return Error{"starttls is one of smtp, imap, pop3"};
  return {};
}

Result<void> read_dns(const Parts& parts, config::DnsCheck& check) {
  std::string fault;
  if (!parts.authority.empty() && !config::parse_host_port(parts.authority, fault))
    return Error{fmt::format("the name server {}", fault)};
  if (parts.path.empty()) return Error{"write dns://server/name?type=A, or dns:///name for our own resolver"};
  check.server = parts.authority;
  check.name = parts.path;
  const auto type = only(parts, "type");
  if (!type) return Error{type.error()};
  if (!type->empty()) check.type = *type;
  for (char& c : check.type)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return {};
}

Result<void> read_icmp(const Parts& parts, config::IcmpCheck& check) {
  std::string fault;
  const auto address = config::parse_host_port(parts.authority, fault);
  if (!address) return Error{fmt::format("the host {}", fault)};
  if (address->port || !parts.path.empty() || !parts.query.empty()) return Error{"write icmp://host"};
  check.host = address->host;
  return {};
}

}  // namespace

Result<config::Target> target_of_url(const std::string& url) {
  config::Target target;
  target.name = url;
  const Parts parts = split(url);
  Result<void> read = Error{"only http, https, tcp, tls, dns and icmp can be probed"};
  target.kind = parts.scheme;
  if (parts.scheme == "http" || parts.scheme == "https") {
    target.kind = "http";
    target.http().url = url;
    read = {};
  } else if (parts.scheme == "tcp" || parts.scheme == "tls") {
    read = read_tcp(parts, target.check.emplace<config::TcpCheck>());
  } else if (parts.scheme == "dns") {
    read = read_dns(parts, target.check.emplace<config::DnsCheck>());
  } else if (parts.scheme == "icmp") {
    read = read_icmp(parts, target.check.emplace<config::IcmpCheck>());
  }
  if (!read) return Error{fmt::format("{}: {}", url, read.error())};
  return target;
}

}  // namespace outaged
