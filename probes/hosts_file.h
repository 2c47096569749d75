// /etc/hosts, kept in memory and read again when it changes: c-ares would read it anew for every name.
// Used by the resolver on the loop's thread. A file that is missing or unreadable is an empty one.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/clock.h"

namespace outaged::probes {

/// Tells, at most once a second, whether a file has changed since the last look.
class FileWatch {
 public:
  explicit FileWatch(std::string path) : path_(std::move(path)) {}
  bool changed(SteadyTime now);
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  SteadyTime next_look_ = SteadyTime::min();
  struct Stamp {
    ino_t inode = 0;
    std::int64_t seconds = 0, nanoseconds = 0;
    off_t size = -1;  // -1: there is no such file
    bool operator==(const Stamp&) const = default;
  } stamp_;
};

class HostsFile {
 public:
  explicit HostsFile(std::string path) : watch_(std::move(path)) {}
  /// The addresses of a lower-case name, in the file's order; null if it is not there.
  const std::vector<std::string>* find(const std::string& name, SteadyTime now);

 private:
  void load();
  FileWatch watch_;
  std::unordered_map<std::string, std::vector<std::string>> names_;
};

/// The lines of a hosts file, as name to addresses. Pure.
std::unordered_map<std::string, std::vector<std::string>> parse_hosts(std::string_view text);

}  // namespace outaged::probes
