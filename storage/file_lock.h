// One outaged per database: an flock on "<database>.lock", held for the Store's lifetime, with the holder's pid in it.
// Taken and dropped on the thread that opens and closes the Store. The kernel drops it when the process dies, kill -9
// included; the file itself stays, since removing it would let two processes lock two different files of that name.
#pragma once

#include <string>

#include "core/result.h"

namespace outaged::storage {

class FileLock {
 public:
  /// Errors: held by another process (named by its pid), or the file cannot be made.
  static Result<FileLock> take(const std::string& database_path);
  ~FileLock();
  FileLock(FileLock&& other) noexcept;
  FileLock& operator=(FileLock&&) = delete;

  /// Leaves no trace: for a database that turned out not to be ours. Only if this lock made the file.
  void discard();

 private:
  FileLock(int descriptor, std::string path, bool made)
      : descriptor_(descriptor), path_(std::move(path)), made_(made) {}
  int descriptor_;
  std::string path_;
  bool made_;
};

}  // namespace outaged::storage
