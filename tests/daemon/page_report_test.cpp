// The record of a page, from a database that the whole pipeline has written.
#include "daemon/page_report.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "tests/daemon/pipeline_support.h"

using namespace outaged;
using testing::Folder;
using testing::HandClock;
using testing::Life;
using testing::wait_for_board;

namespace {

/// Six outages of half an hour: the page admits the first four after ten minutes, and two never.
std::shared_ptr<const Topology> play(Folder& folder, HandClock& clock) {
  Life life(folder, clock);
  wait_for_board(life.board);
  for (int outage = 0; outage < 6; ++outage) {
    for (int i = 0; i < 150; ++i) life.turn(Class::ok);
    for (int i = 0; i < 60; ++i) {
      const bool admits = outage < 4 && i >= 20;
      life.turn(Class::server_error, admits ? Status::major_outage : Status::operational);
    }
  }
  for (int i = 0; i < 150; ++i) life.turn(Class::ok);
  const auto topology = life.topology();
  life.stop();
  return topology;
}

}  // namespace

TEST_CASE("the record of a page, from what the pipeline stored") {
  Folder folder;
  HandClock clock;
  const auto topology = play(folder, clock);
  auto history = storage::History::open(folder.database());
  REQUIRE(history.ok());
  const auto rows = report_pages(**history, *topology, never_past, clock.wall() + 1h);
  REQUIRE(rows.ok());
  REQUIRE(rows->size() == 1);
  const PageRecord& r = rows->front().record;
  CHECK(r.incidents == 6);
  CHECK(r.never.count == 2);
  CHECK(r.never.of == 6);
  REQUIRE(r.never.share);
  CHECK(r.never.share->low < 0.2);
  CHECK(r.never.share->high > 0.6);
  REQUIRE(r.lag_most);
  // Ten minutes, and the interval is our polling.
  CHECK(*r.lag_least >= 9min);
  CHECK(*r.lag_least <= 10min);
  CHECK(*r.lag_most - *r.lag_least <= 60s);
  CHECK(*r.lag_most >= 590s);
  CHECK(r.understated.of == 4);
  CHECK_FALSE(r.understated.share);
  CHECK(r.honesty.covered > 60min);
  CHECK(r.honesty.silent > 60min);
  CHECK(r.honesty.recall);
  CHECK(rows->front().components.size() == 1);

  const std::string table = page_report_table(*rows);
  CHECK(table.find("acme (http://127.0.0.1:1/status): 6 incidents") != std::string::npos);
  CHECK(table.find("never admitted         2 of 6 (33 %; ") != std::string::npos);
  CHECK(table.find("understated            0 of 4\n") != std::string::npos);

  PageReports reports(folder.database());
  const auto first = reports.get(*topology, clock.wall());
  REQUIRE(first->size() == 1);
  CHECK(reports.get(*topology, clock.wall() + 1min) == first);
  CHECK(reports.get(*topology, clock.wall() + page_report_every) != first);
  // A database that cannot be read leaves what there was.
  CHECK(PageReports("/nowhere/at/all.db").get(*topology, clock.wall())->empty());
}

TEST_CASE("a page of which nothing is known says so") {
  CHECK(page_report_table({}) == "no service has a status page\n");
  const std::string table =
      page_report_table({{.service = "acme", .title = "Acme", .url = "https://a", .record = {}, .components = {}}});
  CHECK(table.find("acme (https://a): 0 incidents\n") != std::string::npos);
  CHECK(table.find("0 of 0") != std::string::npos);
  CHECK(table.find('%') == table.find("90 %") + 3);  // the footnote's: no share of nothing
}
