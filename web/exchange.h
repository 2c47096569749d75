// One whole request in, the bytes of one answer out. The only user of cpp-httplib: it parses the (already checked)
// request and writes the answer, to and from memory; it never sees a socket. Called on pool threads, several at once.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "web/head.h"
#include "web/router.h"

namespace outaged::web {

struct Incoming {
  Head head;
  std::string body, remote;
  bool last = false;  // this connection serves no further request
};

struct Answer {
  std::string bytes;  // empty: close without an answer
  bool close = false;
  Duration delay{};   // wait this long before sending
};

class Exchange {
 public:
  /// `router` and `limits` must outlive it and no longer change.
  Exchange(const Router& router, const Handler& fallback, const Limits& limits);
  ~Exchange();
  /// Never throws: a handler's exception is a plain 500 without its text.
  Answer answer(Incoming&& incoming) const;

 private:
  class Protocol;
  std::unique_ptr<Protocol> protocol_;
};

/// The answer to what never reaches a handler; closes the connection.
std::string refusal_bytes(const Refusal& refusal);

/// {"error": message} as JSON text; `message` is ours, ASCII.
std::string error_body(std::string_view message);

}  // namespace outaged::web
