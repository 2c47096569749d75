// The engine as time lines: what is seen, what the page says, what follows.
#include <doctest/doctest.h>

#include "tests/core/scene.h"

using namespace outaged;
using namespace outaged::test;

namespace {

Class always_bad(int, int) { return Class::server_error; }
/// Four of nine, evenly: 44 %.
Class four_of_nine(int target, int turn) { return (turn + target) * 4 % 9 < 4 ? Class::server_error : Class::ok; }

}  // namespace

TEST_CASE("a hard outage with a silent page is found, proven, called, and ended") {
  Scene scene;
  scene.calm(noon, noon + 30min);
  CHECK(scene.verdict().agreement == Agreement::agrees);
  scene.run(noon + 30min, noon + 40min, always_bad);

  REQUIRE(scene.incident());
  const Incident down = *scene.incident();
  CHECK(down.onset == noon + 30min + 1s);
  CHECK(down.detected - down.onset == 90s);
  CHECK(down.id == "acme.api-20260413T123001000Z");
  CHECK(down.health == Status::major_outage);
  CHECK(down.affected.size() == 2);
  REQUIRE_FALSE(down.proof.empty());
  CHECK(down.proof.front().request_id.starts_with("req_"));
  CHECK(down.page.text == "operational");
  CHECK(scene.verdict().agreement == Agreement::page_silent);
  CHECK(scene.verdict().called);
  CHECK(down.mismatch_since == down.onset + 5min);
  CHECK(scene.verdict().why.find("fail since 12:30") != std::string::npos);
  CHECK(scene.verdict().why.find("at most once a year") != std::string::npos);

  scene.calm(noon + 40min, noon + 45min);
  REQUIRE(scene.incident());
  CHECK(scene.incident()->recovered.has_value());
  CHECK(scene.verdict().agreement == Agreement::agrees);
  CHECK(scene.count("opened") == 1);
  CHECK(scene.count("recovered") == 1);
}

TEST_CASE("an intermittent outage is found in minutes and not lost again") {
  Scene scene;
  scene.calm(noon, noon + 30min);
  scene.run(noon + 30min, noon + 90min, four_of_nine);
  REQUIRE(scene.incident());
  CHECK(scene.incident()->detected < noon + 36min);
  CHECK_FALSE(scene.incident()->recovered);
  CHECK(scene.count("opened") == 1);
  const double rate = static_cast<double>(scene.incident()->failures) / static_cast<double>(scene.incident()->probes);
  CHECK(rate == doctest::Approx(4.0 / 9).epsilon(0.1));
  CHECK(scene.incident()->health == Status::degraded_performance);
}

TEST_CASE("single failures are nothing") {
  Scene scene;
  scene.run(noon, noon + 24h, [](int target, int turn) { return turn % 200 == 199 && target == 0 ? Class::server_error : Class::ok; });
  CHECK(scene.count("opened") == 0);
}

TEST_CASE("two failures in a row are not enough, whatever the baseline") {
  Scene scene;
  scene.calm(noon, noon + 12h);
  scene.run(noon + 12h, noon + 12h + 1min, always_bad);
  scene.calm(noon + 12h + 1min, noon + 13h);
  CHECK(scene.count("opened") == 0);
}

TEST_CASE("the page's late admission is an interval between two of our readings") {
  Scene scene;
  scene.calm(noon, noon + 30min);
  scene.run(noon + 30min, noon + 70min, always_bad);
  scene.run(noon + 70min, noon + 80min, always_bad, Status::partial_outage);
  REQUIRE(scene.incident());
  REQUIRE(scene.incident()->admitted);
  const Admission& admission = *scene.incident()->admitted;
  CHECK(admission.first_red - admission.last_green == 60s);
  CHECK(admission.first_red == noon + 70min + 20s);
  CHECK_FALSE(admission.already_red);
  CHECK(scene.verdict().agreement == Agreement::page_understates);  // we see a major outage
  CHECK(scene.count("updated admitted") == 1);

  scene.run(noon + 80min, noon + 85min, always_bad, Status::major_outage);
  CHECK(scene.verdict().agreement == Agreement::agrees);
}

