// How rows become the vocabulary's types: the column lists of the tables that are read in more than one place, each
// with the function that reads it. Used by the store, the log and the history. Pure but for the row it is given.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "storage/database.h"
#include "storage/store.h"

namespace outaged::storage {

/// Phases as LEB128 microseconds, without the zeros at the end; "" if all are zero.
std::string pack(const Timings& timings);
/// Takes what is there; the rest is zero.
Timings unpack(std::string_view packed);

/// The targets that have observations, found by one seek each: observations are keyed by target first.
inline constexpr std::string_view targets_seen =
    "WITH RECURSIVE seen(target) AS (SELECT min(target) FROM observations UNION ALL "
    "SELECT (SELECT min(target) FROM observations WHERE target > seen.target) FROM seen WHERE seen.target IS NOT "
    "NULL) ";
/// The same for components and their claims.
inline constexpr std::string_view components_claimed =
    "WITH RECURSIVE seen(component) AS (SELECT min(component) FROM claims UNION ALL "
    "SELECT (SELECT min(component) FROM claims WHERE component > seen.component) FROM seen WHERE seen.component IS NOT "
    "NULL) ";

// From observations o LEFT JOIN evidence e USING (target, at, seq).
inline constexpr std::string_view observation_columns =
    "o.target, o.at, o.seq, o.class, o.disposition, o.base_schedule, o.http_status, o.took, o.timings, o.cert_expiry, "
    "e.body, o.count, o.age";
RecordedObservation read_observation(const Rows& rows);

// From claims c JOIN claim_words w ON w.id = c.words LEFT JOIN documents d ON d.id = c.document.
inline constexpr std::string_view claim_columns =
    "c.component, c.at, c.seq, c.status, c.red, w.text, w.incident, w.url, d.hash";
RecordedClaim read_claim(const Rows& rows);

inline constexpr std::string_view verdict_columns =
    "component, at, seq, health, claim, agreement, since, called, unchecked, why";
RecordedVerdict read_verdict(const Rows& rows);

inline constexpr std::string_view outbox_columns =
    "id, receiver, grp, state, attempts, created, next_attempt, delivered, error, body";
/// Errors: the notification cannot be decoded.
Result<OutboxRow> read_outbox(const Rows& rows);

inline constexpr std::string_view snapshot_columns = "seq, at, config, body";
/// Errors: broken document.
Result<Snapshot> read_snapshot(const Rows& rows);

/// Null: unknown or broken.
std::shared_ptr<const Topology> read_topology(Database& database, const std::string& hash);

/// How far the columns `used` (claim_words, documents) may lag: one more write a day and row, not one a sample.
inline constexpr Duration used_precision = 24h;

/// A number of the table meta.
std::optional<std::int64_t> read_meta(Database& database, std::string_view key);

}  // namespace outaged::storage
