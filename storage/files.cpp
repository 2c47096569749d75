#include "storage/files.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "core/clock.h"

namespace outaged::storage {
namespace {

namespace fs = std::filesystem;
constexpr std::string_view magic{"SQLite format 3\0", 16};

bool exists(const std::string& path) {
  std::error_code error;
  return fs::exists(path, error);
}

/// A file that does not begin like a database is corrupt if it was ours (the lock file beside it tells), or if its
/// head was zeroed, as a power cut does. Otherwise it is somebody's file, and a wrong storage.path.
bool plausible(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::array<char, 16> head{};
  file.read(head.data(), head.size());
  const std::string_view got(head.data(), static_cast<std::size_t>(file.gcount()));
  return got.empty() || got == magic || exists(path + ".lock") ||
         std::all_of(got.begin(), got.end(), [](char c) { return c == '\0'; });
}

}  // namespace

Result<std::string> check_path(const std::string& path) {
  if (path.empty()) return Error{"storage.path is empty: name a file for the database"};
  std::error_code error;
  const fs::path full = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) return Error{fmt::format("cannot use {} for the database: {}", path, error.message())};
  const fs::path directory = full.parent_path();
  if (!fs::exists(directory, error)) {
    if (error)
      return Error{fmt::format("cannot look into {} for the database: {}", directory.string(), error.message())};
    return Error{fmt::format("the directory {} of the database does not exist: make it (mkdir -p), or set storage.path",
                             directory.string())};
  }
  if (!fs::is_directory(directory, error)) {
    return Error{fmt::format("{} is not a directory, so it cannot hold the database {}: set storage.path",
                             directory.string(), full.filename().string())};
  }
  if (fs::is_directory(full, error)) {
    return Error{fmt::format("{} is a directory: let storage.path name a file in it, such as {}", full.string(),
                             (full / "outaged.db").string())};
  }
  // SQLite keeps a journal beside the database, so the directory must be writable and not just the file.
  if (access(directory.c_str(), W_OK | X_OK) != 0) {
    return Error{
        fmt::format("cannot write into the directory {} of the database ({}): make it writable for this user, or "
                    "set storage.path",
                    directory.string(), std::strerror(errno))};
  }
  if (!exists(full.string())) return full.string();
  if (!fs::is_regular_file(full, error)) {
    return Error{fmt::format("{} is not a regular file: let storage.path name one", full.string())};
  }
  if (access(full.c_str(), R_OK | W_OK) != 0) {
    return Error{
        fmt::format("cannot read and write the database {} ({}): make it so for this user, or set storage.path",
                    full.string(), std::strerror(errno))};
  }
  if (!plausible(full.string())) {
    return Error{fmt::format("{} is not a database: let storage.path name a file of its own, or move that one away",
                             full.string())};
  }
  return full.string();
}

Result<std::string> move_aside(const std::string& path) {
  const std::string target = unused_path(fmt::format("{}.corrupt-{}", path, file_stamp()));
  std::error_code error;
  fs::rename(path, target, error);
  if (error) return Error{fmt::format("cannot move the corrupt database {} aside: {}", path, error.message())};
  for (const char* suffix : {"-wal", "-shm", "-journal"}) {
    if (!exists(path + suffix)) continue;
    // A journal left beside a new database would be taken for its own.
    fs::rename(path + suffix, target + suffix, error);
    if (error) return Error{fmt::format("cannot move {}{} aside: {}", path, suffix, error.message())};
  }
  return target;
}

std::string file_stamp() {
  std::string stamp = format_time(std::chrono::floor<std::chrono::seconds>(system_clock().wall()));
  std::erase_if(stamp, [](char c) { return c == '-' || c == ':'; });
  return stamp;
}

std::string unused_path(const std::string& path) {
  if (!exists(path)) return path;
  for (int n = 2;; ++n) {
    std::string candidate = fmt::format("{}-{}", path, n);
    if (!exists(candidate)) return candidate;
  }
}

}  // namespace outaged::storage
