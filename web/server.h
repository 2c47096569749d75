// The one way in: an HTTP server around cpp-httplib with every bound: head checked before routing, deadlines, byte budgets,
// a bounded pool, a cap per peer. Used by the daemon and the simulator. One thread does all socket I/O and never blocks;
// handlers run on the pool's threads, only once their whole request has arrived, so no slow client ever holds a thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/result.h"
#include "core/time.h"

namespace outaged::web {

struct Request {
  std::string method, path;                    // path decoded, without the query
  std::multimap<std::string, std::string> query;
  std::vector<std::pair<std::string, std::string>> headers;  // as received
  std::string body, remote;
  std::vector<std::string> captures;           // what the route's {placeholders} matched, decoded
  /// The first header of that name, in any case; "" if there is none.
  std::string header(std::string_view lower_case_name) const;
  /// The first query parameter of that name.
  std::string param(std::string_view name, std::string_view fallback = "") const;
};

struct Reply {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
  Duration delay{};                            // simulator only: answer after this long; no thread waits, stop() aborts it
  bool drop = false;                           // simulator only: close the connection without an answer
};

using Handler = std::function<Reply(const Request&)>;

/// Durations must be positive. A peer (or the server) at its cap loses its oldest waiting connection to a new one.
struct Limits {
  std::size_t threads_min = 4, threads_max = 32;
  std::size_t queued_requests = 128;           // waiting for a thread; beyond it 503
  std::size_t connections = 512, connections_per_peer = 64;
  std::size_t head_bytes = 16 * 1024, header_count = 64, line_bytes = 8 * 1024;  // line_bytes: at most 8 KiB is of use
  std::size_t body_bytes = 1024 * 1024;
  std::size_t bodies_bytes = 64 * 1024 * 1024; // of all requests that are under way
  Duration head_deadline = 5s;                 // from the first byte of a head, or from the connection, to its end
  Duration request_deadline = 30s;             // from the first byte to the whole request; again for taking the answer
  Duration keep_alive = 5s;                    // idle between two requests
  std::size_t requests_per_connection = 100;
  bool gzip = true;                            // text bodies above 1 KiB, for clients that accept it
};

class Server {
 public:
  static std::unique_ptr<Server> create(Limits limits = {});
  virtual ~Server() = default;                  // stops
  /// Pattern: literal segments and {placeholders}: "/api/v1/incidents/{id}". A trailing {rest...} takes slashes too.
  /// Before start only. An unknown path is 404, a known path with another method 405; HEAD is answered for GET.
  /// A literal segment goes before a placeholder, whatever the order of registration. A handler that throws is a 500.
  virtual void route(std::string method, std::string pattern, Handler handler) = 0;
  virtual void fallback(Handler handler) = 0;   // instead of 404
  /// Binds "host:port" (port 0: any free one) and serves on threads of its own. Errors name the address and the cause:
  /// in use, not permitted, not a local address. "[::1]:port" is IPv6, ":port" every address. Once only.
  virtual Result<void> start(const std::string& address) = 0;
  virtual int port() const = 0;                 // 0 before start
  /// Waits for running handlers (give those an end), aborts everything else, joins all threads. Never from a handler.
  virtual void stop() = 0;
  /// Called if serving ever ends unasked (fatal for a daemon), on the I/O thread: report, do not call stop() there.
  virtual void on_failure(std::function<void(std::string)> handler) = 0;
};

}  // namespace outaged::web