TEST_CASE("an all-clear while it still fails is too early, and the last one clears it") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 20min, always_bad, Status::major_outage);
  scene.run(noon + 20min, noon + 30min, always_bad, Status::operational);
  CHECK(scene.verdict().agreement == Agreement::page_too_early);
  CHECK(scene.verdict().called);
  scene.run(noon + 30min, noon + 40min, [](int, int) { return Class::ok; }, Status::major_outage);
  CHECK(scene.verdict().agreement == Agreement::pending);
  REQUIRE(scene.incident());
  CHECK_FALSE(scene.incident()->cleared);
  scene.calm(noon + 40min, noon + 50min);
  CHECK(scene.count("updated cleared") == 0);  // it changed its mind three times within the hour: held red
  scene.calm(noon + 50min, noon + 60min);
  CHECK(scene.count("updated cleared") == 1);
}

TEST_CASE("an all-clear is not too early for us still counting good probes") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  // A quarter fails: it takes some twelve good minutes until we call it recovered.
  scene.run(noon + 10min, noon + 50min, [](int, int turn) { return turn % 4 == 0 ? Class::server_error : Class::ok; },
            Status::degraded_performance);
  REQUIRE(scene.incident());
  scene.calm(noon + 50min, noon + 58min, Status::operational);
  CHECK_FALSE(scene.incident()->recovered);
  CHECK(scene.verdict().agreement == Agreement::pending);
  SUBCASE("it was right") {
    scene.calm(noon + 58min, noon + 80min, Status::operational);
    CHECK(scene.count("recovered") == 1);
    CHECK(scene.count("page_too_early") == 0);
  }
  SUBCASE("it was not") {
    scene.run(noon + 58min, noon + 59min, always_bad, Status::operational);
    CHECK(scene.verdict().agreement == Agreement::page_too_early);
  }
}

TEST_CASE("planned maintenance agrees with what fails") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 30min, always_bad, Status::under_maintenance);
  CHECK(scene.verdict().agreement == Agreement::agrees);
  CHECK(scene.count("called") == 0);
}

TEST_CASE("a page that is red for an hour while we see nothing overstates") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 69min, [](int, int) { return Class::ok; }, Status::partial_outage);
  CHECK(scene.verdict().agreement == Agreement::pending);
  scene.run(noon + 69min, noon + 80min, [](int, int) { return Class::ok; }, Status::partial_outage);
  CHECK(scene.verdict().agreement == Agreement::page_overstates);
  CHECK(scene.count("opened") == 0);
}

TEST_CASE("red since long before the onset gives no lag") {
  Scene scene;
  scene.calm(noon, noon + 10min, Status::degraded_performance);
  scene.calm(noon + 10min, noon + 100min, Status::degraded_performance);
  scene.run(noon + 100min, noon + 110min, always_bad, Status::degraded_performance);
  REQUIRE(scene.incident());
  REQUIRE(scene.incident()->admitted);
  CHECK(scene.incident()->admitted->already_red);
  CHECK(scene.count("updated admitted") == 0);  // the opening said so
}

TEST_CASE("a page that cannot be read: the last claim holds for five minutes, then it is unreadable, never green") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 13min, [](int, int) { return Class::ok; }, Status::unknown);
  CHECK(scene.verdict().agreement == Agreement::agrees);
  CHECK(scene.verdict().claim == Status::operational);
  scene.run(noon + 13min, noon + 20min, [](int, int) { return Class::ok; }, Status::unknown);
  CHECK(scene.verdict().agreement == Agreement::page_unreadable);
  CHECK(scene.verdict().claim == Status::unknown);
}

