#include "web/exchange.h"

#include <httplib.h>

#include <algorithm>
#include <ctime>
#include <utility>

#include "web/gzip.h"

namespace outaged::web {
namespace {

constexpr std::size_t smallest_worth_gzip = 1024;

// RFC 9110, section 5.6.7, independent of the locale.
std::string http_date() {
  static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm t{};
  gmtime_r(&now, &t);
  char text[64];
  std::snprintf(text, sizeof text, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
                t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
  return text;
}

// Safe for an API that a browser may be pointed at; a handler's own header of the same name goes first.
constexpr std::pair<const char*, const char*> security_headers[] = {
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
    {"Referrer-Policy", "no-referrer"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"},
    {"Cache-Control", "no-store"},
};

const char* reason(int status) {
  switch (status) {
    case 400: return "Bad Request";
    case 408: return "Request Timeout";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Error";
  }
}

bool bodiless(int status) { return status < 200 || status == 204 || status == 304; }

class MemoryStream final : public httplib::Stream {
 public:
  MemoryStream(std::string in, const std::string& remote) : in_(std::move(in)), remote_(remote) {}
  std::string take() { return std::move(out_); }

  bool is_readable() const override { return position_ < in_.size(); }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override {
    const auto n = in_.copy(to, size, position_);
    position_ += n;
    return static_cast<ssize_t>(n);
  }
  ssize_t write(const char* from, size_t size) override {
    out_.append(from, size);
    return static_cast<ssize_t>(size);
  }
  void get_remote_ip_and_port(std::string& ip, int& port) const override { ip = remote_, port = 0; }
  void get_local_ip_and_port(std::string& ip, int& port) const override { ip.clear(), port = 0; }
  socket_t socket() const override { return 0; }  // compared with FD_SETSIZE, not used otherwise

 private:
  std::string in_, out_;
  std::size_t position_ = 0;
  const std::string& remote_;
};

struct Current {
  Incoming* incoming;
  Reply reply;
};

// The library hands its handlers no data of the caller's; each runs on the thread that called it.
thread_local Current* current = nullptr;

// What the library may see of a head. Range, Expect, Accept-Encoding and the body's headers would each start a
// machinery of its own (regular expressions that recurse, brotli, form parsing) that we do ourselves or do not want.
std::string head_for_library(const Head& head, bool last) {
  return head.method + ' ' + head.target + " HTTP/1.1\r\nHost: -\r\n" + (last ? "Connection: close\r\n\r\n" : "\r\n");
}

Reply error_reply(int status, std::string_view message) {
  Reply reply;
  reply.status = status;
  reply.body = error_body(message);
  return reply;
}

bool has_header(const Reply& reply, std::string_view name) {
  return std::any_of(reply.headers.begin(), reply.headers.end(),
                     [&](const auto& header) { return same_header(header.first, name); });
}

void compress(Reply& reply, bool accepted) {
  if (reply.body.size() < smallest_worth_gzip || !worth_compressing(reply.content_type) ||
      has_header(reply, "content-encoding"))
    return;
  reply.headers.emplace_back("Vary", "Accept-Encoding");
  if (!accepted) return;
  auto packed = gzip(reply.body);
  if (!packed) return;
  reply.body = *std::move(packed);
  reply.headers.emplace_back("Content-Encoding", "gzip");
  // Other bytes under the same strong validator would be a lie (RFC 9110, section 8.8.3).
  for (auto& [name, value] : reply.headers)
    if (same_header(name, "etag") && !value.starts_with("W/")) value.insert(0, "W/");
}

}  // namespace

class Exchange::Protocol final : public httplib::Server {
 public:
  Protocol(const Router& router, const web::Handler& fallback, const Limits& limits)
      : router_(router), fallback_(fallback), limits_(limits) {
    set_keep_alive_max_count(limits.requests_per_connection);
    set_keep_alive_timeout(std::max<std::time_t>(1, static_cast<std::time_t>(to_seconds(limits.keep_alive))));
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      serve(request, response);
      return HandlerResponse::Handled;
    });
    set_post_routing_handler([](const httplib::Request&, httplib::Response& response) {
      response.headers.erase("Accept-Ranges");
      if (bodiless(response.status)) response.headers.erase("Content-Length");
    });
  }

