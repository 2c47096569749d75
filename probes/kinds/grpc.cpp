// The `grpc` kind: one call of grpc.health.v1.Health/Check, the health service that gRPC servers have in common
// (github.com/grpc/grpc, doc/health-checking.md). Its two messages have one field each, so they are written and read by
// hand; what goes over HTTP/2 is described in doc/PROTOCOL-HTTP2.md of the same place.
#include <fmt/format.h>

#include <array>
#include <charconv>

#include "core/text.h"
#include "probes/attribution.h"
#include "probes/kinds/kinds.h"
#include "probes/redact.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr std::string_view path = "/grpc.health.v1.Health/Check";
constexpr std::size_t max_answer = 4096;  // a health answer has seven bytes
constexpr std::size_t prefix = 5;         // compressed flag, length in four bytes

// HealthCheckResponse.ServingStatus
enum Serving : std::uint64_t { unknown = 0, serving = 1, not_serving = 2, service_unknown = 3 };

struct Code {
  std::string_view name;
  Class cls;
};
// By number (doc/statuscodes.md). What the server says of our call is ours; what it says of itself is its own.
constexpr std::array<Code, 17> codes{{
    {"OK", Class::ok},
    {"CANCELLED", Class::server_error},
    {"UNKNOWN", Class::server_error},
    {"INVALID_ARGUMENT", Class::bad_request},
    {"DEADLINE_EXCEEDED", Class::timeout_before_first_byte},
    {"NOT_FOUND", Class::not_found},
    {"ALREADY_EXISTS", Class::server_error},
    {"PERMISSION_DENIED", Class::auth},
    {"RESOURCE_EXHAUSTED", Class::rate_limited},
    {"FAILED_PRECONDITION", Class::server_error},
    {"ABORTED", Class::server_error},
    {"OUT_OF_RANGE", Class::bad_request},
    {"UNIMPLEMENTED", Class::not_found},
    {"INTERNAL", Class::server_error},
    {"UNAVAILABLE", Class::server_error},
    {"DATA_LOSS", Class::server_error},
    {"UNAUTHENTICATED", Class::auth},
}};

void append_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

std::optional<std::uint64_t> read_varint(std::string_view& in) {
  std::uint64_t value = 0;
  for (unsigned shift = 0; shift < 64 && !in.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(in.front());
    in.remove_prefix(1);
    value |= static_cast<std::uint64_t>(byte & 0x7fU) << shift;
    if (byte < 0x80) return value;
  }
  return std::nullopt;
}

/// HealthCheckRequest { string service = 1; } with its prefix.
std::string question(const std::string& service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a';
    append_varint(message, service.size());
    message += service;
  }
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(message.size() >> shift & 0xff);
  return out + message;
}

/// HealthCheckResponse { ServingStatus status = 1; } with its prefix; nullopt if it is none. Unknown fields are passed
/// over, a missing one is zero.
std::optional<std::uint64_t> read_answer(std::string_view body) {
  if (body.size() < prefix || body[0] != '\0') return std::nullopt;
  std::size_t length = 0;
  for (std::size_t i = 1; i < prefix; ++i) length = length << 8 | static_cast<unsigned char>(body[i]);
  std::string_view message = body.substr(prefix);
  if (message.size() != length) return std::nullopt;
  std::uint64_t status = unknown;
  while (!message.empty()) {
    const auto key = read_varint(message);
    if (!key) return std::nullopt;
    std::size_t skip = 0;
    switch (*key & 7) {
      case 0: {
        const auto value = read_varint(message);
        if (!value) return std::nullopt;
        if (*key >> 3 == 1) status = *value;
        continue;
      }
      case 1:
        skip = 8;
        break;
      case 2: {
        const auto size = read_varint(message);
        if (!size || *size > message.size()) return std::nullopt;
        skip = static_cast<std::size_t>(*size);
        break;
      }
      case 5:
        skip = 4;
        break;
      default:
        return std::nullopt;
    }
    if (skip > message.size()) return std::nullopt;
    message.remove_prefix(skip);
  }
  return status;
}

/// grpc-message is percent-encoded.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, byte, 16).ptr == text.data() + i + 3) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return clean_line(out, 200);
}

/// What came behind the body or, where there was none, with the headers. Null: neither.
const std::string* last_word(const Response& response, std::string_view name) {
  for (const auto* list : {&response.trailers, &response.headers})
    for (const auto& [key, value] : *list)
      if (key == name) return &value;
  return nullptr;
}

/// UNAVAILABLE is many things: a front end that finds nobody behind it, a server that sheds load, one that goes away.
Class unavailable(const std::string& message) {
  const std::string text = lower_ascii(message);
  for (const std::string_view word : {"upstream connect error", "no healthy upstream", "upstream request timeout"})
    if (text.find(word) != std::string::npos) return Class::edge_error;
  for (const std::string_view word : {"overload", "too many", "resource exhausted", "load shed", "concurrency limit"})
    if (text.find(word) != std::string::npos) return Class::overloaded;
  return Class::server_error;
}

