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
  bool proxied = false;
  SteadyTime asked{};
  Micros resolve{};
  std::unique_ptr<Transfer> transfer;
  Response response;

  class Runner* runner = nullptr;
  std::size_t place = 0;  // in the runner's list
  void resolved(const Resolver::Answer& answer) override;
};

class Runner {
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

  static constexpr int max_requests = 20;  // in one run

 private:
  friend struct Flight;
  Runner(Owner& owner, Egress egress);
  outaged::Result<void> open(const LoopOptions& options);

  static int on_socket(CURL* easy, curl_socket_t fd, int what, void* self, void* known);
  static int on_timer(CURLM* multi, long ms, void* self);

  void ask(Flight& flight, Ask&& what, SteadyTime now);
  void ask_http(Flight& flight, SteadyTime now);
  void transfer(Flight& flight, const std::vector<std::string>* addresses, SteadyTime now);
  void answer_later(Flight& flight, TransportError error, std::string text);
  void judge(Flight& flight);
  void drive_curl(SteadyTime now);
  void collect();
  void release(Flight& flight);
  void release_transfer(Flight& flight);

  Owner& owner_;
  Egress egress_;
  std::unique_ptr<Poller> poller_;
  std::unique_ptr<Resolver> resolver_;
  CURLM* multi_ = nullptr;
  SteadyTime curl_due_ = SteadyTime::max();

  std::vector<std::unique_ptr<Flight>> flights_, idle_flights_;
  std::vector<std::unique_ptr<Transfer>> idle_transfers_;
  std::vector<Flight*> answered_;    // their response is there, their probe not yet asked
  std::vector<std::string> cached_;  // what libcurl's address cache holds and nobody uses any more
};

}  // namespace outaged::probes
