// What this process costs: for the process_* metrics. Called at each scrape, on a web thread; reads /proc/self, holds nothing.
#pragma once

#include <cstdint>
#include <optional>

namespace outaged {

/// What could not be read is absent.
struct ProcessStats {
  std::optional<double> cpu_seconds;
  std::optional<std::uint64_t> resident_bytes, open_fds, max_fds;
};

ProcessStats read_process_stats();

}  // namespace outaged
