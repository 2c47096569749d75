// Scenarios of who is told what, with the engine's part played by hand.
#include "alerts/router.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "tests/alerts/sample.h"

using namespace outaged;
using outaged::test::t;
using Rows = std::vector<OutboxRow>;
using Kind = NotificationKind;

namespace {

struct World {
  config::Config config;
  std::shared_ptr<Topology> topology = std::make_shared<Topology>();
  Verdict verdict;
  Claim claim;
  alerts::Context context;
  Incident incident;
  std::unique_ptr<alerts::Router> router;
  Timestamp now = t("14:05:20");

  explicit World(std::vector<std::string> receivers = {"hook"}) {
    for (const std::string& name : receivers) config.receivers.push_back(test::receiver(name.starts_with("slack") ? "slack" : "webhook", name));
    config.web.external_url = "https://outaged.example.com/";
    topology->services = {{ServiceId{1}, "claude", "Claude", Importance::page}, {ServiceId{2}, "github", "GitHub", Importance::notify}};
    ComponentSpec component;
    component.id = ComponentId{1}, component.name = "claude/api", component.title = "Claude API", component.service = ServiceId{1};
    component.page = PageId{1}, component.probed = true;
    topology->components = {component};
    for (std::uint32_t id = 1; id <= 3; ++id) {
      TargetSpec target;
      target.id = TargetId{id}, target.component = ComponentId{1};
      target.name = id == 1 ? "claude/api/opus" : id == 2 ? "claude/api/sonnet" : "claude/api/haiku";
      topology->targets.push_back(target);
    }
    topology->pages = {{PageId{1}, "claude", "https://status.example.com", 60s}};
    verdict.claim = Status::operational;
    verdict.agreement = Agreement::pending;
    verdict.why = "4 of 9 requests fail";
    claim.text = "All Systems Operational";
    context.topology = topology;
    context.verdict = [this](ComponentId) { return verdict; };
    context.claim = [this](ComponentId) { return &claim; };
    context.claim_at = [](ComponentId) { return std::optional(t("14:05:00")); };
    context.controls = context.controls_voting = context.controls_fine = 3;
    incident.id = "claude.api-20260413T140300000Z";
    incident.component = ComponentId{1};
    incident.onset = t("14:03:00"), incident.detected = t("14:05:20"), incident.last_failure = t("14:05:18");
    incident.failures = 4, incident.probes = 9;
    incident.affected = {TargetId{1}, TargetId{2}}, incident.unaffected = {TargetId{3}};
    incident.proof = {{7, TargetId{1}, t("14:03:00"), Class::server_error, 500, 11800ms, "req_011", "line\nbreak"}};
    restart({}, 0);
  }
  World(const World&) = delete;

  void restart(const Rows& rows, std::uint64_t last) {
    router = std::make_unique<alerts::Router>(config);
    router->restore(rows, last);
  }
  Rows effect(Effect effect) {
    Rows out;
    Effects effects;
    effects.list.push_back({now, std::move(effect)});
    router->route(effects, context, out);
    now += 1min;
    return out;
  }
  Rows open() { return ++incident.told, effect(IncidentOpened{incident}); }
  Rows reopen() { return ++incident.told, incident.recovered.reset(), effect(IncidentReopened{incident}); }
  Rows recover() { return ++incident.told, incident.recovered = now, effect(IncidentRecovered{incident}); }
  Rows update(UpdateReason reason) {
    if (reason != UpdateReason::none) ++incident.told;
    return effect(IncidentUpdated{incident, reason});
  }
  std::optional<OutboxRow> report(std::uint64_t id, OutboxState state, std::uint32_t attempts = 1) {
    return router->report({id, state, attempts, std::nullopt, state == OutboxState::delivered ? "" : "HTTP 500"}, now);
  }
};

std::vector<std::string> told(const Rows& rows) {
  std::vector<std::string> out;
  for (const OutboxRow& row : rows) out.push_back(row.receiver + " " + std::string(to_string(row.notification.kind)));
  return out;
}
using Told = std::vector<std::string>;

}  // namespace

