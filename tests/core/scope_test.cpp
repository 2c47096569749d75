// Which parts fail and which work, in data and in words; services that fail together.
#include <doctest/doctest.h>

#include "core/scope.h"
#include "tests/core/scene.h"

using namespace outaged;
using namespace outaged::test;

namespace {

TargetSpec target(std::string name, Labels labels) {
  TargetSpec spec;
  spec.name = std::move(name);
  spec.labels = std::move(labels);
  return spec;
}

}  // namespace

TEST_CASE("a label that tells bad from good says it best") {
  const TargetSpec opus = target("claude/api/a", {{"model", "opus"}, {"region", "us"}}), sonnet = target("claude/api/b", {{"model", "sonnet"}, {"region", "us"}}),
                   haiku = target("claude/api/c", {{"model", "haiku"}, {"region", "us"}});
  CHECK(spell_scope({&opus, &sonnet}, {&haiku}) == "Affected: model opus, sonnet. Works: model haiku.");
  const auto splits = split_labels({&opus, &sonnet}, {&haiku});
  REQUIRE(splits.size() == 1);  // the region is the same for all
  CHECK(splits[0].label == "model");
}

TEST_CASE("without such a label the targets' names do") {
  const TargetSpec one = target("acme/api/one", {}), two = target("acme/api/two", {});
  CHECK(spell_scope({&one}, {&two}) == "Affected: one. Works: two.");
  CHECK(spell_scope({&one, &two}, {}).empty());
}

TEST_CASE("scope of a service at a moment") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 15min, [](int number, int) { return number == 0 ? Class::server_error : Class::ok; });
  const Scope scope = scope_of(scene.engine, ServiceId{0});
  CHECK(scope.bad == std::vector{ComponentId{0}});
  CHECK(scope.bad_targets == std::vector{TargetId{0}});
  CHECK(scope.good_targets == std::vector{TargetId{1}});
  CHECK(scene.verdict().why.find("Affected: t0. Works: t1.") != std::string::npos);
}

TEST_CASE("three services that begin to fail together are told as one likely cause") {
  auto topology = std::make_shared<Topology>();
  topology->hash = "three";
  for (unsigned i = 0; i < 4; ++i) {
    const std::string name = "s" + std::to_string(i);
    topology->services.push_back({.id = ServiceId(i), .name = name, .title = name});
    ComponentSpec component;
    component.id = ComponentId(i);
    component.name = name + "/api";
    component.service = ServiceId(i);
    component.probed = true;
    topology->components.push_back(component);
    topology->targets.push_back({.id = TargetId(i), .name = name + "/api/t", .component = ComponentId(i), .labels = {}, .rules = {}});
  }
  Engine engine;
  Effects effects;
  Seq seq = 0;
  engine.step({.seq = ++seq, .at = noon, .what = ConfigChange{topology}}, effects);
  for (int turn = 0; turn < 30; ++turn) {
    for (unsigned i = 0; i < 4; ++i) {
      Observation observation;
      observation.target = TargetId(i);
      observation.cls = turn >= 20 && i < 3 ? Class::server_error : Class::ok;
      engine.step({.seq = ++seq, .at = noon + turn * 30s + i * 1s, .what = observation}, effects);
    }
  }
  for (unsigned i = 0; i < 3; ++i) {
    REQUIRE(engine.incident(ComponentId(i)));
    CHECK(engine.incident(ComponentId(i))->together_with.size() == 2);
  }
  CHECK_FALSE(engine.incident(ComponentId{3}));
  CHECK(engine.verdict(ComponentId{0}).why.find("s1, s2 began to fail at the same time") != std::string::npos);
}
