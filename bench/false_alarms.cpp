// Years in which nothing happens but chance, through the very engine that runs live: how often does it cry wolf?
// Targets in components of two, asked as the engine wants them asked, answer times lognormal (median 400 ms, sigma 0.45).
//   bench_false_alarms [TARGET_YEARS] [SEED]        (default 100 1)
#include <fmt/format.h>

#include <cstdlib>

#include "bench/usage.h"
#include "tests/support/virtual_probing.h"

using namespace outaged;

namespace {

struct Counted {
  std::uint64_t alarms = 0, reopened = 0, target_streams = 0, component_streams = 0, probes = 0;
};

std::shared_ptr<Topology> pair_of_targets(Duration min_outage) {
  auto topology = std::make_shared<Topology>();
  topology->hash = "quiet";
  topology->services.push_back({.id = ServiceId{0}, .name = "acme", .title = "Acme"});
  ComponentSpec component;
  component.name = "acme/api";
  component.probed = true;
  topology->components.push_back(component);
  DetectionRules rules;
  rules.min_outage = min_outage;
  for (std::uint32_t i = 0; i < 2; ++i) {
    topology->targets.push_back({.id = TargetId{i}, .name = fmt::format("acme/api/{}", i), .component = ComponentId{0}, .labels = {}, .rules = rules});
  }
  return topology;
}

/// Two targets for a year each; cold start included.
void live_a_year(double base, Duration min_outage, std::uint64_t seed, Counted& out) {
  test::Draw draw(seed);
  const Timestamp begin = from_millis(1'776'081'600'000);
  test::VirtualProbing probing(pair_of_targets(min_outage), begin);
  probing.run(begin + 24h * 365,
              [&](TargetId, Timestamp) {
                return test::Answer{.cls = draw.chance(base) ? Class::server_error : Class::ok, .took = draw.lognormal(400ms, 0.45)};
              },
              [&](Timestamp, const Effect& effect) {
                if (std::holds_alternative<IncidentOpened>(effect)) ++out.alarms;
                if (std::holds_alternative<IncidentReopened>(effect)) ++out.reopened;
                const auto* stream = std::get_if<StreamChanged>(&effect);
                if (stream && stream->firing) ++(stream->target ? out.target_streams : out.component_streams);
              });
  out.probes += probing.probes;
}

}  // namespace

int main(int argc, char** argv) {
  const auto argument = [&](int i, std::uint64_t otherwise) { return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise; };
  const std::uint64_t years = argument(1, 100), seed = argument(2, 1);
  for (const Duration min_outage : {Duration{0s}, DetectionRules{}.min_outage}) {
    for (const double base : {0.001, 0.01}) {
      const double begun = bench::cpu_seconds();
      Counted counted;
      for (std::uint64_t i = 0; i < (years + 1) / 2; ++i) live_a_year(base, min_outage, seed * 1'000'000 + i, counted);
      fmt::print("{:.1f} % fail by chance, min_outage {}: {} false alarms in {} target-years ({} re-opened; fired: {} target streams, "
                 "{} component streams; {} million probes, {:.0f} s of CPU time)\n",
                 base * 100, format_duration(min_outage), counted.alarms, (years + 1) / 2 * 2, counted.reopened, counted.target_streams,
                 counted.component_streams, counted.probes / 1'000'000,
                 bench::cpu_seconds() - begun);
    }
  }
}
