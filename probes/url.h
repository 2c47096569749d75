// URLs taken apart and put together as libcurl would, so that what we judge is what is asked. Pure; any thread.
// Used where a redirect must be judged before it is followed. Never performs a request.
#pragma once

#include <optional>
#include <string>

namespace outaged::probes {

struct Url {
  std::string scheme, host, path;  // lower case; host without brackets; path at least "/", without query
  int port = 0;                    // the scheme's own where none is given
};

/// Absolute http or https URLs only.
std::optional<Url> parse_url(const std::string& url);
/// `reference` (a Location header) taken from `base`; nullopt if either is malformed or it is neither http nor https.
std::optional<std::string> resolve_url(const std::string& base, const std::string& reference);
/// Without user, query and fragment, which may hold secrets; "" if malformed.
std::string public_url(const std::string& url);
bool same_origin(const Url& a, const Url& b);
/// The same host, or one is a part of the other's domain ("www.example.com", "example.com").
bool related_hosts(const std::string& a, const std::string& b);
/// The same registrable domain, as far as can be told without the public suffix list: the last two labels agree, or
/// three where the last two are short ("co.uk").
bool same_site(const std::string& a, const std::string& b);
/// "localhost", 127.0.0.0/8 or ::1, as written.
bool is_loopback(const std::string& host);
/// Loopback, or an address literal of a private or link-local network (RFC 1918, 3927, 4193, 4291). Names are not looked up.
bool is_private(const std::string& host);

}  // namespace outaged::probes
