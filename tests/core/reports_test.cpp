// What others tell the engine: reported traffic with each source as a vantage of its own, targets that only advise, and
// people. In virtual time.
#include <doctest/doctest.h>

#include <algorithm>

#include "core/detector.h"
#include "core/engine.h"
#include "core/people.h"
#include "core/traffic.h"
#include "tests/core/scene.h"

using namespace outaged;
using test::noon;

namespace {

constexpr ComponentId api{0}, git{1};
constexpr TargetId probe_target{0}, feed_target{1};

/// Service "acme" with component "acme/api" (one probe, one advisory target), service "forge" with "forge/git" (no probe).
std::shared_ptr<Topology> two_services(bool page = false) {
  test::SceneOptions options;
  options.targets = 1;
  options.page = page;
  auto topology = test::make_topology(options);
  topology->targets.push_back({.id = feed_target, .name = "acme/api/feed", .component = api, .labels = {}, .rules = {}, .advisory = true});
  topology->services.push_back({.id = ServiceId{1}, .name = "forge", .title = "Forge"});
  ComponentSpec spec;
  spec.id = git;
  spec.name = "forge/git";
  spec.title = "Forge git";
  spec.service = ServiceId{1};
  topology->components.push_back(std::move(spec));
  return topology;
}

class World {
 public:
  explicit World(std::shared_ptr<Topology> topology = two_services()) { step(ConfigChange{std::move(topology)}); }

  template <class What>
  void step(What what) {
    log.push_back({.seq = ++seq_, .at = now, .what = std::move(what)});
    engine.step(log.back(), effects);
    for (const auto& [at, effect] : effects.list) {
      if (std::holds_alternative<IncidentOpened>(effect)) opened.push_back(at);
      if (std::holds_alternative<IncidentRecovered>(effect)) recovered.push_back(at);
      if (std::holds_alternative<SelfNotice>(effect)) ++notices;
    }
  }
  /// A source begins to report of a component.
  TargetId source(const std::string& name, ComponentId component) {
    const TargetId id{next_++};
    step(Reporting{.target = {.id = id, .name = "x/@" + name + std::to_string(next_), .component = component,
                              .labels = {{"source", name}}, .rules = {}, .advisory = false, .source = name}});
    return id;
  }
  Disposition report(TargetId id, Class cls, std::uint32_t count = 1, Duration age = {}) {
    Observation observation;
    observation.target = id;
    observation.cls = cls;
    observation.http_status = cls == Class::ok ? 200 : 500;
    observation.count = count;
    observation.age = age;
    step(std::move(observation));
    return effects.disposition;
  }
  /// As the daemon puts a second's traffic together: failures spread evenly among the good.
  Disposition lump(TargetId id, std::uint32_t good, std::uint32_t bad, Class cls = Class::server_error) {
    if (bad == 0) return report(id, Class::ok, good);
    if (good / (bad + 1) > 0) report(id, Class::ok, good / (bad + 1));
    const Disposition made = report(id, cls, bad);
    if (good - good / (bad + 1) > 0) report(id, Class::ok, good - good / (bad + 1));
    return made;
  }
  Disposition probe(Class cls, TargetId id = probe_target, std::string detail = "") {
    Observation observation;
    observation.target = id;
    observation.cls = cls;
    auto evidence = std::make_shared<Evidence>();
    evidence->detail = std::move(detail);
    observation.evidence = std::move(evidence);
    step(std::move(observation));
    return effects.disposition;
  }
  const Incident* incident(ComponentId id = api) const { return engine.incident(id); }
  bool down(ComponentId id = api) const { return incident(id) && !incident(id)->recovered; }

  Engine engine;
  Effects effects;
  std::vector<Input> log;
  std::vector<Timestamp> opened, recovered;
  int notices = 0;
  Timestamp now = noon;

 private:
  Seq seq_ = 0;
  std::uint32_t next_ = 1000;
};

/// A source with traffic of both services, and an hour of calm: so its own other service is there to compare with.
struct Gateway : World {
  TargetId of_api = source("gateway", api), of_git = source("gateway", git);
  Gateway() { second(3600, 100, 0.001, 100, 0.001); }
  /// Per second: so many requests of each, failing at these rates (a seeded sequence without randomness).
  void second(int seconds, std::uint32_t api_rate, double api_bad, std::uint32_t git_rate, double git_bad) {
    for (int i = 0; i < seconds; ++i, now += 1s) {
      part(of_api, api_rate, api_bad, 0);
      part(of_git, git_rate, git_bad, 1);
    }
  }

