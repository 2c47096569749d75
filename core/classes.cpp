#include "core/classes.h"

#include <array>

namespace outaged {
namespace {

// In the order of the enum (a test holds it). `maybe` with fault `unclear` is what only a second sight can settle.
constexpr std::array<ClassInfo, class_count> table{{
    {"ok", Fault::none, Counts::good, "a right answer"},

    // That a name does not exist, or that its own servers fail, is the provider's doing; silence may be anyone's.
    {"dns_nxdomain", Fault::provider, Counts::bad, "the name does not exist in DNS"},
    {"dns_servfail", Fault::provider, Counts::bad, "the name servers of the domain fail"},
    {"dns_timeout", Fault::unclear, Counts::maybe, "no answer from DNS before the time limit"},
    {"dns_error", Fault::us, Counts::nothing, "our own name resolution failed"},

    {"tcp_refused", Fault::provider, Counts::bad, "connection refused"},
    {"tcp_timeout", Fault::provider, Counts::bad, "no connection before the time limit"},
    {"tcp_reset", Fault::provider, Counts::bad, "connection reset before any answer"},
    {"tcp_unreachable", Fault::path, Counts::maybe, "no route to the host"},

    // An unknown issuer is most often a proxy on our side that opens TLS, so it alone accuses nobody.
    {"tls_expired", Fault::provider, Counts::bad, "its TLS certificate has expired"},
    {"tls_name_mismatch", Fault::provider, Counts::bad, "its TLS certificate is for another name"},
    {"tls_unknown_ca", Fault::unclear, Counts::maybe, "its TLS certificate has an issuer we do not know"},
    {"tls_handshake", Fault::provider, Counts::bad, "the TLS handshake failed"},

    {"timeout_before_first_byte", Fault::provider, Counts::bad, "no answer before the time limit"},
    {"timeout_body", Fault::provider, Counts::bad, "an answer that did not end before the time limit"},
    {"timeout_first_token", Fault::provider, Counts::bad, "no first token before the time limit"},
    {"stream_stalled", Fault::provider, Counts::bad, "a stream that stalled half-way"},
    {"stream_truncated", Fault::provider, Counts::maybe, "a stream that ended without its closing event"},
    {"body_truncated", Fault::provider, Counts::bad, "an answer cut off half-way"},
    {"body_too_large", Fault::us, Counts::nothing, "an answer larger than we are set to read"},
    {"protocol_error", Fault::provider, Counts::bad, "an answer that breaks the protocol"},

    {"server_error", Fault::provider, Counts::bad, "a server error from the service itself"},
    {"overloaded", Fault::provider, Counts::bad, "the service says that it is overloaded"},
    {"edge_error", Fault::provider, Counts::bad, "an error from the service's front end"},
    {"upstream_error", Fault::provider, Counts::bad, "an error from the provider behind the router"},
    {"upstream_limited", Fault::provider, Counts::maybe, "the provider behind the router limits it"},
    {"starting", Fault::provider, Counts::maybe, "the service is still starting"},

    {"unexpected_status", Fault::provider, Counts::bad, "a status that the check does not accept"},
    {"unexpected_content", Fault::unclear, Counts::maybe, "an answer with the wrong content"},
    {"redirected", Fault::unclear, Counts::maybe, "a redirect where an answer belongs"},

    {"rate_limited", Fault::us, Counts::nothing, "we ask more often than our rate limit allows"},
    {"account", Fault::us, Counts::nothing, "our account is out of credit, over its limit or disabled"},
    {"auth", Fault::us, Counts::nothing, "our key is refused"},
    {"not_found", Fault::us, Counts::nothing, "what we ask for does not exist"},
    {"bad_request", Fault::us, Counts::nothing, "our request is refused as malformed"},
    {"access_blocked", Fault::path, Counts::nothing, "access from here is blocked"},
    {"bot_challenge", Fault::path, Counts::nothing, "a bot challenge instead of an answer"},

    {"network_local", Fault::us, Counts::nothing, "our own network is down"},
    {"probe_error", Fault::us, Counts::nothing, "the probe itself failed on our side"},
    {"reported_bad", Fault::provider, Counts::bad, "a client reported a failure"},
    {"not_asked", Fault::us, Counts::nothing, "what matters was not asked: its budget or its pace forbids it"},
    {"silent", Fault::provider, Counts::bad, "it has not reported in time"},
    {"waiting", Fault::us, Counts::nothing, "nothing has been heard of it yet"},
}};

}  // namespace

const ClassInfo& info(Class cls) {
  // A number from a newer database is no class of ours: the least that can be said of it is "we failed to read it".
  const auto number = static_cast<std::size_t>(cls);
  return table[number < class_count ? number : static_cast<std::size_t>(Class::probe_error)];
}

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::none: return "none";
    case Fault::provider: return "provider";
    case Fault::path: return "path";
    case Fault::us: return "us";
    case Fault::unclear: return "unclear";
  }
  return "unclear";
}

std::string_view to_string(Counts counts) {
  switch (counts) {
    case Counts::good: return "good";
    case Counts::bad: return "bad";
    case Counts::maybe: return "maybe";
    case Counts::nothing: return "nothing";
  }
  return "nothing";
}

std::optional<Class> class_from_string(std::string_view name) {
  for (std::size_t i = 0; i < class_count; ++i) {
    if (table[i].name == name) return static_cast<Class>(i);
  }
  return std::nullopt;
}

}  // namespace outaged
