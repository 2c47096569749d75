#include "probes/pages/webhook.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/json.h"
#include "probes/pages/fields.h"
#include "probes/pages/words.h"

namespace outaged::probes {
namespace {

using nlohmann::json;

Status status_at(const json& object, std::string_view key) {
  const std::string word = word_at(object, key);
  if (const auto status = status_from_string(word)) return *status;
  return status_of(word).value_or(Status::unknown);
}

json text_or_null(bool there, const std::string& text) { return there && !text.empty() ? json(text) : json(); }

}  // namespace

std::string_view to_string(PageWebhook::Kind kind) {
  switch (kind) {
    case PageWebhook::Kind::component_update: return "component_update";
    case PageWebhook::Kind::incident: return "incident";
    case PageWebhook::Kind::maintenance: return "maintenance";
  }
  return "";
}

std::optional<PageWebhook> read_page_webhook(std::string_view body) {
  const auto document = parse_json(body);
  if (!document) return std::nullopt;
  const json* page = object_at(*document, "page");
  const json* incident = object_at(*document, "incident");
  const json* component = object_at(*document, "component");
  const json* update = object_at(*document, "component_update");
  // A document of the page itself has `page` too, but its lists beside it.
  if (!page || !(incident || (component && update))) return std::nullopt;
  PageWebhook out;
  out.page_id = id_at(*page, "id");
  if (incident) {
    // Announced maintenance comes as an incident with a time at which it begins.
    const json* scheduled = find(*incident, "scheduled_for");
    out.kind = scheduled && scheduled->is_string() ? PageWebhook::Kind::maintenance : PageWebhook::Kind::incident;
    out.incident_id = id_at(*incident, "id");
    out.incident_name = text_at(*incident, "name");
    out.incident_status = word_at(*incident, "status");
    out.impact = word_at(*incident, "impact");
  } else {
    out.kind = PageWebhook::Kind::component_update;
    out.component_id = id_at(*component, "id");
    out.component_name = text_at(*component, "name");
    out.old_claim = status_at(*update, "old_status");
    out.new_claim = status_at(*update, "new_status");
  }
  return out;
}

std::string sentence(const PageWebhook& webhook) {
  if (webhook.kind == PageWebhook::Kind::component_update) {
    return fmt::format("component {}: {}, now {}", webhook.component_name, spell(webhook.old_claim), spell(webhook.new_claim));
  }
  return fmt::format("{} \"{}\": {}", to_string(webhook.kind), webhook.incident_name, webhook.incident_status);
}

std::string webhook_json(const PageWebhook& webhook) {
  const bool component = webhook.kind == PageWebhook::Kind::component_update;
  const json out = {{"format", "statuspage"},
                    {"kind", to_string(webhook.kind)},
                    {"page_id", text_or_null(true, webhook.page_id)},
                    {"component_id", text_or_null(component, webhook.component_id)},
                    {"component_name", text_or_null(component, webhook.component_name)},
                    {"old_claim", component ? json(outaged::to_string(webhook.old_claim)) : json()},
                    {"new_claim", component ? json(outaged::to_string(webhook.new_claim)) : json()},
                    {"incident_id", text_or_null(!component, webhook.incident_id)},
                    {"incident_name", text_or_null(!component, webhook.incident_name)},
                    {"incident_status", text_or_null(!component, webhook.incident_status)},
                    {"impact", text_or_null(!component, webhook.impact)}};
  return dump_json(out);
}

}  // namespace outaged::probes
