// What a replay found, in a few figures, beside what was found on the day: as a table for people and as JSON. Pure.
#pragma once

#include <string>
#include <vector>

#include "daemon/api_json.h"
#include "daemon/replay.h"

namespace outaged {

/// `was`: the incidents that the day's own rules had found, from the database; empty for a trace.
std::string summary_table(const ReplayReport& report, const std::vector<Incident>& was);
Json summary_json(const ReplayReport& report, const std::vector<Incident>& was);

}  // namespace outaged
