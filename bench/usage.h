// What a benchmark was asked for, and what it used of the machine: CPU time and resident memory of this process. For the
// programs in bench/ only.
#pragma once

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace bench {

/// User and system time of this process, all threads.
inline double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

inline double resident_megabytes() {
  long total = 0, resident = 0;
  if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
    if (std::fscanf(file, "%ld %ld", &total, &resident) != 2) resident = 0;
    std::fclose(file);
  }
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1048576.0;
}

/// The one line that bench/probing reads.
inline void report(const char* name, unsigned long probes, unsigned long failed, double cpu, double seconds) {
  fmt::print("{} probes={} failed={} seconds={:.1f} cpu_per_1000={:.4f} rss_mb={:.1f}\n", name, probes, failed, seconds,
             probes == 0 ? 0.0 : cpu * 1000.0 / static_cast<double>(probes), resident_megabytes());
}

struct Arguments {
  std::string url;
  unsigned targets = 1000;
  double interval = 5, seconds = 30, timeout = 4;
  std::string ca_file;   // PEM bundle
  std::string other;     // every second target asks this one instead
  std::string resolver;  // "ip:port"
};
inline Arguments arguments(int argc, char** argv) {
  const auto usage = [&] {
    fmt::print(stderr,
               "usage: {} URL TARGETS INTERVAL_SECONDS RUN_SECONDS [--timeout SECONDS] [--ca FILE] [--other URL] "
               "[--resolver IP:PORT]\n",
               argv[0]);
    std::exit(2);
  };
  if (argc < 5 || argc % 2 == 0) usage();
  Arguments parsed;
  parsed.url = argv[1];
  parsed.targets = static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10));
  parsed.interval = std::strtod(argv[3], nullptr);
  parsed.seconds = std::strtod(argv[4], nullptr);
  for (int i = 5; i < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--timeout") parsed.timeout = std::strtod(argv[i + 1], nullptr);
    else if (option == "--ca") parsed.ca_file = argv[i + 1];
    else if (option == "--other") parsed.other = argv[i + 1];
    else if (option == "--resolver") parsed.resolver = argv[i + 1];
    else usage();
  }
  if (parsed.targets == 0 || parsed.interval <= 0 || parsed.seconds <= 0 || parsed.timeout <= 0) {
    fmt::print(stderr, "{}: targets, interval, seconds and timeout must be above zero\n", argv[0]);
    std::exit(2);
  }
  return parsed;
}

}  // namespace bench
