#include "storage/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <filesystem>
#include <map>
#include <mutex>
#include <system_error>
#include <utility>

#include "core/codec.h"
#include "storage/file_lock.h"
#include "storage/files.h"
#include "storage/log.h"
#include "storage/migrations.h"
#include "storage/posts.h"
#include "storage/retention.h"
#include "storage/rows.h"
#include "storage/writer.h"

namespace outaged::storage {
namespace {

constexpr Duration check_limit = 10s;           // a huge database must not keep the daemon from starting
constexpr std::size_t rows_per_sweep = 10'000;  // some tens of milliseconds
constexpr Duration recent = 24h;
constexpr std::int64_t most_posts = 20'000;      // of a restart: hundreds of pages with what they list

/// What a connection of ours is set to, once it is known that the file is ours.
void set_up(Database& database) {
  database.exec("PRAGMA journal_mode = WAL");
  // Every target has its own page, written again with every sample: a longer journal (16 MiB) copies it back less
  // often.
  database.exec("PRAGMA wal_autocheckpoint = 4096");
  database.exec("PRAGMA journal_size_limit = 67108864");
  database.exec("PRAGMA cache_size = -8192");
  database.exec("PRAGMA temp_store = MEMORY");
}

struct Opened {
  std::unique_ptr<Database> database;
  std::string damage;  // not empty: it is corrupt, and this is why
};

/// Errors: not ours, a newer schema, not permitted. Corruption is an answer, not an error.
Result<Opened> open_file(const std::string& path) {
  try {
    auto database = std::make_unique<Database>(path, Database::Mode::create);
    // Before anything of the file is believed: what its schema names must not run code of ours.
    database->exec("PRAGMA trusted_schema = OFF");
    database->exec("PRAGMA secure_delete = FAST");
    if (Result<void> ours = check_ours(*database); !ours) return Error{ours.error()};
    if (std::string damage = database->quick_check(check_limit); !damage.empty())
      return Opened{nullptr, std::move(damage)};
    if (Result<void> migrated = migrate(*database); !migrated) return Error{migrated.error()};
    set_up(*database);
    return Opened{std::move(database), {}};
  } catch (const SqlError& error) {
    if (error.cause() == SqlCause::corrupt || error.cause() == SqlCause::not_a_database)
      return Opened{nullptr, error.what()};
    return Error{error.what()};
  }
}

class SqliteStore final : public Store {
 public:
  SqliteStore(StoreOptions options, FileLock lock, std::unique_ptr<Database> database, std::string moved_aside,
              std::string damage)
      : options_(std::move(options)),
        lock_(std::move(lock)),
        database_(std::move(database)),
        writer_(*database_),
        moved_aside_(std::move(moved_aside)) {
    if (!damage.empty()) stats_.last_error = fmt::format("the database was corrupt: {}", damage);
    Statement statement = database_->prepare("SELECT kind, id, name FROM names");
    for (Rows rows = statement.query(); rows.next();) {
      const auto kind = rows.as<std::size_t>(0);
      const auto id = rows.as<std::uint32_t>(1);
      if (kind >= names_.size()) continue;
      names_[kind].ids.emplace(rows.text(2), id);
      names_[kind].last = std::max(names_[kind].last, id);
    }
  }

  ~SqliteStore() override {
    // Numbers given since the last batch; nothing refers to them yet, but a name keeps its number for ever.
    if (!unwritten().empty()) (void)commit(Batch{});
  }

  const std::string& moved_aside() const override { return moved_aside_; }

  std::uint32_t id(Kind kind, std::string_view name) override {
    const std::lock_guard guard(names_mutex_);
    KindNames& names = names_.at(static_cast<std::size_t>(kind));
    const auto [found, fresh] = names.ids.try_emplace(std::string(name), names.last + 1);
    if (fresh) {
      ++names.last;
      unwritten_.push_back({kind, found->second, found->first});
    }
    return found->second;
  }

