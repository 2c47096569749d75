// OpenStatus: /api/status/summary.json in Statuspage's shape, with components that have no ids, incidents that have
// neither impact nor created_at; and one word per page at api.openstatus.dev/public/status/<slug>.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/statuspage.h"
#include "probes/pages/words.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

/// What Statuspage always has and OpenStatus never: the page's id, and the components'.
bool has_the_marks(const json& body) {
  const json* page = object_at(body, "page");
  const json* components = list_at(body, "components");
  return page && id_at(*page, "id").empty() && !text_at(*page, "url").empty() && components &&
         std::all_of(components->begin(), components->end(), [](const json& c) { return id_at(c, "id").empty(); });
}

/// {"status": "operational"}: too little to be recognised by itself.
bool read_word(const json& body, PageReport& report) {
  const std::string word = word_at(body, "status");
  if (word.empty()) return false;
  report.indicator = status_of(word).value_or(Status::unknown);
  if (word == "incident") report.indicator = Status::degraded_performance;  // at least
  report.description = word;
  return true;
}

}  // namespace

void read_openstatus(const Document& document, PageReport& report) {
  const json& body = document.json();
  const bool named = document.url().find("/api/status/") != std::string::npos ||
                     document.url().find(".openstatus.dev") != std::string::npos;
  if (document.trusted() && body.is_object() && body.size() == 1 && read_word(body, report)) {
    report.readable = true;
    return;
  }
  if (!document.trusted() && !named && !has_the_marks(body)) {
    report.problem = document.stranger("OpenStatus", "page.url without page.id");
    return;
  }
  report.readable = read_statuspage_shape(document, report, "OpenStatus");
}

std::vector<std::string> openstatus_documents(const std::string& url) {
  if (url.find("/public/status/") != std::string::npos) return {url};
  const std::string base = page_base(url, {"/api/status/"});
  return {base + "/api/status/summary.json", base + "/api/status/incidents.json"};
}

}  // namespace outaged::probes