class GrpcProbe : public Probe {
 public:
  GrpcProbe(const config::Target& target, const config::Egress& egress);
  Ask first() const override { return request_; }
  Step next(const Response& response, Run& run) const override;

 private:
  Attribution judge(const Response& response) const;
  Attribution judge_code(const Response& response, const std::string& code, Attribution out) const;

  const config::GrpcCheck check_;
  Request request_;
  std::vector<std::string> secrets_;
};

GrpcProbe::GrpcProbe(const config::Target& target, const config::Egress& egress)
    : check_(std::get<config::GrpcCheck>(target.check)), secrets_(secrets_of(check_.metadata)) {
  request_.method = "POST";
  request_.url = check_.url;
  while (request_.url.ends_with("/")) request_.url.pop_back();
  request_.url += path;
  request_.timeout = target.timeout;
  request_.max_body = max_answer;
  request_.http2_only = true;
  request_.want_cert = request_.url.starts_with("https:");
  request_.ca_file = check_.ca_file;
  request_.cert_file = check_.cert_file;
  request_.key_file = check_.key_file;
  request_.body = question(check_.service);
  request_.headers = {
      {"content-type", "application/grpc"},
      {"te", "trailers"},
      {"grpc-timeout", fmt::format("{}m", std::min<Duration::rep>(target.timeout.count(), 99'999'999))}};
  if (!egress.user_agent.empty()) request_.headers.emplace_back("user-agent", egress.user_agent);
  for (const auto& [name, value] : check_.metadata) request_.headers.emplace_back(name, value.reveal());
}

Attribution GrpcProbe::judge_code(const Response& response, const std::string& code, Attribution out) const {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), number);
  if (error != std::errc{} || end != code.data() + code.size() || number >= codes.size()) {
    out.cls = Class::protocol_error;
    out.evidence.detail = fmt::format("gRPC: the status \"{}\" is none", clean_line(code, 40));
    return out;
  }
  const std::string* message = last_word(response, "grpc-message");
  const std::string words = message ? decoded(*message) : "";
  out.cls = number == 14 ? unavailable(words) : codes[number].cls;
  out.evidence.detail = fmt::format("gRPC {}{}{}", codes[number].name, words.empty() ? "" : ": ", words);
  return out;
}

Attribution GrpcProbe::judge(const Response& response) const {
  Expectation expectation;
  expectation.broken_off = true;
  Attribution out = attribute(response, expectation);
  const auto wrong = [&](Class cls, std::string detail) {
    out.cls = cls;
    out.evidence.detail = std::move(detail);
    return out;
  };
  const std::string* code = last_word(response, "grpc-status");
  const std::string type = response.header("content-type");
  const bool grpc = type.starts_with("application/grpc");
  if (response.error == TransportError::none && response.http_version.starts_with("1") && response.status < 500)
    return wrong(Class::protocol_error, fmt::format("HTTP {} over HTTP/{}: it does not speak HTTP/2", response.status,
                                                    clean_line(response.http_version, 8)));
  if (response.status == 200 && grpc) {
    if (code && *code != "0") return judge_code(response, *code, std::move(out));
    if (response.error != TransportError::none || !code)
      return wrong(Class::stream_truncated, response.error == TransportError::none
                                                ? "the answer ended without a gRPC status"
                                                : "the answer broke off before its gRPC status");
  } else if (out.cls != Class::ok) {
    // What libcurl makes of an answer in another protocol is that there was none.
    if (response.error == TransportError::reset_before_response && check_.url.starts_with("http:"))
      out.evidence.detail += "; does it speak HTTP/2 in plain text?";
    return out;
  } else if (!grpc) {
    return wrong(Class::unexpected_content,
                 fmt::format("HTTP {}, but it is no gRPC answer ({})", response.status, clean_line(type, 60)));
  }
  const auto status = read_answer(response.body);
  if (!status) return wrong(Class::protocol_error, "gRPC OK, but its message cannot be read");
  switch (*status) {
    case serving:
      out.cls = Class::ok;
      return out;
    case not_serving:
      return wrong(Class::server_error, "it says of itself: NOT_SERVING");
    case service_unknown:
      return wrong(Class::not_found, fmt::format("it knows no service \"{}\"", clean_line(check_.service, 80)));
    case unknown:
      return wrong(Class::server_error, "it says of itself: UNKNOWN");
    default:
      return wrong(Class::protocol_error, fmt::format("an unknown serving status, {}", *status));
  }
}

Step GrpcProbe::next(const Response& response, Run&) const {
  Attribution judged = judge(response);
  Finding finding;
  finding.cls = judged.cls;
  if (judged.cls != Class::ok) {
    judged.evidence.detail = clean_line(judged.evidence.detail);
    redact(judged.evidence, secrets_);
    finding.evidence = std::make_shared<const Evidence>(std::move(judged.evidence));
  }
  return finding;
}

}  // namespace

std::shared_ptr<const Probe> make_grpc(const config::Target& target, const config::Egress& egress) {
  return std::make_shared<const GrpcProbe>(target, egress);
}

}  // namespace outaged::probes
