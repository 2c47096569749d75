// Two pages for people, made on the server: what we see beside what their page says, and the story of one incident.
// Pure; called on web threads. No JavaScript, nothing loaded from anywhere; whatever comes from outside is escaped. Links
// are relative, so that the pages work behind a reverse proxy that adds a path.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/api_json.h"
#include "daemon/published.h"

namespace outaged {

/// Content-Security-Policy of these pages: their own style sheet and nothing else.
inline constexpr std::string_view page_security_policy =
    "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// `picture` is null before the first one.
std::string render_overview(const Published* picture, std::string_view version);

/// Lives at /incidents/{id}. `verdicts` are its component's during the incident, oldest first.
std::string render_incident(const Incident& incident, const Directory& names, const std::vector<storage::RecordedVerdict>& verdicts,
                            const std::vector<OutboxRow>& notifications, Timestamp now);

/// For an address under /incidents/ that leads nowhere.
std::string render_problem(std::string_view message);

/// Text within HTML, attribute values in quotes included. Valid UTF-8 without control characters.
std::string escape_html(std::string_view text);

}  // namespace outaged
