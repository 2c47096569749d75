// What must hold for every sequence of inputs.
#include <doctest/doctest.h>

#include <random>

#include "tests/core/fold.h"
#include "tests/core/scene.h"

using namespace outaged;
using namespace outaged::test;

namespace {

/// Seeded inputs with outages, challenges, control failures, page changes, reloads and gaps; and what others report.
std::vector<Input> random_inputs(unsigned seed, int count) {
  std::mt19937 random(seed);
  const auto chance = [&](double p) { return std::uniform_real_distribution<>(0, 1)(random) < p; };
  const auto pick = [&](int n) { return std::uniform_int_distribution<>(0, n - 1)(random); };
  SceneOptions options;
  options.targets = 3;
  std::vector<Input> inputs;
  Timestamp t = noon;
  Seq seq = 0;
  const auto add = [&](auto what) { inputs.push_back({.seq = ++seq, .at = t, .what = std::move(what)}); };
  add(ConfigChange{make_topology(options)});
  double rate = 0.01, slow = 0;
  bool network = true;
  Status page = Status::operational;
  for (int i = 0; i < count; ++i) {
    t += Duration{500 + pick(9000)};
    if (chance(0.01)) rate = std::array{0.0, 0.01, 0.3, 0.6, 1.0}[static_cast<std::size_t>(pick(5))];
    if (chance(0.004)) network = !network;
    if (chance(0.005)) slow = slow > 0 ? 0 : 0.8;
    if (chance(0.02)) page = static_cast<Status>(pick(6));
    if (chance(0.002)) t += std::chrono::minutes(pick(60));
    const int what = pick(10);
    if (what < 6) {
      Observation observation;
      observation.target = TargetId(static_cast<unsigned>(pick(3)));
      observation.took = Duration{pick(chance(slow) ? 20'000 : 3000)};
      observation.cls = !network      ? Class::tcp_timeout
                        : chance(0.05) ? Class::bot_challenge
                        : chance(rate) ? (chance(0.2) ? Class::unexpected_content : Class::server_error)
                                       : Class::ok;
      add(std::move(observation));
    } else if (what < 8) {
      Observation observation;
      observation.target = TargetId(100U + static_cast<unsigned>(pick(3)));
      observation.cls = network ? Class::ok : Class::tcp_timeout;
      add(std::move(observation));
    } else if (what < 9) {
      Claim claim;
      claim.component = ComponentId{0};
      claim.status = page;
      claim.red = level(page) > 0 || chance(0.05);
      add(std::move(claim));
    } else if (chance(0.6)) {
      Observation lump;
      lump.target = TargetId(50U + static_cast<unsigned>(pick(2)));
      lump.count = 1 + static_cast<std::uint32_t>(pick(300));
      lump.age = Duration{pick(3) * 5000};
      lump.cls = chance(rate) ? Class::server_error : Class::ok;
      add(std::move(lump));
    } else if (chance(0.1)) {
      const int source = pick(2);
      add(Reporting{.target = {.id = TargetId(50U + static_cast<unsigned>(source)), .name = "acme/api/@" + std::to_string(source),
                               .component = ComponentId{0}, .labels = {}, .rules = {}, .advisory = false, .source = std::to_string(source)},
                    .ended = chance(0.2)});
    } else if (chance(0.1)) {
      add(OperatorAction{.action = std::string(report_action), .subject = "acme/api", .by = std::to_string(pick(20)), .comment = ""});
    } else if (chance(0.05)) {
      options.targets = 2 + pick(2);
      add(ConfigChange{make_topology(options, "v" + std::to_string(i))});
    }
  }
  return inputs;
}

}  // namespace

TEST_CASE("extra ticks change nothing") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const auto inputs = random_inputs(seed, 4000);
    std::vector<Input> ticked;
    std::mt19937 random(seed + 1000);
    for (const Input& input : inputs) {
      if (!ticked.empty()) {
        const Duration gap = input.at - ticked.back().at;
        for (int n = static_cast<int>(random() % 3); n > 0 && gap.count() > 2; --n) {
          const Timestamp last = ticked.back().at;
          const auto left = (input.at - last).count();
          if (left < 2) break;
          ticked.push_back({.seq = 0, .at = last + Duration{static_cast<std::int64_t>(random() % static_cast<unsigned long>(left))}, .what = Tick{}});
        }
      }
      ticked.push_back(input);
    }
    Engine plain, with_ticks;
    const bool same = fold(plain, inputs) == fold(with_ticks, ticked);  // thousands of lines: do not print them
    CHECK_MESSAGE(same, "seed " << seed);
  }
}