TEST_CASE("a flapping page is held red") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  Timestamp t = noon + 10min;
  for (int i = 0; i < 8; ++i, t += 2min) {
    scene.run(t, t + 2min, always_bad, i % 2 == 0 ? Status::degraded_performance : Status::operational);
  }
  scene.run(t, t + 6min, always_bad, Status::operational);
  CHECK(scene.count("page_too_early") == 0);
  scene.run(t + 6min, t + 25min, always_bad, Status::operational);
  CHECK(scene.count("page_too_early") == 1);
}

TEST_CASE("while our own network is down nobody is blamed and everything is blind") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 3h, always_bad, Status::operational, /*controls_ok=*/false);
  CHECK(scene.count("opened") == 0);
  CHECK(scene.count("network down") == 1);
  CHECK(scene.verdict().agreement == Agreement::blind);
  CHECK(scene.verdict().health == Status::unknown);
  scene.calm(noon + 3h, noon + 3h + 5min);
  CHECK(scene.count("network up") == 1);
  CHECK(scene.verdict().agreement == Agreement::agrees);
  CHECK(scene.count("opened") == 0);
}

TEST_CASE("an open incident is frozen while we are blind, not resolved") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 20min, always_bad);
  REQUIRE(scene.incident());
  const IncidentId id = scene.incident()->id;
  scene.run(noon + 20min, noon + 40min, [](int, int) { return Class::bot_challenge; });
  CHECK(scene.verdict().agreement == Agreement::blind);
  REQUIRE(scene.incident());
  CHECK(scene.incident()->id == id);
  CHECK_FALSE(scene.incident()->recovered);
  CHECK(scene.count("recovered") == 0);
}

TEST_CASE("a closed firewall does not make us mute: with no control ever ok we decide, unchecked") {
  Scene scene;
  scene.run(noon, noon + 10min, [](int, int) { return Class::ok; }, Status::operational, false);
  CHECK(scene.engine.unchecked());
  scene.run(noon + 10min, noon + 15min, always_bad, Status::operational, false);
  REQUIRE(scene.incident());
  CHECK(scene.incident()->unchecked);
  CHECK(scene.verdict().why.find("Unchecked") != std::string::npos);
}

TEST_CASE("a firewall closed later: controls that fail while targets work lose their vote") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 20min, [](int, int) { return Class::ok; }, Status::operational, false);
  CHECK(scene.engine.unchecked());
  CHECK_FALSE(scene.engine.network_down());
  scene.run(noon + 20min, noon + 25min, always_bad, Status::operational, false);
  CHECK(scene.incident());
}

TEST_CASE("a target that has never been ok opens nothing and asks for its config to be checked") {
  Scene scene;
  scene.run(noon, noon + 1h, always_bad);
  CHECK(scene.count("opened") == 0);
  CHECK(scene.count("self acme/api/t0 has never once been ok") == 1);
  CHECK(scene.verdict().agreement == Agreement::blind);
}

TEST_CASE("so does one whose answers have always said that the mistake is ours") {
  Scene scene;
  scene.run(noon, noon + 1h, [](int target, int) { return target == 0 ? Class::not_found : Class::ok; });
  CHECK(scene.count("opened") == 0);
  CHECK(scene.count("self acme/api/t0 has never once been ok") == 1);
  CHECK(scene.count("self acme/api/t1") == 0);
}

TEST_CASE("maybe counts only the second time in a row") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 30min, [](int, int turn) { return turn % 2 == 0 ? Class::unexpected_content : Class::ok; });
  CHECK(scene.count("opened") == 0);
  scene.run(noon + 30min, noon + 40min, [](int, int) { return Class::unexpected_content; });
  CHECK(scene.count("opened") == 1);
}

