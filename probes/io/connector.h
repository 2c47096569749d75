// Opens one TCP connection to whichever of a host's addresses answers first, IPv6 before IPv4, each 250 ms after the
// last or when that has failed (RFC 8305). Part of the exchange that owns it, on the loop's thread; never blocks.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <deque>
#include <string>
#include <vector>

#include "probes/io/exchange.h"

namespace outaged::probes {

/// An address for the socket calls.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;  // 0: the text is no address
  int family() const { return storage.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};
/// `address` is an IPv4 or IPv6 literal, without brackets.
SocketAddress socket_address(const std::string& address, std::uint16_t port);

class Connector {
 public:
  enum class State { connecting, connected, failed };

  Connector(ExchangeHost& host, Exchange& owner) : host_(host), owner_(owner) {}
  State begin(const std::vector<std::string>& addresses, std::uint16_t port);
  /// An event of a descriptor that need not be ours.
  State on_event(int fd);
  /// Next call wanted at next(), if that is not max().
  State on_time();
  SteadyTime next() const { return next_; }

  /// Once connected.
  WatchedFd take();
  const std::string& remote() const { return remote_; }
  /// Once failed: an errno, of the attempt that tells most.
  int error() const { return error_; }

 private:
  struct Attempt {
    WatchedFd fd;
    std::string remote;
  };
  State open_next();
  void failed(int error);

  ExchangeHost& host_;
  Exchange& owner_;
  std::uint16_t port_ = 0;
  std::deque<std::string> waiting_;
  std::vector<Attempt> attempts_;
  WatchedFd connected_;
  std::string remote_;
  int error_ = 0;
  SteadyTime next_ = SteadyTime::max();
};

}  // namespace outaged::probes
