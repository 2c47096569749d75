#include "probes/io/tls_contexts.h"

#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <ctime>

#include "probes/io/connector.h"

namespace outaged::probes {
namespace {

/// Debian's libcurl names the bundle; OpenSSL's own default is a directory, which is searched anew for each chain.
std::string system_ca_file() {
  const curl_version_info_data* info = curl_version_info(CURLVERSION_NOW);
  return info->age >= CURLVERSION_SEVENTH && info->cainfo ? info->cainfo : "";
}

/// Called for every certificate of the chain, good or not: OpenSSL keeps a chain that it refuses from us, and how long
/// it was valid is wanted then most of all.
int on_certificate(int good, X509_STORE_CTX* store) {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* earliest = ssl ? static_cast<std::optional<Timestamp>*>(SSL_get_app_data(ssl)) : nullptr;
  if (!earliest || *earliest) return good;
  *earliest = earliest_expiry(X509_STORE_CTX_get0_untrusted(store));
  return good;
}

std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  std::string out = reason ? reason : "unknown error";
  ERR_clear_error();
  return out;
}

outaged::Result<void> load(SSL_CTX* context, const std::string& ca, const std::string& cert, const std::string& key) {
  ERR_clear_error();
  if (ca.empty() ? SSL_CTX_set_default_verify_paths(context) != 1
                 : SSL_CTX_load_verify_file(context, ca.c_str()) != 1)
    return Error{fmt::format("cannot read certificates from the CA file '{}': {}", ca, last_reason())};
  // As libcurl does: an authority in the middle of the chain will do, if it is in the bundle.
  X509_STORE_set_flags(SSL_CTX_get_cert_store(context), X509_V_FLAG_TRUSTED_FIRST | X509_V_FLAG_PARTIAL_CHAIN);
  if (cert.empty()) return {};
  if (SSL_CTX_use_certificate_chain_file(context, cert.c_str()) != 1)
    return Error{fmt::format("cannot use the client certificate '{}': {}", cert, last_reason())};
  const std::string& key_file = key.empty() ? cert : key;
  // A pass phrase would be asked for on the terminal.
  SSL_CTX_set_default_passwd_cb(context, [](char*, int, int, void*) { return 0; });
  if (SSL_CTX_use_PrivateKey_file(context, key_file.c_str(), SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_check_private_key(context) != 1)
    return Error{fmt::format("cannot use the private key '{}': {}", key_file, last_reason())};
  return {};
}

}  // namespace

std::optional<Timestamp> earliest_expiry(const STACK_OF(X509) * chain) {
  std::optional<Timestamp> earliest;
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    std::tm tm{};
    if (ASN1_TIME_to_tm(X509_get0_notAfter(sk_X509_value(chain, i)), &tm) != 1) continue;
    const Timestamp end{std::chrono::seconds{timegm(&tm)}};
    if (!earliest || end < *earliest) earliest = end;
  }
  return earliest;
}

TlsContexts::TlsContexts(std::string ca_file) : ca_file_(ca_file.empty() ? system_ca_file() : std::move(ca_file)) {}

outaged::Result<SSL_CTX*> TlsContexts::context(const std::string& ca_file, const std::string& cert_file,
                                               const std::string& key_file, SteadyTime now) {
  const std::string& ca = ca_file.empty() ? ca_file_ : ca_file;
  const std::vector<std::string> key{ca, cert_file, key_file};
  const auto [place, fresh] = entries_.try_emplace(key);
  Entry& entry = place->second;
  bool changed = fresh;
  if (fresh)
    for (const std::string& path : key)
      if (!path.empty()) entry.files.emplace_back(path);
  for (FileWatch& file : entry.files) changed |= file.changed(now);
  if (!changed && entry.context) return entry.context.get();

  std::unique_ptr<SSL_CTX, SslFree> context{SSL_CTX_new(TLS_client_method())};
  if (!context) return Error{"cannot start TLS: out of memory"};
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, on_certificate);
  if (const auto loaded = load(context.get(), ca, cert_file, key_file); !loaded) {
    if (entry.context) return entry.context.get();  // in the middle of being replaced: what was read before still holds
    entries_.erase(place);                          // tried again the next time
    return Error{loaded.error()};
  }
  entry.context = std::move(context);  // connections under way keep the old one
  return entry.context.get();
}

outaged::Result<std::unique_ptr<SSL, SslFree>> TlsContexts::connection(const Dialogue& what, SteadyTime now,
                                                                       std::optional<Timestamp>& expiry) {
  auto made = context(what.ca_file, what.cert_file, what.key_file, now);
  if (!made) return Error{made.error()};
  std::unique_ptr<SSL, SslFree> ssl{SSL_new(made.value())};
  if (!ssl) return Error{"cannot start TLS: out of memory"};
  std::string name = what.server_name.empty() ? what.host : what.server_name;
  while (name.ends_with('.')) name.pop_back();
  X509_VERIFY_PARAM* rules = SSL_get0_param(ssl.get());
  if (socket_address(name, 0).size != 0) {  // RFC 6066: no address in the server name indication
    X509_VERIFY_PARAM_set1_ip_asc(rules, name.c_str());
  } else {
    X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (SSL_set_tlsext_host_name(ssl.get(), name.c_str()) != 1 ||
        X509_VERIFY_PARAM_set1_host(rules, name.c_str(), name.size()) != 1)
      return Error{fmt::format("'{}' cannot be the name of a TLS server", name)};
  }
  SSL_set_app_data(ssl.get(), &expiry);
  SSL_set_connect_state(ssl.get());
  return ssl;
}

}  // namespace outaged::probes