TEST_CASE("a return within ten minutes is the same incident, a later one is another") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 15min, always_bad);
  scene.calm(noon + 15min, noon + 20min);
  scene.run(noon + 20min, noon + 25min, always_bad);
  REQUIRE(scene.incident());
  CHECK(scene.count("opened") == 2);  // "opened" and "reopened"
  CHECK(scene.count("reopened") == 1);
  CHECK(scene.incident()->reopened == 1);
  CHECK(scene.incident()->onset == noon + 10min + 1s);
  scene.calm(noon + 25min, noon + 50min);
  scene.run(noon + 50min, noon + 55min, always_bad);
  CHECK(scene.count("reopened") == 1);
  CHECK(scene.incident()->onset == noon + 50min + 1s);
}

TEST_CASE("a mild failure of one target is listed, not called, until ten minutes have passed") {
  Scene scene;
  scene.calm(noon, noon + 1h);
  scene.run(noon + 1h, noon + 1h + 9min, [](int target, int turn) { return target == 0 && turn % 5 < 2 ? Class::server_error : Class::ok; });
  REQUIRE(scene.incident());
  CHECK(scene.verdict().agreement == Agreement::page_silent);
  CHECK_FALSE(scene.verdict().called);
  scene.run(noon + 1h + 9min, noon + 1h + 15min, [](int target, int turn) { return target == 0 && turn % 5 < 2 ? Class::server_error : Class::ok; });
  CHECK(scene.verdict().called);
}

TEST_CASE("no page: health alone, never a mismatch") {
  SceneOptions options;
  options.page = false;
  Scene scene(options);
  scene.calm(noon, noon + 10min);
  CHECK(scene.verdict().agreement == Agreement::no_page);
  scene.run(noon + 10min, noon + 30min, always_bad);
  CHECK(scene.incident());
  CHECK(scene.verdict().agreement == Agreement::no_page);
  CHECK(scene.verdict().health == Status::major_outage);
}

TEST_CASE("only its page speaks for a component without targets") {
  SceneOptions options;
  options.targets = 0;
  options.probed = false;
  Scene scene(options);
  scene.calm(noon, noon + 10min, Status::partial_outage);
  CHECK(scene.verdict().agreement == Agreement::page_only);
  CHECK(scene.verdict().health == Status::unknown);
  CHECK(scene.verdict().claim == Status::partial_outage);
}

TEST_CASE("a target taken out of the configuration ends what only it held open") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 15min, [](int target, int) { return target == 1 ? Class::server_error : Class::ok; });
  REQUIRE(scene.incident());
  SceneOptions fewer;
  fewer.targets = 1;
  scene.step(noon + 15min, ConfigChange{make_topology(fewer, "fewer")});
  CHECK(scene.count("recovered") == 1);
  scene.probe(1, noon + 15min + 1s, Class::server_error);
  CHECK(scene.effects.disposition == Disposition::ignored);
}

TEST_CASE("classic rule: three in a row fire, two good in a row recover") {
  SceneOptions options;
  options.rules.failure_threshold = 3;
  options.rules.success_threshold = 2;
  options.targets = 1;
  Scene scene(options);
  scene.calm(noon, noon + 2min);
  scene.run(noon + 2min, noon + 3min, always_bad);
  CHECK(scene.count("opened") == 0);
  scene.run(noon + 3min, noon + 3min + 30s, always_bad);
  CHECK(scene.count("opened") == 1);
  scene.calm(noon + 4min, noon + 4min + 30s);
  CHECK(scene.count("recovered") == 0);
  scene.calm(noon + 4min + 30s, noon + 5min);
  CHECK(scene.count("recovered") == 1);
}

