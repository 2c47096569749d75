// Any bytes as a DNS answer, and as what a plugin prints: no crash, no hang, nothing beyond the bounds.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "probes/io/dns_message.h"
#include "probes/kinds/perfdata.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace probes = outaged::probes;
  if (const auto message = probes::parse_dns(data, size); message && message->records.size() > probes::max_dns_records)
    std::abort();
  const auto output = probes::read_plugin_output({reinterpret_cast<const char*>(data), size});
  if (output.measurements.size() > probes::max_measurements) std::abort();
  return 0;
}
