// What the storage tests share: a directory that goes away, values to store, and SQL behind the store's back.
#pragma once

#include <doctest/doctest.h>
#include <sqlite3.h>

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/codec.h"
#include "storage/history.h"
#include "storage/store.h"

namespace outaged::storage::test {

class TempDir {
 public:
  TempDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "outaged-storage-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  std::string file(std::string_view name) const { return (path_ / name).string(); }
  std::string db() const { return file("outaged.db"); }
  /// Names of files that begin so.
  std::vector<std::string> beginning(std::string_view prefix) const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(path_)) {
      if (entry.path().filename().string().starts_with(prefix)) out.push_back(entry.path().filename().string());
    }
    return out;
  }

 private:
  std::filesystem::path path_;
};

/// A connection of the test's own.
class Sql {
 public:
  explicit Sql(const std::string& path) { REQUIRE(sqlite3_open(path.c_str(), &db_) == SQLITE_OK); }
  ~Sql() { sqlite3_close(db_); }
  Sql(const Sql&) = delete;
  Sql& operator=(const Sql&) = delete;
  void run(const std::string& sql) {
    const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
    CAPTURE(sqlite3_errmsg(db_));
    REQUIRE(code == SQLITE_OK);
  }
  /// The first column of the first row.
  std::string text(const std::string& sql) {
    sqlite3_stmt* statement = nullptr;
    REQUIRE(sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr) == SQLITE_OK);
    std::string out;
    if (sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL) {
      out = reinterpret_cast<const char*>(sqlite3_column_text(statement, 0));
    }
    sqlite3_finalize(statement);
    return out;
  }
  long number(const std::string& sql) { return std::stol("0" + text(sql)); }

 private:
  sqlite3* db_ = nullptr;
};

inline void write_file(const std::string& path, std::string_view content) {
  std::ofstream(path, std::ios::binary) << content;
}

inline std::unique_ptr<Store> open(const std::string& path, Duration retention = 30 * 24h) {
  Result<std::unique_ptr<Store>> store = Store::open({path, retention});
  if (!store) FAIL(store.error());
  return std::move(*store);
}

inline std::unique_ptr<History> read(const std::string& path) {
  Result<std::unique_ptr<History>> history = History::open(path);
  if (!history) FAIL(history.error());
  return std::move(*history);
}

inline void commit(Store& store, const Batch& batch) {
  const Result<void> done = store.commit(batch);
  if (!done) FAIL(done.error());
}

inline Restored restore(Store& store) {
  Result<Restored> restored = store.restore();
  if (!restored) FAIL(restored.error());
  return std::move(*restored);
}

inline constexpr TargetId target_1{1}, target_2{2};
inline constexpr ComponentId component_1{1}, component_2{2};
/// 2026-04-13T14:00:00Z and so many seconds.
inline Timestamp at(double seconds) { return from_millis(1776088800000) + from_seconds(seconds); }

inline RecordedObservation observation(Seq seq, Timestamp when, TargetId target = target_1, Class cls = Class::ok) {
  RecordedObservation row;
  row.seq = seq;
  row.at = when;
  row.disposition = cls == Class::ok ? Disposition::good : Disposition::bad;
  row.observation.target = target;
  row.observation.cls = cls;
  row.observation.http_status = cls == Class::ok ? 200 : 500;
  row.observation.took = 123ms;
  return row;
}

inline RecordedClaim claim(Seq seq, Timestamp when, Status status = Status::operational,
                           std::string text = "All Systems Operational", ComponentId component = component_1) {
  return {seq, when, {component, status, level(status) > 0, std::move(text), "", "", "https://status.example.com"}};
}

inline RecordedVerdict verdict(Seq seq, Timestamp when, Agreement agreement, ComponentId component = component_1) {
  return {
      seq, when, {component, Status::partial_outage, Status::operational, agreement, when, true, false, "12 of 27"}};
}

inline Incident incident(IncidentId id, Timestamp onset, ComponentId component = component_1) {
  Incident out;
  out.id = std::move(id);
  out.component = component;
  out.onset = onset;
  out.detected = onset + 2min;
  out.last_failure = onset + 3min;
  out.failures = 12;
  out.probes = 27;
  return out;
}

inline OutboxRow outbox(std::uint64_t id, const IncidentId& about, OutboxState state = OutboxState::pending) {
  OutboxRow row;
  row.id = id;
  row.receiver = "team";
  row.group = about;
  row.notification.key = about + ".1.fire";
  row.notification.incident = about;
  row.notification.title = "it fails";
  row.state = state;
  row.created = at(0);
  return row;
}

inline std::shared_ptr<const Topology> topology(std::string hash) {
  auto out = std::make_shared<Topology>();
  out->hash = std::move(hash);
  out->services.push_back({ServiceId{1}, "claude", "Claude", Importance::page});
  out->components.push_back({component_1, "claude/api", "Claude API", ServiceId{1}, {}, PageId{1}, true});
  out->targets.push_back({target_1, "claude/api/messages", component_1, {{"region", "eu"}}, {}});
  return out;
}

inline std::shared_ptr<const PageDocument> document(std::string hash, std::string body, Timestamp fetched) {
  auto out = std::make_shared<PageDocument>();
  out->url = "https://status.example.com/api/v2/summary.json";
  out->hash = std::move(hash);
  out->body = std::make_shared<const std::string>(std::move(body));
  out->fetched = fetched;
  out->http_status = 200;
  out->etag = "\"abc\"";
  return out;
}

inline std::vector<Seq> seqs(const std::vector<Input>& inputs) {
  std::vector<Seq> out;
  for (const Input& input : inputs) out.push_back(input.seq);
  return out;
}

}  // namespace outaged::storage::test
