// Google Cloud (status.cloud.google.com/incidents.json) and Workspace
// (www.google.com/appsstatus/dashboard/incidents.json): one schema, an array of incidents over a rolling window, no
// components, no all-clear of its own. Anchor: entries with external_desc and begin. Open is what has no end (missing,
// null or ""). currently_affected_locations may remain on what is closed. Products by id: titles change. The two are
// told apart by their address, or by the products' names.
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status impact_status(std::string_view word) {
  if (word == "service_information" || word == "low") return Status::degraded_performance;
  if (word == "service_disruption" || word == "medium") return Status::partial_outage;
  if (word == "service_outage" || word == "high") return Status::major_outage;
  return Status::unknown;
}

PageIncident incident_of(const json& entry) {
  PageIncident out;
  out.id = id_at(entry, "id");
  out.name = lines_at(entry, "external_desc");
  out.impact = word_at(entry, "status_impact");
  if (out.impact.empty()) out.impact = word_at(entry, "severity");  // the same three levels
  out.started = time_at(entry, "begin");
  out.created = time_at(entry, {"created", "begin"});
  out.updated = time_at(entry, "modified");
  out.resolved = time_at(entry, "end");
  out.open = text_at(entry, "end").empty();
  out.claim = impact_status(out.impact);
  add_touched(out.components, list_at(entry, "affected_products"), "id", "title");
  if (const json* updates = list_at(entry, "updates"))
    for (const json& update : *updates)
      if (update.is_object())
        out.updates.push_back(
            {time_at(update, {"when", "created"}), word_at(update, "status"), html_text(text_at(update, "text"))});
  if (const json* latest = object_at(entry, "most_recent_update")) {
    out.status = word_at(*latest, "status");
    if (out.updates.empty())
      out.updates.push_back({time_at(*latest, "when"), out.status, html_text(text_at(*latest, "text"))});
  }
  settle_updates(out);
  return out;
}

bool is_workspace(const json& list) {
  constexpr std::array products{"Gmail",         "Google Chat",   "Google Drive",     "Google Meet",  "Google Calendar",
                                "Google Docs",   "Google Sheets", "Google Slides",    "Google Forms", "Google Sites",
                                "Google Groups", "Google Keep",   "Google Tasks",     "Google Voice", "Admin Console",
                                "Google Vault",  "Classroom",     "Google Classroom", "Gemini app",   "AppSheet",
                                "NotebookLM"};
  for (const json& entry : list)
    if (const json* affected = list_at(entry, "affected_products"))
      for (const json& product : *affected)
        if (std::find(products.begin(), products.end(), text_at(product, "title")) != products.end()) return true;
  return false;
}

bool is_incident(const json& entry) { return find(entry, "external_desc") && find(entry, "begin"); }

void read_google(const Document& document, PageReport& report, bool workspace) {
  const json& body = document.json();
  const std::string_view vendor = workspace ? "Google Workspace" : "Google Cloud";
  const bool ours = body.is_array() && std::all_of(body.begin(), body.end(), is_incident) &&
                    (document.trusted() || (!body.empty() && is_workspace(body) == workspace));
  if (!ours) {
    report.problem = document.stranger(vendor, "list of incidents with external_desc and begin");
    return;
  }
  report.readable = report.has_incidents = report.silent_is_green = true;
  for (const json& entry : body)
    if (report.incidents.size() < max_page_records) report.incidents.push_back(incident_of(entry));
}

}  // namespace

void read_google_cloud(const Document& document, PageReport& report) { read_google(document, report, false); }
void read_google_workspace(const Document& document, PageReport& report) { read_google(document, report, true); }

std::vector<std::string> google_cloud_documents(const std::string& url) {
  return {page_base(url, {"/incidents.json"}) + "/incidents.json"};
}

std::vector<std::string> google_workspace_documents(const std::string& url) {
  std::string base = page_base(url, {"/incidents.json"});
  if (!base.ends_with("/dashboard")) base += "/dashboard";
  return {base + "/incidents.json"};
}

}  // namespace outaged::probes
