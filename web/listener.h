// Opens the listening socket. Called once, before any thread runs.
#pragma once

#include <string>

#include "core/result.h"

namespace outaged::web {

/// A file descriptor that closes itself.
class Socket {
 public:
  explicit Socket(int fd = -1) : fd_(fd) {}
  Socket(Socket&& other) noexcept : fd_(other.release()) {}
  Socket& operator=(Socket&& other) noexcept;
  ~Socket() { reset(); }
  int get() const { return fd_; }
  int release();
  void reset();
  explicit operator bool() const { return fd_ >= 0; }

 private:
  int fd_;
};

struct Listener {
  Socket socket;  // listening, non-blocking, close-on-exec
  int port = 0;   // the one that was got
};

/// "host:port", "[::1]:port", ":port" (every address). Errors name the address, the cause and the mend.
Result<Listener> listen_on(const std::string& address);

}  // namespace outaged::web
