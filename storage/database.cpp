#include "storage/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <utility>

namespace outaged::storage {
namespace {

SqlCause cause_of(int code) {
  switch (code & 0xff) {
    case SQLITE_CORRUPT:
      return SqlCause::corrupt;
    case SQLITE_NOTADB:
      return SqlCause::not_a_database;
    case SQLITE_FULL:
      return SqlCause::full;
    case SQLITE_IOERR:
      return SqlCause::io;
    case SQLITE_CANTOPEN:
      return SqlCause::cannot_open;
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return SqlCause::read_only;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return SqlCause::busy;
    default:
      return SqlCause::other;
  }
}

std::string explain(SqlCause cause, const std::string& path, const char* words) {
  switch (cause) {
    case SqlCause::corrupt:
      return fmt::format("the database {} is corrupt ({})", path, words);
    case SqlCause::not_a_database:
      return fmt::format("{} is not an SQLite database", path);
    case SqlCause::full:
      return fmt::format("no room left for the database {}: free disk space, or move storage.path", path);
    case SqlCause::io:
      return fmt::format("the disk under the database {} refuses to read or write ({})", path, words);
    case SqlCause::cannot_open:
      return fmt::format(
          "cannot open the database {} ({}): check that it and its directory exist and belong to this user", path,
          words);
    case SqlCause::read_only:
      return fmt::format(
          "no permission to write the database {} ({}): make it and its directory writable for this user", path, words);
    case SqlCause::busy:
      return fmt::format("another program holds a lock on the database {}: close whatever has it open for writing",
                         path);
    case SqlCause::other:
      return fmt::format("database {}: {}", path, words);
  }
  return words;
}

[[noreturn]] void fail(sqlite3* db, int code, const std::string& path) {
  const SqlCause cause = cause_of(code);
  throw SqlError(cause, explain(cause, path, db ? sqlite3_errmsg(db) : sqlite3_errstr(code)));
}

}  // namespace

Rows::~Rows() { statement_.reset(); }

bool Rows::next() {
  const int code = sqlite3_step(statement_.handle_);
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) fail(statement_.db_, code, *statement_.path_);
  return false;
}

bool Rows::null(int column) const { return sqlite3_column_type(statement_.handle_, column) == SQLITE_NULL; }
std::int64_t Rows::integer(int column) const { return sqlite3_column_int64(statement_.handle_, column); }
std::string Rows::text(int column) const { return std::string(bytes(column)); }

std::string_view Rows::bytes(int column) const {
  const void* data = sqlite3_column_blob(statement_.handle_, column);
  const int size = sqlite3_column_bytes(statement_.handle_, column);
  return data ? std::string_view(static_cast<const char*>(data), static_cast<std::size_t>(size)) : std::string_view();
}

std::optional<Timestamp> Rows::maybe_time(int column) const {
  if (null(column)) return std::nullopt;
  return time(column);
}

Statement::~Statement() { sqlite3_finalize(handle_); }

Statement::Statement(Statement&& other) noexcept
    : db_(other.db_), handle_(std::exchange(other.handle_, nullptr)), path_(other.path_) {}

// The code sqlite3_reset returns repeats the last step's error, which was already reported.
void Statement::reset() { sqlite3_reset(handle_); }

void Statement::check(int code) const {
  if (code != SQLITE_OK) fail(db_, code, *path_);
}

void Statement::bind(int index, std::nullptr_t) { check(sqlite3_bind_null(handle_, index)); }
void Statement::bind(int index, std::int64_t value) { check(sqlite3_bind_int64(handle_, index, value)); }
void Statement::bind(int index, std::string_view text) {
  // A null pointer would bind NULL, and an empty view may well hold one.
  const char* data = text.data() ? text.data() : "";
  check(sqlite3_bind_text64(handle_, index, data, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
}
void Statement::bind(int index, Blob blob) {
  const char* data = blob.bytes.data() ? blob.bytes.data() : "";
  check(sqlite3_bind_blob64(handle_, index, data, blob.bytes.size(), SQLITE_TRANSIENT));
}

Database::Database(std::string path, Mode mode) : path_(std::move(path)) {
  const int access = mode == Mode::create ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const int code = sqlite3_open_v2(path_.c_str(), &db_, access | SQLITE_OPEN_NOMUTEX, nullptr);
  if (code != SQLITE_OK) {
    const SqlCause cause = cause_of(code);
    const std::string text = explain(cause, path_, db_ ? sqlite3_errmsg(db_) : sqlite3_errstr(code));
    sqlite3_close(db_);
    throw SqlError(cause, text);
  }
  sqlite3_extended_result_codes(db_, 1);
  sqlite3_busy_timeout(db_, 5000);
}

Database::~Database() { sqlite3_close_v2(db_); }

Statement Database::prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code =
      sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) fail(db_, code, path_);
  return Statement(db_, handle, &path_);
}

void Database::exec(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(db_, code, path_);
}

std::string Database::quick_check(Duration limit) {
  struct Deadline {
    Database* database;
    std::chrono::steady_clock::time_point at;
    bool passed = false;
    ~Deadline() { sqlite3_progress_handler(database->db_, 0, nullptr, nullptr); }
  } deadline{this, std::chrono::steady_clock::now() + limit};
  const auto too_late = [](void* data) -> int {
    auto* d = static_cast<Deadline*>(data);
    d->passed = std::chrono::steady_clock::now() > d->at;
    return d->passed ? 1 : 0;
  };
  Statement statement = prepare("PRAGMA quick_check(1)");
  sqlite3_progress_handler(db_, 100'000, too_late, &deadline);
  try {
    Rows rows = statement.query();
    const std::string answer = rows.next() ? rows.text(0) : "no answer";
    return answer == "ok" ? "" : answer;
  } catch (const SqlError&) {
    if (deadline.passed) return "";
    throw;
  }
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }

Transaction::Transaction(Database& database, Kind kind) : database_(database) {
  database_.exec(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
}

Transaction::~Transaction() {
  // After SQLITE_FULL and some I/O errors SQLite has already rolled back by itself.
  if (!database_.in_transaction()) return;
  try {
    database_.exec("ROLLBACK");
  } catch (const SqlError&) {
    // Nothing more can be done: the next BEGIN reports the same trouble.
  }
}

void Transaction::commit() { database_.exec("COMMIT"); }

}  // namespace outaged::storage
