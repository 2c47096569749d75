#include "storage/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "storage/rows.h"

namespace outaged::storage {
namespace {

class Sweep {
 public:
  Sweep(Database& database, Timestamp cutoff, std::size_t budget)
      : database_(database), cutoff_(cutoff), left_(budget) {}

  bool run() {
    Transaction transaction(database_, Transaction::Kind::write);
    const Timestamp swept = from_millis(read_meta(database_, "swept").value_or(to_millis(never_past)));
    // Said first: from here on, inputs before it can no longer be relied upon.
    raise("kept_from", cutoff_);
    constexpr std::string_view unless_proof = "AND NOT EXISTS (SELECT 1 FROM proofs p WHERE p.seq = t.seq)";
    samples("observations", "target", unless_proof, swept);
    samples("evidence", "target", unless_proof, swept);
    samples("claims", "component", "", swept);
    // The newest verdict of a component is the one in force, however old.
    samples("verdicts", "component",
            "AND (at, seq) < (SELECT at, seq FROM verdicts WHERE component = ?1 ORDER BY at DESC, seq DESC LIMIT 1)",
            never_past);
    // The configuration in force at the cutoff is where a replay of what is left must begin, with all who report.
    remove(
        "DELETE FROM inputs WHERE seq IN (SELECT seq FROM inputs WHERE at < ?1 AND kind <> 'reporting' AND seq <> coalesce((SELECT seq FROM "
        "inputs "
        "WHERE kind = 'config' AND at < ?1 ORDER BY at DESC, seq DESC LIMIT 1), 0) ORDER BY at LIMIT ?2)",
        cutoff_);
    remove(
        "DELETE FROM snapshots WHERE seq IN (SELECT seq FROM snapshots WHERE at < ?1 "
        "AND seq <> (SELECT max(seq) FROM snapshots) LIMIT ?2)",
        cutoff_);
    remove(
        "DELETE FROM topologies WHERE hash IN (SELECT hash FROM topologies WHERE hash NOT IN (SELECT config FROM "
        "inputs "
        "WHERE config IS NOT NULL AND ?1 IS NOT NULL UNION SELECT config FROM snapshots) LIMIT ?2)",
        cutoff_);
    // A fire that was told is owed its resolve for as long as its incident is open.
    remove(
        "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox o WHERE o.state <> 0 AND o.created < ?1 AND NOT EXISTS "
        "(SELECT 1 FROM incidents i WHERE i.id = o.incident AND (i.recovered IS NULL OR i.recovered >= ?1)) LIMIT ?2)",
        cutoff_);
    // A post goes once no page listed it for so long, its updates first: a post without them may still be told.
    remove(
        "DELETE FROM page_updates WHERE (page, kind, post, at, status, nth) IN (SELECT u.page, u.kind, u.post, u.at, "
        "u.status, u.nth FROM page_posts p JOIN page_updates u ON u.page = p.page AND u.kind = p.kind AND u.post = p.id "
        "WHERE p.last_seen < ?1 LIMIT ?2)",
        cutoff_ - last_seen_precision);
    remove(
        "DELETE FROM page_posts WHERE (page, kind, id) IN (SELECT page, kind, id FROM page_posts WHERE last_seen < ?1 "
        "LIMIT ?2)",
        cutoff_ - last_seen_precision);
    remove(
        "DELETE FROM documents WHERE id IN (SELECT id FROM documents d WHERE kept = 0 AND used < ?1 AND NOT EXISTS "
        "(SELECT 1 FROM page_posts p WHERE p.document = d.id) LIMIT ?2)",
           cutoff_ - used_precision);
    remove("DELETE FROM claim_words WHERE id IN (SELECT id FROM claim_words WHERE used < ?1 LIMIT ?2)",
           cutoff_ - used_precision);
    if (left_ > 0) raise("swept", cutoff_);
    transaction.commit();
    return left_ == 0;
  }

 private:
  /// Rows of a table keyed (key, at, seq) with at in [from, cutoff).
  void samples(std::string_view table, std::string_view key, std::string_view unless, Timestamp from) {
    if (left_ == 0 || from >= cutoff_) return;
    std::vector<std::int64_t> keys;
    {
      Statement distinct =
          database_.prepare(fmt::format("WITH RECURSIVE seen(k) AS (SELECT min({0}) FROM {1} UNION ALL SELECT (SELECT "
                                        "min({0}) FROM {1} WHERE {0} > seen.k) "
                                        "FROM seen WHERE seen.k IS NOT NULL) SELECT k FROM seen WHERE k IS NOT NULL",
                                        key, table));
      for (Rows rows = distinct.query(); rows.next();) keys.push_back(rows.integer(0));
    }
    Statement statement =
        database_.prepare(fmt::format("DELETE FROM {1} WHERE ({0}, at, seq) IN (SELECT {0}, at, seq FROM {1} t WHERE "
                                      "{0} = ?1 AND at >= ?2 AND at < ?3 {2} "
                                      "LIMIT ?4)",
                                      key, table, unless));
    for (const std::int64_t k : keys) {
      if (left_ == 0) return;
      statement.run(k, from, cutoff_, left_);
      spent();
    }
  }

  void remove(std::string_view sql, Timestamp before) {
    if (left_ == 0) return;
    database_.prepare(sql).run(before, left_);
    spent();
  }

  void spent() {
    const auto rows = static_cast<std::size_t>(database_.number("SELECT changes()", 0));
    left_ -= std::min(left_, rows);
  }

  void raise(std::string_view key, Timestamp to) {
    database_
        .prepare(
            "INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT (key) DO UPDATE SET "
            "value = max(value, excluded.value)")
        .run(key, to);
  }

  Database& database_;
  Timestamp cutoff_;
  std::size_t left_;
};

}  // namespace

bool sweep(Database& database, Timestamp cutoff, std::size_t budget) {
  const bool more = Sweep(database, cutoff, budget).run();
  // Free pages are used again by what comes; only a file that shrank a lot is worth the copying.
  const std::int64_t unused = database.number("PRAGMA freelist_count", 0);
  if (unused > 256 && unused > database.number("PRAGMA page_count", 0) / 5)
    database.exec("PRAGMA incremental_vacuum(500)");
  return more;
}

}  // namespace outaged::storage
