#include "tests/storage/support.h"

namespace outaged::storage::test {
namespace {

TEST_CASE("a new database restores to nothing") {
  const TempDir dir;
  auto store = open(dir.db());
  const Restored restored = restore(*store);
  CHECK_FALSE(restored.snapshot);
  CHECK(restored.after.empty());
  CHECK(restored.undelivered.empty());
  CHECK(restored.incidents.empty());
  CHECK(restored.last_seq == 0);
  CHECK(restored.last_at == never_past);
  CHECK(store->moved_aside().empty());
}

TEST_CASE("inputs come back in order of their number, whatever table they are in") {
  const TempDir dir;
  auto store = open(dir.db());
  std::vector<Seq> want;
  // Many inputs share a time: only the number tells their order.
  for (Seq seq = 1; seq <= 3000;) {
    Batch batch;
    for (int i = 0; i < 50; ++i, ++seq) {
      const Timestamp when = at(static_cast<double>(seq / 100) * 40);
      if (seq % 17 == 0)
        batch.inputs.push_back({seq, when, ClockStep{1ms}});
      else if (seq % 11 == 0)
        batch.claims.push_back(
            claim(seq, when, Status::operational, "ok", ComponentId{static_cast<std::uint32_t>(seq % 3)}));
      else
        batch.observations.push_back(observation(seq, when, TargetId{static_cast<std::uint32_t>(seq % 7)}));
      want.push_back(seq);
    }
    commit(*store, batch);
  }
  const Restored restored = restore(*store);
  CHECK(seqs(restored.after) == want);
  std::vector<Seq> streamed;
  Timestamp last = never_past;
  const auto replayed = read(dir.db())->replay(at(0), 0, [&](const Input& input) {
    streamed.push_back(input.seq);
    CHECK(input.at >= last);
    last = input.at;
  });
  CHECK(replayed.ok());
  CHECK(streamed == want);
}

TEST_CASE("the newest snapshot is taken, with what came after it and nothing else") {
  const TempDir dir;
  auto store = open(dir.db());
  for (Seq seq = 1; seq <= 40; ++seq) {
    Batch batch;
    batch.observations = {observation(seq, at(static_cast<double>(seq / 4)))};  // the snapshot's own time is shared
    if (seq % 10 == 0)
      batch.snapshot = Snapshot{seq, at(static_cast<double>(seq / 4)), "cfg", "state " + std::to_string(seq)};
    if (seq == 37) break;
    commit(*store, batch);
  }
  const Restored restored = restore(*store);
  REQUIRE(restored.snapshot);
  CHECK(restored.snapshot->document == "state 30");
  CHECK(restored.snapshot->config == "cfg");
  CHECK(restored.snapshot->at == at(7));
  CHECK(seqs(restored.after) == std::vector<Seq>{31, 32, 33, 34, 35, 36});
}

TEST_CASE("a snapshot that does not decode gives way to the one before, and says so") {
  const TempDir dir;
  auto store = open(dir.db());
  for (Seq seq = 1; seq <= 4; ++seq) {
    Batch batch;
    batch.observations = {observation(seq, at(static_cast<double>(seq)))};
    batch.snapshot = Snapshot{seq, at(static_cast<double>(seq)), "cfg", "state " + std::to_string(seq)};
    commit(*store, batch);
  }
  Sql(dir.db()).run("UPDATE snapshots SET body = x'00112233' WHERE seq >= 3");
  Restored restored = restore(*store);
  REQUIRE(restored.snapshot);
  CHECK(restored.snapshot->document == "state 2");
  CHECK(seqs(restored.after) == std::vector<Seq>{3, 4});
  CHECK(restored.problems.size() == 2);

  Sql(dir.db()).run("UPDATE snapshots SET body = x''");
  restored = restore(*store);
  CHECK_FALSE(restored.snapshot);
  CHECK(seqs(restored.after) == std::vector<Seq>{1, 2, 3, 4});  // cold
}

TEST_CASE("the newest three snapshots and the first of each day are kept") {
  const TempDir dir;
  auto store = open(dir.db());
  Seq seq = 0;
  for (int hour = 0; hour < 24 * 5; hour += 2) {
    Batch batch;
    batch.snapshot = Snapshot{++seq, at(hour * 3600.0), "cfg", "state"};
    commit(*store, batch);
  }
  Sql sql(dir.db());
  CHECK(sql.number("SELECT count(*) FROM snapshots") == 6 + 3);  // it begins at 14:00, so six calendar days are touched
  CHECK(sql.number("SELECT max(seq) FROM snapshots") == static_cast<long>(seq));
  CHECK(read(dir.db())->oldest_snapshot().value().seq == 1);
}

TEST_CASE("incidents open or lately recovered come back, with all that was told of them") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  batch.incidents = {incident("open", at(-90 * 86400.0)), incident("old", at(-3 * 86400.0)),
                     incident("fresh", at(-7200))};
  batch.incidents[1].recovered = at(-2 * 86400.0);
  batch.incidents[2].recovered = at(-3600);
  batch.outbox = {outbox(1, "open", OutboxState::delivered), outbox(2, "old", OutboxState::delivered), outbox(3, "old"),
                  outbox(4, "fresh", OutboxState::dead), outbox(5, "")};
  batch.observations = {observation(1, at(0))};
  commit(*store, batch);
  const Restored restored = restore(*store);
  REQUIRE(restored.incidents.size() == 2);
  CHECK(restored.incidents[0].id == "open");
  CHECK(restored.incidents[1].id == "fresh");
  REQUIRE(restored.undelivered.size() == 2);
  CHECK(restored.undelivered[0].id == 3);
  CHECK(restored.undelivered[1].id == 5);
  std::vector<std::uint64_t> told;
  for (const OutboxRow& row : restored.told) told.push_back(row.id);
  CHECK(told == std::vector<std::uint64_t>{1, 3, 4, 5});
}

TEST_CASE("numbers never go back, even where their rows are gone") {
  const TempDir dir;
  {
    auto store = open(dir.db());
    Batch batch;
    batch.observations = {observation(90, at(90))};
    batch.outbox = {outbox(12, "i", OutboxState::delivered)};
    commit(*store, batch);
    batch.observations = {observation(10, at(10))};  // a batch tried again late
    batch.outbox = {outbox(3, "i", OutboxState::delivered)};
    commit(*store, batch);
  }
  Sql(dir.db()).run("DELETE FROM outbox; DELETE FROM observations");
  auto store = open(dir.db());
  const Restored restored = restore(*store);
  CHECK(restored.last_seq == 90);
  CHECK(restored.last_at == at(90));
  CHECK(restored.last_outbox_id == 12);
}

TEST_CASE("a row that cannot be read is left out and named, the rest is restored") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  batch.inputs = {{1, at(1), ClockStep{1s}}, {2, at(2), ConfigChange{topology("gone")}}, {3, at(3), ClockStep{2s}}};
  batch.incidents = {incident("a", at(0)), incident("b", at(1))};
  batch.outbox = {outbox(1, "a"), outbox(2, "b")};
  commit(*store, batch);
  Sql(dir.db()).run(
      "DELETE FROM topologies; UPDATE incidents SET body = 'x' WHERE id = 'a';"
      "UPDATE outbox SET body = '{' WHERE id = 2");
  const Restored restored = restore(*store);
  CHECK(seqs(restored.after) == std::vector<Seq>{1, 3});
  REQUIRE(restored.incidents.size() == 1);
  CHECK(restored.incidents[0].id == "b");
  REQUIRE(restored.undelivered.size() == 1);
  CHECK(restored.undelivered[0].id == 1);
  REQUIRE(restored.problems.size() == 3);
  CHECK(restored.problems[0].find("input 2") != std::string::npos);
  const auto replayed = read(dir.db())->replay(never_past, 0, [](const Input&) {});
  REQUIRE_FALSE(replayed);
  CHECK(replayed.error().find("input 2") != std::string::npos);
}

}  // namespace
}  // namespace outaged::storage::test
