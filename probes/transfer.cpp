#include "probes/transfer.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <string_view>

#include "core/text.h"

namespace outaged::probes {
namespace {

/// How close together two parts of a body must have come to be one, once there are too many to keep them all.
constexpr Micros first_grain = 1ms;

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool is_token(std::string_view text) {  // RFC 9110, section 5.6.2
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

}  // namespace

std::unique_ptr<Transfer> Transfer::create() {
  CURL* easy = curl_easy_init();
  return easy ? std::unique_ptr<Transfer>{new Transfer(easy)} : nullptr;
}

Transfer::~Transfer() {
  curl_easy_cleanup(easy_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(addresses_);
}

outaged::Result<void> Transfer::prepare(const Request& request, const Way& way, const Egress& egress, void* owner) {
  // A reset handle has no memory of the last exchange, whatever its options were.
  curl_easy_reset(easy_);
  curl_slist_free_all(headers_);
  curl_slist_free_all(addresses_);
  headers_ = addresses_ = nullptr;
  pinned_.clear();
  words_[0] = '\0';
  request_ = &request;
  response_ = Response{};
  response_.url = request.url;
  response_.family = way.family;
  tls_ = way.endpoint->tls;
  proxy_ = way.proxy;
  decodes_ = in_final_head_ = head_done_ = any_byte_ = false;
  head_bytes_ = 0;
  grain_ = Micros{0};
  begun_ = std::chrono::steady_clock::now();
  left_ms_ = std::max<long>(1, way.left.count());
  tls_begun_ = Micros{0};
  open_errno_ = 0;
  only_peer_.clear();
  refused_ = Refused::no;

  CURL* const e = easy_;
  curl_easy_setopt(e, CURLOPT_PRIVATE, owner);
  curl_easy_setopt(e, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(e, CURLOPT_PATH_AS_IS, 1L);
  curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(e, CURLOPT_NOPROGRESS, 1L);
  curl_easy_setopt(e, CURLOPT_ERRORBUFFER, words_);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, &Transfer::on_open);
  curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, this);
  curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, left_ms_);
  if (way.connect_left > Duration::zero())
    curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, std::max<long>(1, way.connect_left.count()));
  curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, &Transfer::on_header);
  curl_easy_setopt(e, CURLOPT_HEADERDATA, this);
  curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, &Transfer::on_body);
  curl_easy_setopt(e, CURLOPT_WRITEDATA, this);
  curl_easy_setopt(e, CURLOPT_USERAGENT, egress.user_agent().c_str());

  // A new connection every time, and nothing remembered of the last one.
  curl_easy_setopt(e, CURLOPT_FRESH_CONNECT, 1L);
  curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
  // With prior knowledge of a plain-text server libcurl says so; on TLS both agree on it in the handshake.
  const long plain_http2 = !tls_ && request.http2_only ? CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE : CURL_HTTP_VERSION_2TLS;
  const bool http2 = request.http2 || request.http2_only;
  curl_easy_setopt(e, CURLOPT_HTTP_VERSION, http2 ? plain_http2 : static_cast<long>(CURL_HTTP_VERSION_1_1));
  // Told a length, libcurl would leave before the trailers come.
  if (request.http2_only) curl_easy_setopt(e, CURLOPT_IGNORE_CONTENT_LENGTH, 1L);
  set_tls(way);
  // The environment's proxies are not ours: set, even if to nothing.
  curl_easy_setopt(e, CURLOPT_PROXY, proxy_ ? proxy_->url.c_str() : "");
  curl_easy_setopt(e, CURLOPT_NOPROXY, "");
  if (proxy_) {
    curl_easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    // A proxy that relays requests speaks HTTP/1.1 with us.
    if (request.http2_only) curl_easy_setopt(e, CURLOPT_HTTPPROXYTUNNEL, 1L);
  }

  set_addresses(way);
  if (!is_token(request.method)) return Error{"the request's method cannot be sent"};
  set_method(request);
  return set_headers(request);
}

void Transfer::set_addresses(const Way& way) {
  // The multi handle's own address cache: an entry never expires by itself (-1 also spares libcurl the search for
  // those that have), so each exchange takes out what an earlier one put in.
  curl_easy_setopt(easy_, CURLOPT_DNS_CACHE_TIMEOUT, -1L);
  for (const std::string& key : way.forget) addresses_ = curl_slist_append(addresses_, ("-" + key).c_str());
  const Endpoint& peer = proxy_ ? proxy_->endpoint : *way.endpoint;
  if (peer.literal) only_peer_ = join_host_port(peer.host, peer.port);
  if (way.addresses && !way.addresses->empty()) {
    if (way.addresses->size() == 1) only_peer_ = join_host_port(way.addresses->front(), peer.port);
    pinned_ = fmt::format("{}:{}", peer.host, peer.port);
    std::string entry = pinned_;
    char separator = ':';
    for (const std::string& address : *way.addresses) {
      entry += separator;
      const bool six = address.find(':') != std::string::npos;
      entry += six ? "[" + address + "]" : address;
      separator = ',';
    }
    addresses_ = curl_slist_append(addresses_, entry.c_str());
  }
  if (addresses_) curl_easy_setopt(easy_, CURLOPT_RESOLVE, addresses_);
}

