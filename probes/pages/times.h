// The many ways in which status pages write a moment. Pure; any thread. A text we do not understand is no time at all:
// never now, never 1970.
#pragma once

#include <optional>
#include <string_view>

#include "core/time.h"

namespace outaged::probes {

/// RFC 3339; RFC 822 with offset, GMT, Z or a zone of the table (its weekday is not checked: feeds get it wrong);
/// "YYYY-MM-DD HH:MM[:SS]" (UTC where no zone is given), " +0000 UTC", "+0200 +0200"; a JavaScript Date's text;
/// "February 09, 2024 @ 06:08PM +00:00", "April 24, 2025, 23:38"; "YYYY-MM-DD"; seconds or milliseconds since 1970.
std::optional<Timestamp> read_time(std::string_view text);
/// Seconds or milliseconds since 1970: which, the size tells.
std::optional<Timestamp> epoch_time(double number);

/// A zone's abbreviation ("PST", "EEST", "Z") as its offset from UTC in minutes.
std::optional<int> zone_offset(std::string_view abbreviation);

/// "Jun 17", "03:54", zone: a moment without its year, as feeds print it: the last one not after `latest`.
std::optional<Timestamp> time_before(std::string_view day, std::string_view clock, std::string_view zone,
                                     Timestamp latest);

}  // namespace outaged::probes
