#include "storage/file_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace outaged::storage {
namespace {

std::string holder(int descriptor) {
  char buffer[32] = {};
  const ssize_t size = pread(descriptor, buffer, sizeof buffer - 1, 0);
  std::string_view pid(buffer, size > 0 ? static_cast<std::size_t>(size) : 0);
  pid = pid.substr(0, pid.find_first_not_of("0123456789"));
  return pid.empty() ? "another process" : fmt::format("process {}", pid);
}

}  // namespace

Result<FileLock> FileLock::take(const std::string& database_path) {
  const std::string path = database_path + ".lock";
  const bool made = access(path.c_str(), F_OK) != 0;
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) {
    return Error{fmt::format("cannot make the lock file {}: {}; make its directory writable for this user", path,
                             std::strerror(errno))};
  }
  int code = 0;
  do code = flock(descriptor, LOCK_EX | LOCK_NB);
  while (code != 0 && errno == EINTR);
  if (code != 0) {
    const int reason = errno;
    const std::string who = holder(descriptor);
    close(descriptor);
    if (reason != EWOULDBLOCK) return Error{fmt::format("cannot lock {}: {}", path, std::strerror(reason))};
    return Error{fmt::format("the database {} is in use by {}: stop that one, or give this one another storage.path",
                             database_path, who)};
  }
  const std::string pid = fmt::format("{}\n", getpid());
  // The pid is a courtesy to whoever comes second; the lock holds without it, on a full disk for instance.
  if (ftruncate(descriptor, 0) == 0 && pwrite(descriptor, pid.data(), pid.size(), 0) < 0) errno = 0;
  return FileLock(descriptor, path, made);
}

FileLock::~FileLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

FileLock::FileLock(FileLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), path_(std::move(other.path_)), made_(other.made_) {}

void FileLock::discard() {
  if (made_) unlink(path_.c_str());
}

}  // namespace outaged::storage
