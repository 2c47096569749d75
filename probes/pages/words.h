// What the words of status pages mean: of a component ("partial outage"), and of an incident's life ("monitoring",
// "behoben"). One table for all formats, for vendors spell the same few ideas in many ways. Pure; any thread.
#pragma once

#include <optional>
#include <string_view>

#include "core/model.h"

namespace outaged::probes {

/// Where an incident or a maintenance stands. `none`: the word says nothing of that ("update", "postponed", unknown).
enum class Stage : std::uint8_t { none, open, monitoring, resolved, scheduled, in_progress, completed, information };
/// `word` in any case, as a vendor's document or a feed's title gives it, in several languages.
Stage stage_of(std::string_view word);

/// A component's or page's word in any case, with spaces, '_' or '-' alike. nullopt: none of those we know.
std::optional<Status> status_of(std::string_view word);

/// Prose that says it is over ("This issue has been resolved."), and not that it will be or is not yet. A title says so
/// with the bare word ("Issue resolved", "Maintenance complete").
bool says_resolved(std::string_view prose, bool title);
/// A title or text of planned work: "Scheduled maintenance", "Wartungsarbeiten".
bool says_maintenance(std::string_view prose);

}  // namespace outaged::probes
