// Brings a database to the schema of this program, by PRAGMA user_version. Called by Store::open, which holds the lock;
// readers only ask check_readable. Never downgrades, and never upgrades without a copy of what was there.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "storage/database.h"

namespace outaged::storage {

/// "outg": says, in the file's header, whose it is.
inline constexpr std::int64_t application_id = 0x6f757467;

/// Entry n-1 leads from version n-1 to version n. Defined in schema.cpp, where the schema is documented.
const std::vector<std::string_view>& migrations();

/// Whether the file is ours: its application_id, or nothing in it yet.
/// Errors: another application's database. Throws SqlError.
Result<void> check_ours(Database& database);

/// Runs what is missing in one transaction. A database that holds data is first copied to "<path>.v<old>-<time>".
/// Errors: the schema is newer than `steps`; the copy or a step failed (then the database is as it was).
Result<void> migrate(Database& database, const std::vector<std::string_view>& steps = migrations());

/// For readers: Errors: not ours, empty, newer, or older (the daemon upgrades it at its next start). Throws SqlError.
Result<void> check_readable(Database& database);

}  // namespace outaged::storage
