// `alternatives`: names of other components, checked where a person wrote them.
#include "tests/config/helpers.h"

namespace outaged::config {
namespace {

Lines names(const Component& component) {
  Lines out;
  for (const Alternative& each : component.alternatives) out.push_back(each.name);
  return out;
}

}  // namespace

TEST_CASE("alternatives: components of this configuration, in their order") {
  const Config config = good(
      "services:\n"
      "  - {name: a, components: [{name: x, alternatives: [b/y, a/z], reported: true}, {name: z, reported: true}]}\n"
      "  - {name: b, components: [{name: y, reported: true}]}\n");
  CHECK(names(config.services[0].components[0]) == Lines{"b/y", "a/z"});
  CHECK(names(config.services[1].components[0]) == Lines{});
}

TEST_CASE("alternatives: what nobody has is a mistake where it was written, and so is oneself") {
  const std::string text =
      "services:\n"
      "  - {name: a, components: [{name: x, alternatives: [bb/y, a/x], reported: true}]}\n"
      "  - {name: b, components: [{name: y, reported: true}]}\n";
  CHECK(problems(text) == Lines{"c.yaml:2:53: no component \"bb/y\"; did you mean b/y?",
                                "c.yaml:2:59: component \"a/x\" cannot be its own alternative"});
}

TEST_CASE("alternatives: a catalog entry's are those that are configured") {
  const Config alone = good("services: [{use: anthropic}]");
  for (const Component& component : alone.services[0].components) CHECK(component.alternatives.empty());
  const Config config = good("services: [{use: anthropic}, {use: ollama}, {use: bedrock}]");
  for (const Component& component : config.services[0].components)
    CHECK(names(component) ==
          (component.name == "anthropic/api" ? Lines{"bedrock/runtime", "ollama/server"} : Lines{}));
  // The user's own go before.
  const Config own = good(
      "services: [{use: anthropic, components: [{name: api, alternatives: [ollama/server]}]}, {use: ollama}, {use: "
      "bedrock}]");
  for (const Component& component : own.services[0].components)
    if (component.name == "anthropic/api") CHECK(names(component) == Lines{"ollama/server"});
}

}  // namespace outaged::config
