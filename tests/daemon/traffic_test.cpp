// Reported traffic through the pipeline and its database: who reports survives a restart, a replay comes to the same, and
// what nobody may be blamed for is told once.
#include <doctest/doctest.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "daemon/lumps.h"
#include "daemon/replay.h"
#include "tests/daemon/pipeline_support.h"

using namespace outaged;
using testing::Folder;
using testing::HandClock;
using testing::Life;
using testing::stored_incidents;
using testing::wait_for_board;

namespace {

constexpr std::string_view two_services = R"(
controls: []
ingest: {max_streams: 4}
services:
  - {name: acme, title: Acme, components: [{name: api, reported: true}]}
  - {name: forge, title: Forge, components: [{name: git, reported: true}]}
receivers:
  - {name: hook, kind: webhook, url: "http://127.0.0.1:1/hook"}
)";

ComponentId component(const Life& life, const std::string& name) {
  const ComponentSpec* spec = life.board.latest()->topology->component(name);
  REQUIRE(spec);
  return spec->id;
}

/// A second's traffic of one source with one component, as Ingest would hand it over.
ReportedStream second(Life& life, const std::string& name, std::uint32_t good, std::uint32_t bad, const std::string& source = "app") {
  Lumps lumps;
  ReportedRow row;
  row.request_id = "req_7";
  row.status = 200;
  row.cls = Class::ok;
  row.count = good;
  if (good > 0) lumps.add(0, row, 0ms);
  row.status = 500;
  row.cls = Class::server_error;
  row.count = bad;
  if (bad > 0) lumps.add(0, row, 0ms);
  return {reporting_spec(component(life, name), name, source, {}), lumps.take(0, source)};
}

void seconds(Life& life, int count, std::uint32_t bad) {
  for (int i = 0; i < count; ++i) {
    ReportedTraffic traffic;
    traffic.streams.push_back(second(life, "acme/api", 100 - bad, bad));
    traffic.streams.push_back(second(life, "forge/git", 50, 0));
    REQUIRE(life.pipeline->inbox().push(std::move(traffic)));
    life.clock.advance(1s);
    if (i % 5 == 4) life.settle();
  }
  life.settle();
}

std::vector<NotificationKind> kinds(const Life& life) {
  std::vector<NotificationKind> out;
  for (const OutboxRow& row : life.delivery.rows()) out.push_back(row.notification.kind);
  return out;
}

}  // namespace