  Answer answer(Incoming& incoming) {
    Current context{&incoming, {}};
    current = &context;
    const bool last = incoming.last || !incoming.head.keep_alive;
    MemoryStream stream(head_for_library(incoming.head, last), incoming.remote);
    bool closed = false;
    bool written = false;
    try {
      written = process_request(stream, last, closed, nullptr);
    } catch (...) {
      current = nullptr;
      throw;
    }
    current = nullptr;
    Answer answer;
    answer.delay = context.reply.delay;
    answer.close = last || closed || !written || context.reply.drop;
    if (!context.reply.drop) answer.bytes = stream.take();
    return answer;
  }

 private:
  void serve(const httplib::Request& request, httplib::Response& response) const {
    Reply& reply = current->reply;
    try {
      reply = route(request);
      if (reply.status < 200 || reply.status > 599) reply = error_reply(500, "internal error");
      if (limits_.gzip && !reply.drop && !bodiless(reply.status)) compress(reply, current->incoming->head.accepts_gzip);
    } catch (...) {
      reply = error_reply(500, "internal error");
    }
    response.status = reply.status;
    for (const auto& [name, value] : reply.headers) response.set_header(name, value);
    for (const auto& [name, value] : security_headers)
      if (!response.has_header(name)) response.set_header(name, value);
    response.set_header("Date", http_date());
    if (bodiless(reply.status)) return;
    if (!reply.content_type.empty()) response.set_header("Content-Type", reply.content_type);
    response.body = std::move(reply.body);
  }

  Reply route(const httplib::Request& from) const {
    const Head& head = current->incoming->head;
    const std::string_view path = std::string_view(head.target).substr(0, head.target.find('?'));
    auto match = router_.match(head.method, path);
    if (!match.handler && !match.allowed.empty()) {
      std::string allowed;
      for (const auto& method : match.allowed) allowed += (allowed.empty() ? "" : ", ") + method;
      Reply reply = error_reply(405, "method not allowed; allowed here: " + allowed);
      reply.headers.emplace_back("Allow", allowed);
      return reply;
    }
    const web::Handler* handler = match.handler ? match.handler : fallback_ ? &fallback_ : nullptr;
    if (!handler) return error_reply(404, "no such path");
    web::Request request;
    request.method = head.method;
    request.path = percent_decode(path).value_or("");
    for (const auto& [name, value] : from.params) request.query.emplace(name, value);
    request.headers = head.headers;
    request.body = std::move(current->incoming->body);
    request.remote = from.remote_addr;
    request.captures = std::move(match.captures);
    return (*handler)(request);
  }

  const Router& router_;
  const web::Handler& fallback_;
  const Limits& limits_;
};

Exchange::Exchange(const Router& router, const Handler& fallback, const Limits& limits)
    : protocol_(std::make_unique<Protocol>(router, fallback, limits)) {}
Exchange::~Exchange() = default;

Answer Exchange::answer(Incoming&& incoming) const {
  try {
    return protocol_->answer(incoming);
  } catch (...) {
    return {refusal_bytes({500, "internal error"}), true, {}};
  }
}

std::string error_body(std::string_view message) { return "{\"error\":\"" + std::string(message) + "\"}\n"; }

std::string refusal_bytes(const Refusal& refusal) {
  const auto body = error_body(refusal.message);
  std::string out = "HTTP/1.1 " + std::to_string(refusal.status) + ' ' + reason(refusal.status) + "\r\nDate: " + http_date() +
                    "\r\nContent-Type: application/json\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n";
  if (refusal.status == 503) out += "Retry-After: 1\r\n";
  return out + "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string Request::header(std::string_view lower_case_name) const {
  for (const auto& [name, value] : headers)
    if (same_header(name, lower_case_name)) return value;
  return {};
}

std::string Request::param(std::string_view name, std::string_view fallback) const {
  const auto found = query.find(std::string(name));
  return found == query.end() ? std::string(fallback) : found->second;
}

}  // namespace outaged::web
