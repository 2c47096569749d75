// Any bytes as a status page: no crash, no hang, and what cannot be read claims nothing.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "probes/pages/formats.h"
#include "probes/pages/mapping.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace probes = outaged::probes;
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const outaged::Timestamp now = outaged::from_millis(1'900'000'000'000);
  outaged::PageReport report = probes::statuspage::parse(body, now);
  if (!report.readable && (report.claim != outaged::Status::unknown || report.problem.empty())) std::abort();
  probes::statuspage::merge(report, body, 1, now);
  if (probes::report_json(report).empty()) std::abort();
  const outaged::Claim claim = probes::claim_of(report, {"a"});
  if (!report.readable && claim.status != outaged::Status::unknown) std::abort();
  return 0;
}
