// A TCP connection: opened, perhaps secured, perhaps spoken over. A socket and OpenSSL rather than libcurl's
// CONNECT_ONLY, for libcurl then speaks SMTP, IMAP and POP3 as a user who logs in, tells neither when TCP stood before
// a handshake that failed nor how long a chain was valid that it refused, and leaves reading and writing to us all the
// same. Proxies do not apply: what speaks HTTP goes through them, a mail server or a database is reached directly.
#include <fmt/format.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "core/text.h"
#include "probes/egress.h"
#include "probes/io/connector.h"
#include "probes/io/exchange.h"
#include "probes/io/starttls.h"
#include "probes/io/tls_contexts.h"
#include "probes/transport_error.h"

namespace outaged::probes {
namespace {

class DialogueExchange final : public Exchange {
 public:
  DialogueExchange(ExchangeHost& host, Dialogue&& what)
      : Exchange(host, what.timeout,
                 fmt::format("{}://{}", what.tls == Dialogue::Tls::none ? "tcp" : "tls",
                             join_host_port(what.host, what.port))),
        what_(std::move(what)),
        connector_(host, *this),
        starttls_(what_.tls) {
    if (socket_address(what_.host, 0).size == 0) name_ = lower_ascii(what_.host);
  }

  void on_event(int fd, std::uint32_t events) override;

 private:
  enum class Phase { connecting, asking_for_tls, securing, talking };
  enum class Io { done, later, closed, broken };

  void start(std::vector<std::string> addresses) override;
  void tick() override { connecting(connector_.on_time()); }
  void expired() override;

  void connecting(Connector::State state);
  void connected();
  void ask_for_tls();
  void secure();
  void handshake();
  void talk();
  void go_on();
  Io flush();
  Io read();
  void refused_handshake(int code);
  bool expected_came();
  void ended_by_peer(Io how);
  void mark(Micros Timings::*phase);
  void conclude(TransportError error, std::string text = {});