 private:
  void part(TargetId id, std::uint32_t rate, double failing, std::size_t which) {
    owed_[which] += rate * failing;
    const auto bad = std::min(rate, static_cast<std::uint32_t>(owed_[which]));
    owed_[which] -= bad;
    if (rate > 0) lump(id, rate - bad, bad);
  }
  double owed_[2] = {0, 0};
};

Duration detection(double failing, std::uint32_t rate = 100) {
  Gateway world;
  const Timestamp begun = world.now;
  for (int i = 0; i < 3600 && world.opened.empty(); ++i) world.second(1, rate, failing, 100, 0.001);
  REQUIRE_MESSAGE(!world.opened.empty(), "never detected");
  return world.opened.front() - begun;
}

}  // namespace

TEST_CASE("many good ones at once are as many one by one") {
  DetectionRules rules = traffic_rules();
  for (const std::uint64_t count : {1U, 7U, 1000U}) {
    Detector one_by_one, at_once;
    Timestamp at = noon;
    for (int round = 0; round < 50; ++round, at += 20s) {
      for (Detector* each : {&one_by_one, &at_once}) each->take(true, at, true, rules, {});
      at += 16s;
      for (std::uint64_t i = 0; i < count; ++i) one_by_one.take(false, at, true, rules, {});
      at_once.take_good(count, at, true, rules);
      if (one_by_one.firing() || at_once.firing()) break;
      // While half certain nothing is learned, and one by one that may end in the middle.
      CHECK(at_once.state().good == doctest::Approx(one_by_one.state().good).epsilon(0.005));
      CHECK(at_once.state().bad == doctest::Approx(one_by_one.state().bad).epsilon(0.005));
      for (std::size_t k = 0; k < Detector::rungs.size(); ++k) {
        // Weights follow the baseline in steps of half a percent, so not to the last bit.
        CHECK(at_once.state().rungs[k].sum == doctest::Approx(one_by_one.state().rungs[k].sum).epsilon(0.02));
      }
    }
    CHECK(one_by_one.firing() == at_once.firing());
  }
}

TEST_CASE("an outage in real traffic is found within a minute or two, a mild one within five") {
  const Duration hard = detection(1.0), most = detection(0.44), tenth = detection(0.10), mild = detection(0.03);
  CAPTURE(hard.count());
  CAPTURE(most.count());
  CAPTURE(tenth.count());
  CAPTURE(mild.count());
  CHECK(hard >= 45s);  // never sooner: a hiccup is no outage (one of the normal failures may have been just before)
  CHECK(hard <= 65s);
  CHECK(most <= 90s);
  CHECK(tenth <= 150s);
  CHECK(mild <= 300s);
}

