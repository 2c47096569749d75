// Gatus: /api/v1/endpoints/statuses (older: /api/v1/statuses) and /api/v1/suites/statuses, arrays. Anchor: every entry
// has `results`, a list, and a key or name. Results stand oldest first; the last one decides; none is unknown.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

/// By time, and by place where the times do not tell.
const json* newest(const json& results) {
  const json* out = nullptr;
  std::optional<Timestamp> time;
  for (const json& result : results) {
    const auto at = time_at(result, "timestamp");
    if (!out || !at || !time || *at >= *time) out = &result, time = at;
  }
  return out;
}

}  // namespace

void read_gatus(const Document& document, PageReport& report) {
  const json& body = document.json();
  const auto is_endpoint = [](const json& entry) {
    return list_at(entry, "results") && !(text_at(entry, "key").empty() && text_at(entry, "name").empty());
  };
  if (!body.is_array() || body.empty() || !std::all_of(body.begin(), body.end(), is_endpoint)) {
    report.problem = document.stranger("Gatus", "list of endpoints with results");
    return;
  }
  report.readable = report.has_components = true;
  for (const json& entry : body) {
    if (report.components.size() == max_page_records) break;
    PageComponent out;
    out.id = text_at(entry, "key");
    out.name = text_at(entry, "name");
    out.group_name = text_at(entry, "group");
    if (const json* last = newest(entry.at("results"))) {
      const json* success = find(*last, "success");
      if (success && success->is_boolean()) {
        out.raw = success->get<bool>() ? "success" : "failure";
        out.claim = success->get<bool>() ? Status::operational : Status::major_outage;
      }
      if (const auto at = time_at(*last, "timestamp");
          at && at->time_since_epoch() > 0ms && (!report.document_time || *at > *report.document_time))
        report.document_time = at;
    }
    report.components.push_back(std::move(out));
  }
}

std::vector<std::string> gatus_documents(const std::string& url) {
  if (url.ends_with("/statuses")) return {url};
  return {page_base(url, {"/api/v1"}) + "/api/v1/endpoints/statuses"};
}

}  // namespace outaged::probes
