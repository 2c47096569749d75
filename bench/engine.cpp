// How many observations a second of CPU time the engine takes, and what a target costs in memory. A synthetic stream:
// TARGETS targets in components of four, asked every 30 s in turn, FAIL percent of the probes failing at random (seeded).
//   bench_engine [OBSERVATIONS] [TARGETS] [FAIL%]
#include <fmt/format.h>

#include <cstdlib>
#include <random>

#include "bench/usage.h"
#include "core/engine.h"

using namespace outaged;

namespace {

std::shared_ptr<Topology> make_topology(unsigned targets) {
  auto topology = std::make_shared<Topology>();
  topology->hash = "bench";
  topology->services.push_back({.id = ServiceId{0}, .name = "acme", .title = "Acme"});
  for (unsigned i = 0; i < targets; ++i) {
    const auto owner = ComponentId(i / 4);
    if (i % 4 == 0) {
      ComponentSpec spec;
      spec.id = owner;
      spec.name = fmt::format("acme/c{}", i / 4);
      spec.probed = true;
      topology->components.push_back(std::move(spec));
    }
    topology->targets.push_back({.id = TargetId(i), .name = fmt::format("acme/c{}/t{}", i / 4, i), .component = owner, .labels = {}, .rules = {}});
  }
  return topology;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, long otherwise) { return argc > i ? std::strtol(argv[i], nullptr, 10) : otherwise; };
  const long count = argument(1, 20'000'000);
  const auto targets = static_cast<unsigned>(argument(2, 1000));
  const auto fail_permille = static_cast<std::uint64_t>(argument(3, 0) * 10 + 1);
  const double before = bench::resident_megabytes();
  Engine engine;
  Effects effects;
  Timestamp at = from_millis(1'776'081'600'000);
  engine.step({.seq = 1, .at = at, .what = ConfigChange{make_topology(targets)}}, effects);
  std::mt19937_64 random(1);
  Input input{.seq = 1, .at = at, .what = Observation{}};
  auto& observation = std::get<Observation>(input.what);
  observation.took = 300ms;
  std::uint64_t happened = 0;
  const double begun = bench::cpu_seconds();
  for (long i = 0; i < count; ++i) {
    const auto n = static_cast<unsigned>(i % targets);
    if (n == 0) at += 30s;
    observation.target = TargetId(n);
    observation.cls = random() % 1000 < fail_permille ? Class::server_error : Class::ok;
    ++input.seq;
    input.at = at + n * 30'000ms / targets;
    engine.step(input, effects);
    happened += effects.list.size();
  }
  const double seconds = bench::cpu_seconds() - begun;
  fmt::print("{} observations of {} targets in {:.2f} s of CPU time: {:.2f} million a second; {} effects; {:.1f} kB a target\n", count, targets,
             seconds, static_cast<double>(count) / seconds / 1e6, happened, (bench::resident_megabytes() - before) * 1024 / targets);
}
