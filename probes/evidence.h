// What is kept of a response as evidence: the provider's request id and allow-listed headers, never a body and never
// another header. Used by every probe kind; pure, any thread.
#pragma once

#include <string>

#include "probes/probe.h"

namespace outaged::probes {

/// The provider's own request id from a header: the proof that the application answered. "" if there is none.
/// An edge's id (cf-ray, x-vercel-id, x-amz-cf-id) proves only that the edge did and does not count.
std::string request_id_of(const Response& response);

/// Request id, remote address and allow-listed headers. `detail` is left empty.
Evidence evidence_of(const Response& response);

}  // namespace outaged::probes
