// Performs runs: asks what a probe describes, until the probe concludes. libcurl's multi interface, c-ares and one
// epoll; many runs in flight, none of which can delay another. Owned by the probe loop's thread, or by run_once() on
// its caller's. Blocks only in turn(); wake() may be called from any thread.
#pragma once

#include <curl/curl.h>

#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "probes/egress.h"
#include "probes/io/exchange.h"
#include "probes/io/reaper.h"
#include "probes/io/tls_contexts.h"
#include "probes/loop.h"
#include "probes/poller.h"
#include "probes/resolver.h"
#include "probes/transfer.h"

namespace outaged::probes {

/// Timers fire on this grid, so that what falls due together costs one wake-up. Sockets are served at once.
inline constexpr Duration wake_grid = 10ms;

/// One run in flight.
struct Flight final : Resolver::Waiter {
  // Given by who starts it; returned with it.
  std::uint32_t tag = 0;
  bool base = true;
  Duration lag{};

  std::shared_ptr<const Probe> probe;
  Run run;
  SteadyTime started{};
  // Of the request under way.
  Request request;
  Endpoint endpoint;
  const Proxy* proxy = nullptr;
  SteadyTime asked{};
  Micros resolve{};
  std::unique_ptr<Transfer> transfer;  // of a Request
  std::unique_ptr<Exchange> exchange;  // of anything else
  Response response;

  class Runner* runner = nullptr;
  std::size_t place = 0;  // in the runner's list
  void resolved(const Resolver::Answer& answer) override;
};

class Runner final : private ExchangeHost {
 public:
  /// Who is told how a run ended. Called from within turn(); may start and abort runs.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void concluded(Flight& flight, Finding&& finding) = 0;
  };

  static outaged::Result<std::unique_ptr<Runner>> create(const LoopOptions& options, Owner& owner);
  ~Runner();
  Runner(const Runner&) = delete;
  Runner& operator=(const Runner&) = delete;

  /// Begins a run. It ends in a later turn(), never within this call. The reference holds until then.
  Flight& start(std::shared_ptr<const Probe> probe, std::uint32_t tag, bool base, Duration lag, SteadyTime now);
  /// Drops it without a word.
  void abort(Flight& flight);
  std::size_t in_flight() const { return flights_.size(); }

  /// Waits until something happens, but not past `until` (on the grid), and deals with it.
  void turn(SteadyTime until);
  void wake() { poller_->wake(); }

  static constexpr int max_requests = 80;  // in one run: a page of unknown format is looked for at some 30 addresses

 private:
  friend struct Flight;
  Runner(Owner& owner, Egress egress);
  outaged::Result<void> open(const LoopOptions& options);

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long ms, void* self);

  void ask(Flight& flight, Ask&& what, SteadyTime now);
  void ask_http(Flight& flight, SteadyTime now);
  void transfer(Flight& flight, const std::vector<std::string>* addresses, SteadyTime now);
  void begin(Flight& flight, std::vector<std::string> addresses);
  void answer_later(Flight& flight, TransportError error, std::string text);
  void judge(Flight& flight);
  void drive_curl(SteadyTime now);
  void drive_exchanges(SteadyTime now);
  void collect();
  void release(Flight& flight);
  void release_transfer(Flight& flight);

  // For exchanges.
  bool watch(Exchange& exchange, int fd, std::uint32_t events) override;
  void forget(int fd) override;
  void hurry(Exchange& exchange) override { exchanges_due_ = std::min(exchanges_due_, exchange.due()); }
  void ended(Exchange& exchange) override { answered_.push_back(exchange.flight); }
  TlsContexts& tls() override { return tls_; }
  Reaper& reaper() override { return reaper_; }
  const ResolverOptions& names() const override { return resolver_->options(); }

  Owner& owner_;
  Egress egress_;
  TlsContexts tls_;
  std::unique_ptr<Poller> poller_;
  std::unique_ptr<Resolver> resolver_;
  CURLM* multi_ = nullptr;
  SteadyTime curl_due_ = SteadyTime::max();
  Reaper reaper_;
  std::vector<Exchange*> watched_by_;                   // by descriptor
  SteadyTime exchanges_due_ = SteadyTime::max();        // of the first of them; may be too early

  std::vector<std::unique_ptr<Flight>> flights_, idle_flights_;
  std::vector<std::unique_ptr<Transfer>> idle_transfers_;
  std::vector<Flight*> answered_;    // their response is there, their probe not yet asked
  std::vector<std::string> cached_;  // what libcurl's address cache holds and nobody uses any more
};

}  // namespace outaged::probes
