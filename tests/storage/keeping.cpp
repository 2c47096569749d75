#include "tests/storage/support.h"

namespace outaged::storage::test {
namespace {

constexpr double day = 86'400;

/// Sweeps until nothing is left; how many calls that took.
int sweep_all(Store& store, Timestamp now) {
  for (int calls = 1; calls < 1000; ++calls) {
    const Result<bool> more = store.retain(now);
    if (!more) FAIL(more.error());
    if (!*more) return calls;
  }
  FAIL("it never ends");
  return 0;
}

TEST_CASE("samples older than the retention go, the others stay") {
  const TempDir dir;
  auto store = open(dir.db(), 24h);
  Batch batch;
  Seq seq = 0;
  for (int hour = 0; hour < 72; ++hour) {
    const Timestamp when = at(hour * 3600.0);
    for (const TargetId target : {target_1, target_2}) {
      batch.observations.push_back(observation(++seq, when, target, Class::server_error));
      batch.observations.back().observation.evidence = std::make_shared<const Evidence>(Evidence{"req", "", "", {}});
    }
    batch.claims.push_back(claim(++seq, when));
    batch.verdicts.push_back(verdict(++seq, when, Agreement::agrees));
    batch.inputs.push_back({++seq, when, ClockStep{1s}});
  }
  commit(*store, batch);
  sweep_all(*store, at(72 * 3600.0));
  Sql sql(dir.db());
  for (const char* table : {"observations", "evidence"})
    CHECK(sql.number("SELECT count(*) FROM " + std::string(table)) == 48);
  for (const char* table : {"claims", "verdicts", "inputs"})
    CHECK(sql.number("SELECT count(*) FROM " + std::string(table)) == 24);
  CHECK(sql.number("SELECT min(at) FROM observations") == to_millis(at(48 * 3600.0)));
  CHECK(sql.text("PRAGMA integrity_check") == "ok");
  // Time alone, and a longer retention, bring nothing back and break nothing.
  CHECK(sweep_all(*store, at(72 * 3600.0)) == 1);
  sweep_all(*store, at(500 * 3600.0));
  CHECK(sql.number("SELECT count(*) FROM observations") == 0);
  CHECK(sql.number("SELECT count(*) FROM verdicts") == 1);  // the one in force
}

TEST_CASE("one call deletes a bounded number of rows") {
  const TempDir dir;
  auto store = open(dir.db(), 24h);
  Seq seq = 0;
  for (int i = 0; i < 25; ++i) {
    Batch batch;
    for (int j = 0; j < 1000; ++j, ++seq)
      batch.observations.push_back(
          observation(seq + 1, at(static_cast<double>(seq)), TargetId{static_cast<std::uint32_t>(j % 3)}));
    commit(*store, batch);
  }
  Sql sql(dir.db());
  long before = 25'000;
  int calls = 0;
  for (bool more = true; more; ++calls) {
    more = store->retain(at(30 * day)).value();
    const long now = sql.number("SELECT count(*) FROM observations");
    CHECK(before - now <= 10'000);
    before = now;
  }
  CHECK(before == 0);
  CHECK(calls == 3);
}

TEST_CASE("incidents stay for ever, with the observations and the document that prove them") {
  const TempDir dir;
  auto store = open(dir.db(), 24h);
  Batch batch;
  for (Seq seq = 1; seq <= 100; ++seq) {
    batch.observations.push_back(observation(seq, at(static_cast<double>(seq)), target_1, Class::server_error));
    batch.observations.back().observation.evidence =
        std::make_shared<const Evidence>(Evidence{"req_" + std::to_string(seq), "", "", {}});
  }
  batch.documents = {document("proof", "they said all was well", at(1)), document("other", "x", at(1))};
  batch.incidents = {incident("i", at(50))};
  batch.incidents[0].recovered = at(3600);
  for (const Seq seq : {50, 60, 70}) {
    batch.incidents[0].proof.push_back(
        {seq, target_1, at(static_cast<double>(seq)), Class::server_error, 500, 1s, "", ""});
  }
  batch.incidents[0].page = {Status::operational, "All Systems Operational", "proof", "", at(1)};
  commit(*store, batch);
  for (const double later : {10 * day, 20 * day}) {  // twice: what was kept on purpose is kept again
    sweep_all(*store, at(later));
    auto history = read(dir.db());
    CHECK(history->incident("i").has_value());
    const auto kept = history->observations(target_1, at(0), at(day), 1000);
    REQUIRE(kept.size() == 3);
    CHECK(kept[0].seq == 70);
    REQUIRE(kept[0].observation.evidence);
    CHECK(kept[0].observation.evidence->request_id == "req_70");
    CHECK(history->document("proof") == "they said all was well");
    CHECK_FALSE(history->document("other"));
  }
}

TEST_CASE("a document and words still in use stay, however long ago they were first seen") {
  const TempDir dir;
  auto store = open(dir.db(), 24h);
  for (Seq seq = 1; seq <= 20; ++seq) {  // twice a day, for ten days, the same page
    Batch batch;
    const Timestamp when = at(static_cast<double>(seq) * day / 2);
    batch.claims = {claim(seq, when)};
    batch.claims[0].claim.document = "same";
    if (seq == 1) batch.documents = {document("same", "body", when), document("gone", "body", when)};
    commit(*store, batch);
    sweep_all(*store, when + 1h);
  }
  auto history = read(dir.db());
  CHECK(history->document("same") == "body");
  CHECK_FALSE(history->document("gone"));
  const Restored restored = restore(*store);
  REQUIRE(!restored.after.empty());
  CHECK(std::get<Claim>(restored.after.back().what).text == "All Systems Operational");
  sweep_all(*store, at(60 * day));
  CHECK_FALSE(history->document("same"));
  CHECK(Sql(dir.db()).number("SELECT count(*) FROM claim_words") == 0);
  Batch batch;
  batch.claims = {claim(50, at(60 * day))};  // the store must not remember what was swept
  commit(*store, batch);
  CHECK(seqs(restore(*store).after) == std::vector<Seq>{50});
}

TEST_CASE("notifications stay while they are owed") {
  const TempDir dir;
  auto store = open(dir.db(), 24h);
  Batch batch;
  batch.incidents = {incident("open", at(0)), incident("over", at(0))};
  batch.incidents[1].recovered = at(100);
  batch.outbox = {outbox(1, "open", OutboxState::delivered), outbox(2, "over", OutboxState::delivered),
                  outbox(3, "over"), outbox(4, "over", OutboxState::dead), outbox(5, "", OutboxState::delivered)};
  commit(*store, batch);
  sweep_all(*store, at(10 * day));
  CHECK(read(dir.db())->notifications("open").size() == 1);
  const auto over = read(dir.db())->notifications("over");
  REQUIRE(over.size() == 1);
  CHECK(over[0].id == 3);  // never sent, so never forgotten
  CHECK(Sql(dir.db()).number("SELECT count(*) FROM outbox") == 2);
}

TEST_CASE("what is left can be replayed: the configuration in force and the newest snapshot stay") {
  const TempDir dir;
  auto store = open(dir.db(), 48h);
  Seq seq = 0;
  for (int d = 0; d < 6; ++d) {
    Batch batch;
    if (d < 3) batch.inputs = {{++seq, at(d * day), ConfigChange{topology("cfg-" + std::to_string(d))}}};
    batch.observations = {observation(seq + 1, at(d * day + 10))};
    ++seq;
    const std::string config = "cfg-" + std::to_string(std::min(d, 2));
    batch.snapshot = Snapshot{seq, at(d * day + 10), config, "state " + std::to_string(d)};
    commit(*store, batch);
  }
  sweep_all(*store, at(6 * day));
  CHECK(store->topology("cfg-0") == nullptr);
  CHECK(store->topology("cfg-2") != nullptr);
  auto history = read(dir.db());
  CHECK(history->oldest_snapshot().value().document == "state 4");
  std::vector<Seq> cold;
  REQUIRE(history->replay(never_past, 0, [&](const Input& input) { cold.push_back(input.seq); }).ok());
  CHECK(cold == std::vector<Seq>{5, 8, 9});  // its configuration first
  // A long stop: the last snapshot is all there is, and is enough to start from, but not to replay from.
  sweep_all(*store, at(60 * day));
  CHECK(restore(*store).snapshot.value().document == "state 5");
  CHECK_FALSE(history->oldest_snapshot());
}

TEST_CASE("a retention of zero keeps everything") {
  const TempDir dir;
  auto store = open(dir.db(), 0s);
  Batch batch;
  batch.observations = {observation(1, at(1))};
  commit(*store, batch);
  CHECK_FALSE(store->retain(at(10'000 * day)).value());
  CHECK(restore(*store).after.size() == 1);
}

TEST_CASE("the file shrinks when much was deleted") {
  const TempDir dir;
  auto store = open(dir.db(), 24h);
  Seq seq = 0;
  for (int i = 0; i < 20; ++i) {
    Batch batch;
    for (int j = 0; j < 10'000; ++j, ++seq)
      batch.observations.push_back(observation(seq + 1, at(static_cast<double>(seq))));
    commit(*store, batch);
  }
  Sql sql(dir.db());
  const long before = sql.number("PRAGMA page_count");
  for (int i = 0; i < 60; ++i) REQUIRE(store->retain(at(60 * day)).ok());
  CHECK(sql.number("PRAGMA page_count") < before / 2);
}

}  // namespace
}  // namespace outaged::storage::test
