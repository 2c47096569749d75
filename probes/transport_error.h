// From libcurl's result to how the exchange ended: pure, so that each line of the table can be tested by itself.
// Called by transfer.cpp on the loop's thread.
#pragma once

#include <curl/curl.h>

#include <cstddef>

#include "probes/probe.h"

namespace outaged::probes {

/// Where we ended it ourselves, from within libcurl's callbacks.
enum class Refused : unsigned char { no, body_too_large, head_too_large, encoded_twice };

/// All that libcurl tells about how a transfer ended.
struct Outcome {
  CURLcode code = CURLE_OK;
  long os_errno = 0;
  long verify_result = 0;  // X509_V_ERR_…
  Refused refused = Refused::no;
  bool tls = false;        // https
  bool connected = false;  // TCP stands
  bool secured = false;    // TLS stands
  bool answered = false;   // at least one byte of the response arrived
  int status = 0;          // of the final response's status line
  bool proxied = false;
  long proxy_status = 0;  // of the proxy's answer to CONNECT
};

TransportError classify(const Outcome& outcome);
/// What an errno means that ended a connect().
TransportError connect_error(long os_errno);
/// Why a chain was refused: an X509_V_ERR_….
TransportError certificate_error(long verify_result);

}  // namespace outaged::probes
