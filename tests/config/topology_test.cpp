#include "core/topology.h"

#include <map>

#include "tests/config/helpers.h"

namespace outaged::config {
namespace {

struct InOrder : Names {
  std::map<std::pair<Kind, std::string>, std::uint32_t> ids;
  std::uint32_t id(Kind kind, std::string_view name) override {
    return ids.emplace(std::pair{kind, std::string(name)}, static_cast<std::uint32_t>(ids.size() + 10)).first->second;
  }
};

TEST_CASE("the topology is the configuration by id") {
  const Config config = good(
      "services:\n"
      "  - name: claude\n"
      "    title: Claude\n"
      "    importance: page\n"
      "    mismatch: {grace: 9s}\n"
      "    page: {url: https://status.example, interval: 90s}\n"
      "    components:\n"
      "      - {name: api, title: Claude API, page_components: [x], targets: [{name: messages, url: https://a.example, "
      "labels: {model: m}, interval: 20s}]}\n"
      "      - {name: web}\n"
      "  - name: bare\n"
      "    components: [{name: c, targets: [{name: t, url: https://a.example}]}]\n"
      "controls: {interval: 10s, window: 20s}\n");
  InOrder names;
  const auto topology = make_topology(config, names);
  CHECK(topology->hash == config.hash);
  CHECK(topology->control_rules.window == 20s);

  REQUIRE(topology->services.size() == 2);
  CHECK(topology->services[0].name == "claude");
  CHECK(topology->services[0].title == "Claude");
  CHECK(topology->services[0].importance == Importance::page);
  CHECK(index(topology->services[0].id) == names.id(Names::Kind::service, "claude"));

  REQUIRE(topology->pages.size() == 1);
  CHECK(topology->pages[0].name == "claude");
  CHECK(topology->pages[0].url == "https://status.example");
  CHECK(topology->pages[0].interval == 90s);
  CHECK(index(topology->pages[0].id) == names.id(Names::Kind::page, "claude"));

  REQUIRE(topology->components.size() == 3);
  const ComponentSpec &api = topology->components[0], &web = topology->components[1], &bare = topology->components[2];
  CHECK(api.name == "claude/api");
  CHECK(api.title == "Claude API");
  CHECK(api.service == topology->services[0].id);
  CHECK(api.rules.grace == 9s);
  CHECK(api.page == topology->pages[0].id);
  CHECK(api.probed);
  CHECK(web.title == "Claude web");
  CHECK(web.page == topology->pages[0].id);
  CHECK_FALSE(web.probed);
  CHECK_FALSE(bare.page);
  CHECK(bare.rules.grace == 5min);

  REQUIRE(topology->targets.size() == 2);
  CHECK(topology->targets[0].name == "claude/api/messages");
  CHECK(topology->targets[0].component == api.id);
  CHECK(topology->targets[0].labels == Labels{{"model", "m"}});
  CHECK(topology->targets[0].rules.interval == 20s);
  CHECK(topology->targets[0].rules.refractory == 19s);

  REQUIRE(topology->controls.size() == 3);
  CHECK(topology->controls[1].name == "control/google");
  CHECK(topology->controls[1].interval == 10s);
  CHECK(index(topology->controls[1].id) == names.id(Names::Kind::target, "control/google"));
}

}  // namespace
}  // namespace outaged::config
