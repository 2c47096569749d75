// AWS. Current: https://health.aws.amazon.com/public/currentevents, an array in UTF-16 with a byte order mark (its
// content type says UTF-8), or {"current": […]}. Anchor: events with an arn, or with service and status. `[]` is "no
// event", where the format is known. Old: https://status.aws.amazon.com/data.json {archive, current}. A status is a
// string outside event_log and a number inside. There are no components: an event carries its region, its service and
// the services it touches. Events may stay open for months.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/markup.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

constexpr std::size_t few_services = 10;  // a disruption of more is the provider's, not a service's

/// "arn:aws:health:us-east-1::event/…" -> "us-east-1"
std::string region_of(const std::string& arn) {
  std::size_t from = 0;
  for (int colons = 0; colons < 3; ++colons) {
    from = arn.find(':', from);
    if (from == std::string::npos) return {};
    ++from;
  }
  return arn.substr(from, arn.find(':', from) - from);
}

std::size_t services_out(const json& entry) {
  const json* impacted = object_at(entry, "impacted_services");
  if (!impacted) return 1;
  return static_cast<std::size_t>(std::count_if(impacted->begin(), impacted->end(),
                                                [](const json& service) { return id_at(service, "current") == "3"; }));
}

std::optional<Status> claim_of_event(const json& entry, std::string_view status) {
  if (status == "0") return Status::operational;
  if (status == "1" || status == "2") return Status::degraded_performance;
  if (status == "3") return services_out(entry) > few_services ? Status::major_outage : Status::partial_outage;
  return Status::unknown;
}

PageIncident event_of(const json& entry) {
  PageIncident out;
  const std::string arn = text_at(entry, "arn"), date = id_at(entry, "date");
  out.id = arn.empty() ? text_at(entry, "service") + (date.empty() ? "" : "_" + date) : arn;
  out.name = text_at(entry, "summary");
  out.status = id_at(entry, "status");
  out.created = time_at(entry, "date");
  out.open = out.status != "0" && !out.name.starts_with("[RESOLVED]");
  out.claim = claim_of_event(entry, out.status);
  for (std::string part :
       {region_of(arn), text_at(entry, "service"), text_at(entry, "service_name"), text_at(entry, "region_name")})
    add_unique(out.components, std::move(part));
  if (const json* impacted = object_at(entry, "impacted_services"))
    for (const auto& [key, service] : impacted->items()) {
      if (id_at(service, "current") == "0") continue;  // works again
      add_unique(out.components, clean_line(key, 100));
      add_unique(out.components, text_at(service, "service_name"));
    }
  if (const json* log = list_at(entry, "event_log"))
    for (const json& post : *log)
      if (post.is_object())
        out.updates.push_back({time_at(post, "timestamp"), id_at(post, "status"), html_text(text_at(post, "message"))});
  if (const std::string text = text_at(entry, "description"); !text.empty() && out.updates.empty())
    out.updates.push_back({out.created, "", html_text(text)});
  settle_updates(out);
  if (!out.updates.empty()) out.updated = out.updates.back().at;
  if (!out.open) out.resolved = time_at(entry, "end_time");
  return out;
}

bool is_event(const json& entry) {
  return entry.is_object() &&
         (text_at(entry, "arn").starts_with("arn:aws:health") ||
          (find(entry, "service") && find(entry, "service_name") && find(entry, "status") && find(entry, "summary")));
}

bool are_events(const json* list) { return list && std::all_of(list->begin(), list->end(), is_event); }

void read_events(const json& list, PageReport& report, bool closed) {
  for (const json& entry : list) {
    if (report.incidents.size() == max_page_records) return;
    PageIncident event = event_of(entry);
    if (closed) event.open = false;
    report.incidents.push_back(std::move(event));
  }
}

}  // namespace

void read_aws(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json* events = body.is_array() ? &body : body.size() == 1 ? list_at(body, "current") : nullptr;
  if (!are_events(events) || (events->empty() && !document.trusted())) {
    report.problem = document.stranger("AWS", "list of events with an arn");
    return;
  }
  report.readable = report.has_incidents = report.silent_is_green = true;
  read_events(*events, report, false);
}

void read_aws_datajson(const Document& document, PageReport& report) {
  const json& body = document.json();
  const json *archive = list_at(body, "archive"), *current = list_at(body, "current");
  if (!are_events(archive) || !are_events(current) || (archive->empty() && current->empty() && !document.trusted())) {
    report.problem = document.stranger("AWS data.json", "archive beside current");
    return;
  }
  report.readable = report.has_incidents = report.silent_is_green = true;
  read_events(*current, report, false);
  read_events(*archive, report, true);
}

std::vector<std::string> aws_documents(const std::string& url) {
  return {page_base(url, {"/public/currentevents", "/health/status"}) + "/public/currentevents"};
}

std::vector<std::string> aws_datajson_documents(const std::string& url) {
  return {page_base(url, {"/data.json"}) + "/data.json"};
}

}  // namespace outaged::probes
