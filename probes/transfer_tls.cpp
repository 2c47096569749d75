// What a transfer does about TLS: whom it trusts, who we are, when the handshake began, how long the chain is valid;
// and one SSL_CTX for all of libcurl's connections.
//
// libcurl 7.88 makes an SSL_CTX for every connection. With OpenSSL 3.0 that is a fifth of what a probe over TLS costs
// (docs/decisions/0014), and no option of libcurl changes it. So the program has its own SSL_CTX_new, which the dynamic
// linker finds before that of libssl; within drive() it hands out one context again and again, and everywhere else it
// does what the original does. Sharing is right because libcurl sets up a context and makes its one SSL from it in the
// same call, all settings but ours are the same for every transfer, and ours (trust, client certificate) are set each
// time. Where the linker finds libssl's first (a static libcurl), everything works as well, only slower.
#include <openssl/err.h>

#include "probes/io/tls_contexts.h"
#include "probes/transfer.h"

namespace outaged::probes {
namespace {

/// One for each thread that drives libcurl; null outside drive().
thread_local bool driving = false;
thread_local std::unique_ptr<SSL_CTX, SslFree> shared_context;

/// libcurl would read the files anew for each connection; ours are in memory. Called when the server asks for one.
int show_certificate(SSL* ssl, void* context) {
  auto* own = static_cast<SSL_CTX*>(context);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(own, &chain);
  const bool shown = SSL_use_certificate(ssl, SSL_CTX_get0_certificate(own)) == 1 &&
                     SSL_use_PrivateKey(ssl, SSL_CTX_get0_privatekey(own)) == 1 && SSL_set1_chain(ssl, chain) == 1;
  return shown ? 1 : 0;
}

}  // namespace

void Transfer::drive(CURLM* multi, curl_socket_t fd, int events) {
  int running = 0;
  driving = true;
  curl_multi_socket_action(multi, fd, events, &running);
  driving = false;
}

void Transfer::set_tls(const Way& way) {
  const auto share = [](SSL_CTX* context) {
    if (context) SSL_CTX_up_ref(context);  // its files may change, and it be replaced, while we are at it
    return Context{context};
  };
  trust_ = share(way.tls);
  proxy_trust_ = share(way.proxy_tls);
  contexts_seen_ = 0;
  if (!trust_ && !proxy_trust_) return;
  CURL* const e = easy_;
  curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L);
  curl_easy_setopt(e, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  curl_easy_setopt(e, CURLOPT_PROXY_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  // Nothing for libcurl to parse or to cache: 20 ms of CPU for each connection, or one bundle for all of them.
  curl_easy_setopt(e, CURLOPT_CAPATH, nullptr);
  curl_easy_setopt(e, CURLOPT_CAINFO, nullptr);
  curl_easy_setopt(e, CURLOPT_PROXY_CAPATH, nullptr);
  curl_easy_setopt(e, CURLOPT_PROXY_CAINFO, nullptr);
  curl_easy_setopt(e, CURLOPT_CA_CACHE_TIMEOUT, 0L);
  curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, &Transfer::on_tls);
  curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, this);
}

/// libcurl is about to make a connection's SSL from this context. Also the moment at which TCP stands: libcurl tells of
/// that only once TLS stands as well; where TLS fails or hangs we must know it ourselves.
CURLcode Transfer::on_tls(CURL* easy, void* context, void* self) {
  Transfer& transfer = *static_cast<Transfer*>(self);
  const auto since = std::chrono::steady_clock::now() - transfer.begun_;
  transfer.tls_begun_ = std::max(Micros{1}, std::chrono::duration_cast<Micros>(since));
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, transfer.left_ms_);  // from here on it is not about connecting

  const bool to_proxy = transfer.proxy_trust_ && transfer.contexts_seen_++ == 0;
  SSL_CTX* const own = to_proxy ? transfer.proxy_trust_.get() : transfer.trust_.get();
  auto* const theirs = static_cast<SSL_CTX*>(context);
  if (!own || SSL_CTX_set1_verify_cert_store(theirs, SSL_CTX_get_cert_store(own)) != 1) return CURLE_SSL_CONNECT_ERROR;
  SSL_CTX_set_cert_cb(theirs, SSL_CTX_get0_certificate(own) ? &show_certificate : nullptr, own);
  return CURLE_OK;
}

/// CURLOPT_CERTINFO would print every certificate of the chain as text; we want one date, and ask OpenSSL.
void Transfer::read_certificates() {
  curl_tlssessioninfo* session = nullptr;
  if (curl_easy_getinfo(easy_, CURLINFO_TLS_SSL_PTR, &session) != CURLE_OK || !session) return;
  if (session->backend != CURLSSLBACKEND_OPENSSL || !session->internals) return;
  response_.cert_expiry = earliest_expiry(SSL_get_peer_cert_chain(static_cast<SSL*>(session->internals)));
}

}  // namespace outaged::probes

extern "C" SSL_CTX* SSL_CTX_new(const SSL_METHOD* method) {
  using namespace outaged::probes;
  if (!driving || method != TLS_client_method()) return SSL_CTX_new_ex(nullptr, nullptr, method);
  if (!shared_context) shared_context.reset(SSL_CTX_new_ex(nullptr, nullptr, method));
  if (shared_context) SSL_CTX_up_ref(shared_context.get());
  return shared_context.get();
}
