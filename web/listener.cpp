#include "web/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace outaged::web {
namespace {

struct HostPort {
  std::string host, port;
};

std::optional<HostPort> split(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) return std::nullopt;
  HostPort parts{address.substr(0, colon), address.substr(colon + 1)};
  if (parts.port.empty() || parts.port.size() > 5 || parts.port.find_first_not_of("0123456789") != std::string::npos ||
      std::stoi(parts.port) > 65535)
    return std::nullopt;
  if (parts.host.size() >= 2 && parts.host.front() == '[' && parts.host.back() == ']')
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  else if (parts.host.find_first_of("[]:") != std::string::npos)
    return std::nullopt;
  return parts;
}

std::string cause(int error) {
  switch (error) {
    case EADDRINUSE:
      return "the address is already in use; another outaged, or another program, listens there";
    case EACCES:
    case EPERM:
      return "not permitted; ports below 1024 need the capability CAP_NET_BIND_SERVICE";
    case EADDRNOTAVAIL:
      return "it is not an address of this machine";
    default:
      return std::strerror(error);
  }
}

int bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

// 0, or errno.
int open_on(const addrinfo& at, Listener& out) {
  Socket socket(::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!socket) return errno;
  // Restart at once despite connections in TIME_WAIT; never SO_REUSEPORT, which would let a second daemon share the port.
  const int yes = 1;
  if (setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0) return errno;
  if (bind(socket.get(), at.ai_addr, at.ai_addrlen) != 0) return errno;
  if (listen(socket.get(), 256) != 0) return errno;
  out.port = bound_port(socket.get());
  out.socket = std::move(socket);
  return 0;
}

}  // namespace

Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Socket::release() { return std::exchange(fd_, -1); }

void Socket::reset() {
  if (fd_ >= 0) close(std::exchange(fd_, -1));
}

Result<Listener> listen_on(const std::string& address) {
  const auto parts = split(address);
  if (!parts)
    return Error{"cannot listen on \"" + address + "\": an address is written host:port, as in 127.0.0.1:9721 or [::1]:9721"};
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* raw = nullptr;
  const char* host = parts->host.empty() ? nullptr : parts->host.c_str();
  if (const int failed = getaddrinfo(host, parts->port.c_str(), &hints, &raw); failed != 0)
    return Error{"cannot listen on " + address + ": " + gai_strerror(failed)};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> found(raw, freeaddrinfo);
  // A dual-stack wildcard takes IPv4 too, so it is tried first; a machine without IPv6 falls through to 0.0.0.0.
  Listener listener;
  int first_error = 0;
  for (const bool six : {true, false}) {
    if (host && !six) break;
    for (const addrinfo* at = found.get(); at; at = at->ai_next) {
      if (!host && (at->ai_family == AF_INET6) != six) continue;
      const int error = open_on(*at, listener);
      if (error == 0) return listener;
      if (first_error == 0) first_error = error;
      // The other family of a name in use is another place: a second daemon must not slip in there.
      if (error == EADDRINUSE || error == EACCES) return Error{"cannot listen on " + address + ": " + cause(error)};
    }
  }
  return Error{"cannot listen on " + address + ": " + cause(first_error)};
}

}  // namespace outaged::web
