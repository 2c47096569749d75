// A receiver of notifications that records what arrives, in memory and, if asked, as JSON Lines in a file; it fails on cue.
// start(), stop() by the owner; received() and wait_for() from any thread. A request is recorded before it is answered,
// so that what a sender knows as delivered is always in the record.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "simulator/scenario.h"
#include "web/server.h"

namespace outaged::simulator {

struct Received {
  std::uint64_t number = 0;                                    // from 1
  Timestamp at{};
  std::string method, path;
  std::vector<std::pair<std::string, std::string>> headers;    // names in lower case
  std::string body;
  int answered = 0;                                            // status; 0: hung or dropped
};

/// One line of JSON without its end: {"n":1,"at":"…","method":"POST","path":"/","headers":{…},"body":"…","answered":200}
std::string to_json(const Received& received);

class Receiver {
 public:
  /// `log_file` is appended to; empty: none.
  explicit Receiver(std::vector<ReceiverFault> faults = {}, std::string log_file = {}, const Clock& clock = system_clock());
  ~Receiver();

  Result<void> start(const std::string& address = "127.0.0.1:0");
  int port() const;
  void stop();

  std::vector<Received> received() const;
  /// Waits until at least `count` requests were answered with 2xx. False: not within `patience`.
  bool wait_for(std::size_t count, Duration patience) const;

 private:
  web::Reply take(const web::Request& request);
  const ReceiverFault* due_fault(const std::string& path);     // with mutex_ held
  bool log(const Received& received);                          // with mutex_ held

  const std::vector<ReceiverFault> faults_;
  const std::string log_path_;
  const Clock& clock_;

  mutable std::mutex mutex_;  // guards all below
  mutable std::condition_variable changed_;
  std::vector<int> used_;                                      // by fault
  std::vector<Received> received_;
  std::size_t delivered_ = 0;
  int log_ = -1;

  std::unique_ptr<web::Server> server_;
};

}  // namespace outaged::simulator
