// One question to one name server (or, where none is named, to ours), by c-ares on a channel of its own, which can be
// dropped at any moment with its sockets. UDP with three tries; TCP where the answer did not fit, or if it is wanted.
#include <arpa/nameser.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>

#include "core/text.h"
#include "probes/ares.h"
#include "probes/egress.h"
#include "probes/io/connector.h"
#include "probes/io/dns_message.h"
#include "probes/io/exchange.h"
#include "probes/resolver.h"

namespace outaged::probes {
namespace {

constexpr std::uint16_t dns_port = 53;

struct Server {
  std::string host;
  std::uint16_t port = dns_port;
};

/// "ip", "ip:port", "[ip]:port", "name" or "name:port"; the configuration has been through a stricter reader.
Server parse_server(const std::string& text) {
  if (socket_address(text, 0).size != 0) return {text};
  Server out{text};
  const std::size_t colon = text.rfind(':');
  if (colon != std::string::npos && colon + 1 < text.size() && text.size() - colon <= 6 &&
      text.find_first_not_of("0123456789", colon + 1) == std::string::npos) {
    out.host = text.substr(0, colon);
    out.port = static_cast<std::uint16_t>(std::stoul(text.substr(colon + 1)));
  }
  if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
  return out;
}

/// c-ares says "refused" too when it gets no socket, and that would be our fault.
bool no_descriptor_left() {
  const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return true;
  close(fd);
  return false;
}

class DnsExchange final : public Exchange {
 public:
  DnsExchange(ExchangeHost& host, DnsQuery&& what)
      : Exchange(host, what.timeout, fmt::format("dns://{}/{}?type={}", what.server, what.name, what.type)),
        what_(std::move(what)) {
    if (what_.server.empty()) return;
    server_ = parse_server(what_.server);
    if (socket_address(server_.host, 0).size == 0) name_ = lower_ascii(server_.host);
  }

  void on_event(int fd, std::uint32_t events) override {
    if (ended()) return;
    const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
    ares_process_fd(asking_.get(), broken || (events & EPOLLIN) != 0 ? fd : ARES_SOCKET_BAD,
                    (events & EPOLLOUT) != 0 ? fd : ARES_SOCKET_BAD);
    after();
  }

 private:
  void start(std::vector<std::string> addresses) override;
  void tick() override {
    ares_process_fd(asking_.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    after();
  }
  void expired() override { finish_after(TransportError::dns_timeout, fmt::format("{} does not answer", whom())); }
  void ask(int flags);
  void after();
  void answered(int status, const unsigned char* packet, int size);
  void finish_after(TransportError error, std::string text) {
    response_.timings.processing = since_asked() - response_.timings.resolve;
    finish(error, std::move(text));
  }
  std::string whom() const { return what_.server.empty() ? "our resolver" : what_.server; }

  static void on_socket(void* self, ares_socket_t fd, int readable, int writable) {
    auto& exchange = *static_cast<DnsExchange*>(self);
    if (!readable && !writable)
      exchange.host_.forget(fd);
    else
      exchange.host_.watch(exchange, fd, (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U));
  }
  static void on_answer(void* self, int status, int, unsigned char* packet, int size) {
    if (status != ARES_EDESTRUCTION) static_cast<DnsExchange*>(self)->answered(status, packet, size);
  }

  const DnsQuery what_;
  Server server_;
  std::vector<std::string> servers_;
  bool diagnose_ = false, diagnosed_ = false;  // ask again, and take the first answer as it is
  AresChannel asking_;                         // the last member: as it goes it tells of its sockets
};

void DnsExchange::start(std::vector<std::string> addresses) {
  if (what_.server.empty()) {
    servers_ = host_.names().servers;
  } else {
    if (name().empty()) addresses = {server_.host};
    for (const std::string& address : addresses) servers_.push_back(join_host_port(address, server_.port));
    response_.remote = servers_.empty() ? "" : servers_.front();
  }
  // c-ares goes on from a server that fails to the next, as our own resolver does; but then it does not tell what the
  // last one said, and it is asked again. One server alone is taken at its word at once.
  ask(servers_.size() == 1 ? ARES_FLAG_NOCHECKRESP : 0);
}

void DnsExchange::ask(int flags) {
  AresSettings settings;
  settings.servers = servers_;
  settings.resolv_path = host_.names().resolv_path;
  settings.on_socket = &on_socket;
  settings.self = this;
  settings.flags = flags | (what_.tcp ? ARES_FLAG_USEVC : 0) | (what_.recursion ? 0 : ARES_FLAG_NORECURSE);
  auto opened = open_ares(settings);
  const auto type = dns_type(what_.type);
  if (!opened || !type)
    return finish_after(TransportError::local, opened ? "unknown record type " + what_.type : opened.error());
  asking_ = std::move(opened).value();
  ares_query(asking_.get(), what_.name.c_str(), ns_c_in, *type, &on_answer, this);
  after();
}

/// Never within a call of c-ares: what it may lead to drops the channel.
void DnsExchange::after() {
  if (ended()) return;
  if (std::exchange(diagnose_, false)) return ask(ARES_FLAG_NOCHECKRESP);
  timeval left{};
  const timeval* set = ares_timeout(asking_.get(), nullptr, &left);
  call_at(set ? std::chrono::steady_clock::now() + std::chrono::seconds{set->tv_sec} + Micros{set->tv_usec}
              : SteadyTime::max());
}

void DnsExchange::answered(int status, const unsigned char* packet, int size) {
  if (ended()) return;
  if (packet) {
    auto message = parse_dns(packet, static_cast<std::size_t>(size));
    if (!message)
      return finish_after(TransportError::protocol, fmt::format("{} answers with a broken message", whom()));
    response_.rcode = std::move(message->rcode);
    response_.records = std::move(message->records);
    return finish_after(TransportError::none, {});
  }
  // A C list of statuses, most of them of our own making: here a default is right.
  switch (status) {
    case ARES_ECONNREFUSED:
      if (no_descriptor_left()) return finish_after(TransportError::local, "out of file descriptors");
      if (servers_.size() != 1 && !diagnosed_) {
        diagnose_ = diagnosed_ = true;
        return;
      }
      return finish_after(what_.server.empty() ? TransportError::dns_error : TransportError::connect_refused,
                          fmt::format("{} cannot be reached", whom()));
    case ARES_ETIMEOUT:
      return finish_after(TransportError::dns_timeout, fmt::format("{} does not answer", whom()));
    case ARES_EBADRESP:
      return finish_after(TransportError::protocol, fmt::format("{} answers with a broken message", whom()));
    default:
      return finish_after(TransportError::local, ares_strerror(status));
  }
}

}  // namespace

std::unique_ptr<Exchange> make_dns_query(ExchangeHost& host, DnsQuery&& what) {
  return std::make_unique<DnsExchange>(host, std::move(what));
}

}  // namespace outaged::probes