TEST_CASE("an outage is told once and its end once") {
  World w({"hook", "slack"});
  const Rows fire = w.open();
  REQUIRE(told(fire) == Told{"hook fire", "slack fire"});
  const Notification& n = fire[0].notification;
  CHECK(n.key == "claude.api-20260413T140300000Z.1.fire.hook");
  CHECK(fire[0].group == w.incident.id);
  CHECK(fire[0].id == 1);
  CHECK(fire[1].id == 2);
  CHECK(fire[0].created == t("14:05:20"));
  CHECK(n.component_title == "Claude API");
  CHECK(n.importance == Importance::page);
  CHECK(n.affected == std::vector<std::string>{"opus", "sonnet"});
  CHECK(n.unaffected == std::vector<std::string>{"haiku"});
  CHECK(n.page_text == "All Systems Operational");
  CHECK(n.page_url == "https://status.example.com");
  CHECK(n.page_read == t("14:05:00"));
  CHECK(n.what == "HTTP 500 after 12 s");
  CHECK(n.is_it_us == "No. 3 of 3 control sites are fine.");
  CHECK(n.proof.at(0).target == "claude/api/opus");
  CHECK(n.proof.at(0).detail == "line break");
  CHECK(n.incident_url == "https://outaged.example.com/incidents/claude.api-20260413T140300000Z");
  CHECK(told(w.recover()) == Told{"hook resolve", "slack resolve"});
  CHECK(w.recover().empty());
}

TEST_CASE("what opened an incident reaches the notification") {
  World slow;
  slow.incident.slow = true;
  slow.incident.slow_answers = 4, slow.incident.failures = 0;
  slow.incident.together_with = {"github", "stri\npe"};
  slow.incident.proof = {{7, TargetId{1}, t("14:03:00"), Class::ok, 200, 10200ms, "req_011", "a good answer, but slow"},
                         {8, TargetId{1}, t("14:04:00"), Class::ok, 200, 14800ms, "req_012", "a good answer, but slow"}};
  const Notification n = slow.open().at(0).notification;
  CHECK(n.slow);
  CHECK(n.slow_answers == 4);
  CHECK(!n.from_page);
  CHECK(n.what == "10 to 15 s");
  CHECK(n.together_with == std::vector<std::string>{"github", "stri pe"});
  CHECK(n.is_it_us == "No. 3 of 3 control sites are fine.");

  World page;
  page.incident.from_page = true;
  page.incident.failures = page.incident.probes = 0;
  page.incident.proof.clear();
  const Notification said = page.open().at(0).notification;
  CHECK(said.from_page);
  CHECK(!said.slow);
  CHECK(said.what == "");
  CHECK(said.is_it_us == "");  // our controls have no say in what a page says
}

TEST_CASE("routes: the first that matches, and without any everyone but self") {
  World w({"hook", "slack", "self"});
  CHECK(told(w.open()) == Told{"hook fire", "slack fire"});
  World routed({"hook", "slack", "other"});
  routed.config.routes = {{{}, "github", {"other"}}, {{}, "claude", {"slack", "nobody"}}, {{}, "", {"hook"}}};
  routed.router->reconfigure(routed.config);
  CHECK(told(routed.open()) == Told{"slack fire"});
  World silent({"hook"});
  silent.config.routes = {{{}, "github", {"hook"}}};
  silent.router->reconfigure(silent.config);
  CHECK(silent.open().empty());
  CHECK(silent.recover().empty());
}

TEST_CASE("importance record tells nobody, and a fire told before is still resolved") {
  World w;
  w.topology->services[0].importance = Importance::record;
  CHECK(w.open().empty());
  CHECK(w.recover().empty());
  World later;
  REQUIRE(later.open().size() == 1);
  later.topology->services[0].importance = Importance::record;
  CHECK(told(later.recover()) == Told{"hook resolve"});
}

