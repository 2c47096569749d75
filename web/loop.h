// The I/O loop: accepts, reads whole requests, hands them to the pool, writes answers, keeps every deadline and cap.
// run() belongs to one thread; complete(), quiesce() and finish() may be called from any. Never blocks on a client and
// never calls a handler itself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "web/connection.h"
#include "web/exchange.h"

namespace outaged::web {

class Loop {
 public:
  /// Takes over a request; false: no room, the client gets a 503.
  using Dispatch = std::function<bool(std::uint64_t connection, Incoming&& incoming)>;

  Loop(Limits limits, Socket listener, Dispatch dispatch);
  ~Loop();
  /// Makes epoll and its wake-up. Before run().
  Result<void> prepare();
  /// Until finish(). An error: serving ended unasked.
  Result<void> run();

  void complete(std::uint64_t connection, Answer&& answer);
  /// Accepts nothing any more, closes all that waits; requests under way go on.
  void quiesce();
  /// Sends what is ready for a moment, closes everything; run() returns.
  void finish();

 private:
  using Connections = std::map<std::uint64_t, std::unique_ptr<Connection>>;

  void wake();
  Result<void> accept_all();
  void admit(Socket socket, std::string remote);
  bool make_room(const std::string* peer);
  void on_event(Connection& connection, std::uint32_t events);
  void read_some(Connection& connection);
  void advance(Connection& connection);
  void begin_handling(Connection& connection);
  void on_answer(Connection& connection, Answer&& answer);
  void refuse(Connection& connection, const Refusal& refusal);
  void send_out(Connection& connection);
  void after_sent(Connection& connection);
  void linger(Connection& connection);
  void on_deadline(Connection& connection);
  void expire();
  void take_completed();
  void obey_orders();
  void set_deadline(Connection& connection, SteadyTime at);
  void watch(Connection& connection, std::uint32_t events);
  void close(Connection& connection);  // invalidates it
  int wait_time() const;

  const Limits limits_;
  const Dispatch dispatch_;
  Socket listener_, epoll_, wake_;

  // The loop's thread only.
  Connections connections_;
  std::map<std::string, std::size_t> per_peer_;
  std::vector<std::unique_ptr<Connection>> closed_;  // freed at the end of a turn: callers up the stack may still look
  std::uint64_t next_id_ = 2;
  std::size_t bodies_reserved_ = 0;
  SteadyTime now_{};
  SteadyTime next_deadline_ = SteadyTime::max();     // a lower bound of all connections' deadlines
  SteadyTime accept_again_ = SteadyTime::min();      // out of descriptors: not before
  bool accepting_ = true, quiet_ = false, finishing_ = false;
  SteadyTime give_up_{};

  std::mutex mutex_;  // guards what other threads hand in
  std::vector<std::pair<std::uint64_t, Answer>> completed_;
  bool quiesce_ordered_ = false, finish_ordered_ = false;
};

}  // namespace outaged::web
