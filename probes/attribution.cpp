#include "probes/attribution.h"

#include <fmt/format.h>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/edge.h"
#include "probes/evidence.h"
#include "probes/provider_error.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

std::string_view spell(TransportError error) {
  switch (error) {
    case TransportError::none:
      return "complete";
    case TransportError::dns_nxdomain:
      return "DNS: no such name";
    case TransportError::dns_servfail:
      return "DNS: the name server failed";
    case TransportError::dns_timeout:
      return "DNS: no answer in time";
    case TransportError::dns_error:
      return "DNS error";
    case TransportError::connect_refused:
      return "TCP connection refused";
    case TransportError::connect_timeout:
      return "TCP connection timed out";
    case TransportError::connect_reset:
      return "TCP connection reset";
    case TransportError::connect_unreachable:
      return "host unreachable";
    case TransportError::tls_expired:
      return "TLS certificate expired";
    case TransportError::tls_name_mismatch:
      return "TLS certificate for another name";
    case TransportError::tls_unknown_ca:
      return "TLS certificate from an unknown authority";
    case TransportError::tls_handshake:
      return "TLS handshake failed";
    case TransportError::send_failed:
      return "the connection broke while sending";
    case TransportError::timeout_first_byte:
      return "no answer in time";
    case TransportError::timeout_body:
      return "the answer did not end in time";
    case TransportError::reset_before_response:
      return "the connection was closed before any answer";
    case TransportError::truncated_body:
      return "the answer broke off";
    case TransportError::too_large:
      return "the answer is larger than allowed";
    case TransportError::protocol:
      return "not valid HTTP";
    case TransportError::local:
      return "not asked: a trouble of our own";
  }
  return "unknown";
}

std::string transport_detail(const Response& response) {
  std::string out = response.status != 0 ? fmt::format("HTTP {}, but ", response.status) : "";
  out += spell(response.error);
  if (!response.error_text.empty()) out += fmt::format(" ({})", response.error_text);
  return clean_line(out);
}

/// Zero bytes that the server itself calls a page or a document: the white screen.
bool names_content(const Response& response) {
  const std::string& type = response.header("content-type");
  return type.starts_with("text/html") || type.find("json") != std::string::npos;
}

/// HTML where JSON belongs. Without the application's request id it is from something between it and us: a proxy that
/// wants a login, a captive portal.
Attribution judge_html(const Response& response, Attribution out) {
  if (is_maintenance_page(response)) {
    out.cls = Class::server_error;
    out.evidence.detail = fmt::format("HTTP {} with a maintenance page", response.status);
    return out;
  }
  out.cls = Class::unexpected_content;
  out.evidence.detail = fmt::format("HTTP {} with {} where JSON belongs", response.status,
                                    asks_for_password(response) ? "a login page" : "an HTML page");
  if (out.evidence.request_id.empty()) {
    out.evidence.detail += ", without the provider's request id";
    out.fault = Fault::path;
    out.counts = Counts::nothing;
  } else {
    out.fault = Fault::provider;
  }
  return out;
}

Attribution judge_expected(const Response& response, const Expectation& expectation, Attribution out) {
  const bool bodiless = response.status == 204 || response.status == 205 || response.status == 304;
  const bool wanted = expectation.json || expectation.content || (response.status == 200 && names_content(response));
  if (!bodiless && wanted && is_blank(response.body)) {
    out.cls = Class::unexpected_content;
    out.evidence.detail = fmt::format("HTTP {} with an empty body", response.status);
    if (!out.evidence.request_id.empty()) out.fault = Fault::provider;
  } else if (expectation.json && first_byte(response.body) == '<') {
    return judge_html(response, std::move(out));
  }
  return out;
}

/// The body broke off, but a status line came.
bool broke_off(const Response& response) {
  return response.status != 0 &&
         (response.error == TransportError::truncated_body || response.error == TransportError::timeout_body ||
          response.error == TransportError::too_large);
}

/// A redirect to a login, or to somebody else's host, is not the service speaking.
std::optional<std::string> led_astray(const Response& response, const Expectation& expectation) {
  const std::string& location = response.header("location");
  if (response.status / 100 != 3 || location.empty()) return std::nullopt;
  const auto from = parse_url(response.url);
  const auto to = parse_url(from ? resolve_url(response.url, location).value_or("") : location);
  if (leads_to_login(to ? to->path : location)) return "a redirect to a login";
  if (!to) return std::nullopt;
  const std::string home = !expectation.domain.empty() ? std::string(expectation.domain) : from ? from->host : "";
  if (!home.empty() && !same_site(to->host, home)) return fmt::format("a redirect to another host, {}", to->host);
  return std::nullopt;
}

}  // namespace

bool expects(const Expectation& expectation, int status) {
  if (expectation.status.empty()) return status >= 200 && status <= 299;
  for (const auto& [low, high] : expectation.status)
    if (status >= low && status <= high) return true;
  return false;
}