  const Dialogue what_;
  Connector connector_;
  StartTls starttls_;
  WatchedFd fd_;
  std::unique_ptr<SSL, SslFree> ssl_;
  Phase phase_ = Phase::connecting;
  Micros marked_{};          // up to where the phases are filled
  std::uint32_t wants_ = 0;  // what OpenSSL waits for
  std::string plain_;        // what came before TLS, not yet read as lines
  std::size_t plain_total_ = 0;
  std::string out_;       // not yet sent
  std::size_t line_ = 0;  // of the dialogue
  std::size_t seen_ = 0;  // of the body, by what was expected so far
};

/// The time since the last mark belongs to that phase.
void DialogueExchange::mark(Micros Timings::*phase) {
  const Micros now = since_asked();
  response_.timings.*phase += std::max(Micros{0}, now - marked_);
  marked_ = now;
}

void DialogueExchange::conclude(TransportError error, std::string text) {
  if (ended()) return;
  switch (phase_) {
    case Phase::connecting:
      mark(&Timings::connect);
      break;
    case Phase::asking_for_tls:
    case Phase::securing:
      mark(&Timings::tls);
      break;
    case Phase::talking:
      if (line_ > 0 || error != TransportError::none)
        mark(response_.body.empty() ? &Timings::processing : &Timings::transfer);
      break;
  }
  // The server's log need not call it an error. Nothing is waited for, and nobody is told if it does not go out.
  if (ssl_ && error == TransportError::none) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
    ERR_clear_error();
  }
  finish(error, std::move(text));
}

void DialogueExchange::start(std::vector<std::string> addresses) {
  marked_ = response_.timings.resolve;
  if (what_.tls != Dialogue::Tls::none) {
    auto made = host_.tls().connection(what_, std::chrono::steady_clock::now(), response_.cert_expiry);
    if (!made) return conclude(TransportError::local, made.error());
    ssl_ = std::move(made).value();
    marked_ = since_asked();  // a CA bundle read for the first time is nobody's connect phase
  }
  if (name().empty()) addresses = {what_.host};
  connecting(connector_.begin(addresses, what_.port));
}

void DialogueExchange::connecting(Connector::State state) {
  response_.remote = connector_.remote();
  switch (state) {
    case Connector::State::connecting:
      return call_at(connector_.next());
    case Connector::State::connected:
      return connected();
    case Connector::State::failed:
      return conclude(connect_error(connector_.error()), std::strerror(connector_.error()));
  }
}

void DialogueExchange::connected() {
  call_at(SteadyTime::max());
  fd_ = connector_.take();
  mark(&Timings::connect);
  switch (what_.tls) {
    case Dialogue::Tls::none:
      phase_ = Phase::talking;
      return talk();
    case Dialogue::Tls::direct:
      return secure();
    case Dialogue::Tls::smtp:
    case Dialogue::Tls::imap:
    case Dialogue::Tls::pop3:
      phase_ = Phase::asking_for_tls;
      return go_on();
  }
}

void DialogueExchange::expired() {
  switch (phase_) {
    case Phase::connecting:
      return conclude(TransportError::connect_timeout, "no connection in time");
    case Phase::asking_for_tls:
    case Phase::securing:
      return conclude(TransportError::tls_handshake, "no TLS in time");
    case Phase::talking:
      return response_.body.empty() ? conclude(TransportError::timeout_first_byte)
                                    : conclude(TransportError::timeout_body);
  }
}

void DialogueExchange::on_event(int fd, std::uint32_t) {
  if (ended()) return;
  switch (phase_) {
    case Phase::connecting:
      return connecting(connector_.on_event(fd));
    case Phase::asking_for_tls:
      return ask_for_tls();
    case Phase::securing:
      return handshake();
    case Phase::talking:
      return talk();
  }
}

/// Waits for what is due next.
void DialogueExchange::go_on() {
  // Not both at once: a peer that talks while we still send would wake us for bytes that we do not read yet.
  const std::uint32_t events = wants_ != 0 ? wants_ : out_.empty() ? EPOLLIN : EPOLLOUT;
  if (!fd_.watch(*this, events)) conclude(TransportError::local, "out of memory");
}

void DialogueExchange::ask_for_tls() {
  char bytes[4096];
  bool closed = false;
  while (!closed) {
    const ssize_t got = recv(fd_.get(), bytes, sizeof bytes, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    closed = got <= 0;  // but what it said before may tell why
    if (closed) break;
    plain_.append(bytes, static_cast<std::size_t>(got));
    plain_total_ += static_cast<std::size_t>(got);
    if (plain_total_ > what_.max_read) return conclude(TransportError::protocol, "the server talks without end");
  }
  for (std::size_t end = plain_.find('\n'); end != std::string::npos; end = plain_.find('\n')) {
    std::string line = plain_.substr(0, end);
    plain_.erase(0, end + 1);
    if (line.ends_with('\r')) line.pop_back();
    switch (starttls_.take(line)) {
      case StartTls::Next::read:
        break;
      case StartTls::Next::send:
        out_ += starttls_.to_send();
        break;
      case StartTls::Next::refused:
        return conclude(TransportError::protocol, starttls_.why());
      case StartTls::Next::secure:
        // Taken over into TLS it would pass for something the server said under its name.
        if (!plain_.empty()) return conclude(TransportError::protocol, "the server talks on before TLS begins");
        return secure();
    }
  }
  if (closed)
    return conclude(plain_total_ == 0 ? TransportError::reset_before_response : TransportError::tls_handshake,
                    "the server closed the connection before TLS");
  if (flush() == Io::broken) return conclude(TransportError::send_failed, std::strerror(errno));
  go_on();
}

void DialogueExchange::secure() {
  phase_ = Phase::securing;
  SSL_set_fd(ssl_.get(), fd_.get());
  handshake();
}

void DialogueExchange::handshake() {
  ERR_clear_error();
  errno = 0;
  const int done = SSL_do_handshake(ssl_.get());
  if (done == 1) {
    mark(&Timings::tls);
    phase_ = Phase::talking;
    wants_ = 0;
    return talk();
  }
  const int code = SSL_get_error(ssl_.get(), done);
  if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE) return refused_handshake(code);
  wants_ = code == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT;
  go_on();
}

void DialogueExchange::refused_handshake(int code) {
  const int os_error = errno;
  const unsigned long last = ERR_peek_last_error();
  const long verified = SSL_get_verify_result(ssl_.get());
  if (verified != X509_V_OK) return conclude(certificate_error(verified), X509_verify_cert_error_string(verified));
  if (code == SSL_ERROR_SYSCALL && os_error != 0)
    return conclude(TransportError::tls_handshake, std::strerror(os_error));
  const char* reason = last != 0 ? ERR_reason_error_string(last) : nullptr;
  ERR_clear_error();
  conclude(TransportError::tls_handshake, reason ? reason : "the server closed the connection");
}

DialogueExchange::Io DialogueExchange::flush() {
  wants_ = 0;
  while (!out_.empty()) {
    if (!ssl_ || phase_ != Phase::talking) {
      const ssize_t sent = send(fd_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
      if (sent < 0 && errno == EINTR) continue;
      if (sent < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Io::later : Io::broken;
      out_.erase(0, static_cast<std::size_t>(sent));
      continue;
    }
    ERR_clear_error();
    std::size_t sent = 0;
    const int done = SSL_write_ex(ssl_.get(), out_.data(), out_.size(), &sent);
    if (done == 1) {
      out_.erase(0, sent);
      continue;
    }
    const int code = SSL_get_error(ssl_.get(), done);
    if (code == SSL_ERROR_WANT_WRITE || code == SSL_ERROR_WANT_READ) {
      wants_ = code == SSL_ERROR_WANT_READ ? EPOLLIN : EPOLLOUT;
      return Io::later;
    }
    ERR_clear_error();
    return Io::broken;
  }
  return Io::done;
}

/// What has come, up to max_read. `done`: the limit is reached.
DialogueExchange::Io DialogueExchange::read() {
  char bytes[8192];
  while (response_.body.size() < what_.max_read) {
    const std::size_t room = std::min(sizeof bytes, what_.max_read - response_.body.size());
    std::size_t got = 0;
    if (ssl_) {
      ERR_clear_error();
      const int done = SSL_read_ex(ssl_.get(), bytes, room, &got);
      if (done != 1) {
        const int code = SSL_get_error(ssl_.get(), done);
        ERR_clear_error();
        if (code == SSL_ERROR_ZERO_RETURN) return Io::closed;
        if (code != SSL_ERROR_WANT_READ && code != SSL_ERROR_WANT_WRITE) return Io::broken;
        wants_ = code == SSL_ERROR_WANT_WRITE ? EPOLLOUT : EPOLLIN;
        return Io::later;
      }
    } else {
      const ssize_t n = recv(fd_.get(), bytes, room, 0);
      if (n == 0) return Io::closed;
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return errno == EAGAIN || errno == EWOULDBLOCK ? Io::later : Io::broken;
      got = static_cast<std::size_t>(n);
    }
    if (response_.body.empty()) mark(&Timings::processing);
    response_.body.append(bytes, got);
  }
  return Io::done;
}

/// Whether the line that is due, an expectation, has been met by what is there.
bool DialogueExchange::expected_came() {
  const std::size_t at = response_.body.find(what_.lines[line_].text, seen_);
  if (at == std::string::npos) return false;
  seen_ = at + what_.lines[line_].text.size();
  return true;
}

void DialogueExchange::ended_by_peer(Io how) {
  if (how == Io::done)
    return conclude(TransportError::too_large, fmt::format("more than {} bytes came", what_.max_read));
  conclude(response_.body.empty() ? TransportError::reset_before_response : TransportError::truncated_body,
           how == Io::broken && errno != 0 ? std::strerror(errno) : "");
}

void DialogueExchange::talk() {
  while (line_ < what_.lines.size() || !out_.empty()) {
    switch (flush()) {
      case Io::done:
        break;
      case Io::later:
        return go_on();
      case Io::closed:
      case Io::broken:
        return conclude(TransportError::send_failed);
    }
    if (line_ == what_.lines.size()) break;
    if (what_.lines[line_].send) {
      out_ = what_.lines[line_++].text;
    } else if (expected_came()) {
      ++line_;
    } else {
      const Io how = read();
      if (expected_came()) {
        ++line_;
        continue;
      }
      if (how != Io::later) return ended_by_peer(how);
      return go_on();
    }
  }
  conclude(TransportError::none);
}

}  // namespace

std::unique_ptr<Exchange> make_dialogue(ExchangeHost& host, Dialogue&& what) {
  return std::make_unique<DialogueExchange>(host, std::move(what));
}

}  // namespace outaged::probes
