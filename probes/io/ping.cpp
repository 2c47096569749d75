// One ICMP echo request. The kernel's own ping sockets need no privilege where net.ipv4.ping_group_range holds our
// group; where it does not, a raw socket is tried, which needs CAP_NET_RAW. Each ping has a socket of its own, so that
// the kernel gives us its answer, and what a router says of it, and nothing else.
#include <fmt/format.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <random>

#include "core/text.h"
#include "probes/io/connector.h"
#include "probes/io/exchange.h"
#include "probes/transport_error.h"

namespace outaged::probes {
namespace {

constexpr std::size_t header_size = 8;
constexpr std::string_view forbidden =
    "the kernel does not let us send echo requests; allow it with sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"";

/// RFC 1071. The kernel fills it in on ping sockets and for IPv6; a raw IPv4 socket leaves it to us.
std::uint16_t checksum(const std::string& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); i += 2) {
    const std::uint32_t high = static_cast<unsigned char>(bytes[i]);
    sum += high << 8 | (i + 1 < bytes.size() ? static_cast<unsigned char>(bytes[i + 1]) : 0U);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

void put(std::string& bytes, std::size_t at, std::uint32_t value) {
  bytes[at] = static_cast<char>(value >> 8);
  bytes[at + 1] = static_cast<char>(value);
}
std::uint16_t get(const char* bytes) {
  return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[0]) << 8 | static_cast<unsigned char>(bytes[1]));
}

class PingExchange final : public Exchange {
 public:
  PingExchange(ExchangeHost& host, Ping&& what)
      : Exchange(host, what.timeout, "icmp://" + what.host), what_(std::move(what)) {
    if (socket_address(what_.host, 0).size == 0) name_ = lower_ascii(what_.host);
  }
  void on_event(int fd, std::uint32_t events) override;

 private:
  void start(std::vector<std::string> addresses) override;
  void expired() override { conclude(TransportError::timeout_first_byte, "no echo reply in time"); }
  /// 0, or the errno that kept it from leaving.
  int send_to(const std::string& address);
  bool is_ours(const char* packet, std::size_t size) const;
  void conclude(TransportError error, std::string text = {}) {
    response_.timings.processing = since_asked() - sent_;
    finish(error, std::move(text));
  }

  const Ping what_;
  WatchedFd fd_;
  std::string request_;
  bool six_ = false, raw_ = false;
  Micros sent_{};
};

void PingExchange::start(std::vector<std::string> addresses) {
  sent_ = response_.timings.resolve;
  if (name().empty()) addresses = {what_.host};
  int error = 0;
  bool any = false;
  for (const std::string& address : addresses) {
    const bool six = address.find(':') != std::string::npos;
    if ((what_.family == Family::v4 && six) || (what_.family == Family::v6 && !six)) continue;
    any = true;
    response_.remote = address;
    error = send_to(address);
    if (error == 0) return;
    fd_.reset();
  }
  if (!any) return conclude(TransportError::dns_error, fmt::format("{} has no address of that family", what_.host));
  if (error == EACCES || error == EPERM) return conclude(TransportError::local, std::string{forbidden});
  conclude(connect_error(error), std::strerror(error));
}

int PingExchange::send_to(const std::string& address) {
  const SocketAddress to = socket_address(address, 0);
  if (to.size == 0) return EADDRNOTAVAIL;
  six_ = to.family() == AF_INET6;
  const int protocol = six_ ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP);
  int fd = socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
  raw_ = fd < 0 && (errno == EACCES || errno == EPERM);
  if (raw_) {
    fd = socket(to.family(), SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
    // A raw socket is copied every ICMP message of the machine.
    icmp6_filter only_replies;
    ICMP6_FILTER_SETBLOCKALL(&only_replies);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &only_replies);
    if (fd >= 0 && six_) setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &only_replies, sizeof only_replies);
  }
  if (fd < 0) return errno;
  fd_ = WatchedFd{host_, fd};
  const int on = 1;  // what routers say comes as an error of the socket
  setsockopt(fd, six_ ? static_cast<int>(IPPROTO_IPV6) : static_cast<int>(IPPROTO_IP), six_ ? IPV6_RECVERR : IP_RECVERR,
             &on, sizeof on);
  if (connect(fd, to.get(), to.size) != 0) return errno;

  // Type, code, checksum, id (on a ping socket the kernel puts its own there), number, payload.
  static thread_local std::mt19937 random{std::random_device{}()};
  request_.assign(header_size + what_.payload, '\0');
  request_[0] = static_cast<char>(six_ ? static_cast<int>(ICMP6_ECHO_REQUEST) : static_cast<int>(ICMP_ECHO));
  put(request_, 4, random() & 0xffff);
  put(request_, 6, random() & 0xffff);
  for (std::size_t i = header_size; i < request_.size(); ++i) request_[i] = static_cast<char>(random());
  if (!six_) put(request_, 2, checksum(request_));
  sent_ = since_asked();
  if (send(fd, request_.data(), request_.size(), MSG_NOSIGNAL) < 0) return errno;
  return fd_.watch(*this, EPOLLIN) ? 0 : ENOMEM;
}

bool PingExchange::is_ours(const char* packet, std::size_t size) const {
  if (raw_ && !six_) {  // with its IP header
    const std::size_t header = size > 0 ? static_cast<std::size_t>(packet[0] & 15) * 4 : 0;
    if (header < sizeof(iphdr) || header >= size) return false;
    packet += header;
    size -= header;
  }
  if (size != request_.size()) return false;
  const int type = static_cast<unsigned char>(packet[0]);
  if (type != (six_ ? static_cast<int>(ICMP6_ECHO_REPLY) : static_cast<int>(ICMP_ECHOREPLY))) return false;
  if (raw_ && get(packet + 4) != get(request_.data() + 4)) return false;
  return std::memcmp(packet + 6, request_.data() + 6, size - 6) == 0;  // number and payload
}

void PingExchange::on_event(int fd, std::uint32_t) {
  if (ended() || fd != fd_.get()) return;
  std::array<char, 2048> small;
  std::string large;
  char* buffer = small.data();
  std::size_t room = small.size();
  if (request_.size() + 60 > room) {
    large.resize(request_.size() + 60);
    buffer = large.data();
    room = large.size();
  }
  for (int i = 0; i < 64; ++i) {  // then the others have their turn
    const ssize_t got = recv(fd, buffer, room, 0);
    if (got >= 0) {
      if (is_ours(buffer, static_cast<std::size_t>(got))) return conclude(TransportError::none);
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return;
    const int error = errno;
    // What a router says of it stays in the socket's own queue; dropped, or it would wake us for ever.
    while (recv(fd, buffer, room, MSG_ERRQUEUE) >= 0) continue;
    return conclude(connect_error(error), std::strerror(error));
  }
}

}  // namespace

std::unique_ptr<Exchange> make_ping(ExchangeHost& host, Ping&& what) {
  return std::make_unique<PingExchange>(host, std::move(what));
}

}  // namespace outaged::probes
