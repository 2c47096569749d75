#include "probes/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

#include <charconv>
#include <memory>
#include <string_view>

namespace outaged::probes {
namespace {

using Handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

Handle parsed(const std::string& url) {
  Handle handle(curl_url(), curl_url_cleanup);
  if (handle && curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) handle.reset();
  return handle;
}

std::string part(CURLU* handle, CURLUPart which, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(handle, which, &text, flags) != CURLUE_OK) return {};
  std::string copy(text);
  curl_free(text);
  return copy;
}

bool is_http(CURLU* handle) {
  const std::string scheme = part(handle, CURLUPART_SCHEME);
  return scheme == "http" || scheme == "https";
}

void lower(std::string& text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
}

}  // namespace

std::optional<Url> parse_url(const std::string& url) {
  const Handle handle = parsed(url);
  if (!handle || !is_http(handle.get())) return std::nullopt;
  Url out;
  out.scheme = part(handle.get(), CURLUPART_SCHEME);
  out.host = part(handle.get(), CURLUPART_HOST);
  lower(out.host);
  if (out.host.size() >= 2 && out.host.front() == '[') out.host.pop_back(), out.host.erase(out.host.begin());
  out.path = part(handle.get(), CURLUPART_PATH);
  if (out.path.empty()) out.path.push_back('/');
  const std::string port = part(handle.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT);
  std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (out.host.empty()) return std::nullopt;
  return out;
}

std::optional<std::string> resolve_url(const std::string& base, const std::string& reference) {
  const Handle handle = parsed(base);
  if (!handle || reference.empty()) return std::nullopt;
  // Setting a relative reference on a handle that holds a URL resolves it (RFC 3986, section 5).
  if (curl_url_set(handle.get(), CURLUPART_URL, reference.c_str(), 0) != CURLUE_OK) return std::nullopt;
  if (!is_http(handle.get())) return std::nullopt;
  curl_url_set(handle.get(), CURLUPART_FRAGMENT, nullptr, 0);
  std::string out = part(handle.get(), CURLUPART_URL);
  if (out.empty()) return std::nullopt;
  return out;
}

std::string public_url(const std::string& url) {
  const Handle handle = parsed(url);
  if (!handle) return {};
  for (const CURLUPart secret :
       {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS, CURLUPART_QUERY, CURLUPART_FRAGMENT})
    curl_url_set(handle.get(), secret, nullptr, 0);
  return part(handle.get(), CURLUPART_URL);
}

bool same_origin(const Url& a, const Url& b) { return a.scheme == b.scheme && a.host == b.host && a.port == b.port; }

bool related_hosts(const std::string& a, const std::string& b) {
  const auto within = [](std::string_view inner, std::string_view outer) {
    return inner.size() > outer.size() && inner.ends_with(outer) && inner[inner.size() - outer.size() - 1] == '.' &&
           outer.find('.') != std::string_view::npos;  // never a bare top-level domain
  };
  return a == b || within(a, b) || within(b, a);
}

bool same_site(const std::string& a, const std::string& b) {
  const auto site = [](const std::string& host) {
    const auto last = host.rfind('.');
    if (last == std::string::npos || last == 0) return host;
    const auto second = host.rfind('.', last - 1);
    if (second == std::string::npos) return host;
    const bool short_suffix = host.size() - last - 1 == 2 && last - second - 1 <= 3;  // "co.uk", "com.au"
    if (!short_suffix || second == 0) return host.substr(second + 1);
    const auto third = host.rfind('.', second - 1);
    return third == std::string::npos ? host : host.substr(third + 1);
  };
  return site(a) == site(b);
}

bool is_loopback(const std::string& host) { return host == "localhost" || host.starts_with("127.") || host == "::1"; }

bool is_private(const std::string& host) {
  if (is_loopback(host)) return true;
  in_addr four{};
  if (inet_pton(AF_INET, host.c_str(), &four) == 1) {
    const std::uint32_t address = ntohl(four.s_addr);
    const auto within = [&](std::uint32_t network, int bits) { return address >> (32 - bits) == network >> (32 - bits); };
    return within(0x0a000000, 8) || within(0xac100000, 12) || within(0xc0a80000, 16) || within(0xa9fe0000, 16);
  }
  in6_addr six{};
  if (inet_pton(AF_INET6, host.c_str(), &six) != 1) return false;
  return (six.s6_addr[0] & 0xfe) == 0xfc || (six.s6_addr[0] == 0xfe && (six.s6_addr[1] & 0xc0) == 0x80);
}

}  // namespace outaged::probes
