#include "core/page_posts.h"

#include <doctest/doctest.h>

using namespace outaged;

namespace {

constexpr PageId page{1};

Timestamp minute(int n) { return from_millis(1776088800000) + n * 1min; }

PageReport listing(std::vector<PageIncident> incidents) {
  PageReport report;
  report.format = "statuspage";
  report.readable = report.has_incidents = true;
  report.incidents = std::move(incidents);
  return report;
}

PageIncident incident(std::string status, int created, std::string id = "i1") {
  PageIncident out;
  out.id = std::move(id);
  out.name = "Elevated errors";
  out.status = std::move(status);
  out.impact = "minor";
  out.open = out.status != "resolved";
  out.created = minute(created);
  return out;
}

TEST_CASE("a post lives from reading to reading, and is told of only when it changed") {
  PagePosts posts;
  CHECK(posts.take(page, minute(0), listing({}), "d0").empty());
  auto changed = posts.take(page, minute(1), listing({incident("investigating", 1)}), "d1");
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].page == page);
  CHECK(changed[0].first_seen == minute(1));
  CHECK(changed[0].absent == minute(0));
  CHECK(changed[0].open);
  CHECK_FALSE(changed[0].backdated);
  CHECK(changed[0].document == "d1");
  CHECK(posts.take(page, minute(2), listing({incident("investigating", 1)}), "d2").empty());

  changed = posts.take(page, minute(9), listing({incident("monitoring", 1)}), "d9");
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].status == "monitoring");
  CHECK(changed[0].first_seen == minute(1));
  CHECK(changed[0].absent == minute(0));
  CHECK(changed[0].document == "d9");

  PageIncident over = incident("resolved", 1);
  over.resolved = minute(12);
  changed = posts.take(page, minute(13), listing({over}), "d13");
  REQUIRE(changed.size() == 1);
  CHECK_FALSE(changed[0].open);
  CHECK(changed[0].seen_open);
  CHECK(changed[0].ended == minute(12));
  CHECK_FALSE(changed[0].resolved_only);
}

TEST_CASE("what was open and is listed no more is gone; what cannot be read takes nothing away") {
  PagePosts posts;
  posts.take(page, minute(0), listing({incident("investigating", 0)}), "");
  CHECK(posts.take(page, minute(5), PageReport{}, "").empty());
  PageReport old = listing({});
  old.stale = "of last year";
  CHECK(posts.take(page, minute(6), old, "").empty());
  PageReport without_list = listing({});
  without_list.has_incidents = false;
  CHECK(posts.take(page, minute(7), without_list, "").empty());
  posts.take(page, minute(8), listing({incident("investigating", 0)}), "");

  const auto changed = posts.take(page, minute(9), listing({}), "");
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].gone == minute(9));
  CHECK(changed[0].last_seen == minute(8));
  CHECK_FALSE(changed[0].open);
  CHECK(posts.take(page, minute(10), listing({}), "").empty());
}

TEST_CASE("a post that is over simply falls out of the list") {
  PagePosts posts;
  posts.take(page, minute(0), listing({incident("resolved", -90)}), "");
  CHECK(posts.take(page, minute(1), listing({}), "").empty());
}

TEST_CASE("backdated: the page dates it before it can have been there") {
  PagePosts posts;
  posts.take(page, minute(0), listing({}), "");
  SUBCASE("our reading did not have it") {
    CHECK(posts.take(page, minute(1), listing({incident("investigating", -30)}), "").at(0).backdated);
  }
  SUBCASE("a cache may have held it back") {
    CHECK_FALSE(posts.take(page, minute(1), listing({incident("investigating", -4)}), "").at(0).backdated);
  }
  SUBCASE("by its own times") {
    PageIncident one = incident("resolved", -300);
    one.started = minute(-200);
    CHECK(posts.take(page, minute(1), listing({one}), "").at(0).backdated);
  }
  SUBCASE("by the first of its updates; one alone may be the latest") {
    PageIncident one = incident("resolved", -300);
    one.updates = {{.at = minute(-200), .status = "investigating", .text = ""}};
    CHECK_FALSE(posts.take(page, minute(1), listing({one}), "").at(0).backdated);
    one.updates.push_back({.at = minute(-100), .status = "resolved", .text = ""});
    CHECK(posts.take(page, minute(2), listing({one}), "").at(0).backdated);
  }
  SUBCASE("what was there from our first reading on says nothing") {
    PagePosts others;
    CHECK_FALSE(others.take(page, minute(1), listing({incident("investigating", -30)}), "").at(0).backdated);
  }
}