TEST_CASE("updates go to whom they matter") {
  World w({"hook", "slack", "mute"});
  w.config.receivers[2].updates = config::Updates::none;
  w.router->reconfigure(w.config);
  CHECK(w.update(UpdateReason::severity).empty());  // nothing was told yet
  w.open();
  CHECK(told(w.update(UpdateReason::mismatch)) == Told{"hook update"});
  CHECK(told(w.update(UpdateReason::scope)) == Told{"hook update"});
  CHECK(told(w.update(UpdateReason::severity)) == Told{"hook update", "slack update"});
  CHECK(w.update(UpdateReason::none).empty());
  const Rows admitted = w.update(UpdateReason::admitted);
  CHECK(told(admitted) == Told{"hook update", "slack update"});
  CHECK(admitted[0].notification.reason == UpdateReason::admitted);
  w.recover();
  CHECK(w.update(UpdateReason::severity).empty());
  const Rows cleared = w.update(UpdateReason::cleared);
  CHECK(told(cleared) == Told{"hook update", "slack update"});
  CHECK(cleared[0].group == w.incident.id);
}

TEST_CASE("failing again is said to whom was told that it works, and each resolve follows") {
  World w({"hook", "quiet"});
  w.config.receivers[1].send_resolved = false;
  w.router->reconfigure(w.config);
  w.open();
  CHECK(told(w.recover()) == Told{"hook resolve"});
  CHECK(told(w.reopen()) == Told{"hook refire"});
  CHECK(told(w.recover()) == Told{"hook resolve"});
}

TEST_CASE("a withdrawn pair leaves the receiver believing in the outage") {
  World w;
  w.open();
  const std::uint64_t resolve = w.recover().at(0).id;
  const std::uint64_t refire = w.reopen().at(0).id;
  CHECK(w.report(resolve, OutboxState::cancelled, 0)->state == OutboxState::cancelled);
  CHECK(w.report(refire, OutboxState::cancelled, 0)->state == OutboxState::cancelled);
  CHECK(told(w.update(UpdateReason::severity)) == Told{"hook update"});
  CHECK(told(w.recover()) == Told{"hook resolve"});
}

TEST_CASE("a receiver that is new when it fails again hears of it for the first time") {
  World w;
  w.open();
  w.recover();
  w.config.receivers.push_back(test::receiver("webhook", "new"));
  w.router->reconfigure(w.config);
  CHECK(told(w.reopen()) == Told{"hook refire", "new fire"});
}

TEST_CASE("a removed receiver is owed its resolve all the same, a removed component keeps its name") {
  World w;
  w.open();
  w.config.receivers.clear();
  w.router->reconfigure(w.config);
  w.topology->components.clear();
  w.topology->services.clear();
  const Rows rows = w.recover();
  REQUIRE(told(rows) == Told{"hook resolve"});
  CHECK(rows[0].notification.component_title == "Claude API");
  CHECK(w.router->depth("hook").pending == 2);
}

TEST_CASE("a restart repeats nothing and forgets nothing") {
  World w({"hook", "slack"});
  Rows stored = w.open();
  stored[0] = *w.report(stored[0].id, OutboxState::delivered);
  w.restart(stored, stored.back().id);
  // The same effect, folded again after a crash.
  CHECK(w.effect(IncidentOpened{w.incident}).empty());
  const Rows resolve = w.recover();
  CHECK(told(resolve) == Told{"hook resolve", "slack resolve"});
  CHECK(resolve[0].id == 3);
}

TEST_CASE("folding a whole story again gives no second row") {
  World w;
  std::vector<Effect> log;
  Rows stored;
  const auto keep = [&](const Rows& rows) { stored.insert(stored.end(), rows.begin(), rows.end()); };
  keep(w.open()), log.push_back(IncidentOpened{w.incident});
  keep(w.recover()), log.push_back(IncidentRecovered{w.incident});
  keep(w.reopen()), log.push_back(IncidentReopened{w.incident});
  keep(w.recover()), log.push_back(IncidentRecovered{w.incident});
  REQUIRE(told(stored) == Told{"hook fire", "hook resolve", "hook refire", "hook resolve"});
  for (const bool withdrawn : {false, true}) {
    if (withdrawn) stored[1].state = stored[2].state = OutboxState::cancelled;
    w.restart(stored, 4);
    for (const Effect& effect : log) CHECK(w.effect(effect).empty());
  }
  // With the withdrawn resolve as the only row known, the fire before it is still owed its end.
  w.restart({stored[1]}, 4);
  w.incident.told = 5;
  CHECK(told(w.recover()) == Told{"hook resolve"});
}

