// Our probe loop alone: schedule, phases, headers, body, limits, with a probe that looks at the status only. What it costs
// over bare_curl, and how late it starts its runs. The daemon on top of it is measured by bench/probing.
#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/usage.h"
#include "core/time.h"
#include "probes/loop.h"

namespace {

using namespace outaged;

class Get final : public Probe {
 public:
  Get(std::string url, Duration timeout) {
    request_.url = std::move(url);
    request_.timeout = timeout;
  }
  outaged::Ask first() const override { return request_; }
  Step next(const Response& response, Run&) const override {
    Finding finding;
    if (response.error != TransportError::none || response.status != 200) finding.cls = Class::unexpected_status;
    return finding;
  }

 private:
  Request request_;
};

/// Counts what ended; of the targets that ask the first URL, also how late they started.
class Counter final : public probes::Sink {
 public:
  explicit Counter(bool two_urls) : two_urls_(two_urls) {}
  void result(probes::Result&& result) override {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (two_urls_ && result.id % 2 == 1) return;
    if (result.finding.cls != Class::ok) ++failed_;
    lags_.push_back(result.lag);
  }
  struct Count {
    unsigned long done = 0, failed = 0;
    std::vector<Duration> lags;
  };
  Count count() {
    const std::lock_guard lock(mutex_);
    return {done_, failed_, lags_};
  }

 private:
  const bool two_urls_;
  std::mutex mutex_;
  unsigned long done_ = 0, failed_ = 0;
  std::vector<Duration> lags_;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments args = bench::arguments(argc, argv);
  Counter sink(!args.other.empty());
  probes::LoopOptions options;
  options.ca_file = args.ca_file;
  options.max_in_flight = std::max<std::size_t>(4096, args.targets);
  if (!args.resolver.empty()) options.resolvers = {args.resolver};
  auto loop = probes::Loop::create(options, sink);
  if (!loop) {
    fmt::print(stderr, "{}: {}\n", argv[0], loop.error());
    return 1;
  }
  probes::Plan plan(args.targets);
  for (unsigned i = 0; i < args.targets; ++i) {
    plan[i].id = i;
    plan[i].name = fmt::format("target {}", i);
    plan[i].interval = from_seconds(args.interval);
    plan[i].probe = std::make_shared<Get>(!args.other.empty() && i % 2 == 1 ? args.other : args.url, from_seconds(args.timeout));
  }
  const double cpu_before = bench::cpu_seconds();
  loop.value()->replace(std::move(plan));
  loop.value()->start();
  std::this_thread::sleep_for(std::chrono::duration<double>(args.seconds));
  const double cpu = bench::cpu_seconds() - cpu_before;
  Counter::Count count = sink.count();
  bench::report("probe_loop", count.done, count.failed, cpu, args.seconds);
  const probes::LoopStats stats = loop.value()->stats();
  std::sort(count.lags.begin(), count.lags.end());
  const auto lag = [&](double share) {
    return count.lags.empty() ? 0L : static_cast<long>(count.lags[static_cast<std::size_t>(share * static_cast<double>(count.lags.size() - 1))].count());
  };
  fmt::print("# skipped={} in_flight={} lag_p50_ms={} lag_p99_ms={} lag_max_ms={}\n", stats.skipped, stats.in_flight, lag(0.5),
             lag(0.99), lag(1.0));
  loop.value()->stop();
  return 0;
}
