#include "probes/kinds/redirect.h"

#include <vector>

#include "core/text.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

bool is_public_header(const std::string& name) {
  const std::string key = lower_ascii(name);
  return key == "accept" || key == "accept-encoding" || key == "accept-language" || key == "user-agent";
}

void keep_public_headers(Request& request) {
  std::erase_if(request.headers, [](const auto& header) { return !is_public_header(header.first); });
  request.cert_file.clear();
  request.key_file.clear();
}

void drop_body(Request& request) {
  request.body.clear();
  std::erase_if(request.headers, [](const auto& header) { return lower_ascii(header.first).starts_with("content-"); });
}

}  // namespace

bool is_redirect(const Response& response) {
  const int s = response.status;
  return response.error == TransportError::none && (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) &&
         !response.header("location").empty();
}

std::variant<Request, std::string> follow_redirect(const Request& asked, const Response& response, Duration left) {
  const auto target = resolve_url(asked.url, response.header("location"));
  const auto from = parse_url(asked.url);
  const auto to = target ? parse_url(*target) : std::nullopt;
  if (!from || !to) return "not followed, it is not an HTTP address";
  if (from->scheme == "https" && to->scheme == "http") return "not followed, it leads from https to plain http";
  if (left <= Duration::zero()) return "no time left to follow it";

  Request next = asked;
  next.url = *target;
  next.timeout = left;
  next.want_cert = to->scheme == "https";
  if (response.status == 303 || (response.status <= 302 && asked.method == "POST")) {
    next.method = asked.method == "HEAD" ? "HEAD" : "GET";
    drop_body(next);
  }
  if (!same_origin(*from, *to)) {
    if (!next.body.empty()) return "not followed, it would send the body to another host";
    keep_public_headers(next);
  }
  return next;
}

Request request_beside(const Request& asked, const std::string& url, Duration left) {
  Request next = asked;
  next.method = "GET";
  next.url = url;
  next.timeout = left;
  next.want_cert = false;
  drop_body(next);
  const auto from = parse_url(asked.url), to = parse_url(url);
  if (!from || !to || !same_origin(*from, *to)) keep_public_headers(next);
  return next;
}

}  // namespace outaged::probes