TEST_CASE("the same inputs give the same effects, and a restart in the middle changes nothing") {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const auto inputs = random_inputs(seed, 4000);
    Engine whole;
    const std::string story = fold(whole, inputs);
    std::mt19937 random(seed);
    std::string pieces;
    Engine engine;
    std::shared_ptr<const Topology> configured;
    std::size_t from = 0;
    while (from < inputs.size()) {
      const std::size_t to = std::min(inputs.size(), from + 1 + random() % 900);
      pieces += fold(engine, inputs, from, to);
      for (std::size_t i = from; i < to; ++i) {
        if (const auto* change = std::get_if<ConfigChange>(&inputs[i].what)) configured = change->topology;
      }
      const std::string saved = engine.save();
      auto loaded = Engine::load(saved, configured);
      REQUIRE_MESSAGE(loaded.ok(), (loaded ? "" : loaded.error()));
      const bool identical = loaded->save() == saved;
      CHECK(identical);
      engine = std::move(*loaded);
      from = to;
    }
    const bool same_story = pieces == story, same_end = engine.save() == whole.save();
    CHECK_MESSAGE(same_story, "seed " << seed);
    CHECK_MESSAGE(same_end, "seed " << seed);
  }
}

TEST_CASE("no sequence of inputs breaks an invariant") {
  for (unsigned seed = 100; seed < 140; ++seed) {
    const auto inputs = random_inputs(seed, 4000);
    Engine engine;
    Effects effects;
    std::map<IncidentId, bool> open;
    Timestamp last = never_past;
    for (const Input& input : inputs) {
      engine.step(input, effects);
      CHECK(engine.next_deadline() > input.at);
      for (const auto& [at, effect] : effects.list) {
        CHECK(at >= last);
        last = at;
        if (const auto* e = std::get_if<IncidentOpened>(&effect)) {
          CHECK_FALSE(open.contains(e->incident.id));
          open[e->incident.id] = true;
          CHECK_FALSE(e->incident.proof.empty());
        }
        if (const auto* e = std::get_if<IncidentReopened>(&effect)) {
          REQUIRE(open.contains(e->incident.id));
          CHECK_FALSE(open[e->incident.id]);
          open[e->incident.id] = true;
        }
        if (const auto* e = std::get_if<IncidentRecovered>(&effect)) {
          REQUIRE(open.contains(e->incident.id));  // no resolve without a fire
          CHECK(open[e->incident.id]);
          open[e->incident.id] = false;
        }
        if (const auto* e = std::get_if<VerdictChanged>(&effect)) {
          if (e->after.agreement == Agreement::blind) CHECK(e->after.health == Status::unknown);
          if (e->after.called) CHECK(is_mismatch(e->after.agreement));
        }
      }
      if (const Incident* incident = engine.incident(ComponentId{0})) {
        CHECK(incident->onset <= incident->detected);
        CHECK(incident->failures <= incident->probes);
        if (incident->recovered) CHECK(incident->detected <= *incident->recovered);
        if (incident->admitted) {
          CHECK(incident->admitted->last_green <= incident->admitted->first_red);
          if (incident->cleared) CHECK(incident->admitted->first_red <= *incident->cleared);
        }
      }
    }
  }
}

TEST_CASE("a snapshot that is not ours is refused with a reason") {
  const auto topology = make_topology({});
  CHECK_FALSE(Engine::load("", topology).ok());
  CHECK_FALSE(Engine::load("[]", topology).ok());
  CHECK_FALSE(Engine::load("{\"version\": 1}", topology).ok());
  CHECK(Engine::load("{\"version\": 99}", topology).error().find("version") != std::string::npos);
  Scene scene;
  scene.calm(noon, noon + 10min);
  std::string saved = scene.engine.save();
  for (std::size_t i = 0; i < saved.size(); i += 7) {
    std::string broken = saved;
    broken[i] = 'x';
    (void)Engine::load(broken, topology);  // must not crash
    (void)Engine::load(saved.substr(0, i), topology);
  }
}
