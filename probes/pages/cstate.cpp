// cState: a static site's /index.json. Anchor: cStateVersion. Made by a template: blank lines, "<no value>" for what is
// missing, now and then raw control characters (document.cpp mends those). API 1.0 gives systems no status: unknown,
// not operational. summaryStatus may disagree with the systems. buildDate is the document's age.
#include <map>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/statuspage.h"
#include "probes/pages/times.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status word_status(std::string_view word) {
  if (word == "ok") return Status::operational;
  if (word == "notice") return Status::degraded_performance;
  if (word == "disrupted") return Status::partial_outage;
  if (word == "down") return Status::major_outage;
  if (word == "maintenance") return Status::under_maintenance;
  return Status::unknown;
}

/// The same issue stands below each system it affects.
using Known = std::map<std::pair<std::string, std::string>, std::size_t>;

void add_issues(PageReport& report, const json* list, const std::string& system, Known& known) {
  if (!list || !list->is_array()) return;
  for (const json& entry : *list) {
    if (!entry.is_object() || report.incidents.size() == max_page_records) continue;
    PageIncident out;
    out.id = text_at(entry, "permalink");
    if (out.id.empty()) out.id = text_at(entry, "filename");
    out.name = text_at(entry, "title");
    const auto [at, added] = known.try_emplace({out.id, out.name}, report.incidents.size());
    if (!added) {
      add_unique(report.incidents[at->second].components, system);
      continue;
    }
    out.url = link_at(entry, "permalink");
    out.impact = word_at(entry, "severity");
    out.created = out.started = time_at(entry, "createdAt");
    out.updated = time_at(entry, "lastMod");
    out.open = !flag_at(entry, "resolved");
    if (!out.open) out.resolved = time_at(entry, "resolvedAt");
    add_touched(out.components, list_at(entry, "affected"));
    add_unique(out.components, system);
    report.incidents.push_back(std::move(out));
  }
}

}  // namespace

void read_cstate(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* systems = list_at(body, "systems");
  if (!find(body, "cStateVersion") || !systems) {
    report.problem = document.stranger("cState", "cStateVersion");
    return;
  }
  report.readable = report.has_incidents = report.has_components = true;
  const std::string summary = word_at(body, "summaryStatus");
  if (!summary.empty()) report.indicator = word_status(summary);
  report.description = summary;
  std::string built = text_at(body, "buildDate");
  for (const char* key : {"buildTime", "buildTimezone"})
    if (!built.empty()) built += " " + text_at(body, key);
  report.document_time = read_time(built);
  Known known;
  for (const json& entry : *systems) {
    if (!entry.is_object() || report.components.size() == max_page_records) continue;
    PageComponent out;
    out.name = text_at(entry, "name");
    out.group_name = text_at(entry, "category");
    out.raw = word_at(entry, "status");
    out.claim = word_status(out.raw);
    add_issues(report, list_at(entry, "unresolvedIssues"), out.name, known);
    report.components.push_back(std::move(out));
  }
  add_issues(report, list_at(body, "unresolvedIssues"), "", known);
  add_issues(report, list_at(body, "pinnedIssues"), "", known);
}

std::vector<std::string> cstate_documents(const std::string& url) {
  return {page_base(url, {"/index.json"}) + "/index.json"};
}

}  // namespace outaged::probes
