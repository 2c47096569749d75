// What a database is among files: the look before it is opened, and the move aside of a corrupt one.
// Called by Store::open and History::open on their thread. Never deletes anything, never reads more than a header.
#pragma once

#include <string>

#include "core/result.h"

namespace outaged::storage {

/// The path as SQLite will take it: absolute, symbolic links resolved, so that two names of one file share one lock.
/// Errors, each with its mend: no such directory, a directory itself, not permitted, not a database at all.
Result<std::string> check_path(const std::string& path);

/// Renames the database and its -wal and -shm to "<path>.corrupt-<time>…"; the new name.
Result<std::string> move_aside(const std::string& path);

/// "20260413T140300Z": the time now, fit for a file name.
std::string file_stamp();
/// `path`, or the first of path-2, path-3, … that does not exist.
std::string unused_path(const std::string& path);

}  // namespace outaged::storage
