// Upptime: history/summary.json of a repository, an array. Anchor: every entry has a slug, a status of its words and an
// uptime. It changes only when a run commits it, so it may be hours old; it carries no time of its own.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status word_status(std::string_view word) {
  if (word == "up") return Status::operational;
  if (word == "degraded") return Status::degraded_performance;
  if (word == "down") return Status::major_outage;
  return Status::unknown;
}

}  // namespace

void read_upptime(const Document& document, PageReport& report) {
  const json& body = document.json();
  const auto is_site = [](const json& entry) {
    return !text_at(entry, "slug").empty() && !text_at(entry, "status").empty() && find(entry, "uptime");
  };
  if (!body.is_array() || body.empty() || !std::all_of(body.begin(), body.end(), is_site)) {
    report.problem = document.stranger("Upptime", "list of sites with slug, status and uptime");
    return;
  }
  report.readable = report.has_components = true;
  for (const json& entry : body) {
    if (report.components.size() == max_page_records) break;
    PageComponent out;
    out.id = text_at(entry, "slug");
    out.name = text_at(entry, "name");
    out.raw = word_at(entry, "status");
    out.claim = word_status(out.raw);
    report.components.push_back(std::move(out));
  }
}

std::vector<std::string> upptime_documents(const std::string& url) {
  if (url.ends_with(".json")) return {url};
  constexpr std::string_view code_host = "https://github.com/";
  const std::string base = page_base(url, {"/history"});
  if (base.starts_with(code_host))
    return {"https://raw.githubusercontent.com/" + base.substr(code_host.size()) + "/HEAD/history/summary.json"};
  return {base + "/history/summary.json"};
}

}  // namespace outaged::probes
