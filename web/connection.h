// One client's connection: its socket, buffers and where it stands. Owned by the I/O loop, on its thread only.
#pragma once

#include <cstdint>
#include <string>

#include "core/clock.h"
#include "web/head.h"
#include "web/listener.h"

namespace outaged::web {

struct Connection {
  enum class State {
    reading,    // a head or a body, or idle between two requests
    handling,   // a pool thread has it
    delaying,   // the answer is ready but must wait (simulator)
    writing,
    lingering,  // answered and closed by us; what still comes is thrown away so that the answer is not lost to a reset
  };

  Connection(const Limits& limits) : scanner(limits) {}

  std::uint64_t id = 0;
  Socket socket;
  std::string remote;
  State state = State::reading;
  SteadyTime deadline{};          // of the present state
  SteadyTime waiting_since{};     // oldest goes first when room must be made
  SteadyTime request_began{};     // the first byte of the present request

  std::string in;                 // received, not yet used
  HeadScanner scanner;
  bool head_done = false;
  Head head;                      // valid once head_done
  std::size_t reserved = 0;       // of the common budget for bodies

  std::string out;
  std::size_t sent = 0;
  SteadyTime send_at{};
  bool close_after = false;
  std::size_t discarded = 0;      // while lingering

  std::size_t requests = 0;
  std::uint32_t events = 0;       // what epoll watches now
  bool watched = false;
};

}  // namespace outaged::web
