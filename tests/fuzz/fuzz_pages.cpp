// Any bytes as a status page of any format: no crash, no hang, and what cannot be read claims nothing. The first byte
// chooses the format (one more than there are: detection), the rest is the document, and it is merged with itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "probes/pages/detect.h"
#include "probes/pages/mapping.h"
#include "probes/pages/reader.h"

namespace {

void require(bool sound) {
  if (!sound) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace probes = outaged::probes;
  using outaged::Status;
  if (size == 0) return 0;
  const auto& formats = probes::page_formats();
  const std::size_t which = data[0] % (formats.size() + 1);
  const std::string_view body(reinterpret_cast<const char*>(data + 1), size - 1);
  const probes::PageContext context{outaged::from_millis(1'935'921'600'000), "https://status.tidewater.example"};
  outaged::PageReport report =
      which == formats.size() ? probes::detect_page(body, context) : probes::read_page(formats[which], body, context);
  require(report.readable || (report.claim == Status::unknown && !report.problem.empty()));
  for (const outaged::PageComponent& component : report.components)
    require(component.group || component.silent || component.claim != Status::unknown ||
            report.claim != Status::operational);
  require(!probes::report_json(report).empty());
  const outaged::Claim claim = probes::claim_of(report, {"a"});
  require(report.readable || claim.status == Status::unknown);
  if (which < formats.size()) probes::merge_page(report, probes::read_page(formats[which], body, context));
  require(!probes::report_json(report).empty());
  probes::candidates_in_html(context.url, body);
  return 0;
}