  Result<void> commit(const Batch& batch) override {
    return guarded([&] {
      synchronous(batch.durable);
      const std::vector<Named> names = unwritten();
      Transaction transaction(*database_, Transaction::Kind::write);
      // Names first, in the same transaction as what is the first to use them: it cannot fail when a name is given.
      for (const Named& n : names) writer_.name(n.kind, n.id, n.name);
      writer_.write(batch);
      positions(batch);
      transaction.commit();
      written(names.size());
      ++stats_.commits;
    });
  }

  Result<Restored> restore() override {
    Restored out;
    Result<void> read = guarded([&] {
      newest_snapshot(out);
      LogRange range;
      if (out.snapshot) range = {out.snapshot->at, out.snapshot->seq};
      const auto problem = [&](std::string text) { out.problems.push_back(std::move(text)); };
      read_log(
          *database_, range, [&](Input&& input) { out.after.push_back(std::move(input)); }, problem);
      out.last_seq = static_cast<Seq>(number("last_seq", 0));
      out.last_outbox_id = static_cast<std::uint64_t>(number("last_outbox_id", 0));
      out.last_at = from_millis(number("last_at", to_millis(never_past)));
      told(out);
      incidents(out);
      spent(out);
      out.posts = read_listed_posts(*database_, most_posts);
    });
    if (!read) return Error{read.error()};
    return out;
  }

  std::shared_ptr<const Topology> topology(const std::string& hash) override {
    std::shared_ptr<const Topology> found;
    (void)guarded([&] { found = read_topology(*database_, hash); });  // a failure is in the stats
    return found;
  }

  Result<bool> retain(Timestamp now) override {
    if (options_.retention <= Duration::zero()) return false;  // for ever
    bool more = false;
    Result<void> done = guarded([&] {
      synchronous(false);
      more = sweep(*database_, now - options_.retention, rows_per_sweep);
      writer_.forget();
    });
    if (!done) return Error{done.error()};
    return more;
  }

  StoreStats stats() const override {
    StoreStats stats = stats_;
    std::error_code error;
    const auto size = std::filesystem::file_size(database_->path(), error);
    stats.bytes = error ? 0 : size;
    return stats;
  }

 private:
  struct Named {
    Kind kind{};
    std::uint32_t id = 0;
    std::string name;
  };
  struct KindNames {
    std::map<std::string, std::uint32_t, std::less<>> ids;
    std::uint32_t last = 0;  // numbers begin at 1: 0 is "none"
  };

  /// Runs it, turning what is thrown into an Error. Nothing of a failed transaction is remembered.
  template <class F>
  Result<void> guarded(F&& work) {
    try {
      work();
      return {};
    } catch (const std::exception& error) {
      writer_.forget();
      ++stats_.errors;
      stats_.last_error = error.what();
      return Error{error.what()};
    }
  }