void Transfer::set_method(const Request& request) {
  const bool body = !request.body.empty();
  if (body || request.method == "POST") {
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
    curl_easy_setopt(easy_, CURLOPT_POSTFIELDS, request.body.c_str());
    if (request.method != "POST") curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  } else if (request.method == "HEAD") {
    curl_easy_setopt(easy_, CURLOPT_NOBODY, 1L);
  } else if (request.method != "GET") {
    curl_easy_setopt(easy_, CURLOPT_CUSTOMREQUEST, request.method.c_str());
  }
}

outaged::Result<void> Transfer::set_headers(const Request& request) {
  bool content_type = false, expect = false;
  for (const auto& [name, value] : request.headers) {
    if (!is_token(name) || value.find_first_of(std::string_view{"\r\n\0", 3}) != std::string::npos)
      return Error{fmt::format("the request's header '{}' cannot be sent", clean_line(name, 60))};
    const std::string key = lower_ascii(name);
    if (key == "accept-encoding") {  // this way libcurl decodes what comes back
      curl_easy_setopt(easy_, CURLOPT_ACCEPT_ENCODING, value.c_str());
      decodes_ = true;
      continue;
    }
    content_type |= key == "content-type";
    expect |= key == "expect";
    headers_ = curl_slist_append(headers_, trim(value).empty() ? (name + ";").c_str() : (name + ": " + value).c_str());
  }
  if (!request.body.empty() || request.method == "POST") {  // libcurl's own additions, which nobody asked for
    if (!content_type) headers_ = curl_slist_append(headers_, "Content-Type:");
    if (!expect) headers_ = curl_slist_append(headers_, "Expect:");
  }
  if (headers_) curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, headers_);
  return {};
}

/// 7.88 leaves its sockets open across exec, and says nothing of why one could not be had.
curl_socket_t Transfer::on_open(void* self, curlsocktype, curl_sockaddr* address) {
  const int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
  if (fd < 0) static_cast<Transfer*>(self)->open_errno_ = errno;
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

std::size_t Transfer::on_header(char* data, std::size_t size, std::size_t count, void* self) {
  const std::size_t bytes = size * count;
  return static_cast<Transfer*>(self)->head_line({data, bytes}) ? bytes : 0;
}

bool Transfer::head_line(std::string_view line) {
  if (!any_byte_ && request_->want_cert && tls_) read_certificates();
  any_byte_ = true;
  head_bytes_ += line.size();
  if (head_bytes_ > max_head || response_.headers.size() + response_.trailers.size() >= max_headers) {
    refused_ = Refused::head_too_large;
    return false;
  }
  if (!head_done_ && line.starts_with("HTTP/")) {
    const std::size_t space = std::min(line.find(' '), line.size());
    const std::string_view code = trim(line.substr(space)).substr(0, 3);
    response_.http_version = line.substr(5, space - 5);
    const bool digits = code.size() == 3 && code.find_first_not_of("0123456789") == std::string_view::npos;
    const int status = digits ? (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0') : 0;
    in_final_head_ = status / 100 != 1;  // 100, 103: interim
    if (in_final_head_) response_.status = status;
    return true;
  }
  const std::string_view text = trim(line);
  if (text.empty()) {
    head_done_ = in_final_head_;
    return true;
  }
  if (in_final_head_) keep_header(text);
  return refused_ == Refused::no;
}

void Transfer::keep_header(std::string_view line) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return;
  auto& kept = head_done_ ? response_.trailers : response_.headers;
  kept.emplace_back(lower_ascii(trim(line.substr(0, colon))), trim(line.substr(colon + 1)));
  // A few bytes may become megabytes of input for a second decoder, which need not give a single byte out: the limit of
  // the body would not hold. No honest server does it.
  if (!decodes_ || head_done_ || kept.back().first != "content-encoding") return;
  int codings = 0;
  for (const auto& [name, value] : kept)
    if (name == "content-encoding") codings += 1 + static_cast<int>(std::count(value.begin(), value.end(), ','));
  if (codings > 1) refused_ = Refused::encoded_twice;
}

std::size_t Transfer::on_body(char* data, std::size_t size, std::size_t count, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const std::size_t bytes = size * count;
  std::string& body = transfer.response_.body;
  transfer.any_byte_ = true;
  const std::size_t room = transfer.request_->max_body - std::min(transfer.request_->max_body, body.size());
  body.append(data, std::min(bytes, room));
  if (transfer.request_->want_arrivals && bytes > 0) transfer.note_arrival();
  if (bytes <= room) return bytes;
  transfer.refused_ = Refused::body_too_large;
  return 0;
}

void Transfer::note_arrival() {
  const auto at = std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - begun_);
  std::vector<Arrival>& kept = response_.arrivals;
  if (!kept.empty() && at - kept.back().at < grain_) {
    kept.back().end = response_.body.size();
    return;
  }
  kept.push_back({at, response_.body.size()});
  // Too many: a coarser grain, so that no moment is off by more than it, however long this goes on.
  while (kept.size() >= max_arrivals) {
    grain_ = std::max(first_grain, grain_ * 2);
    std::size_t last = 0;
    for (std::size_t i = 1; i < kept.size(); ++i) {
      if (kept[i].at - kept[last].at < grain_)
        kept[last].end = kept[i].end;
      else
        kept[++last] = kept[i];
    }
    kept.resize(last + 1);
  }
}

