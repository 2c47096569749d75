// How fast the store takes samples and how many bytes one costs: as the daemon writes them, a batch per turn.
//   bench_storage [targets] [rows] [rows per batch]     (default 1000 1000000 200)
// Prints one line per figure. Writes into a directory of its own under $TMPDIR and removes it.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>

#include "storage/history.h"
#include "storage/store.h"

namespace {

using namespace outaged;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

/// A healthy HTTPS probe, with one failure in a hundred.
storage::RecordedObservation sample(Seq seq, Timestamp at, std::uint32_t target) {
  storage::RecordedObservation row;
  row.seq = seq;
  row.at = at;
  row.observation.target = TargetId{target};
  row.observation.http_status = 200;
  row.observation.took = Duration{80 + static_cast<int>(seq * 7919 % 300)};
  row.observation.timings = {Micros{300 + seq % 500}, Micros{9'000 + seq % 4'000}, Micros{20'000 + seq % 9'000},
                             Micros{50'000 + seq % 90'000}, Micros{200 + seq % 700}};
  row.observation.cert_expiry = at + std::chrono::days{60};
  row.disposition = Disposition::good;
  if (seq % 100 == 0) {
    row.observation.cls = Class::server_error;
    row.observation.http_status = 500;
    row.disposition = Disposition::bad;
    row.observation.evidence = std::make_shared<const Evidence>(Evidence{"req_011CSHoEeqs5C35K2UUqR7Fy",
                                                                         "HTTP 500 api_error: Internal server error",
                                                                         "192.0.2.1:443",
                                                                         {{"cf-ray", "8f0a1b2c3d4e5f60-FRA"}}});
  }
  return row;
}

int fail(const std::string& text) {
  fmt::print(stderr, "bench_storage: {}\n", text);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int index, std::uint64_t fallback) {
    return argc > index ? std::strtoull(argv[index], nullptr, 10) : fallback;
  };
  const std::uint64_t targets = number(1, 1000), rows = number(2, 1'000'000), per_batch = number(3, 200);
  if (targets == 0 || rows == 0 || per_batch == 0)
    return fail("usage: bench_storage [targets] [rows] [rows per batch]");

  std::string directory = (std::filesystem::temp_directory_path() / "outaged-bench-XXXXXX").string();
  if (!mkdtemp(directory.data())) return fail("cannot make a directory");
  const struct Cleanup {
    std::string path;
    ~Cleanup() {
      std::error_code ignored;
      std::filesystem::remove_all(path, ignored);
    }
  } cleanup{directory};
  const std::string path = directory + "/outaged.db";
  const Timestamp begin = from_millis(1'776'088'800'000);
  const auto at = [&](Seq seq) {
    return begin + Duration{static_cast<std::int64_t>(seq / targets * 5000 + seq % targets * 5000 / targets)};
  };

  {
    auto store = storage::Store::open({path, std::chrono::hours{1}});
    if (!store) return fail(store.error());
    const auto start = Clock::now();
    for (Seq seq = 1; seq <= rows;) {
      storage::Batch batch;
      for (std::uint64_t i = 0; i < per_batch && seq <= rows; ++i, ++seq) {
        batch.observations.push_back(sample(seq, at(seq), static_cast<std::uint32_t>(seq % targets) + 1));
      }
      if (auto done = (*store)->commit(batch); !done) return fail(done.error());
    }
    const double took = seconds_since(start);
    fmt::print("write: {:.0f} rows/s, {} rows in batches of {} over {} targets\n", static_cast<double>(rows) / took,
               rows, per_batch, targets);
  }
  fmt::print("size: {:.1f} bytes/row, evidence of one row in 100 included\n",
             static_cast<double>(std::filesystem::file_size(path)) / static_cast<double>(rows));
  {
    const auto start = Clock::now();
    auto store = storage::Store::open({path, std::chrono::hours{1}});
    if (!store) return fail(store.error());
    const double took = seconds_since(start);
    fmt::print("open with quick_check: {:.3f} s, {:.0f} MB/s\n", took,
               static_cast<double>(std::filesystem::file_size(path)) / 1e6 / took);
  }
  auto history = storage::History::open(path);
  if (!history) return fail(history.error());
  {
    const auto start = Clock::now();
    std::size_t found = 0;
    for (std::uint32_t i = 0; i < 1000; ++i)
      found += (*history)
                   ->observations(TargetId{i % static_cast<std::uint32_t>(targets) + 1}, never_past, never, 100)
                   .size();
    fmt::print("history: {:.3f} ms for the newest {} rows of a target\n", seconds_since(start), found / 1000);
  }
  {
    const auto start = Clock::now();
    std::uint64_t inputs = 0;
    if (auto done = (*history)->replay(never_past, 0, [&](const Input&) { ++inputs; }); !done)
      return fail(done.error());
    fmt::print("replay: {:.0f} inputs/s\n", static_cast<double>(inputs) / seconds_since(start));
  }
  {
    auto store = storage::Store::open({path, std::chrono::hours{1}});
    if (!store) return fail(store.error());
    const auto start = Clock::now();
    int calls = 0;
    double longest = 0;
    for (bool more = true; more; ++calls) {
      const auto call = Clock::now();
      auto left = (*store)->retain(at(rows) + std::chrono::hours{1});
      if (!left) return fail(left.error());
      more = *left;
      longest = std::max(longest, seconds_since(call));
    }
    fmt::print("retention: {:.0f} rows/s, longest of {} calls {:.0f} ms\n",
               static_cast<double>(rows) / seconds_since(start), calls, longest * 1000);
  }
  return 0;
}