Class class_of(TransportError error) {
  switch (error) {
    case TransportError::none:
      return Class::ok;
    case TransportError::dns_nxdomain:
      return Class::dns_nxdomain;
    case TransportError::dns_servfail:
      return Class::dns_servfail;
    case TransportError::dns_timeout:
      return Class::dns_timeout;
    case TransportError::dns_error:
      return Class::dns_error;
    case TransportError::connect_refused:
      return Class::tcp_refused;
    case TransportError::connect_timeout:
      return Class::tcp_timeout;
    case TransportError::connect_reset:
      return Class::tcp_reset;
    case TransportError::connect_unreachable:
      return Class::tcp_unreachable;
    case TransportError::tls_expired:
      return Class::tls_expired;
    case TransportError::tls_name_mismatch:
      return Class::tls_name_mismatch;
    case TransportError::tls_unknown_ca:
      return Class::tls_unknown_ca;
    case TransportError::tls_handshake:
      return Class::tls_handshake;
    case TransportError::send_failed:
      return Class::tcp_reset;
    case TransportError::timeout_first_byte:
      return Class::timeout_before_first_byte;
    case TransportError::timeout_body:
      return Class::timeout_body;
    case TransportError::reset_before_response:
      return Class::tcp_reset;
    case TransportError::truncated_body:
      return Class::body_truncated;
    case TransportError::too_large:
      return Class::body_too_large;
    case TransportError::protocol:
      return Class::protocol_error;
    case TransportError::local:
      return Class::probe_error;
  }
  return Class::probe_error;
}

Class class_of_status(int status) {
  switch (status) {
    case 400:
    case 413:
    case 414:
    case 415:
    case 422:
    case 431:
      return Class::bad_request;
    case 401:
    case 403:
      return Class::auth;
    case 402:
      return Class::account;
    case 404:
    case 410:
      return Class::not_found;
    case 429:
      return Class::rate_limited;
    case 451:
      return Class::access_blocked;
    case 498:
    case 529:
      return Class::overloaded;  // Groq's and Anthropic's words for "no capacity"
    case 502:
    case 504:
      return Class::edge_error;  // said by a gateway, by definition (RFC 9110, 15.6)
    case 511:
      return Class::access_blocked;  // a captive portal (RFC 6585)
    default:
      break;
  }
  if (status >= 500) return Class::server_error;
  if (status >= 300 && status <= 399) return Class::redirected;
  return Class::unexpected_status;
}

Fault fault_of(const Attribution& attribution) { return attribution.fault.value_or(info(attribution.cls).fault); }
Counts counts_of(const Attribution& attribution) { return attribution.counts.value_or(info(attribution.cls).counts); }

Attribution attribute(const Response& response, const Expectation& expectation) {
  Attribution out;
  out.evidence = evidence_of(response);
  const auto conclude = [&](Class cls, std::string detail) {
    out.cls = cls;
    out.evidence.detail = clean_line(detail);
    return out;
  };

  // A status of failure has spoken, even if its body broke off.
  const bool expected = expects(expectation, response.status);
  const bool readable = broke_off(response) && (expected ? expectation.broken_off : response.status >= 400);
  if (response.error != TransportError::none && !readable)
    return conclude(class_of(response.error), transport_detail(response));
  if (const auto blocked = challenge_or_block(response, expectation.json))
    return conclude(blocked->cls, fmt::format("HTTP {}: {}", response.status, blocked->what));

  if (expected) {
    out.evidence.detail = fmt::format("HTTP {}", response.status);
    return response.error == TransportError::none ? judge_expected(response, expectation, std::move(out)) : out;
  }

  if (const auto gateway = gateway_error(response, {.json = expectation.json, .fronted = expectation.fronted}))
    return conclude(gateway->cls, fmt::format("HTTP {}: {}", response.status, gateway->what));
  if (const auto astray = led_astray(response, expectation)) {
    out.fault = Fault::path;
    out.counts = Counts::nothing;
    return conclude(Class::unexpected_content, fmt::format("HTTP {}: {}", response.status, *astray));
  }

  std::string detail = fmt::format("HTTP {}", response.status);
  const auto error = read_provider_error(response);
  if (error && out.evidence.request_id.empty()) out.evidence.request_id = error->request_id;
  const bool has_request_id = !out.evidence.request_id.empty();
  const auto meaning = expectation.read ? expectation.read(error ? &*error : nullptr, response)
                       : error          ? read_meaning(*error, response.status, has_request_id)
                                        : std::nullopt;
  if (error) {
    detail += spell_error(*error, meaning);
  } else if (const std::string& location = response.header("location");
             response.status / 100 == 3 && !location.empty()) {
    detail += " to " + location.substr(0, location.find_first_of("?#"));
  } else if (is_blank(response.body)) {
    detail += " with an empty body";
  }
  if (!meaning) return conclude(class_of_status(response.status), detail);
  out.counts = meaning->counts;
  return conclude(meaning->cls, detail);
}

}  // namespace outaged::probes
