#include "probes/io/connector.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#include <cerrno>
#include <chrono>

#include "probes/egress.h"

namespace outaged::probes {
namespace {

constexpr Duration attempt_delay = 250ms;  // RFC 8305, section 5

/// Of several failures the one of higher rank is told: that there is no IPv6 here says less than a refusal.
int rank(int error) {
  switch (error) {
    case 0:
      return 0;
    case EAFNOSUPPORT:
    case EADDRNOTAVAIL:
      return 1;
    case ENETUNREACH:
    case EHOSTUNREACH:
      return 2;
    default:
      return 3;
  }
}

}  // namespace

SocketAddress socket_address(const std::string& address, std::uint16_t port) {
  SocketAddress out;
  auto& four = reinterpret_cast<sockaddr_in&>(out.storage);
  auto& six = reinterpret_cast<sockaddr_in6&>(out.storage);
  if (inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    out.size = sizeof four;
  } else if (inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    out.size = sizeof six;
  }
  return out;
}

Connector::State Connector::begin(const std::vector<std::string>& addresses, std::uint16_t port) {
  port_ = port;
  // The families in turn, so that one that leads nowhere costs one delay and not one for each of its addresses.
  std::deque<std::string> six, four;
  for (const std::string& address : addresses) (address.find(':') != std::string::npos ? six : four).push_back(address);
  while (!six.empty() || !four.empty()) {
    for (auto* family : {&six, &four}) {
      if (family->empty()) continue;
      waiting_.push_back(std::move(family->front()));
      family->pop_front();
    }
  }
  if (waiting_.empty()) error_ = EADDRNOTAVAIL;
  return open_next();
}

void Connector::failed(int error) {
  if (rank(error) > rank(error_)) error_ = error;
}

Connector::State Connector::open_next() {
  while (!waiting_.empty()) {
    const SocketAddress address = socket_address(waiting_.front(), port_);
    std::string remote = join_host_port(waiting_.front(), port_);
    waiting_.pop_front();
    const int fd = address.size == 0 ? -1 : socket(address.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
      failed(address.size == 0 ? EADDRNOTAVAIL : errno);
      continue;
    }
    WatchedFd watched{host_, fd};
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (connect(fd, address.get(), address.size) == 0) {
      connected_ = std::move(watched);
      remote_ = std::move(remote);
      return State::connected;
    }
    if (errno != EINPROGRESS) {
      failed(errno);
      continue;
    }
    if (!watched.watch(owner_, EPOLLOUT)) {
      failed(ENOMEM);
      continue;
    }
    attempts_.push_back({std::move(watched), remote});
    remote_ = std::move(remote);  // of the last attempt, until one succeeds
    next_ = waiting_.empty() ? SteadyTime::max() : std::chrono::steady_clock::now() + attempt_delay;
    return State::connecting;
  }
  next_ = SteadyTime::max();
  return attempts_.empty() ? State::failed : State::connecting;
}

Connector::State Connector::on_event(int fd) {
  for (auto attempt = attempts_.begin(); attempt != attempts_.end(); ++attempt) {
    if (attempt->fd.get() != fd) continue;
    // The only sure sign: a socket that is writable need not be connected, when its number has been used before.
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) {
      sockaddr_storage peer{};
      socklen_t peer_size = sizeof peer;
      if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0) return State::connecting;
      connected_ = std::move(attempt->fd);
      remote_ = attempt->remote;
      attempts_.clear();
      waiting_.clear();
      next_ = SteadyTime::max();
      return State::connected;
    }
    failed(error);
    attempts_.erase(attempt);
    return open_next();
  }
  return State::connecting;
}

Connector::State Connector::on_time() {
  if (std::chrono::steady_clock::now() < next_) return State::connecting;
  return open_next();
}

WatchedFd Connector::take() { return std::move(connected_); }

}  // namespace outaged::probes
