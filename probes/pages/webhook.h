// What Statuspage posts to its subscribers when a component or an incident changes. It is signed by nobody and comes from
// anywhere, so it is a reason to read the page at once and a line in the log, never a claim. Pure; any thread.
// Source: Atlassian's documentation of webhook notifications.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/model.h"

namespace outaged::probes {

struct PageWebhook {
  enum class Kind : std::uint8_t { component_update, incident, maintenance } kind = Kind::incident;
  std::string page_id;
  // Of a component_update only.
  std::string component_id, component_name;
  Status old_claim = Status::unknown, new_claim = Status::unknown;
  // Of an incident or a maintenance only, in the page's own words, in lower case.
  std::string incident_id, incident_name, incident_status, impact;
};

std::string_view to_string(PageWebhook::Kind kind);
/// nullopt: it is something else.
std::optional<PageWebhook> read_page_webhook(std::string_view body);
/// "component Database: operational, now under maintenance"; one clean line.
std::string sentence(const PageWebhook& webhook);
/// {"format", "kind", "page_id", "component_id", …}: what does not belong to its kind is null.
std::string webhook_json(const PageWebhook& webhook);

}  // namespace outaged::probes
