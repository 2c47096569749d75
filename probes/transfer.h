// One HTTP exchange: a libcurl easy handle, set up from a Request and read into a Response. Used by the runner on its
// thread; the multi handle it is added to does the I/O. Performs none itself, resolves no name (the address is handed
// in), follows no redirect, and reuses nothing of an earlier exchange: a probe measures what a new client would meet.
#pragma once

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "probes/egress.h"
#include "probes/probe.h"
#include "probes/transport_error.h"

namespace outaged::probes {

class Transfer {
 public:
  static constexpr std::size_t max_head = 64 * 1024;  // bytes, all heads of one exchange (1xx and trailers included)
  static constexpr std::size_t max_headers = 1000;    // trailers included
  static constexpr std::size_t max_arrivals = 4096;   // beyond it, parts that came close together become one

  /// Null if libcurl is out of memory.
  static std::unique_ptr<Transfer> create();
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  struct Way {
    const Endpoint* endpoint = nullptr;                   // of the URL
    const std::vector<std::string>* addresses = nullptr;  // of the connected host, if it is a name
    Family family = Family::any;                          // of these addresses, where there was a choice
    const Proxy* proxy = nullptr;
    SSL_CTX* tls = nullptr;        // whom to trust and who we are, for https
    SSL_CTX* proxy_tls = nullptr;  // the same for a proxy that is asked over TLS
    Duration left{};               // until the deadline
    Duration connect_left{};       // until TCP must stand; zero: no limit of its own
    /// Entries to drop from the multi handle's address cache: "host:port".
    std::vector<std::string> forget;
  };
  /// `request` must outlive the exchange. Errors: a header or method that cannot be sent.
  outaged::Result<void> prepare(const Request& request, const Way& way, const Egress& egress, void* owner);
  /// "host:port" of the entry that prepare() added to the address cache, or "".
  const std::string& pinned() const { return pinned_; }

  /// The response, once libcurl says it is done. `resolve` is added to the phases.
  Response finish(CURLcode code, Micros resolve);
  CURL* handle() const { return easy_; }

  /// curl_multi_socket_action() on a multi handle that holds nothing but these.
  static void drive(CURLM* multi, curl_socket_t fd, int events);

 private:
  struct ContextFree {
    void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  };
  using Context = std::unique_ptr<SSL_CTX, ContextFree>;

  explicit Transfer(CURL* easy) : easy_(easy) {}
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static CURLcode on_tls(CURL* easy, void* context, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  bool head_line(std::string_view line);
  outaged::Result<void> set_headers(const Request& request);
  void set_method(const Request& request);
  void set_tls(const Way& way);
  void set_addresses(const Way& way);
  void keep_header(std::string_view line);
  void note_arrival();
  void read_certificates();
  Micros tcp_time() const;
  Timings phases(Micros total, Micros resolve) const;
  Micros info(CURLINFO what) const;
  long number(CURLINFO what) const;

  CURL* easy_;
  curl_slist* headers_ = nullptr;
  curl_slist* addresses_ = nullptr;
  std::string pinned_;
  char words_[CURL_ERROR_SIZE] = {};

  const Request* request_ = nullptr;
  Response response_;
  const Proxy* proxy_ = nullptr;
  Context trust_, proxy_trust_;
  bool tls_ = false, decodes_ = false, in_final_head_ = false, head_done_ = false, any_byte_ = false;
  int contexts_seen_ = 0;  // that libcurl has shown us
  std::size_t head_bytes_ = 0;
  Micros grain_{};         // arrivals closer together than this are one
  std::string only_peer_;  // where we can only have tried to connect to, "" if there is a choice
  int open_errno_ = 0;     // a socket could not be had
  SteadyTime begun_{};
  long left_ms_ = 0;
  Micros tls_begun_{};  // since begun_; zero: not so far
  Refused refused_ = Refused::no;
};

}  // namespace outaged::probes
