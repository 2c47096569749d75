#include "probes/transport_error.h"

#include <openssl/x509_vfy.h>

#include <cerrno>

namespace outaged::probes {
namespace {

/// The connection broke: what that means depends on how far we were.
TransportError broken(const Outcome& o) {
  if (!o.connected) return TransportError::connect_reset;
  if (o.tls && !o.secured) return TransportError::tls_handshake;
  return o.answered ? TransportError::truncated_body : TransportError::reset_before_response;
}

TransportError timed_out(const Outcome& o) {
  if (!o.connected) return TransportError::connect_timeout;
  if (o.tls && !o.secured) return TransportError::tls_handshake;
  return o.answered ? TransportError::timeout_body : TransportError::timeout_first_byte;
}

/// The proxy answered our CONNECT with something else than 2xx.
TransportError of_proxy(long status) {
  switch (status) {
    case 502:
    case 503:
      return TransportError::connect_unreachable;  // the proxy could not reach it
    case 504:
      return TransportError::connect_timeout;
    default:
      return TransportError::local;  // 403, 407: the proxy does not let us
  }
}

}  // namespace

TransportError connect_error(long os_errno) {
  switch (os_errno) {
    case ECONNREFUSED:
      return TransportError::connect_refused;
    case ECONNRESET:
    case ECONNABORTED:
    case EPIPE:
      return TransportError::connect_reset;
    case ETIMEDOUT:
      return TransportError::connect_timeout;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:  // out of ephemeral ports
    case EPERM:          // our own packet filter
      return TransportError::local;
    default:
      return TransportError::connect_unreachable;
  }
}

TransportError certificate_error(long verify_result) {
  switch (verify_result) {
    case X509_V_OK:
    case X509_V_ERR_UNSPECIFIED:  // where libcurl starts from: the chain is good, its own check of the name failed
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return TransportError::tls_name_mismatch;
    case X509_V_ERR_CERT_HAS_EXPIRED:
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return TransportError::tls_expired;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:  // an issuer of that name, but not that one
    case X509_V_ERR_CERT_UNTRUSTED:
      return TransportError::tls_unknown_ca;
    default:
      return TransportError::tls_handshake;
  }
}

TransportError classify(const Outcome& o) {
  if (o.refused == Refused::body_too_large) return TransportError::too_large;
  if (o.refused != Refused::no) return TransportError::protocol;
  if (o.code != CURLE_OK && o.proxied && !o.answered) {
    if (o.proxy_status != 0 && o.proxy_status / 100 != 2) return of_proxy(o.proxy_status);
    if (!o.connected && o.code != CURLE_OPERATION_TIMEDOUT) return TransportError::local;  // no way to the proxy itself
  }
  // A C enum with a hundred values, most of them of other protocols: here a default is right.
  switch (o.code) {
    case CURLE_OK:
      return TransportError::none;
    case CURLE_COULDNT_CONNECT:
      return connect_error(o.os_errno);
    case CURLE_OPERATION_TIMEDOUT:
      return timed_out(o);
    case CURLE_PEER_FAILED_VERIFICATION:
      return certificate_error(o.verify_result);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CIPHER:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_SHUTDOWN_FAILED:
    case CURLE_SSL_CLIENTCERT:
      return TransportError::tls_handshake;
    case CURLE_SEND_ERROR:
      return o.answered ? TransportError::truncated_body : TransportError::send_failed;
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
      return broken(o);
    case CURLE_PARTIAL_FILE:
      return TransportError::truncated_body;
    case CURLE_HTTP2_STREAM:
      // Reset by the server in mid-body; before the head it is a server that cannot speak.
      return o.status != 0 ? TransportError::truncated_body : TransportError::protocol;
    case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9, that is: not HTTP at all
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_HTTP2:
    case CURLE_BAD_CONTENT_ENCODING:
    case CURLE_HTTP_RETURNED_ERROR:
    case CURLE_OUT_OF_MEMORY:  // what 7.88 says of a header line beyond its own limit of 100 KB
      return o.connected ? TransportError::protocol : TransportError::local;
    default:
      return TransportError::local;
  }
}

}  // namespace outaged::probes
