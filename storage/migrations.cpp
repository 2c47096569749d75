#include "storage/migrations.h"

#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "storage/files.h"

namespace outaged::storage {
namespace {

std::int64_t version_of(Database& database) { return database.number("PRAGMA user_version", 0); }
bool holds_tables(Database& database) { return database.number("SELECT count(*) FROM sqlite_schema", 0) > 0; }

Error newer(const std::string& path, std::int64_t found, std::size_t known) {
  return Error{
      fmt::format("the database {} has schema version {}, and this outaged knows versions up to {}: install the "
                  "outaged that wrote it, "
                  "or give this one another storage.path",
                  path, found, known)};
}

void create(Database& database, const std::vector<std::string_view>& steps) {
  // Only before the first table; later it would need a VACUUM.
  database.exec("PRAGMA auto_vacuum = INCREMENTAL");
  Transaction transaction(database, Transaction::Kind::write);
  database.exec(fmt::format("PRAGMA application_id = {}", application_id));
  for (const std::string_view step : steps) database.exec(std::string(step));
  database.exec(fmt::format("PRAGMA user_version = {}", steps.size()));
  transaction.commit();
}

Result<void> upgrade(Database& database, std::int64_t from, const std::vector<std::string_view>& steps) {
  const std::string copy = unused_path(fmt::format("{}.v{}-{}", database.path(), from, file_stamp()));
  try {
    database.prepare("VACUUM INTO ?1").run(copy);
  } catch (const SqlError& error) {
    std::error_code ignored;
    std::filesystem::remove(copy, ignored);
    return Error{
        fmt::format("cannot keep a copy of {} as {} before upgrading its schema from version {} to {} ({}): "
                    "make room for it and start again",
                    database.path(), copy, from, steps.size(), error.what())};
  }
  try {
    Transaction transaction(database, Transaction::Kind::write);
    for (auto i = static_cast<std::size_t>(from); i < steps.size(); ++i) database.exec(std::string(steps[i]));
    database.exec(fmt::format("PRAGMA user_version = {}", steps.size()));
    transaction.commit();
  } catch (const SqlError& error) {
    return Error{
        fmt::format("cannot upgrade the schema of {} from version {} to {}: {}; the database is as it was, and "
                    "{} is a copy of it",
                    database.path(), from, steps.size(), error.what(), copy)};
  }
  return {};
}

}  // namespace

Result<void> check_ours(Database& database) {
  const std::int64_t id = database.number("PRAGMA application_id", 0);
  if (id == application_id || (id == 0 && !holds_tables(database))) return {};
  return Error{
      fmt::format("{} is another application's database: give outaged a storage.path of its own", database.path())};
}

Result<void> migrate(Database& database, const std::vector<std::string_view>& steps) {
  const std::int64_t version = version_of(database);
  if (version > static_cast<std::int64_t>(steps.size())) return newer(database.path(), version, steps.size());
  if (version == static_cast<std::int64_t>(steps.size())) return {};
  if (version > 0) return upgrade(database, version, steps);
  try {
    create(database, steps);
  } catch (const SqlError& error) {
    if (error.cause() == SqlCause::corrupt || error.cause() == SqlCause::not_a_database) throw;
    return Error{fmt::format("cannot create the database {}: {}", database.path(), error.what())};
  }
  return {};
}

Result<void> check_readable(Database& database) {
  if (Result<void> ours = check_ours(database); !ours) return ours;
  const std::int64_t version = version_of(database);
  const std::size_t known = migrations().size();
  if (version == 0) return Error{fmt::format("{} holds nothing yet: start outaged on it first", database.path())};
  if (version > static_cast<std::int64_t>(known)) return newer(database.path(), version, known);
  if (version < static_cast<std::int64_t>(known)) {
    return Error{
        fmt::format("the database {} has schema version {}, and this outaged reads version {}: start the daemon "
                    "of this version on it once, which upgrades it",
                    database.path(), version, known)};
  }
  return {};
}

}  // namespace outaged::storage