TEST_CASE("answers that are good but slow open a slow incident, and quick ones end it") {
  Scene scene;
  const auto turn = [&](Timestamp from, Timestamp to, Duration took) {
    for (Timestamp t = from; t < to; t += 30s) {
      for (int i = 0; i < 3; ++i) scene.control(i, t, true);
      for (int i = 0; i < 2; ++i) {
        Observation observation;
        observation.target = TargetId(static_cast<unsigned>(i));
        observation.http_status = 200;
        observation.took = took;
        scene.step(t + 15s + i * 1s, observation);
      }
      scene.claim(t + 20s, Status::operational);
    }
  };
  turn(noon, noon + 30min, 300ms);
  turn(noon + 30min, noon + 40min, 12s);
  REQUIRE(scene.incident());
  CHECK(scene.incident()->slow);
  CHECK(scene.incident()->health == Status::degraded_performance);
  CHECK(scene.incident()->failures == 0);
  CHECK(scene.incident()->slow_answers > 10);
  CHECK(scene.incident()->affected.size() == 2);
  CHECK_FALSE(scene.incident()->proof.empty());
  CHECK(scene.verdict().why.find("answered slowly") != std::string::npos);
  CHECK(scene.verdict().agreement == Agreement::page_silent);
  turn(noon + 40min, noon + 60min, 300ms);
  CHECK(scene.count("recovered") == 1);
}

TEST_CASE("evidence of several targets adds up: the component fires before any of them") {
  Scene scene;
  scene.calm(noon, noon + 3h);
  // Each target fails one probe in five, in turns: too little for each within these minutes, enough for both.
  scene.run(noon + 3h, noon + 3h + 6min, [](int target, int turn) { return (turn + 2 * target) % 4 == 0 ? Class::server_error : Class::ok; });
  REQUIRE(scene.incident());
  CHECK(scene.happened("component fail fires"));
  CHECK_FALSE(scene.happened("target fail fires"));
}

TEST_CASE("probing: fast while suspicious, after a pause; slower while down; back to calm; never fast when asked to slow down") {
  SceneOptions options;
  options.targets = 1;
  Scene scene(options);
  scene.calm(noon, noon + 10min);
  CHECK(scene.count("every") == 0);
  scene.probe(0, noon + 10min, Class::server_error);
  REQUIRE(scene.effects.list.size() == 1);
  const auto* pause = std::get_if<CadenceChanged>(&scene.effects.list.front().effect);
  REQUIRE(pause);
  CHECK(pause->interval == 6s);
  CHECK(pause->not_before == noon + 10min + 30s);
  Timestamp t = noon + 10min + 29s;
  while (scene.count("every 30s") == 0 && t < noon + 20min) scene.probe(0, t += 6s, Class::ok);
  CHECK(scene.count("every 30s") == 1);
  for (int i = 0; i < 6; ++i) scene.probe(0, t += 30s, Class::server_error);
  CHECK(scene.incident());
  CHECK(scene.count("every 15s") == 1);
  const std::size_t calm_before = scene.count("every 30s");
  for (int i = 0; i < 60 && scene.count("recovered") == 0; ++i) scene.probe(0, t += 15s, Class::ok);
  CHECK(scene.count("recovered") == 1);
  CHECK(scene.count("every 30s") == calm_before + 1);
  scene.probe(0, t += 30s, Class::rate_limited);
  const std::size_t before = scene.count("every 6s");
  scene.probe(0, t += 30s, Class::server_error);
  CHECK(scene.count("every 6s") == before);
}

TEST_CASE("a page that nobody checks opens an incident of its own from the level asked for") {
  SceneOptions options;
  options.targets = 0;
  options.probed = false;
  options.agreement.page_only_level = Status::partial_outage;
  Scene scene(options);
  scene.calm(noon, noon + 10min);
  scene.calm(noon + 10min, noon + 20min, Status::degraded_performance);
  CHECK(scene.count("opened") == 0);
  scene.calm(noon + 20min, noon + 30min, Status::partial_outage);
  REQUIRE(scene.incident());
  CHECK(scene.incident()->from_page);
  CHECK(scene.verdict().agreement == Agreement::page_only);
  CHECK(scene.verdict().why.find("reports partial outage") != std::string::npos);
  scene.calm(noon + 30min, noon + 35min, Status::unknown);
  CHECK(scene.count("recovered") == 0);
  scene.calm(noon + 35min, noon + 40min);
  CHECK(scene.count("recovered") == 1);
}

