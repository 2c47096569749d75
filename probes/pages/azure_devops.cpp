// Azure DevOps: https://status.dev.azure.com/_apis/status/health?api-version=7.1-preview.1. Anchor: status.health
// beside services with geographies. The page may be healthy while a service is not in one geography: each pair is a
// component.
#include <nlohmann/json.hpp>

#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status health_status(std::string_view word) {
  if (word == "healthy") return Status::operational;
  if (word == "advisory" || word == "degraded") return Status::degraded_performance;
  if (word == "unhealthy") return Status::major_outage;
  return Status::unknown;
}

}  // namespace

void read_azure_devops(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* status = object_at(body, "status");
  const json* services = list_at(body, "services");
  if (!status || word_at(*status, "health").empty() || !services) {
    report.problem = document.stranger("Azure DevOps", "status.health beside services");
    return;
  }
  report.readable = report.has_components = true;
  report.indicator = health_status(word_at(*status, "health"));
  report.description = text_at(*status, "message");
  report.document_time = time_at(body, "lastUpdated");
  for (const json& service : *services) {
    const json* geographies = list_at(service, "geographies");
    if (!geographies) continue;
    const std::string id = id_at(service, "id");
    for (const json& geography : *geographies) {
      if (!geography.is_object() || report.components.size() == max_page_records) continue;
      PageComponent out;
      out.id = id + "/" + id_at(geography, "id");
      out.name = id + " / " + text_at(geography, "name");
      out.group_name = id;
      out.raw = word_at(geography, "health");
      out.claim = health_status(out.raw);
      report.components.push_back(std::move(out));
    }
  }
}

std::vector<std::string> azure_devops_documents(const std::string& url) {
  if (url.find("/_apis/") != std::string::npos) return {url};
  return {page_base(url, {}) + "/_apis/status/health?api-version=7.1-preview.1"};
}

}  // namespace outaged::probes