TEST_CASE("thousands a second are judged as hundreds are") {
  CHECK(detection(0.44, 10'000) <= 90s);
  CHECK(detection(0.44, 5) <= 150s);
}

TEST_CASE("a hiccup of twenty seconds, and a client that retries for forty, open nothing") {
  Gateway world;
  world.second(20, 100, 1.0, 100, 0.001);
  world.second(600, 100, 0.001, 100, 0.001);
  CHECK(world.opened.empty());
  // One request that fails, asked again fifty times a second among two good ones.
  for (int i = 0; i < 40; ++i, world.now += 1s) {
    world.lump(world.of_api, 2, 50);
    world.lump(world.of_git, 100, 0);
  }
  world.second(600, 100, 0.001, 100, 0.001);
  CHECK(world.opened.empty());
}

TEST_CASE("a normal day of ten million requests opens nothing") {
  Gateway world;
  for (int minute = 0; minute < 24 * 60; ++minute) world.second(60, 120, 0.002, 5, 0.001);
  CHECK(world.opened.empty());
}

TEST_CASE("it is over when the rate is normal again for a minute, and not in a pause") {
  Gateway world;
  world.second(300, 100, 0.44, 100, 0.001);
  REQUIRE(world.down());
  // Ten good seconds, then it goes on: at a hundred a second a run of good ones proves nothing.
  for (int i = 0; i < 10; ++i) {
    world.second(10, 100, 0, 100, 0);
    world.second(10, 100, 0.44, 100, 0);
  }
  CHECK(world.recovered.empty());
  const Timestamp ended = world.now;
  world.second(200, 100, 0.001, 100, 0.001);
  REQUIRE(world.recovered.size() == 1);
  CHECK(world.recovered.front() - ended >= 55s);
  CHECK(world.recovered.front() - ended <= 90s);
  // The whole of its traffic stands in the incident, not the few that the test counted.
  CHECK(world.incident()->failures > 10'000);
  CHECK(static_cast<double>(world.incident()->failures) / static_cast<double>(world.incident()->probes) == doctest::Approx(0.4).epsilon(0.15));
}

TEST_CASE("all services of a source fail: its own egress is broken, nobody is blamed") {
  Gateway world;
  world.second(900, 100, 1.0, 100, 1.0);
  CHECK(world.opened.empty());
  CHECK(world.lump(world.of_api, 0, 100) == Disposition::void_controls);
  CHECK(world.lump(world.of_git, 0, 100) == Disposition::void_controls);
  // Half of everything lost is as much its own.
  Gateway half;
  half.second(900, 100, 0.5, 100, 0.5);
  CHECK(half.opened.empty());
  // One of them works again: now it is theirs.
  world.second(200, 100, 1.0, 100, 0.001);
  CHECK(world.down(api));
  CHECK_FALSE(world.down(git));
}

TEST_CASE("a source of one service alone needs a second witness") {
  World world;
  const TargetId alone = world.source("app", api);
  for (int i = 0; i < 600; ++i, world.now += 1s) {
    world.report(alone, Class::ok, 50);
    if (i % 30 == 0) world.probe(Class::ok);
  }
  Disposition made = Disposition::good;
  for (int i = 0; i < 300; ++i, world.now += 1s) {
    made = world.report(alone, Class::server_error, 50);
    if (i % 30 == 0) world.probe(Class::ok);
  }
  CHECK(made == Disposition::void_uncorroborated);
  CHECK(world.opened.empty());
  SUBCASE("our own probe") {
    for (int i = 0; i < 150; ++i, world.now += 1s) {
      if (i % 30 == 0) world.probe(Class::server_error);
      made = world.report(alone, Class::server_error, 50);
    }
    CHECK(made == Disposition::bad);
    CHECK(world.down());
  }
  SUBCASE("another source") {
    const TargetId other = world.source("worker", api);
    world.report(other, Class::ok, 50);
    for (int i = 0; i < 150; ++i, world.now += 1s) {
      world.report(other, Class::server_error, 20);
      made = world.report(alone, Class::server_error, 50);
    }
    CHECK(made == Disposition::bad);
    CHECK(world.down());
  }
  SUBCASE("another source that works says nothing of it") {
    const TargetId other = world.source("worker", api);
    for (int i = 0; i < 300; ++i, world.now += 1s) {
      world.lump(other, 999, i % 10 == 0 ? 1 : 0);
      made = world.report(alone, Class::server_error, 50);
    }
    CHECK(made == Disposition::void_uncorroborated);
    CHECK(world.opened.empty());
  }
}

TEST_CASE("what says nothing of the provider counts nowhere") {
  Gateway world;
  for (int i = 0; i < 300; ++i, world.now += 1s) {
    world.lump(world.of_git, 100, 0);
    CHECK(world.report(world.of_api, Class::rate_limited, 500) == Disposition::void_class);
    CHECK(world.report(world.of_api, Class::bad_request, 500) == Disposition::void_class);
    world.report(world.of_api, Class::ok, 10);
  }
  CHECK(world.opened.empty());
}

TEST_CASE("rows that tell of the past stand where they belong, and time never goes back") {
  Gateway world;
  const Timestamp begun = world.now;
  // A shipper that sends once a minute, with the time of each.
  for (int i = 0; i < 6 && world.opened.empty(); ++i) {
    world.now += 60s;
    for (Duration age = 60s; age > 0s; age -= 5s) {
      world.report(world.of_git, Class::ok, 100, age);
      world.report(world.of_api, Class::server_error, 100, age);
    }
  }
  REQUIRE(world.opened.size() == 1);
  CHECK(world.opened.front() - begun <= 121s);
  CHECK(world.incident()->onset <= begun + 1s);
  CHECK(world.engine.now() == world.now);
}

TEST_CASE("a source that falls silent while it fails holds nothing open for ever where others see it work") {
  Gateway world;
  world.probe(Class::ok);
  world.second(120, 100, 1.0, 100, 0.001);
  REQUIRE(world.down());
  for (int i = 0; i < 30; ++i, world.now += 30s) world.probe(Class::ok);
  CHECK_FALSE(world.down());
}

TEST_CASE("a source that falls silent where nobody else sees: blind, and the incident stays") {
  Gateway world;
  world.second(120, 100, 0.001, 100, 1.0);
  REQUIRE(world.down(git));
  for (int i = 0; i < 60; ++i, world.now += 30s) world.step(Tick{});
  CHECK(world.down(git));
  CHECK(world.engine.verdict(git).agreement == Agreement::blind);
}

TEST_CASE("while our own network is down, those who report from elsewhere see for us") {
  Gateway world;
  for (int i = 0; i < 3; ++i) world.probe(Class::ok, TargetId{static_cast<unsigned>(100 + i)});
  for (int round = 0; round < 3; ++round, world.now += 5s) {
    for (int i = 0; i < 3; ++i) world.probe(Class::tcp_timeout, TargetId{static_cast<unsigned>(100 + i)});
    world.second(1, 100, 0.001, 100, 0.001);
  }
  REQUIRE(world.engine.network_down());
  CHECK(world.engine.verdict(git).health == Status::operational);
}

TEST_CASE("who reports survives a restart, a replay and a reload, and comes to the same") {
  Gateway world;
  world.second(40, 100, 0.44, 100, 0.001);
  auto restored = Engine::load(world.engine.save(), two_services());
  REQUIRE_MESSAGE(restored.ok(), (restored ? "" : restored.error()));
  CHECK(restored->save() == world.engine.save());
  CHECK(restored->target(world.of_api).proven);
  Engine replayed;
  Effects effects;
  for (const Input& input : world.log) replayed.step(input, effects);
  CHECK(replayed.save() == world.engine.save());
  // Another configuration with the same components: they report on.
  auto changed = two_services();
  changed->hash = "changed";
  world.step(ConfigChange{changed});
  CHECK(world.engine.topology()->hash == "changed");
  REQUIRE(world.engine.topology()->target(world.of_api));
  CHECK(world.engine.topology()->target(world.of_api)->rules.min_outage == traffic_rules().min_outage);
  world.second(60, 100, 0.44, 100, 0.001);
  CHECK(world.down());
  // And one without: gone, with whatever they held open.
  changed = two_services();
  changed->hash = "without";
  changed->components.erase(changed->components.begin());
  changed->targets.clear();
  world.step(ConfigChange{changed});
  CHECK_FALSE(world.engine.topology()->target(world.of_api));
  CHECK(world.report(world.of_api, Class::ok) == Disposition::ignored);
  CHECK(world.recovered.size() == 1);
}

TEST_CASE("a stream that makes room for another ends what it held open") {
  Gateway world;
  world.second(120, 100, 1.0, 100, 0.001);
  REQUIRE(world.down());
  const TargetSpec spec = *world.engine.topology()->target(world.of_api);
  world.step(Reporting{.target = spec, .ended = true});
  CHECK_FALSE(world.down());
  CHECK_FALSE(world.engine.topology()->target(world.of_api));
}

TEST_CASE("what its page opened, its page ends, though somebody begins to report meanwhile") {
  auto topology = two_services(true);
  topology->components[0].probed = false;
  topology->targets.clear();
  World world(topology);
  const auto claim = [&](Status status) {
    Claim said;
    said.component = api;
    said.status = status;
    said.red = level(status) > 0;
    world.step(std::move(said));
    world.now += 60s;
  };
  claim(Status::operational);
  claim(Status::partial_outage);
  REQUIRE(world.down());
  const TargetId app = world.source("app", api);
  for (int i = 0; i < 10; ++i) world.report(app, Class::ok, 100);
  CHECK(world.down());
  claim(Status::operational);
  claim(Status::operational);
  CHECK_FALSE(world.down());
}

TEST_CASE("an advisory target opens nothing and counts nowhere, but is named") {
  World world;
  for (int i = 0; i < 200; ++i, world.now += 30s) {
    world.probe(Class::ok);
    world.probe(Class::ok, feed_target);
  }
  for (int i = 0; i < 60; ++i, world.now += 30s) {
    world.probe(Class::ok);
    world.probe(Class::reported_bad, feed_target, "14 posts mention it; normal 1");
  }
  CHECK(world.opened.empty());
  CHECK(world.engine.target(feed_target).firing);
  CHECK(world.engine.verdict(api).health == Status::operational);
  const std::string why = world.engine.verdict(api).why;
  CHECK_MESSAGE(why.find("14 posts mention it; normal 1.") != std::string::npos, why);
  // It goes quiet: no longer named.
  for (int i = 0; i < 60; ++i, world.now += 30s) world.probe(Class::ok, feed_target), world.probe(Class::ok);
  CHECK(world.engine.verdict(api).why.find("posts") == std::string::npos);
}

TEST_CASE("an advisory target never sees for the component, nor is it probed for it") {
  auto topology = two_services();
  topology->targets.erase(topology->targets.begin());
  topology->components[0].probed = false;
  World world(topology);
  for (int i = 0; i < 20; ++i, world.now += 30s) world.probe(Class::ok, feed_target);
  CHECK(world.engine.verdict(api).health == Status::unknown);
}

TEST_CASE("an advisory target is a second witness of what is doubtful") {
  World world;
  for (int i = 0; i < 20; ++i, world.now += 30s) world.probe(Class::ok), world.probe(Class::ok, feed_target);
  CHECK(world.probe(Class::stream_truncated) == Disposition::void_uncorroborated);
  world.now += 30s;
  world.probe(Class::ok);
  world.probe(Class::reported_bad, feed_target, "9 posts mention it; normal 1");
  CHECK(world.probe(Class::stream_truncated) == Disposition::bad);
}

TEST_CASE("people: counted once each, named, unusual against what is normal, and never an incident") {
  World world;
  const auto says = [&](const std::string& by) {
    world.step(OperatorAction{.action = std::string(report_action), .subject = "acme/api", .by = by, .comment = ""});
  };
  for (int i = 0; i < 2 * 24 * 60; ++i, world.now += 1min) world.probe(Class::ok);
  says("anna");
  says("anna");
  CHECK(world.engine.people(api).last_hour == 1);
  CHECK_FALSE(world.engine.people(api).unusual);
  CHECK(world.engine.verdict(api).why.find("person") == std::string::npos);
  for (const char* by : {"bert", "cleo", "dora", "emil", "finn"}) says(by), world.now += 1min, world.probe(Class::ok);
  CHECK(world.engine.people(api).last_hour == 6);
  CHECK(world.engine.people(api).unusual);
  const std::string why = world.engine.verdict(api).why;
  CHECK_MESSAGE(why.find("6 people report that it fails for them.") != std::string::npos, why);
  CHECK(world.opened.empty());
  CHECK(world.engine.verdict(api).health == Status::operational);
  CHECK(world.probe(Class::stream_truncated) == Disposition::bad);  // a second witness
  // An hour later nobody says so any more.
  for (int i = 0; i < 70; ++i, world.now += 1min) world.probe(Class::ok);
  CHECK(world.engine.people(api).last_hour == 0);
  // Somebody else's component, or one that there is not: nothing.
  world.step(OperatorAction{.action = std::string(report_action), .subject = "acme/nothing", .by = "x", .comment = ""});
  CHECK(world.engine.people(git).last_hour == 0);
}

TEST_CASE("people who always report are normal, and a flood of them costs no more than a constant") {
  People people;
  people.begin(noon);
  Timestamp at = noon;
  for (int hour = 0; hour < 24 * 14; ++hour, at += 1h) {
    for (int i = 0; i < 5; ++i) people.take("someone " + std::to_string(hour) + " " + std::to_string(i), at + i * 10min);
  }
  CHECK(people.normal(at) == doctest::Approx(5).epsilon(0.3));
  CHECK_FALSE(people.unusual(at));
  for (int i = 0; i < 5000; ++i) people.take("flood " + std::to_string(i), at);
  CHECK(people.unusual(at));
  CHECK(people.state().words.size() <= 1000);
}
