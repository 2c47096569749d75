// SQLite, the write side: the only write connection, owned by the pipeline thread. One transaction per batch holds a
// batch's observations, claims, verdicts, incidents and outbox rows. The schema is documented in storage/schema.cpp.
// Readers use storage/history.h, each with a connection of its own.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/input.h"
#include "core/notification.h"
#include "core/page.h"
#include "core/page_posts.h"
#include "core/result.h"
#include "core/topology.h"

namespace outaged::storage {

struct RecordedObservation {
  Seq seq = 0;
  Timestamp at{};
  Observation observation;
  Disposition disposition = Disposition::ignored;
};
struct RecordedClaim {
  Seq seq = 0;
  Timestamp at{};
  Claim claim;
};
struct RecordedVerdict {
  Seq seq = 0;
  Timestamp at{};
  Verdict verdict;
};
struct Snapshot {
  Seq seq = 0;
  Timestamp at{};
  std::string config;    // hash of the topology in force
  std::string document;  // Engine::save()
};

/// All that one turn of the pipeline changed.
struct Batch {
  std::vector<RecordedObservation> observations;
  std::vector<RecordedClaim> claims;
  std::vector<Input> inputs;                 // every other kind that must be replayed; of ticks only those that changed something
  std::vector<std::shared_ptr<const PageDocument>> documents;
  std::vector<RecordedVerdict> verdicts;
  std::vector<Incident> incidents;           // upserts by id
  std::vector<OutboxRow> outbox;             // upserts by id
  std::vector<Spent> spent;                  // upserts by ledger and day
  std::vector<PagePost> posts;               // upserts by page, kind and id
  std::optional<Snapshot> snapshot;
  bool durable = false;                      // carries a state change: synchronous=FULL
  bool empty() const;
};

/// What a restart needs.
struct Restored {
  std::optional<Snapshot> snapshot;
  std::vector<Input> after;                  // in order of seq, all with seq > snapshot.seq
  std::vector<OutboxRow> undelivered;        // pending, in order of id
  std::vector<Incident> incidents;           // open, or recovered within the last day (of last_at)
  std::vector<OutboxRow> told;               // every row of those incidents, and undelivered ones; in order of id
  std::vector<Spent> spent;                  // every row there is: forty days at the most
  std::vector<PagePost> posts;               // those not gone; the latest seen, if there are many
  std::vector<std::string> problems;         // what could not be read and was left out; to be logged
  Seq last_seq = 0;
  std::uint64_t last_outbox_id = 0;
  Timestamp last_at = never_past;
};

struct StoreStats {
  std::uint64_t commits = 0, errors = 0;
  std::uint64_t bytes = 0;                   // of the database file
  std::string last_error;
};

struct StoreOptions {
  std::string path;
  Duration retention = 30 * 24h;             // zero: for ever
};

class Store : public Names {
 public:
  /// Opens or creates, locks, checks (quick_check), migrates. A corrupt file is moved aside with its -wal and -shm and
  /// a new one begun (`moved_aside` says where). Errors, each naming the path and the mend: another process holds it, a
  /// newer schema, not an outaged database, no permission.
  static Result<std::unique_ptr<Store>> open(const StoreOptions& options);
  virtual const std::string& moved_aside() const = 0;

  /// All of the batch or nothing. After an Error (disk full, …) the same batch may be tried again, whatever became of it.
  virtual Result<void> commit(const Batch& batch) = 0;
  /// Holds all inputs after the snapshot in memory; where the snapshot is refused (Engine::load), fold History::replay
  /// from never_past instead, which streams.
  virtual Result<Restored> restore() = 0;
  /// The stored topology of that hash, kept with ConfigChange inputs; null if unknown.
  virtual std::shared_ptr<const Topology> topology(const std::string& hash) = 0;
  /// Deletes what is older than the retention, a bounded number of rows a call. True: more is left.
  virtual Result<bool> retain(Timestamp now) = 0;
  virtual StoreStats stats() const = 0;
  // Names::id is given by the base class: append-only, from 1, written with the next batch or at the end. Any thread.
};

}  // namespace outaged::storage
