// What paid probes have used: stored by ledger and day, and read at the next start.
#include "storage/migrations.h"
#include "tests/storage/support.h"

namespace outaged::storage::test {
namespace {

Batch spent(std::vector<Spent> rows) {
  Batch batch;
  batch.spent = std::move(rows);
  return batch;
}

TEST_CASE("what was spent is there again after a restart, the last word for each ledger and day") {
  const TempDir dir;
  {
    auto store = open(dir.db());
    CHECK_FALSE(spent({{"claude", 20556, 1, 17, false}}).empty());
    commit(*store, spent({{"claude", 20555, 900, 20'000, true}, {"claude", 20556, 1, 17, false}, {"aws", 20556, 4, 90, false}}));
    commit(*store, spent({{"claude", 20556, 3, 51, true}}));
  }
  const auto restored = restore(*open(dir.db())).spent;
  REQUIRE(restored.size() == 3);
  CHECK(restored[0].ledger == "aws");
  CHECK(restored[0].tokens == 90);
  CHECK(restored[1].day == 20555);
  CHECK(restored[1].told);
  CHECK(restored[2].day == 20556);
  CHECK(restored[2].requests == 3);
  CHECK(restored[2].tokens == 51);
  CHECK(restored[2].told);
}

TEST_CASE("of what was spent forty days are kept") {
  const TempDir dir;
  auto store = open(dir.db());
  for (std::int64_t day = 20'000; day < 20'100; ++day) commit(*store, spent({{"claude", day, 1, 1, false}, {"aws", 20'000, 1, 1, false}}));
  const auto rows = restore(*store).spent;
  CHECK(rows.size() == 42);
  CHECK(rows.front().ledger == "aws");
  CHECK(rows[1].day == 20'059);
}

TEST_CASE("a database of the schema before knows of no spending, and learns of it") {
  const TempDir dir;
  {
    Database database(dir.db(), Database::Mode::create);
    std::vector<std::string_view> before(migrations().begin(), migrations().begin() + 2);
    REQUIRE(migrate(database, before).ok());
    database.exec("INSERT INTO names (kind, id, name) VALUES (2, 7, 'claude/api/messages')");
  }
  auto store = open(dir.db());
  CHECK(restore(*store).spent.empty());
  CHECK(store->id(Names::Kind::target, "claude/api/messages") == 7);
  commit(*store, spent({{"claude", 20556, 1, 17, false}}));
  CHECK(restore(*store).spent.size() == 1);
  CHECK(dir.beginning("outaged.db.v2-").size() == 1);  // a copy of what was there
}

}  // namespace
}  // namespace outaged::storage::test
