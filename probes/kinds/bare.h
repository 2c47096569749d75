// Whose fault, where no HTTP is spoken: attribution of a failed exchange in words that fit it. Used by tcp, dns, icmp
// and exec; pure.
#pragma once

#include "probes/attribution.h"

namespace outaged::probes {

/// `response.error` is not `none`. As attribute(), but nothing is said of HTTP.
inline Attribution attribute_bare(const Response& response) {
  Attribution out = attribute(response);
  const bool told = response.error == TransportError::protocol || response.error == TransportError::local;
  if (told && !response.error_text.empty()) out.evidence.detail = response.error_text;
  return out;
}

}  // namespace outaged::probes
