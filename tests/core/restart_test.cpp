// A restart at any moment of any scenario changes nothing: what was told before it and after it is what would have been
// told without it, and the state in the end is the same to the byte.
#include <doctest/doctest.h>

#include <random>

#include "tests/core/fold.h"
#include "tests/core/scene.h"

using namespace outaged;
using namespace outaged::test;

namespace {

struct Scenario {
  std::string name;
  std::vector<Input> inputs;
};

Class always_bad(int, int) { return Class::server_error; }

Observation answered(unsigned target, Duration took, Class cls = Class::ok) {
  Observation out;
  out.target = TargetId{target};
  out.cls = cls;
  out.took = took;
  return out;
}

std::vector<Scenario> scenarios() {
  std::vector<Scenario> out;
  const auto play = [&](std::string name, auto&& happen, SceneOptions options = {}) {
    Scene scene(std::move(options));
    scene.calm(noon, noon + 10min);
    happen(scene);
    out.push_back({std::move(name), scene.log});
  };
  const auto chance = [](unsigned percent) {
    return [percent, random = std::make_shared<std::mt19937>(percent)](int, int) { return (*random)() % 100 < percent ? Class::server_error : Class::ok; };
  };
  play("hard, the page silent", [](Scene& scene) {
    scene.run(noon + 10min, noon + 30min, always_bad);
    scene.calm(noon + 30min, noon + 80min);
  });
  play("intermittent, admitted, cleared too early, admitted again", [&](Scene& scene) {
    scene.run(noon + 10min, noon + 20min, chance(44));
    scene.run(noon + 20min, noon + 30min, chance(44), Status::degraded_performance);
    scene.run(noon + 30min, noon + 40min, chance(44));
    scene.run(noon + 40min, noon + 50min, chance(44), Status::partial_outage);
    scene.calm(noon + 50min, noon + 100min);
  });
  play("mild, and a return within the hold time", [&](Scene& scene) {
    scene.run(noon + 10min, noon + 60min, chance(15));
    scene.calm(noon + 60min, noon + 75min);
    scene.run(noon + 75min, noon + 85min, always_bad);
    scene.calm(noon + 85min, noon + 100min);
  });
  play("a page that flaps, is red over health, and cannot be read", [&](Scene& scene) {
    for (int i = 0; i < 10; ++i) {
      scene.run(noon + (10 + 4 * i) * 1min, noon + (14 + 4 * i) * 1min, chance(50), i % 2 == 0 ? Status::degraded_performance : Status::operational);
    }
    scene.calm(noon + 50min, noon + 140min, Status::major_outage);
    scene.calm(noon + 140min, noon + 150min, Status::unknown);
  });
  play("slow answers", [](Scene& scene) {
    for (int i = 0; i < 120; ++i) {
      const Timestamp at = noon + 10min + i * 30s;
      scene.step(at, answered(0, i >= 20 && i < 60 && i % 3 != 0 ? 12s : 300ms));
      scene.step(at + 1s, answered(1, 250ms));
    }
  });
  play("our own network, then theirs", [](Scene& scene) {
    scene.run(noon + 10min, noon + 20min, always_bad, Status::operational, false);
    scene.calm(noon + 20min, noon + 25min);
    scene.run(noon + 25min, noon + 35min, always_bad);
    scene.calm(noon + 35min, noon + 45min);
  });
  play("a silence, challenges, and a target that goes and comes back", [](Scene& scene) {
    scene.run(noon + 10min, noon + 13min, always_bad);
    scene.run(noon + 40min, noon + 50min, [](int, int turn) { return turn % 2 ? Class::bot_challenge : Class::rate_limited; });
    SceneOptions fewer;
    fewer.targets = 1;
    scene.step(noon + 50min, ConfigChange{make_topology(fewer, "fewer")});
    scene.run(noon + 51min, noon + 60min, always_bad);
    scene.step(noon + 60min, ConfigChange{make_topology({}, "again")});
    scene.calm(noon + 61min, noon + 80min);
  });
  SceneOptions page_only;
  page_only.targets = 0;
  page_only.probed = false;
  play("only the page", [](Scene& scene) {
    scene.run(noon + 10min, noon + 20min, always_bad, Status::partial_outage);
    scene.calm(noon + 20min, noon + 25min);
    scene.run(noon + 25min, noon + 35min, always_bad, Status::major_outage);
    scene.calm(noon + 35min, noon + 60min);
  }, page_only);
  SceneOptions patient;
  patient.rules.min_outage = 20min;
  play("under a long min_outage", [&](Scene& scene) {
    scene.run(noon + 10min, noon + 25min, always_bad);
    scene.calm(noon + 25min, noon + 40min);
    scene.run(noon + 40min, noon + 70min, chance(60));
    scene.calm(noon + 70min, noon + 90min);
  }, patient);
  return out;
}

}  // namespace

TEST_CASE("a restart at any moment of any scenario changes nothing") {
  for (const Scenario& scenario : scenarios()) {
    CAPTURE(scenario.name);
    Engine whole;
    const std::string story = fold(whole, scenario.inputs), end = whole.save();
    CHECK(story.find("opened") != std::string::npos);
    Engine before;
    std::string told;
    // Every 5th input is a moment: over the turns of a scene that meets each kind of input at each phase.
    for (std::size_t cut = 0; cut < scenario.inputs.size(); cut += 5) {
      auto restarted = Engine::load(before.save(), before.topology());
      REQUIRE_MESSAGE(restarted.ok(), (restarted ? "" : restarted.error()));
      const bool same_story = told + fold(*restarted, scenario.inputs, cut) == story, same_end = restarted->save() == end;
      CAPTURE(cut);
      REQUIRE(same_story);
      REQUIRE(same_end);
      told += fold(before, scenario.inputs, cut, cut + 5);
    }
  }
}

TEST_CASE("extra ticks change nothing in any scenario, and no batch is too large or too small") {
  // The engine knows no batches: each input is a step of its own. What could differ is the time that passes without one.
  for (const Scenario& scenario : scenarios()) {
    CAPTURE(scenario.name);
    std::vector<Input> ticked;
    for (const Input& input : scenario.inputs) {
      for (Timestamp at = ticked.empty() ? never : ticked.back().at + 7s; at < input.at; at += 7s) ticked.push_back({.at = at, .what = Tick{}});
      ticked.push_back(input);
    }
    Engine plain, with_ticks;
    const bool same = fold(plain, scenario.inputs) == fold(with_ticks, ticked), same_end = plain.save() == with_ticks.save();
    CHECK(same);
    CHECK(same_end);
  }
}
