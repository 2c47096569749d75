#include "probes/egress.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <memory>
#include <optional>

namespace outaged::probes {
namespace {

struct UrlFree {
  void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, UrlFree>;

std::optional<std::string> part(const Url& url, CURLUPart what, unsigned flags) {
  char* text = nullptr;
  if (curl_url_get(url.get(), what, &text, flags) != CURLUE_OK || text == nullptr) return std::nullopt;
  std::string copy = text;
  curl_free(text);
  return copy;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text;
}

struct Address {
  std::array<unsigned char, 16> bytes{};
  std::size_t size = 0;  // 4 or 16; 0: not an address
};

Address parse_address(std::string_view text) {
  Address address;
  const std::string copy{text};
  if (inet_pton(AF_INET, copy.c_str(), address.bytes.data()) == 1)
    address.size = 4;
  else if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) == 1)
    address.size = 16;
  return address;
}

bool in_network(const Address& address, const Address& network, std::size_t bits) {
  if (address.size == 0 || address.size != network.size || bits > address.size * 8) return false;
  if (std::memcmp(address.bytes.data(), network.bytes.data(), bits / 8) != 0) return false;
  const std::size_t rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff00U >> rest);
  return (address.bytes[bits / 8] & mask) == (network.bytes[bits / 8] & mask);
}

bool matches(const Endpoint& endpoint, std::string_view pattern) {
  if (pattern == "*") return true;
  if (endpoint.literal) {
    const Address address = parse_address(endpoint.host);
    const std::size_t slash = pattern.find('/');
    const Address network = parse_address(pattern.substr(0, slash));
    std::size_t bits = network.size * 8;
    if (slash != std::string_view::npos) {
      const std::string_view digits = pattern.substr(slash + 1);
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
      if (error != std::errc{} || end != digits.data() + digits.size()) return false;
    }
    return in_network(address, network, bits);
  }
  std::string_view host = endpoint.host;
  if (host.ends_with('.')) host.remove_suffix(1);
  return host == pattern ||
         (host.size() > pattern.size() && host.ends_with(pattern) && host[host.size() - pattern.size() - 1] == '.');
}

std::vector<std::string> split_no_proxy(std::string_view list) {
  std::vector<std::string> patterns;
  while (!list.empty()) {
    const std::size_t end = list.find_first_of(", \t");
    std::string_view word = list.substr(0, end);
    list = end == std::string_view::npos ? std::string_view{} : list.substr(end + 1);
    while (word.starts_with('.')) word.remove_prefix(1);
    if (word.ends_with('.')) word.remove_suffix(1);
    if (word.starts_with('[') && word.ends_with(']')) word = word.substr(1, word.size() - 2);
    if (!word.empty()) patterns.push_back(lower(std::string{word}));
  }
  return patterns;
}

outaged::Result<void> check_ca_file(const std::string& path) {
  const std::unique_ptr<X509_STORE, decltype(&X509_STORE_free)> store{X509_STORE_new(), &X509_STORE_free};
  const bool readable = store && X509_STORE_load_file(store.get(), path.c_str()) == 1;
  ERR_clear_error();
  if (!readable)
    return Error{fmt::format(
        "cannot read certificates from the CA file '{}': is it a PEM bundle that this user may read?", path)};
  return {};
}

outaged::Result<Proxy> parse_proxy(std::string url) {
  if (url.find("://") == std::string::npos) url = "http://" + url;
  const std::size_t colon = url.find("://");
  const std::string rest = url.substr(colon);
  std::string scheme = lower(url.substr(0, colon));
  // Of the two ways of each SOCKS, the one that leaves the name to the proxy: with the other, libcurl would resolve it
  // on a thread.
  if (scheme == "socks5") scheme = "socks5h";
  if (scheme == "socks4") scheme = "socks4a";
  if (scheme != "http" && scheme != "https" && scheme != "socks5h" && scheme != "socks4a")
    return Error{"the proxy's URL must begin with http://, https://, socks5:// or socks4://"};
  outaged::Result<Endpoint> endpoint = parse_endpoint((scheme == "https" ? "https" : "http") + rest);
  if (!endpoint) return Error{fmt::format("the proxy's URL cannot be used: {}", endpoint.error())};
  // libcurl's own default for a proxy without a port is 1080 (443 for https), not the scheme's.
  const Url parsed{curl_url()};
  const bool given = parsed && curl_url_set(parsed.get(), CURLUPART_URL, ("http" + rest).c_str(), 0) == CURLUE_OK &&
                     part(parsed, CURLUPART_PORT, 0).has_value();
  if (!given && scheme != "https") endpoint->port = 1080;
  return Proxy{scheme + rest, std::move(endpoint).value()};
}

}  // namespace

std::string join_host_port(std::string_view host, std::uint16_t port) {
  return host.find(':') == std::string_view::npos ? fmt::format("{}:{}", host, port)
                                                  : fmt::format("[{}]:{}", host, port);
}

outaged::Result<Endpoint> parse_endpoint(const std::string& url) {
  const Url parsed{curl_url()};
  if (!parsed) return Error{"out of memory"};
  const CURLUcode code = curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0);
  if (code != CURLUE_OK) return Error{fmt::format("not a URL: {}", curl_url_strerror(code))};
  const auto scheme = part(parsed, CURLUPART_SCHEME, 0);
  if (!scheme || (*scheme != "http" && *scheme != "https")) return Error{"only http and https URLs can be asked"};
  const auto host = part(parsed, CURLUPART_HOST, 0);
  const auto port = part(parsed, CURLUPART_PORT, CURLU_DEFAULT_PORT);
  if (!host || host->empty() || !port) return Error{"the URL has no host"};
  // libcurl would convert it by the process' locale, and a daemon has none.
  if (std::any_of(host->begin(), host->end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }))
    return Error{"the URL's host name must be written in its ASCII form (xn--…)"};

  Endpoint endpoint;
  endpoint.tls = *scheme == "https";
  std::from_chars(port->data(), port->data() + port->size(), endpoint.port);
  endpoint.host = lower(*host);
  if (endpoint.host.starts_with('[')) endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  endpoint.literal = parse_address(endpoint.host).size != 0;
  return endpoint;
}

outaged::Result<Egress> Egress::create(std::string proxy, std::string_view no_proxy, std::string ca_file,
                                       std::string user_agent) {
  Egress egress;
  if (!proxy.empty()) {
    auto parsed = parse_proxy(std::move(proxy));
    if (!parsed) return Error{parsed.error()};
    egress.proxy_ = std::move(parsed).value();
  }
  if (!ca_file.empty()) {
    if (const auto checked = check_ca_file(ca_file); !checked) return Error{checked.error()};
  }
  egress.ca_file_ = std::move(ca_file);
  egress.user_agent_ = user_agent.empty() ? "outaged" : std::move(user_agent);
  egress.direct_ = split_no_proxy(no_proxy);
  return egress;
}

outaged::Result<const Proxy*> Egress::way(const Endpoint& endpoint, const std::optional<std::string>& own) {
  if (own) {
    if (own->empty()) return nullptr;
    auto known = own_.find(*own);
    if (known == own_.end()) {
      auto parsed = parse_proxy(*own);
      if (!parsed) return Error{parsed.error()};
      known = own_.emplace(*own, std::move(parsed).value()).first;
    }
    return &known->second;
  }
  const auto excepted = [&](const std::string& pattern) { return matches(endpoint, pattern); };
  if (!proxy_ || std::any_of(direct_.begin(), direct_.end(), excepted)) return nullptr;
  return &*proxy_;
}

}  // namespace outaged::probes
