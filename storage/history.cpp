#include "storage/history.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/codec.h"
#include "storage/compress.h"
#include "storage/database.h"
#include "storage/log.h"
#include "storage/migrations.h"
#include "storage/posts.h"
#include "storage/rows.h"

namespace outaged::storage {
namespace {

std::int64_t at_most(std::size_t limit) {
  return static_cast<std::int64_t>(std::min<std::size_t>(limit, static_cast<std::size_t>(INT64_MAX)));
}

/// By time, then by number: the order in which things happened.
template <class Recorded>
void merge_oldest(std::vector<Recorded>& rows, std::size_t limit) {
  std::sort(rows.begin(), rows.end(),
            [](const auto& a, const auto& b) { return std::pair(a.at, a.seq) < std::pair(b.at, b.seq); });
  if (rows.size() > limit) rows.resize(limit);
}

// Statements are prepared at each call: microseconds, against questions that people ask.
class SqliteHistory final : public History {
 public:
  explicit SqliteHistory(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  const std::string& last_error() const override { return error_; }

  std::vector<Name> names() override {
    std::vector<Name> out;
    guarded([&] {
      Statement statement = database_->prepare("SELECT kind, id, name FROM names ORDER BY kind, id");
      for (Rows rows = statement.query(); rows.next();) {
        out.push_back({rows.as<Names::Kind>(0), rows.as<std::uint32_t>(1), rows.text(2)});
      }
    });
    return out;
  }

  std::vector<RecordedObservation> observations(TargetId target, Timestamp from, Timestamp to,
                                                std::size_t limit) override {
    std::vector<RecordedObservation> out;
    guarded([&] {
      Statement statement = database_->prepare(fmt::format(
          "SELECT {} FROM observations o LEFT JOIN evidence e ON e.target = o.target AND e.at = o.at AND e.seq = o.seq "
          "WHERE o.target = ?1 AND o.at >= ?2 AND o.at < ?3 ORDER BY o.at DESC, o.seq DESC LIMIT ?4",
          observation_columns));
      for (Rows rows = statement.query(target, from, to, at_most(limit)); rows.next();)
        out.push_back(read_observation(rows));
    });
    return out;
  }

  std::vector<Incident> incidents(std::optional<ComponentId> component, Timestamp from, std::size_t limit) override {
    std::vector<Incident> out;
    guarded([&] {
      Statement statement = database_->prepare(
          fmt::format("SELECT body FROM incidents WHERE {} onset >= ?2 ORDER BY onset DESC, id LIMIT ?3",
                      component ? "component = ?1 AND" : "?1 IS NULL AND"));
      for (Rows rows = statement.query(component, from, at_most(limit)); rows.next();) {
        if (auto incident = decode_incident(rows.bytes(0)))
          out.push_back(std::move(*incident));
        else
          error_ = incident.error();
      }
    });
    return out;
  }

  std::optional<Incident> incident(const IncidentId& id) override {
    std::optional<Incident> out;
    guarded([&] {
      Statement statement = database_->prepare("SELECT body FROM incidents WHERE id = ?1");
      Rows rows = statement.query(id);
      if (!rows.next()) return;
      if (auto incident = decode_incident(rows.bytes(0)))
        out = std::move(*incident);
      else
        error_ = incident.error();
    });
    return out;
  }

  std::vector<RecordedClaim> claim_changes(std::optional<ComponentId> component, Timestamp from, Timestamp to,
                                           std::size_t limit) override {
    std::vector<RecordedClaim> out;
    guarded([&] {
      const Transaction one_view(*database_, Transaction::Kind::read);
      for (const ComponentId c : claimed(component)) changes_of(c, from, to, limit, out);
    });
    merge_oldest(out, limit);
    return out;
  }

  std::vector<RecordedVerdict> verdicts(std::optional<ComponentId> component, Timestamp from, Timestamp to,
                                        std::size_t limit) override {
    std::vector<RecordedVerdict> out;
    guarded([&] {
      Statement statement = database_->prepare(
          fmt::format("SELECT {} FROM verdicts WHERE {} at >= ?2 AND at < ?3 ORDER BY at, seq, component LIMIT ?4",
                      verdict_columns, component ? "component = ?1 AND" : "?1 IS NULL AND"));
      for (Rows rows = statement.query(component, from, to, at_most(limit)); rows.next();)
        out.push_back(read_verdict(rows));
    });
    return out;
  }

  std::vector<PagePost> page_posts(PageId page, Timestamp since, std::size_t limit) override {
    std::vector<PagePost> out;
    guarded([&] {
      const Transaction one_view(*database_, Transaction::Kind::read);
      out = read_posts(*database_, page, since, at_most(limit));
    });
    return out;
  }

  std::vector<OutboxRow> notifications(const IncidentId& incident) override {
    std::vector<OutboxRow> out;
    guarded([&] {
      Statement statement =
          database_->prepare(fmt::format("SELECT {} FROM outbox WHERE incident = ?1 ORDER BY id", outbox_columns));
      for (Rows rows = statement.query(incident); rows.next();) {
        if (auto row = read_outbox(rows))
          out.push_back(std::move(*row));
        else
          error_ = row.error();
      }
    });
    return out;
  }

  std::optional<std::string> document(const std::string& hash) override {
    std::optional<std::string> out;
    guarded([&] {
      Statement statement = database_->prepare("SELECT body FROM documents WHERE hash = ?1 AND body IS NOT NULL");
      Rows rows = statement.query(hash);
      if (!rows.next()) return;
      if (auto body = decompress(rows.bytes(0)))
        out = std::move(*body);
      else
        error_ = fmt::format("document {}: {}", hash, body.error());
    });
    return out;
  }

  std::shared_ptr<const Topology> topology(const std::string& hash) override {
    std::shared_ptr<const Topology> out;
    guarded([&] { out = read_topology(*database_, hash); });
    return out;
  }

  std::shared_ptr<const Topology> topology_at(Timestamp at) override {
    std::string hash;
    guarded([&] {
      Statement statement = database_->prepare(
          "SELECT config FROM inputs WHERE kind = 'config' AND at <= ?1 ORDER BY at DESC, seq DESC LIMIT 1");
      for (Rows rows = statement.query(at); rows.next();) hash = rows.text(0);
    });
    return hash.empty() ? nullptr : topology(hash);
  }

  std::vector<Input> reporting_before(Timestamp at) override {
    std::vector<Input> out;
    guarded([&] {
      Statement statement =
          database_->prepare("SELECT seq, at, body FROM inputs WHERE kind = 'reporting' AND at < ?1 ORDER BY seq");
      for (Rows rows = statement.query(at); rows.next();) {
        if (auto input = decode_input(rows.bytes(2), rows.as<Seq>(0), rows.time(1), nullptr))
          out.push_back(std::move(*input));
        else
          error_ = input.error();
      }
    });
    return out;
  }

  std::optional<Snapshot> newest_snapshot() override { return first_snapshot(never_past, "DESC"); }

  std::optional<Snapshot> oldest_snapshot() override {
    Timestamp kept_from = never_past;
    guarded([&] { kept_from = from_millis(read_meta(*database_, "kept_from").value_or(to_millis(never_past))); });
    return error_.empty() ? first_snapshot(kept_from, "ASC") : std::nullopt;
  }

  /// The first of them, in this order of seq, that can be read.
  std::optional<Snapshot> first_snapshot(Timestamp from, std::string_view order) {
    std::optional<Snapshot> out;
    guarded([&] {
      Statement statement =
          database_->prepare(fmt::format("SELECT {} FROM snapshots WHERE at >= ?1 ORDER BY seq {}", snapshot_columns, order));
      for (Rows rows = statement.query(from); !out && rows.next();) {
        if (auto snapshot = read_snapshot(rows))
          out = std::move(*snapshot);
        else
          error_ = snapshot.error();
      }
    });
    return out;
  }

  Result<void> replay(Timestamp from, Seq after, const std::function<void(const Input&)>& each) override {
    std::string broken;
    try {
      read_log(
          *database_, {from, after}, [&](Input&& input) { each(input); },
          [&](std::string problem) {
            if (broken.empty()) broken = std::move(problem);
          });
    } catch (const SqlError& error) {
      return Error{error.what()};
    }
    if (!broken.empty())
      return Error{fmt::format("{}: {}; the rest was replayed without it", database_->path(), broken)};
    return {};
  }

 private:
  /// An unreadable database gives an empty answer and a reason, never an exception.
  template <class F>
  void guarded(F&& work) {
    error_.clear();
    try {
      work();
    } catch (const std::exception& error) {
      error_ = error.what();
    }
  }

  std::vector<ComponentId> claimed(std::optional<ComponentId> component) {
    if (component) return {*component};
    std::vector<ComponentId> out;
    Statement statement = database_->prepare(
        fmt::format("{} SELECT component FROM seen WHERE component IS NOT NULL", components_claimed));
    for (Rows rows = statement.query(); rows.next();) out.push_back(rows.as<ComponentId>(0));
    return out;
  }

  void changes_of(ComponentId component, Timestamp from, Timestamp to, std::size_t limit,
                  std::vector<RecordedClaim>& out) {
    constexpr std::string_view source =
        "FROM claims c JOIN claim_words w ON w.id = c.words LEFT JOIN documents d ON d.id = c.document "
        "WHERE c.component = ?1";
    std::optional<Claim> before;
    {
      Statement last = database_->prepare(
          fmt::format("SELECT {} {} AND c.at < ?2 ORDER BY c.at DESC, c.seq DESC LIMIT 1", claim_columns, source));
      if (Rows rows = last.query(component, from); rows.next()) before = read_claim(rows).claim;
    }
    Statement statement = database_->prepare(
        fmt::format("SELECT {} {} AND c.at >= ?2 AND c.at < ?3 ORDER BY c.at, c.seq", claim_columns, source));
    std::size_t found = 0;
    for (Rows rows = statement.query(component, from, to); found < limit && rows.next();) {
      RecordedClaim row = read_claim(rows);
      const bool same = before && before->status == row.claim.status && before->red == row.claim.red &&
                        before->text == row.claim.text;
      if (same) continue;
      before = row.claim;
      out.push_back(std::move(row));
      ++found;
    }
  }

  std::unique_ptr<Database> database_;
  std::string error_;
};

}  // namespace

Result<std::unique_ptr<History>> History::open(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return Error{fmt::format(
        "there is no database {}: name the one outaged writes (storage.path), or start outaged first", path)};
  }
  try {
    auto database = std::make_unique<Database>(path, Database::Mode::read_only);
    database->exec("PRAGMA trusted_schema = OFF");
    if (Result<void> readable = check_readable(*database); !readable) return Error{readable.error()};
    return std::unique_ptr<History>(std::make_unique<SqliteHistory>(std::move(database)));
  } catch (const SqlError& failure) {
    return Error{failure.what()};
  }
}

}  // namespace outaged::storage
