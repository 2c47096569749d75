// What a page posts and claims over time, through the whole pipeline into the database; and a page that oscillates.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "tests/daemon/pipeline_support.h"

using namespace outaged;
using testing::Folder;
using testing::HandClock;
using testing::Life;
using testing::stored_incidents;
using testing::wait_for_board;

namespace {

std::vector<PagePost> stored_posts(const Folder& folder) {
  auto history = storage::History::open(folder.database());
  REQUIRE(history.ok());
  auto posts = (*history)->page_posts(PageId{1}, never_past, 100);
  CHECK((*history)->last_error().empty());
  return posts;
}

std::shared_ptr<const PageReport> with_incident(std::optional<PageIncident> incident) {
  auto report = std::make_shared<PageReport>();
  report->format = "statuspage";
  report->readable = report->has_incidents = true;
  report->indicator = report->claim = incident && incident->open ? Status::degraded_performance : Status::operational;
  report->description = incident ? incident->name : "All Systems Operational";
  if (incident) report->incidents.push_back(std::move(*incident));
  return report;
}

void read(Life& life, std::shared_ptr<const PageReport> report, std::string_view body = {}) {
  std::shared_ptr<PageDocument> document;
  if (!body.empty()) {
    document = std::make_shared<PageDocument>();
    document->hash = std::string(64, body.front());
    document->body = std::make_shared<const std::string>(body);
    document->fetched = life.board.latest()->at;
  }
  life.pipeline->inbox().push(PageReading{life.page_id(), std::move(report), document});
  life.clock.advance(60s);
  life.settle();
}

std::size_t count(const Life& life, NotificationKind kind) {
  const auto rows = life.delivery.rows();
  return static_cast<std::size_t>(
      std::count_if(rows.begin(), rows.end(), [&](const OutboxRow& row) { return row.notification.kind == kind; }));
}

}  // namespace

TEST_CASE("what a page posts is stored as it lives, over a restart, with the document that said so") {
  Folder folder;
  HandClock clock;
  PageIncident incident;
  incident.id = "i1";
  incident.name = "Elevated errors";
  incident.status = "investigating";
  incident.open = true;
  {
    Life life(folder, clock);
    wait_for_board(life.board);
    read(life, with_incident(std::nullopt), "a");
    CHECK(stored_posts(folder).empty());
    incident.created = life.board.latest()->at;
    incident.updates = {{.at = incident.created, .status = "investigating", .text = "we look"}};
    read(life, with_incident(incident), "b");
    read(life, with_incident(incident), "c");
    life.stop();
  }
  auto posts = stored_posts(folder);
  REQUIRE(posts.size() == 1);
  CHECK(posts[0].open);
  CHECK(posts[0].absent);
  CHECK(posts[0].document == std::string(64, 'b'));
  const Timestamp first_seen = posts[0].first_seen;

  Life life(folder, clock);
  wait_for_board(life.board);
  read(life, with_incident(incident), "d");  // nothing new
  CHECK(stored_posts(folder).at(0).document == std::string(64, 'b'));
  read(life, with_incident(std::nullopt), "e");
  life.stop();
  posts = stored_posts(folder);
  REQUIRE(posts.size() == 1);
  CHECK_FALSE(posts[0].open);
  CHECK(posts[0].gone);
  CHECK(posts[0].first_seen == first_seen);
  CHECK(posts[0].last_seen > first_seen);
  REQUIRE(posts[0].updates.size() == 1);
  CHECK(posts[0].updates[0].text == "we look");
}

TEST_CASE("an oscillating page is counted and shown as such, and its alerts do not flap") {
  Folder folder;
  HandClock clock;
  Life life(folder, clock);
  wait_for_board(life.board);
  for (int i = 0; i < 20; ++i) life.turn(Class::ok);
  // Half an hour of failures, and a page that changes its mind every two minutes; then both are fine.
  for (int i = 0; i < 60; ++i)
    life.turn(Class::server_error, i / 4 % 2 == 0 ? Status::partial_outage : Status::operational);
  const ComponentStatus at_the_height = life.board.latest()->components.at(0);
  CHECK(at_the_height.steadiness.flapping);
  CHECK(at_the_height.steadiness.changes >= 13);
  CHECK(at_the_height.claim_changes >= 13);
  for (int i = 0; i < 300; ++i) life.turn(Class::ok);
  CHECK_FALSE(life.board.latest()->components.at(0).steadiness.flapping);
  life.stop();

  REQUIRE(stored_incidents(folder).size() == 1);
  CHECK(count(life, NotificationKind::fire) == 1);
  CHECK(count(life, NotificationKind::refire) == 0);
  CHECK(count(life, NotificationKind::resolve) == 1);
  // Not one a change: each reason is told once at the most.
  CHECK(count(life, NotificationKind::update) <= 3);

  auto history = storage::History::open(folder.database());
  REQUIRE(history.ok());
  const auto changes = (*history)->claim_changes(std::nullopt, never_past, never, 1000);
  CHECK(changes.size() == 1 + 15 + 1);  // the first reading, every change of mind, and the end of it
}

TEST_CASE("a page that oscillates while everything works alerts nobody") {
  Folder folder;
  HandClock clock;
  Life life(folder, clock);
  wait_for_board(life.board);
  for (int i = 0; i < 200; ++i)
    life.turn(Class::ok, i / 4 % 2 == 0 ? Status::degraded_performance : Status::operational);
  life.stop();
  CHECK(stored_incidents(folder).empty());
  CHECK(count(life, NotificationKind::fire) == 0);
}
