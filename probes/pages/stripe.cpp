// Stripe: status.stripe.com/current {largestatus, message, time, statuses} and /current/full {UptimeStatus,
// uptimeData}. Anchor: largestatus or UptimeStatus. /current has said "All services are online" since 2024-02-09: a
// document that carries its time is believed for a day only.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/pages/fields.h"
#include "probes/pages/formats.h"
#include "probes/pages/statuspage.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

constexpr Duration fresh_for = 24h;

Status word_status(std::string_view word) {
  if (word == "up") return Status::operational;
  if (word == "degraded") return Status::degraded_performance;
  if (word == "down") return Status::major_outage;
  return Status::unknown;
}

}  // namespace

void read_stripe(const Document& document, PageReport& report) {
  const json& body = document.json();
  std::string word = word_at(body, "largestatus");
  if (word.empty()) word = word_at(body, "UptimeStatus");
  if (word.empty()) {
    report.problem = document.stranger("Stripe", "largestatus");
    return;
  }
  report.readable = true;
  report.indicator = word_status(word);
  report.description = text_at(body, "message");
  report.document_time = time_at(body, "time");
  if (const json* statuses = object_at(body, "statuses")) {
    report.has_components = true;
    for (const auto& [name, state] : statuses->items()) {
      if (report.components.size() == max_page_records) break;
      PageComponent out;
      out.id = out.name = clean_line(name, max_page_text);
      out.raw = lower_ascii(id_of(state));
      out.claim = word_status(out.raw);
      report.components.push_back(std::move(out));
    }
  }
  if (const json* list = list_at(body, "uptimeData")) {
    report.has_components = true;
    for (const json& entry : *list) {
      if (!entry.is_object() || report.components.size() == max_page_records) continue;
      PageComponent out;
      out.id = id_at(entry, "key");
      out.name = text_at(entry, "title");
      const json* warning = find(entry, "warning");
      if (warning && warning->is_boolean())
        out.claim = warning->get<bool>() ? Status::degraded_performance : Status::operational;
      report.components.push_back(std::move(out));
    }
  }
  if (report.document_time && *report.document_time + fresh_for < document.now())
    report.stale = fmt::format("the document has not changed since {}: what it says is not believed",
                               format_time(*report.document_time));
}

std::vector<std::string> stripe_documents(const std::string& url) {
  return {page_base(url, {"/current"}) + "/current"};
}

}  // namespace outaged::probes
