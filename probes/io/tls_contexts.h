// The trust and the client certificates of TLS connections, libcurl's too: one SSL_CTX for each set of files, shared by
// every connection, since to parse a CA bundle costs 20 ms. Read again when a file has changed.
// Owned by the runner, used on its thread. TLS 1.2 at least; no session is remembered, as each probe is a new client.
#pragma once

#include <openssl/ssl.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/clock.h"
#include "core/result.h"
#include "probes/hosts_file.h"
#include "probes/probe.h"

namespace outaged::probes {

struct SslFree {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};

class TlsContexts {
 public:
  /// `ca_file`: where none is named; empty: the system's, the one libcurl uses.
  explicit TlsContexts(std::string ca_file);
  TlsContexts(const TlsContexts&) = delete;
  TlsContexts& operator=(const TlsContexts&) = delete;

  /// Whom to trust and who we are; "" for the default bundle, for no certificate, for a key in the certificate's file.
  /// It lives until a file changes: take a reference for longer use. Errors: a file that cannot be read.
  outaged::Result<SSL_CTX*> context(const std::string& ca_file, const std::string& cert_file,
                                    const std::string& key_file, SteadyTime now);
  /// A connection to be, with the name it must prove to have. `expiry`, which must outlive it, gets the earliest end of
  /// validity in the chain that the server sends, trusted or not. Errors: a file that cannot be read.
  outaged::Result<std::unique_ptr<SSL, SslFree>> connection(const Dialogue& what, SteadyTime now,
                                                            std::optional<Timestamp>& expiry);

 private:
  struct Entry {
    std::unique_ptr<SSL_CTX, SslFree> context;
    std::vector<FileWatch> files;
  };

  std::string ca_file_;
  std::map<std::vector<std::string>, Entry> entries_;
};

/// The earliest end of validity in a chain; nullopt if it is null or empty.
std::optional<Timestamp> earliest_expiry(const STACK_OF(X509) * chain);

}  // namespace outaged::probes