TEST_CASE("real traffic opens an incident with its numbers and request ids, across a restart, and a replay agrees") {
  Folder folder;
  HandClock clock;
  auto life = std::make_unique<Life>(folder, clock, two_services);
  wait_for_board(life->board);
  seconds(*life, 120, 0);
  seconds(*life, 30, 44);
  CHECK(stored_incidents(folder).empty());
  life->stop();
  life.reset();
  life = std::make_unique<Life>(folder, clock, two_services);  // in the middle of it
  wait_for_board(life->board);
  CHECK(life->topology()->targets.size() == 2);
  seconds(*life, 60, 44);
  const auto incidents = stored_incidents(folder);
  REQUIRE(incidents.size() == 1);
  CHECK(incidents.front().failures >= 60 * 44);
  REQUIRE_FALSE(incidents.front().proof.empty());
  CHECK(incidents.front().proof.front().request_id == "req_7");
  CHECK(kinds(*life) == std::vector{NotificationKind::fire});
  const auto picture = life->board.latest();
  CHECK(picture->targets.size() == 2);
  CHECK(picture->targets[0].by_class.size() == 2);
  CHECK(picture->components[0].verdict.why.find("app reports") != std::string::npos);
  life->stop();

  // One row for what met the same, not one a request.
  auto history = storage::History::open(folder.database());
  REQUIRE(history.ok());
  const auto rows = (*history)->observations(life->topology()->targets[0].id, never_past, never, 100'000);
  CHECK(rows.size() < 400);
  std::uint64_t requests = 0;
  for (const auto& row : rows) requests += row.observation.count;
  CHECK(requests == 210 * 100);

  ReplayOptions options;
  options.database = folder.database();
  const auto whole = replay(options);
  REQUIRE_MESSAGE(whole.ok(), (whole ? "" : whole.error()));
  REQUIRE(whole->incidents.size() == 1);
  CHECK(whole->incidents.front().id == incidents.front().id);
  CHECK(whole->incidents.front().failures >= incidents.front().failures);
  // From the middle of the log: who reported before that is known.
  options.since = clock.wall() - 150s;
  const auto cold = replay(options);
  REQUIRE_MESSAGE(cold.ok(), (cold ? "" : cold.error()));
  CHECK(cold->incidents.size() == 1);
}

TEST_CASE("a stream that was not heard of for a day makes room, and whoever finds none is counted") {
  Folder folder;
  HandClock clock;
  Life life(folder, clock, two_services);
  wait_for_board(life.board);
  const auto report = [&](const std::string& source) {
    ReportedTraffic traffic;
    traffic.streams.push_back(second(life, "acme/api", 10, 0, source));
    REQUIRE(life.pipeline->inbox().push(std::move(traffic)));
    life.settle();
  };
  for (const char* source : {"a", "b", "c", "d", "e"}) {
    report(source);
    clock.advance(1s);
  }
  life.settle();  // the picture after the last
  CHECK(life.topology()->targets.size() == 4);
  clock.advance(25h);
  report("b");
  report("e");
  life.stop();
  std::vector<std::string> sources;
  for (const TargetSpec& spec : life.topology()->targets) sources.push_back(spec.source);
  std::sort(sources.begin(), sources.end());
  CHECK(fmt::format("{}", fmt::join(sources, " ")) == "b c d e");
  CHECK(life.board.latest()->ingest.put_off == 1);
}

TEST_CASE("a daemon whose controls all fail says so once, and blames nobody") {
  Folder folder;
  HandClock clock;
  Life life(folder, clock, R"(
controls:
  targets:
    - {name: one, url: "http://127.0.0.1:1/1"}
    - {name: two, url: "http://127.0.0.1:1/2"}
    - {name: three, url: "http://127.0.0.1:1/3"}
services:
  - name: acme
    components: [{name: api, targets: [{name: a, url: "http://127.0.0.1:1/a"}, {name: b, url: "http://127.0.0.1:1/b"}]}]
  - name: forge
    components: [{name: git, targets: [{name: c, url: "http://127.0.0.1:1/c"}]}]
receivers:
  - {name: hook, kind: webhook, url: "http://127.0.0.1:1/hook"}
  - {name: self, kind: webhook, url: "http://127.0.0.1:1/self"}
)");
  wait_for_board(life.board);
  const auto turn = [&](Class cls) {
    const auto topology = life.topology();
    const auto observe = [&](TargetId target, Class seen) {
      Observation observation;
      observation.target = target;
      observation.cls = seen;
      REQUIRE(life.pipeline->inbox().push(observation));
    };
    for (const ControlSpec& spec : topology->controls) observe(spec.id, cls);
    clock.advance(1s);
    for (const TargetSpec& spec : topology->targets) observe(spec.id, cls);
    clock.advance(14s);
    life.settle();
  };
  for (int i = 0; i < 20; ++i) turn(Class::ok);
  for (int i = 0; i < 120; ++i) turn(Class::tcp_timeout);  // half an hour
  CHECK(stored_incidents(folder).empty());
  for (int i = 0; i < 20; ++i) turn(Class::ok);
  CHECK(stored_incidents(folder).empty());
  life.stop();
  int down = 0, up = 0;
  for (const OutboxRow& row : life.delivery.rows()) {
    CHECK(row.notification.kind == NotificationKind::self);
    CHECK(row.receiver == "self");
    (row.notification.text.find("works again") == std::string::npos ? down : up) += 1;
  }
  CHECK(down == 1);
  CHECK(up == 1);
}