TEST_CASE("an expected error rate caps what is learned as normal") {
  SceneOptions options;
  options.targets = 1;
  options.controls = 0;
  options.page = false;
  options.rules.expected_error_rate = 0.01;
  Scene scene(options);
  // 4 % broken for ten days: without the cap that would be normal by then.
  scene.run(noon, noon + 240h, [](int, int turn) { return turn % 25 == 24 ? Class::server_error : Class::ok; });
  CHECK(scene.engine.target(TargetId{0}).baseline <= 0.01);
  CHECK(scene.count("self acme/api/t0 fails") == 0);

  options.rules.expected_error_rate = 0.05;
  Scene uncapped(options);
  uncapped.run(noon, noon + 240h, [](int, int turn) { return turn % 66 == 65 ? Class::server_error : Class::ok; });
  CHECK(uncapped.count("self acme/api/t0 fails") == 1);
}

TEST_CASE("a target that comes back still failing is news again") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 15min, [](int target, int) { return target == 1 ? Class::server_error : Class::ok; });
  REQUIRE(scene.incident());
  SceneOptions fewer;
  fewer.targets = 1;
  scene.step(noon + 15min, ConfigChange{make_topology(fewer, "fewer")});
  CHECK(scene.count("recovered") == 1);
  scene.step(noon + 16min, ConfigChange{make_topology(SceneOptions{}, "both again")});
  CHECK_FALSE(scene.engine.target(TargetId{1}).firing);
  scene.run(noon + 16min, noon + 20min, [](int target, int) { return target == 1 ? Class::server_error : Class::ok; });
  CHECK(scene.count("reopened") == 1);
}

TEST_CASE("another page is read anew: what the old one said is not its word") {
  Scene scene;
  scene.calm(noon, noon + 10min, Status::major_outage);
  auto moved = make_topology(SceneOptions{}, "moved");
  moved->pages.front().url = "https://elsewhere.example";
  scene.step(noon + 10min, ConfigChange{moved});
  CHECK(scene.verdict().claim == Status::unknown);
  CHECK(scene.engine.claim(ComponentId{0}) == nullptr);
  scene.calm(noon + 10min, noon + 12min);
  CHECK(scene.verdict().agreement == Agreement::agrees);

  // The same page under other rules keeps what it said.
  auto rules = std::make_shared<Topology>(*moved);
  rules->hash = "other rules";
  rules->components.front().rules.grace = 1min;
  scene.step(noon + 12min, ConfigChange{rules});
  CHECK(scene.verdict().claim == Status::operational);
}

TEST_CASE("a page taken out of the configuration lets a recovered incident end") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 15min, always_bad, Status::major_outage);
  scene.calm(noon + 15min, noon + 20min, Status::major_outage);
  REQUIRE(scene.incident());
  REQUIRE(scene.incident()->admitted);
  SceneOptions pageless;
  pageless.page = false;
  scene.step(noon + 20min, ConfigChange{make_topology(pageless, "pageless")});
  scene.step(noon + 45min, Tick{});
  CHECK_FALSE(scene.incident());
}

TEST_CASE("a page that was red and green again before we decided has admitted it, and cleared it too early") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.probe(0, noon + 10min, Class::server_error);
  scene.claim(noon + 10min + 10s, Status::partial_outage);
  scene.probe(0, noon + 10min + 30s, Class::server_error);
  scene.claim(noon + 11min, Status::operational);
  scene.run(noon + 11min + 30s, noon + 20min, [](int target, int) { return target == 0 ? Class::server_error : Class::ok; });
  REQUIRE(scene.incident());
  REQUIRE(scene.incident()->admitted);
  CHECK(scene.incident()->admitted->first_red == noon + 10min + 10s);
  CHECK(scene.incident()->cleared == noon + 11min);
  CHECK(scene.verdict().agreement == Agreement::page_too_early);
  CHECK(scene.count("page_silent") == 0);
  CHECK(scene.story[scene.story.size() - 1].find("updated none") == std::string::npos);
}