  // SQLite refuses the change inside a transaction.
  void synchronous(bool full) {
    if (synchronous_full_ == full) return;
    database_->exec(full ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL");
    synchronous_full_ = full;
  }

  void positions(const Batch& batch) {
    Seq seq = 0;
    Timestamp at = never_past;
    const auto reached = [&](const auto& row) {
      seq = std::max(seq, row.seq);
      at = std::max(at, row.at);
    };
    std::for_each(batch.observations.begin(), batch.observations.end(), reached);
    std::for_each(batch.claims.begin(), batch.claims.end(), reached);
    std::for_each(batch.inputs.begin(), batch.inputs.end(), reached);
    std::for_each(batch.verdicts.begin(), batch.verdicts.end(), reached);
    if (batch.snapshot) reached(*batch.snapshot);
    if (seq > 0) writer_.meta("last_seq", static_cast<std::int64_t>(seq));
    if (at > never_past) writer_.meta("last_at", to_millis(at));
    std::uint64_t outbox = 0;
    for (const OutboxRow& row : batch.outbox) outbox = std::max(outbox, row.id);
    if (outbox > 0) writer_.meta("last_outbox_id", static_cast<std::int64_t>(outbox));
  }

  std::int64_t number(std::string_view key, std::int64_t fallback) {
    return read_meta(*database_, key).value_or(fallback);
  }

  void newest_snapshot(Restored& out) {
    Statement statement =
        database_->prepare(fmt::format("SELECT {} FROM snapshots ORDER BY seq DESC", snapshot_columns));
    for (Rows rows = statement.query(); rows.next();) {
      Result<Snapshot> snapshot = read_snapshot(rows);
      if (snapshot) {
        out.snapshot = std::move(*snapshot);
        return;
      }
      out.problems.push_back(snapshot.error());
    }
  }

  void told(Restored& out) {
    Statement statement = database_->prepare(fmt::format(
        "SELECT {} FROM outbox WHERE state = 0 OR incident IN (SELECT id FROM incidents WHERE recovered IS NULL "
        "OR recovered >= ?1) ORDER BY id",
        outbox_columns));
    for (Rows rows = statement.query(recently(out)); rows.next();) {
      Result<OutboxRow> row = read_outbox(rows);
      if (!row) {
        out.problems.push_back(row.error());
        continue;
      }
      if (row->state == OutboxState::pending) out.undelivered.push_back(*row);
      out.told.push_back(std::move(*row));
    }
  }

  void incidents(Restored& out) {
    Statement statement = database_->prepare(
        "SELECT id, body FROM incidents WHERE recovered IS NULL OR recovered >= ?1 ORDER BY onset, id");
    for (Rows rows = statement.query(recently(out)); rows.next();) {
      Result<Incident> incident = decode_incident(rows.bytes(1));
      if (incident)
        out.incidents.push_back(std::move(*incident));
      else
        out.problems.push_back(fmt::format("incident {}: {}", rows.text(0), incident.error()));
    }
  }

  void spent(Restored& out) {
    Statement statement = database_->prepare("SELECT ledger, day, requests, tokens, told FROM spent");
    for (Rows rows = statement.query(); rows.next();)
      out.spent.push_back({rows.text(0), rows.integer(1), rows.integer(2), rows.integer(3), rows.integer(4) != 0});
  }

  // Counted from the last thing we know of, so that a long stop forgets nothing.
  static Timestamp recently(const Restored& out) {
    return out.last_at == never_past ? never_past : out.last_at - recent;
  }

  std::vector<Named> unwritten() {
    const std::lock_guard guard(names_mutex_);
    return unwritten_;
  }
  void written(std::size_t count) {
    const std::lock_guard guard(names_mutex_);
    unwritten_.erase(unwritten_.begin(), unwritten_.begin() + static_cast<std::ptrdiff_t>(count));
  }

  StoreOptions options_;
  FileLock lock_;  // outlives the database below
  std::unique_ptr<Database> database_;
  Writer writer_;
  std::string moved_aside_;
  StoreStats stats_;
  std::optional<bool> synchronous_full_;

  // Guarded, so that a reload may give numbers on the main thread while the pipeline commits.
  std::mutex names_mutex_;
  std::array<KindNames, 4> names_;  // by Kind
  std::vector<Named> unwritten_;
};

}  // namespace

bool Batch::empty() const {
  return observations.empty() && claims.empty() && inputs.empty() && documents.empty() && verdicts.empty() &&
         incidents.empty() && outbox.empty() && spent.empty() && posts.empty() && !snapshot;
}

Result<std::unique_ptr<Store>> Store::open(const StoreOptions& options) {
  const Result<std::string> path = check_path(options.path);
  if (!path) return Error{path.error()};
  Result<FileLock> lock = FileLock::take(*path);
  if (!lock) return Error{lock.error()};

  std::string moved_aside, damage;
  Result<Opened> opened = open_file(*path);
  if (opened && !opened->database) {
    damage = opened->damage;
    const Result<std::string> moved = move_aside(*path);
    if (!moved) return Error{fmt::format("{} ({})", moved.error(), damage)};
    moved_aside = *moved;
    opened = open_file(*path);
    if (opened && !opened->database)
      return Error{fmt::format("cannot begin a new database {}: {}", *path, opened->damage)};
  }
  if (!opened) {
    lock->discard();
    return Error{opened.error()};
  }
  try {
    return std::unique_ptr<Store>(std::make_unique<SqliteStore>(options, std::move(*lock), std::move(opened->database),
                                                                std::move(moved_aside), std::move(damage)));
  } catch (const std::exception& error) {
    return Error{error.what()};
  }
}

}  // namespace outaged::storage
