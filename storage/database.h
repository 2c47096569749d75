// A thin hold on SQLite: one connection, its prepared statements and transactions. database.cpp is the only file that
// includes sqlite3.h. Used inside storage/ only, each connection by one thread. Failures are thrown as SqlError, which
// Store and History catch: it never leaves this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>

#include "core/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace outaged::storage {

enum class SqlCause : std::uint8_t { corrupt, not_a_database, full, io, cannot_open, read_only, busy, other };

/// The text is for people: what failed, where, and the mend.
class SqlError : public std::runtime_error {
 public:
  SqlError(SqlCause cause, const std::string& text) : std::runtime_error(text), cause_(cause) {}
  SqlCause cause() const { return cause_; }

 private:
  SqlCause cause_;
};

/// Bound as a blob rather than as text.
struct Blob {
  std::string_view bytes;
};

class Statement;

/// The rows of a running query. Its end resets the statement, so that no read transaction stays open behind our back.
class Rows {
 public:
  explicit Rows(Statement& statement) : statement_(statement) {}
  ~Rows();
  Rows(const Rows&) = delete;
  Rows& operator=(const Rows&) = delete;

  /// False: no more.
  bool next();
  bool null(int column) const;
  std::int64_t integer(int column) const;
  std::string text(int column) const;        // NUL bytes included; "" where null
  std::string_view bytes(int column) const;  // text or blob; valid until next()
  Timestamp time(int column) const { return from_millis(integer(column)); }
  std::optional<Timestamp> maybe_time(int column) const;
  template <class T>
  T as(int column) const {
    return static_cast<T>(integer(column));
  }

 private:
  Statement& statement_;
};

/// A prepared statement, to be used again and again. Parameters are numbered from 1 in order of the arguments.
class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* handle, const std::string* path) : db_(db), handle_(handle), path_(path) {}
  ~Statement();
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&&) = delete;

  /// Runs it to its end; rows, if any, are ignored.
  template <class... Args>
  void run(const Args&... args) {
    Rows rows = query(args...);
    while (rows.next()) {
    }
  }
  template <class... Args>
  Rows query(const Args&... args) {
    reset();
    int index = 0;
    (bind(++index, args), ...);
    return Rows(*this);
  }

 private:
  friend class Rows;
  void reset();
  void bind(int index, std::nullptr_t);
  void bind(int index, std::int64_t value);
  void bind(int index, std::string_view text);
  void bind(int index, Blob blob);
  void bind(int index, const std::string& text) { bind(index, std::string_view(text)); }
  void bind(int index, const char* text) { bind(index, std::string_view(text)); }
  void bind(int index, Timestamp at) { bind(index, to_millis(at)); }
  void bind(int index, Duration duration) { bind(index, static_cast<std::int64_t>(duration.count())); }
  template <class T>
  requires(std::is_integral_v<T> || std::is_enum_v<T>) void bind(int index, T value) {
    bind(index, static_cast<std::int64_t>(value));
  }
  template <class T>
  void bind(int index, const std::optional<T>& value) {
    if (value)
      bind(index, *value);
    else
      bind(index, nullptr);
  }
  void check(int code) const;

  sqlite3* db_;
  sqlite3_stmt* handle_;
  const std::string* path_;
};

class Database {
 public:
  enum class Mode : std::uint8_t { create, read_only };

  /// Throws SqlError. Note that SQLite reads the file only at the first statement.
  Database(std::string path, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  const std::string& path() const { return path_; }
  Statement prepare(std::string_view sql);
  /// One or more statements without parameters.
  void exec(const std::string& sql);
  /// The first column of the first row; `fallback` if there is none or it is null.
  template <class... Args>
  std::int64_t number(std::string_view sql, std::int64_t fallback, const Args&... args) {
    Statement statement = prepare(sql);
    Rows rows = statement.query(args...);
    return rows.next() && !rows.null(0) ? rows.integer(0) : fallback;
  }
  /// What `PRAGMA quick_check` objects to; empty: nothing. Gives up, without objection, after `limit` of row checks.
  std::string quick_check(Duration limit);
  bool in_transaction() const;

 private:
  friend class Statement;
  std::string path_;
  sqlite3* db_ = nullptr;
};

/// Begins at construction; rolled back at its end unless committed.
class Transaction {
 public:
  enum class Kind : std::uint8_t { read, write };
  Transaction(Database& database, Kind kind);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  Database& database_;
};

}  // namespace outaged::storage