TEST_CASE("an unreadable page is told once, and once that it can be read again") {
  Scene scene;
  const auto ok = [](int, int) { return Class::ok; };
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 20min, ok, Status::unknown);
  CHECK(scene.count("cannot be read") == 1);
  scene.run(noon + 20min, noon + 25min, [](int, int) { return Class::bot_challenge; }, Status::unknown);  // blind
  scene.run(noon + 25min, noon + 30min, ok, Status::unknown);
  CHECK(scene.count("cannot be read") == 1);
  scene.calm(noon + 30min, noon + 35min);
  CHECK(scene.count("can be read again") == 1);
}

TEST_CASE("our own silence is not the page's: no word against it after a stop or an outage of our network") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  for (int i = 0; i < 2; ++i) scene.probe(i, noon + 3h, Class::ok);  // back after a stop; the page is not read yet
  CHECK(scene.verdict().agreement == Agreement::page_unreadable);
  scene.calm(noon + 3h + 30s, noon + 4h);
  scene.run(noon + 4h, noon + 5h, [](int, int) { return Class::tcp_timeout; }, Status::unknown, /*controls_ok=*/false);
  scene.calm(noon + 5h, noon + 5h + 10min);
  CHECK(scene.verdict().agreement == Agreement::agrees);
  CHECK(scene.count("cannot be read") == 0);
}

TEST_CASE("good probes from before a long silence do not count towards recovery") {
  Scene scene;
  scene.calm(noon, noon + 30min);
  scene.run(noon + 30min, noon + 60min, [](int target, int turn) { return target == 0 && turn % 4 == 0 ? Class::server_error : Class::ok; });
  REQUIRE(scene.incident());
  REQUIRE_FALSE(scene.incident()->recovered);
  scene.calm(noon + 60min, noon + 62min);
  REQUIRE_FALSE(scene.incident()->recovered);
  scene.probe(0, noon + 5h, Class::ok);  // one answer in three hours is not fifteen clean minutes
  CHECK_FALSE(scene.incident()->recovered);
}

TEST_CASE("a snapshot remembers the counts of what is out of the configuration for now") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  auto empty = std::make_shared<Topology>();
  empty->hash = "empty";
  scene.step(noon + 10min, ConfigChange{empty});
  auto restarted = Engine::load(scene.engine.save(), empty);
  REQUIRE(restarted.ok());
  const auto again = make_topology(SceneOptions{}, "again");
  scene.step(noon + 11min, ConfigChange{again});
  restarted->step(scene.log.back(), scene.effects);
  CHECK(restarted->save() == scene.engine.save());
}

TEST_CASE("a key that dies makes us blind, and that is told to us, not to the provider") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 20min, [](int, int) { return Class::auth; });
  CHECK(scene.count("opened") == 0);
  CHECK(scene.verdict().agreement == Agreement::blind);
  CHECK(scene.count("self acme/api cannot be seen: its probes end in auth") == 1);
  scene.calm(noon + 20min, noon + 25min);
  CHECK(scene.count("self acme/api can be seen again") == 1);
}

TEST_CASE("controls that lose their vote are told once, and once that they are back") {
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 30min, [](int, int) { return Class::ok; }, Status::operational, false);
  CHECK(scene.count("self controls too few") == 1);
  scene.calm(noon + 30min, noon + 40min);
  CHECK(scene.count("self controls enough") == 1);
}

TEST_CASE("a page that says degraded is not called wrong because 44 % looked like more for a while") {
  Scene scene;
  scene.calm(noon, noon + 30min);
  // Five of nine at first, four of nine in the long run.
  scene.run(noon + 30min, noon + 2h, [](int target, int turn) { return (turn < 70 ? turn % 9 < 5 : (turn + target) * 4 % 9 < 4) ? Class::server_error : Class::ok; },
            Status::degraded_performance);
  REQUIRE(scene.incident());
  CHECK_FALSE(scene.happened("page_understates"));
}
