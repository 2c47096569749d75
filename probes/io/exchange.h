// One exchange that is not HTTP: a connection spoken over, a DNS question, a ping, a child process. What they share:
// descriptors in the probe loop's epoll, a deadline, and an end as a Response. Begun, driven and dropped by the runner
// on its thread. Never blocks, starts no thread, and never ends within the call of another exchange.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/clock.h"
#include "probes/probe.h"

namespace outaged::probes {

class Exchange;
class Reaper;
class TlsContexts;
struct ResolverOptions;
struct Flight;

/// What the runner lends to its exchanges.
class ExchangeHost {
 public:
  /// Calls on_event() when something happens on `fd`: EPOLLIN, EPOLLOUT, and always EPOLLERR and EPOLLHUP. False: out
  /// of memory.
  virtual bool watch(Exchange& exchange, int fd, std::uint32_t events) = 0;
  /// Before it is closed.
  virtual void forget(int fd) = 0;
  /// due() may have become earlier.
  virtual void hurry(Exchange& exchange) = 0;
  virtual void ended(Exchange& exchange) = 0;
  virtual TlsContexts& tls() = 0;
  virtual Reaper& reaper() = 0;
  virtual const ResolverOptions& names() const = 0;

 protected:
  ~ExchangeHost() = default;
};

class Exchange {
 public:
  virtual ~Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  /// A host name that must be resolved before begin(), in lower case; "" if there is none.
  const std::string& name() const { return name_; }
  Duration timeout() const { return timeout_; }
  /// `addresses` of name(), or empty. The time limit counts from `asked`; `resolve` of it has gone by.
  void begin(std::vector<std::string> addresses, SteadyTime asked, Micros resolve);
  /// May come for nothing: a descriptor's number is soon used again.
  virtual void on_event(int fd, std::uint32_t events) = 0;
  void on_time(SteadyTime now);
  SteadyTime due() const { return ended_ ? SteadyTime::max() : std::min(deadline_, next_); }
  bool ended() const { return ended_; }
  /// Once it has ended; or, if it never began, what url() says it would have asked.
  Response take() { return std::move(response_); }
  const std::string& url() const { return response_.url; }

  Flight* flight = nullptr;  // the runner's

 protected:
  Exchange(ExchangeHost& host, Duration timeout, std::string url) : host_(host), timeout_(timeout) {
    response_.url = std::move(url);
  }
  virtual void start(std::vector<std::string> addresses) = 0;
  /// The time limit has come: must finish().
  virtual void expired() = 0;
  /// The time given to call_at() has come.
  virtual void tick() {}

  void call_at(SteadyTime when);
  /// Ends it. Only the first call counts. Phases are the exchange's own to fill; the total is the time up to now.
  void finish(TransportError error, std::string text = {});
  Micros since_asked() const;

  ExchangeHost& host_;
  std::string name_;
  Response response_;

 private:
  Duration timeout_;
  SteadyTime asked_{}, deadline_ = SteadyTime::max(), next_ = SteadyTime::max();
  bool ended_ = false;
};

/// A descriptor that is watched for an exchange, and closed with this.
class WatchedFd {
 public:
  WatchedFd() = default;
  WatchedFd(ExchangeHost& host, int fd) : host_(&host), fd_(fd) {}
  ~WatchedFd() { reset(); }
  WatchedFd(WatchedFd&& other) noexcept
      : host_(other.host_), fd_(std::exchange(other.fd_, -1)), events_(std::exchange(other.events_, unwatched)) {}
  WatchedFd& operator=(WatchedFd&& other) noexcept {
    if (this == &other) return *this;
    reset();
    host_ = other.host_;
    fd_ = std::exchange(other.fd_, -1);
    events_ = std::exchange(other.events_, unwatched);
    return *this;
  }
  /// Does nothing if that is what it is watched for already.
  bool watch(Exchange& exchange, std::uint32_t events);
  void reset();
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  static constexpr std::uint32_t unwatched = ~0U;
  ExchangeHost* host_ = nullptr;
  int fd_ = -1;
  std::uint32_t events_ = unwatched;
};

/// The exchange for what is asked; null for a Request and for Nothing.
std::unique_ptr<Exchange> make_exchange(ExchangeHost& host, Ask&& what);

// One per file beside this one.
std::unique_ptr<Exchange> make_dialogue(ExchangeHost& host, Dialogue&& what);
std::unique_ptr<Exchange> make_dns_query(ExchangeHost& host, DnsQuery&& what);
std::unique_ptr<Exchange> make_ping(ExchangeHost& host, Ping&& what);
std::unique_ptr<Exchange> make_command(ExchangeHost& host, Command&& what);

}  // namespace outaged::probes
