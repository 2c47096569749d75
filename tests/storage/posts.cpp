// What pages posted: upserts, migration of an older database, retention.
#include <doctest/doctest.h>

#include "storage/migrations.h"
#include "tests/storage/support.h"

namespace outaged::storage::test {
namespace {

constexpr PageId page_1{1}, page_2{2};
constexpr double day = 86400;

PagePost post(std::string id, Timestamp seen, PageId page = page_1) {
  PagePost out;
  out.page = page;
  out.id = std::move(id);
  out.name = "Elevated errors";
  out.status = "investigating";
  out.impact = "minor";
  out.url = "https://status.example.com/i";
  out.open = out.seen_open = true;
  out.components = {"api", "a \"b\""};
  out.created = out.updated = seen;
  out.first_seen = out.last_seen = seen;
  out.absent = seen - 1min;
  out.document = "d1";
  out.updates = {{.at = seen, .status = "investigating", .text = "we look"},
                 {.at = {}, .status = "update", .text = "when?"}};
  return out;
}

Batch posts(std::vector<PagePost> list) {
  Batch batch;
  batch.posts = std::move(list);
  return batch;
}

TEST_CASE("a post is stored once, as it stands now, with all its updates") {
  const TempDir dir;
  auto store = open(dir.db());
  CHECK_FALSE(posts({post("i1", at(0))}).empty());
  commit(*store, posts({post("i1", at(0)), post("i1", at(5), page_2)}));
  PagePost later = post("i1", at(0));
  later.status = "resolved";
  later.open = false;
  later.ended = at(600);
  later.last_seen = at(660);
  later.document = "d2";
  later.updates[0].text = "we looked";
  later.updates.push_back({.at = at(600), .status = "resolved", .text = "over"});
  commit(*store, posts({later}));
  commit(*store, posts({later}));  // tried again

  const auto history = read(dir.db());
  const auto found = history->page_posts(page_1, never_past, 10);
  CHECK(history->last_error().empty());
  REQUIRE(found.size() == 1);
  const PagePost& p = found[0];
  CHECK(p.id == "i1");
  CHECK(p.status == "resolved");
  CHECK_FALSE(p.open);
  CHECK(p.seen_open);
  CHECK(p.components == later.components);
  CHECK(p.created == at(0));
  CHECK(p.ended == at(600));
  CHECK(p.first_seen == at(0));
  CHECK(p.absent == at(0) - 1min);
  CHECK(p.last_seen == at(660));
  CHECK_FALSE(p.gone);
  CHECK(p.document == "d2");
  REQUIRE(p.updates.size() == 3);
  CHECK_FALSE(p.updates[0].at);
  CHECK(p.updates[1].text == "we looked");
  CHECK(p.updates[2].status == "resolved");
  CHECK(history->page_posts(page_2, never_past, 10).size() == 1);
  CHECK(history->page_posts(page_1, at(700), 10).empty());
}

TEST_CASE("a post that was forgotten and comes back keeps when it was first seen, and that it was seen open") {
  const TempDir dir;
  auto store = open(dir.db());
  commit(*store, posts({post("i1", at(0))}));
  PagePost again = post("i1", at(9000));
  again.open = again.seen_open = false;
  again.resolved_only = true;
  again.absent = std::nullopt;
  commit(*store, posts({again}));
  const auto found = read(dir.db())->page_posts(page_1, never_past, 10);
  REQUIRE(found.size() == 1);
  CHECK(found[0].first_seen == at(0));
  CHECK(found[0].absent == at(0) - 1min);
  CHECK(found[0].seen_open);
  CHECK_FALSE(found[0].resolved_only);
}

TEST_CASE("a restart gets what is still listed, with its updates") {
  const TempDir dir;
  PagePost gone = post("i2", at(0));
  gone.open = false;
  gone.gone = at(60);
  commit(*open(dir.db()), posts({post("i1", at(0)), gone}));
  auto store = open(dir.db());
  const auto restored = restore(*store).posts;
  REQUIRE(restored.size() == 1);
  CHECK(restored[0].id == "i1");
  CHECK(restored[0].updates.size() == 2);
}

TEST_CASE("posts go once no page listed them for the retention, and their documents not before them") {
  const TempDir dir;
  auto store = open(dir.db(), 30 * 24h);
  Batch batch = posts({post("old", at(0)), post("new", at(20 * day))});
  batch.posts[1].document = "d2";
  batch.documents = {document("d1", "{}", at(0)), document("d2", "[]", at(0))};
  commit(*store, batch);
  REQUIRE(store->retain(at(40 * day)).ok());
  auto history = read(dir.db());
  const auto left = history->page_posts(page_1, never_past, 10);
  REQUIRE(left.size() == 1);
  CHECK(left[0].id == "new");
  CHECK_FALSE(history->document("d1"));
  CHECK(history->document("d2"));
  CHECK(Sql(dir.db()).number("SELECT count(*) FROM page_updates WHERE post = 'old'") == 0);
  CHECK(Sql(dir.db()).number("SELECT count(*) FROM page_updates WHERE post = 'new'") == 2);
}

TEST_CASE("a database of version 3 keeps what it holds and learns of posts") {
  const TempDir dir;
  {
    const auto& all = migrations();
    Database database(dir.db(), Database::Mode::create);
    REQUIRE(migrate(database, {all.begin(), all.begin() + 3}).ok());
    database.exec("INSERT INTO names (kind, id, name) VALUES (3, 1, 'claude')");
  }
  auto store = open(dir.db());
  CHECK(store->moved_aside().empty());
  commit(*store, posts({post("i1", at(0))}));
  CHECK(read(dir.db())->page_posts(page_1, never_past, 10).size() == 1);
  CHECK(Sql(dir.db()).text("SELECT name FROM names WHERE kind = 3") == "claude");
  CHECK(dir.beginning("outaged.db.v3-").size() == 1);
}

}  // namespace
}  // namespace outaged::storage::test