TEST_CASE("reports change rows, and the depth counts them") {
  World w;
  const OutboxRow row = w.open().at(0);
  CHECK(w.router->depth("hook").pending == 1);
  CHECK(w.router->depth("hook").oldest == row.created);
  CHECK(w.router->depth("other").pending == 0);
  const auto failed = w.router->report({row.id, OutboxState::pending, 3, t("15:00:00"), "HTTP 500"}, w.now);
  REQUIRE(failed);
  CHECK(failed->attempts == 3);
  CHECK(failed->next_attempt == t("15:00:00"));
  CHECK(failed->error == "HTTP 500");
  CHECK(failed->notification.key == row.notification.key);
  const auto dead = w.report(row.id, OutboxState::dead);
  REQUIRE(dead);
  CHECK(!dead->delivered);
  CHECK(w.router->depth("hook").pending == 0);
  CHECK(w.router->depth("hook").dead == 1);
  CHECK(!w.report(row.id, OutboxState::delivered));
  // Even a fire that never arrived is resolved: it may have arrived all the same.
  const OutboxRow resolve = w.recover().at(0);
  const auto delivered = w.report(resolve.id, OutboxState::delivered);
  CHECK(delivered->delivered == w.now);
}

TEST_CASE("our own troubles go to self, and nowhere if there is none") {
  World none;
  CHECK(none.effect(NetworkChanged{true, "3 of 3 control sites fail"}).empty());
  World w({"hook", "self"});
  const Rows down = w.effect(NetworkChanged{true, "3 of 3 control sites fail"});
  REQUIRE(told(down) == Told{"self self"});
  CHECK(down[0].group == "self");
  CHECK(down[0].notification.title == "Our own network is down");
  CHECK(!down[0].notification.recovered);
  const Rows over = w.effect(SelfNotice{"claude/api", "its page can be read again", true});
  REQUIRE(over.size() == 1);
  CHECK(over[0].notification.recovered);
  CHECK(over[0].notification.key != down[0].notification.key);
}

TEST_CASE("the next incident of a component lets the last one be forgotten") {
  World w;
  w.report(w.open().at(0).id, OutboxState::delivered);
  w.report(w.recover().at(0).id, OutboxState::delivered);
  const Incident old = w.incident;
  w.incident.id = "claude.api-20260413T160000000Z";
  w.incident.told = 0;
  CHECK(told(w.open()) == Told{"hook fire"});
  w.incident = old;
  CHECK(w.recover().empty());
}

TEST_CASE("what comes from outside is one clean line of bounded length") {
  World w;
  w.claim.text = std::string(100000, 'x') + "\n\x1b[31m";
  w.claim.incident = "a\nb\xff";
  w.incident.proof[0].request_id = std::string(5000, 'r');
  const Notification n = w.open().at(0).notification;
  CHECK(n.page_text.size() <= 300);
  CHECK(n.page_incident == "a b\xEF\xBF\xBD");
  CHECK(n.proof[0].request_id.size() <= 200);
}

TEST_CASE("the context is what the engine says") {
  auto topology = std::make_shared<Topology>();
  topology->hash = "h";
  topology->controls = {{TargetId{1}, "control/a", 30s}, {TargetId{2}, "control/b", 30s}, {TargetId{3}, "control/c", 30s}};
  Engine engine;
  Effects effects;
  Seq seq = 0;
  const auto feed = [&](auto what) { engine.step({++seq, t("14:00:00"), std::move(what)}, effects); };
  feed(ConfigChange{topology});
  for (std::uint32_t id = 1; id <= 2; ++id) {
    Observation seen;
    seen.target = TargetId{id};
    feed(seen);
  }
  const alerts::Context context = alerts::context_of(engine);
  CHECK(context.topology == engine.topology());
  CHECK(context.controls == 3);
  CHECK(context.controls_voting == 2);
  CHECK(context.controls_fine == 2);
  CHECK(context.unchecked == engine.unchecked());
  std::vector<OutboxRow> out;
  config::Config config;
  alerts::Router(config).route(effects, engine, out);
  CHECK(out.empty());
}
