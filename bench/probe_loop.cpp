// Our probe loop alone, with a trivial probe and a sink that counts: what scheduling, phases, headers and the body cost
// over bare_curl. The daemon on top of it is measured by bench/http.
#include <atomic>
#include <thread>

#include "bench/usage.h"
#include "probes/loop.h"

namespace {

using namespace outaged;

class Get final : public Probe {
 public:
  explicit Get(std::string url) {
    request_.url = std::move(url);
    request_.timeout = 4s;
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

class Counter final : public probes::Sink {
 public:
  void result(probes::Result&& result) override {
    ++done;
    if (result.finding.cls != Class::ok) ++failed;
  }
  std::atomic<unsigned long> done = 0, failed = 0;
};

}  // namespace

int main(int argc, char** argv) {
  const bench::Arguments args = bench::arguments(argc, argv);
  Counter sink;
  auto loop = probes::Loop::create({}, sink);
  if (!loop) {
    fmt::print(stderr, "{}: {}\n", argv[0], loop.error());
    return 1;
  }
  probes::Plan plan(args.targets);
  for (unsigned i = 0; i < args.targets; ++i) {
    plan[i].id = i;
    plan[i].name = fmt::format("target {}", i);
    plan[i].interval = from_seconds(args.interval);
    plan[i].probe = std::make_shared<Get>(args.url);
  }
  const double cpu_before = bench::cpu_seconds();
  loop.value()->replace(std::move(plan));
  loop.value()->start();
  std::this_thread::sleep_for(std::chrono::duration<double>(args.seconds));
  const double cpu = bench::cpu_seconds() - cpu_before;
  const unsigned long done = sink.done, failed = sink.failed;
  bench::report("probe_loop", done, failed, cpu, args.seconds);
  const probes::LoopStats stats = loop.value()->stats();
  fmt::print("# skipped {}, lag mean {:.1f} ms, max {} ms\n", stats.skipped,
             stats.started == 0 ? 0.0 : stats.lag_sum_seconds * 1000.0 / static_cast<double>(stats.started),
             stats.lag_max.count());
  loop.value()->stop();
  return 0;
}
