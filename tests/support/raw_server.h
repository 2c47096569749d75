// A TCP (or TLS) server on loopback that does exactly what a test tells it, byte by byte: wrong things above all.
// One thread per connection; all end with the server. For tests only.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>

namespace test {

/// One accepted connection. Every wait ends when the server stops.
class Connection {
 public:
  Connection(int fd, SSL* ssl, const std::atomic<bool>& stopping) : fd_(fd), ssl_(ssl), stopping_(stopping) {}

  /// Up to and including the empty line; what there was if the peer closes first.
  std::string read_head() {
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
      char byte = 0;
      if (!read_byte(byte)) break;
      head += byte;
    }
    return head;
  }
  std::string read_exactly(std::size_t count) {
    std::string text;
    char byte = 0;
    while (text.size() < count && read_byte(byte)) text += byte;
    return text;
  }
  bool write(const std::string& text) {
    std::size_t sent = 0;
    while (sent < text.size() && !stopping_) {
      const auto left = text.size() - sent;
      const auto n = ssl_ ? SSL_write(ssl_, text.data() + sent, static_cast<int>(left))
                          : static_cast<int>(send(fd_, text.data() + sent, left, MSG_NOSIGNAL));
      if (n <= 0) return false;
      sent += static_cast<std::size_t>(n);
    }
    return !stopping_;
  }
  bool respond(const std::string& body, const std::string& status = "200 OK", const std::string& headers = "") {
    return write("HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" + headers +
                 "\r\n" + body);
  }
  /// Says nothing until the peer goes away.
  void hang() {
    while (!stopping_ && wait_readable()) {
      char bytes[4096];
      if (recv(fd_, bytes, sizeof bytes, 0) <= 0) return;
    }
  }
  /// False if the server stops or the peer goes away meanwhile.
  bool pause(std::chrono::milliseconds time) {
    pollfd poll{fd_, POLLRDHUP, 0};
    return ::poll(&poll, 1, static_cast<int>(time.count())) == 0 && !stopping_;
  }
  /// The next close sends RST.
  void reset() {
    const linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
  }
  int fd() const { return fd_; }

 private:
  bool wait_readable() {
    pollfd poll{fd_, POLLIN, 0};
    while (!stopping_) {
      const int n = ::poll(&poll, 1, 1000);
      if (n != 0) return n > 0;
    }
    return false;
  }
  bool read_byte(char& byte) {
    if (ssl_) return SSL_read(ssl_, &byte, 1) == 1;
    return wait_readable() && recv(fd_, &byte, 1, 0) == 1;
  }
  int fd_;
  SSL* ssl_;
  const std::atomic<bool>& stopping_;
};

class RawServer {
 public:
  using Handler = std::function<void(Connection&)>;

  /// `tls`, if given, must outlive the server. `on_v6`: on ::1 instead of 127.0.0.1, at this port.
  explicit RawServer(Handler handler, SSL_CTX* tls = nullptr, int on_v6 = 0) : handler_(std::move(handler)), tls_(tls) {
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_addr = in6addr_loopback;
    six.sin6_port = htons(static_cast<std::uint16_t>(on_v6));
    sockaddr* const address = on_v6 ? reinterpret_cast<sockaddr*>(&six) : reinterpret_cast<sockaddr*>(&four);
    socklen_t size = on_v6 ? sizeof six : sizeof four;
    listener_ = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener_ < 0 || bind(listener_, address, size) != 0 || listen(listener_, 512) != 0 ||
        getsockname(listener_, address, &size) != 0)
      throw std::runtime_error("cannot listen on loopback");
    port_ = on_v6 ? on_v6 : ntohs(four.sin_port);
    acceptor_ = std::thread{[this] { accept_all(); }};
  }
  ~RawServer() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock{mutex_};
      for (const Peer& peer : peers_)
        if (!peer.closed) shutdown(peer.fd, SHUT_RDWR);
    }
    for (Peer& peer : peers_) peer.thread.join();
    close(listener_);
  }
  RawServer(const RawServer&) = delete;
  RawServer& operator=(const RawServer&) = delete;

  int port() const { return port_; }
  std::string url(const std::string& path = "/") const {
    return (tls_ ? "https://127.0.0.1:" : "http://127.0.0.1:") + std::to_string(port_) + path;
  }
  int accepted() const { return accepted_; }
  int open() const { return open_; }

 private:
  struct Peer {
    int fd = -1;
    bool closed = false;
    std::thread thread;
  };

  void accept_all() {
    while (!stopping_) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const std::lock_guard lock{mutex_};
      for (auto peer = peers_.begin(); peer != peers_.end();) {
        if (!peer->closed) {
          ++peer;
          continue;
        }
        peer->thread.join();
        peer = peers_.erase(peer);
      }
      ++accepted_;
      Peer& peer = peers_.emplace_back();
      peer.fd = fd;
      peer.thread = std::thread{[this, &peer] { serve(peer); }};
    }
  }
  void serve(Peer& peer) {
    sigset_t pipe;  // OpenSSL writes without MSG_NOSIGNAL
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    ++open_;
    SSL* ssl = tls_ ? SSL_new(tls_) : nullptr;
    if (ssl) SSL_set_fd(ssl, peer.fd);
    if (!ssl || SSL_accept(ssl) == 1) {
      Connection connection{peer.fd, ssl, stopping_};
      handler_(connection);
      if (ssl) SSL_shutdown(ssl);
    }
    if (ssl) SSL_free(ssl);
    --open_;
    const std::lock_guard lock{mutex_};
    close(peer.fd);
    peer.closed = true;
  }

  Handler handler_;
  SSL_CTX* tls_;
  int listener_ = -1, port_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> accepted_ = 0, open_ = 0;
  std::mutex mutex_;
  std::list<Peer> peers_;
  std::thread acceptor_;
};

/// Whether this machine has ::1.
inline bool has_v6_loopback() {
  const int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_addr = in6addr_loopback;
  const bool bound = fd >= 0 && bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  if (fd >= 0) close(fd);
  return bound;
}

/// A port on which nobody listens.
inline int free_port() {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  const bool bound = bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  close(fd);
  if (!bound) throw std::runtime_error("no free port on loopback");
  return ntohs(address.sin_port);
}

}  // namespace test