Micros Transfer::info(CURLINFO what) const {
  curl_off_t value = 0;
  curl_easy_getinfo(easy_, what, &value);
  return Micros{std::max<curl_off_t>(0, value)};
}

long Transfer::number(CURLINFO what) const {
  long value = 0;
  curl_easy_getinfo(easy_, what, &value);
  return value;
}

/// When the connection stood, TLS not counted; zero: it did not.
Micros Transfer::tcp_time() const {
  const Micros known = info(CURLINFO_CONNECT_TIME_T);
  return known != Micros{0} ? known : tls_begun_;
}

/// libcurl counts each point from the start. The phase in which it ended gets the time up to then, so that the phases
/// always add up to the total.
Timings Transfer::phases(Micros total, Micros resolve) const {
  Timings timings;
  timings.resolve = resolve;
  const Micros connected = std::min(tcp_time(), total);
  if (connected == Micros{0}) {
    timings.connect = total;
    return timings;
  }
  timings.connect = connected;
  Micros ready = connected;
  if (tls_) {
    const Micros secured = info(CURLINFO_APPCONNECT_TIME_T);
    if (secured == Micros{0}) {
      timings.tls = total - connected;
      return timings;
    }
    timings.tls = secured - connected;
    ready = secured;
  }
  const Micros first_byte = any_byte_ ? info(CURLINFO_STARTTRANSFER_TIME_T) : Micros{0};
  if (first_byte == Micros{0}) {
    timings.processing = total - ready;
    return timings;
  }
  timings.processing = std::max(Micros{0}, first_byte - ready);
  timings.transfer = std::max(Micros{0}, total - std::max(first_byte, ready));
  return timings;
}

Response Transfer::finish(CURLcode code, Micros resolve) {
  Outcome outcome;
  outcome.code = code;
  // A machine without IPv6 is no reason to call it our fault.
  const bool no_socket = open_errno_ != 0 && open_errno_ != EAFNOSUPPORT;
  if (code == CURLE_COULDNT_CONNECT) outcome.os_errno = no_socket ? open_errno_ : number(CURLINFO_OS_ERRNO);
  outcome.verify_result = number(CURLINFO_SSL_VERIFYRESULT);
  outcome.refused = refused_;
  outcome.tls = tls_;
  outcome.connected = tcp_time() != Micros{0};
  outcome.secured = info(CURLINFO_APPCONNECT_TIME_T) != Micros{0};
  outcome.answered = any_byte_;
  outcome.status = response_.status;
  outcome.proxied = proxy_ != nullptr;
  outcome.proxy_status = proxy_ ? number(CURLINFO_HTTP_CONNECTCODE) : 0;

  const Micros total = info(CURLINFO_TOTAL_TIME_T);
  response_.error = classify(outcome);
  response_.timings = phases(total, resolve);
  response_.total = total + resolve;
  for (Arrival& arrival : response_.arrivals) arrival.at = std::min(arrival.at, total) + resolve;
  const char* ip = nullptr;
  curl_easy_getinfo(easy_, CURLINFO_PRIMARY_IP, &ip);
  response_.remote =
      ip && *ip ? join_host_port(ip, static_cast<std::uint16_t>(number(CURLINFO_PRIMARY_PORT))) : only_peer_;

  switch (refused_) {
    case Refused::body_too_large:
      response_.error_text = fmt::format("the body is larger than {} bytes", request_->max_body);
      break;
    case Refused::head_too_large:
      response_.error_text = fmt::format("the response's head is larger than {} bytes", max_head);
      break;
    case Refused::encoded_twice:
      response_.error_text = "the body is compressed more than once";
      break;
    case Refused::no:
      if (code != CURLE_OK) response_.error_text = clean_line(words_[0] ? words_ : curl_easy_strerror(code));
      break;
  }
  trust_.reset();
  proxy_trust_.reset();
  return std::move(response_);
}

}  // namespace outaged::probes
