// One HTTP exchange: a libcurl easy handle, set up from a Request and read into a Response. Used by the runner on its
// thread; the multi handle it is added to does the I/O. Performs none itself, resolves no name (the address is handed
// in), follows no redirect, and reuses nothing of an earlier exchange: a probe measures what a new client would meet.
#pragma once

#include <curl/curl.h>

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
  static constexpr std::size_t max_headers = 1000;

  /// Null if libcurl is out of memory.
  static std::unique_ptr<Transfer> create();
  ~Transfer();
  Transfer(const Transfer&) = delete;
  Transfer& operator=(const Transfer&) = delete;

  struct Way {
    const Endpoint* endpoint = nullptr;                   // of the URL
    const std::vector<std::string>* addresses = nullptr;  // of the connected host, if it is a name
    bool proxied = false;
    Duration left{};  // until the deadline
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

 private:
  explicit Transfer(CURL* easy) : easy_(easy) {}
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self);
  static curl_socket_t on_open(void* self, curlsocktype purpose, curl_sockaddr* address);
  static CURLcode on_tls(CURL* easy, void* context, void* self);
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self);
  bool head_line(std::string_view line);
  outaged::Result<void> set_headers(const Request& request);
  void set_method(const Request& request);
  void set_addresses(const Way& way, const Egress& egress);
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
  bool tls_ = false, proxied_ = false, in_final_head_ = false, head_done_ = false, any_byte_ = false;
  std::size_t head_bytes_ = 0;
  std::string only_peer_;  // where we can only have tried to connect to, "" if there is a choice
  int open_errno_ = 0;     // a socket could not be had
  SteadyTime begun_{};
  Micros tls_begun_{};  // since begun_; zero: not so far
  Refused refused_ = Refused::no;
};

}  // namespace outaged::probes
