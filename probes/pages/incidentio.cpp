// incident.io's API in the shape of Statuspage's (status.openai.com and many more). What tells them apart: page.id is a
// ULID, there is no page.time_zone and no scheduled_maintenances key; `incidents` may be null or missing, which means
// "none" only beside a status.indicator. An absent component is not an operational one: membership changes.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

/// "01JMDK9XYNY6RXSED6SDWW50WY": 26 characters of Crockford's base 32.
bool is_ulid(const std::string& id) {
  return id.size() == 26 && std::all_of(id.begin(), id.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z' && c != 'I' && c != 'L' && c != 'O' && c != 'U');
         });
}

}  // namespace

void read_incidentio(const Document& document, PageReport& report) {
  const nlohmann::json* page = object_at(document.json(), "page");
  if (!document.trusted() && !(page && is_ulid(id_at(*page, "id")))) {
    report.problem = document.stranger("incident.io", "page.id that is a ULID");
    return;
  }
  report.readable = read_statuspage_shape(document, report, "incident.io");
}

std::vector<std::string> incidentio_documents(const std::string& url) { return statuspage_documents(url); }

}  // namespace outaged::probes
