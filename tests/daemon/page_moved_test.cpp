// A page that moved is told to `self` once, and read all the same.
#include <doctest/doctest.h>

#include <string>

#include "tests/daemon/pipeline_support.h"

using namespace outaged;

TEST_CASE("a page that moved is told to self, once, and its claim is taken all the same") {
  testing::Folder folder;
  testing::HandClock clock;
  const std::string config =
      std::string(testing::config_text) + "  - {name: self, kind: webhook, url: \"http://127.0.0.1:1/self\"}\n";
  testing::Life life(folder, clock, config);
  testing::wait_for_board(life.board);
  life.turn(Class::ok);
  PageReport report;
  report.format = "betterstack";
  report.readable = true;
  report.indicator = report.claim = Status::partial_outage;
  report.moved = "the page moved from status.acme.example to health.acme.example";
  life.pipeline->inbox().push(PageReading{life.page_id(), std::make_shared<PageReport>(report), nullptr});
  report.moved.clear();
  life.pipeline->inbox().push(PageReading{life.page_id(), std::make_shared<PageReport>(report), nullptr});
  life.settle();
  life.stop();
  std::vector<OutboxRow> told;
  for (const OutboxRow& row : life.delivery.rows())
    if (row.receiver == "self") told.push_back(row);
  REQUIRE(told.size() == 1);
  CHECK(told[0].notification.kind == NotificationKind::self);
  CHECK(told[0].notification.text.find("moved from status.acme.example to health.acme.example") != std::string::npos);
  CHECK(life.board.latest()->components.at(0).verdict.claim == Status::partial_outage);
}