TEST_CASE("resolved-only: nobody was ever warned by it") {
  PagePosts posts;
  PageIncident one = incident("resolved", 0);
  const auto first = [&](const PageIncident& what) {
    return posts.take(page, minute(60), listing({what}), "").at(0).resolved_only;
  };
  SUBCASE("published as over") {
    one.resolved = minute(0) + 30s;
    CHECK(first(one));
  }
  SUBCASE("its one update says so, whenever the trouble was") {
    one.resolved = minute(-50);
    one.updates = {{.at = minute(0), .status = "resolved", .text = "fixed"}};
    CHECK(first(one));
  }
  SUBCASE("open for an hour") {
    one.resolved = minute(59);
    CHECK_FALSE(first(one));
  }
  SUBCASE("its latest update alone is known") {
    one.updates = {{.at = minute(40), .status = "resolved", .text = "fixed"}};
    CHECK_FALSE(first(one));
  }
  SUBCASE("we saw it open, whatever it says now") {
    posts.take(page, minute(1), listing({incident("investigating", 0)}), "");
    one.resolved = minute(0);
    CHECK_FALSE(first(one));
  }
}

TEST_CASE("a restart forgets nothing") {
  PagePosts before;
  before.take(page, minute(0), listing({}), "");
  PageIncident one = incident("investigating", 1);
  one.updates = {{.at = minute(1), .status = "investigating", .text = "we look"}};
  auto stored = before.take(page, minute(1), listing({one}), "d1");
  PagePosts after;
  after.restore(stored);
  CHECK(after.take(page, minute(2), listing({one}), "d2").empty());
  const auto gone = after.take(page, minute(3), listing({}), "d3");
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].first_seen == minute(1));
  CHECK(gone[0].last_seen == minute(2));
  CHECK(gone[0].document == "d1");
}

TEST_CASE("a page that stays as it is has its last_seen written once a day") {
  PagePosts posts;
  posts.take(page, minute(0), listing({incident("monitoring", 0)}), "d");
  int written = 0;
  for (int n = 1; n <= 3 * 24 * 60; ++n)
    written += static_cast<int>(posts.take(page, minute(n), listing({incident("monitoring", 0)}), "e").size());
  CHECK(written == 3);
}

TEST_CASE("a maintenance: planned, in progress, over") {
  PagePosts posts;
  PageReport report = listing({});
  report.maintenances = {{"m1", "Database", "scheduled", false, true, minute(10), minute(70), {"api"}}};
  auto changed = posts.take(page, minute(0), report, "");
  REQUIRE(changed.size() == 1);
  CHECK(changed[0].kind == PagePost::Kind::maintenance);
  CHECK_FALSE(changed[0].open);
  CHECK(changed[0].started == minute(10));
  report.maintenances[0].active = true;
  report.maintenances[0].status = "in_progress";
  CHECK(posts.take(page, minute(10), report, "").at(0).open);
  CHECK(posts.take(page, minute(70), listing({}), "").at(0).gone == minute(70));
}

TEST_CASE("a hostile page cannot fill the disk with one document") {
  PagePosts posts;
  std::vector<PageIncident> many;
  for (int n = 0; n < 5000; ++n)
    many.push_back(incident(n == 4999 ? "investigating" : "resolved", 0, "i" + std::to_string(n)));
  many.push_back(incident("investigating", 0, "i4999"));  // twice
  const auto changed = posts.take(page, minute(0), listing(many), "");
  CHECK(changed.size() == max_page_posts);
  CHECK(changed.front().id == "i4999");
}

}  // namespace
