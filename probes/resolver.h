// Every name, by c-ares in the probe loop's own epoll: no thread per name, and a name server that never answers delays
// nobody but those who ask it. A and AAAA; /etc/hosts first. Answers are shared only between those who wait for the
// same name at the same time: a probe measures what a new client would meet, so there is no cache.
// Used by the runner, on its thread only. Never blocks (it re-reads /etc/hosts and resolv.conf when they change).
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "probes/hosts_file.h"
#include "probes/poller.h"
#include "probes/probe.h"

namespace outaged::probes {

struct ResolverOptions {
  std::vector<std::string> servers;  // "ip", "ip:port" or "[ip]:port"; empty: resolv.conf
  std::size_t max_lookups = 4096;    // in flight; beyond it the answer is TransportError::local
  std::string hosts_path = "/etc/hosts";
  std::string resolv_path = "/etc/resolv.conf";
};

class Resolver {
 public:
  struct Answer {
    TransportError error = TransportError::none;  // none, or one of dns_*, or local
    std::string text;                             // in words, if it failed
    std::vector<std::string> addresses;           // IPv6 first; at most `max_addresses` of each family
  };
  static constexpr std::size_t max_addresses = 8;

  struct Lookup;
  /// Someone who waits for a name.
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void resolved(const Answer& answer) = 0;

   private:
    friend class Resolver;
    Lookup* lookup_ = nullptr;
    SteadyTime deadline_{};
  };

  static outaged::Result<std::unique_ptr<Resolver>> create(Poller& poller, ResolverOptions options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// Calls waiter.resolved() once, perhaps before this returns, and by `deadline` at the latest. `name` in lower case.
  void resolve(const std::string& name, SteadyTime now, SteadyTime deadline, Waiter& waiter);
  /// The waiter will not be called any more.
  void cancel(Waiter& waiter);

  void on_event(const Poller::Event& event);
  void on_time(SteadyTime now);
  /// When on_time() is wanted: SteadyTime::max() if never.
  SteadyTime due() const { return std::min(due_, ares_due_); }
  std::size_t lookups() const { return lookups_.size(); }
  const ResolverOptions& options() const { return options_; }

 private:
  struct Channel;
  struct Query;
  Resolver(Poller& poller, ResolverOptions options);

  outaged::Result<std::unique_ptr<Channel>> open_channel();
  void renew_channel(SteadyTime now);
  void answered(std::unique_ptr<Query> query, int status, const unsigned char* packet, int size);
  void conclude(Lookup& lookup);
  void rearm(SteadyTime now);
  static void detach(Waiter& waiter);

  Poller& poller_;
  ResolverOptions options_;
  HostsFile hosts_;
  FileWatch resolv_conf_;
  bool closing_ = false;
  std::unordered_map<std::string, std::unique_ptr<Lookup>> lookups_;
  std::vector<std::unique_ptr<Channel>> channels_;  // the last one takes new questions, the others run dry
  SteadyTime due_ = SteadyTime::max();              // a waiter's deadline or a lookup's patience; may be too early
  SteadyTime ares_due_ = SteadyTime::max();         // c-ares' own timers
};

}  // namespace outaged::probes
