#include <limits>

#include "tests/storage/support.h"

namespace outaged::storage::test {
namespace {

TEST_CASE("observations come newest first, within their bounds and limit") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  for (Seq seq = 1; seq <= 100; ++seq)
    batch.observations.push_back(observation(seq, at(static_cast<double>(seq)), seq % 2 ? target_1 : target_2));
  commit(*store, batch);
  auto history = read(dir.db());
  const auto rows = history->observations(target_1, at(11), at(21), 100);
  REQUIRE(rows.size() == 5);  // 11, 13, 15, 17, 19: the end is open
  CHECK(rows.front().seq == 19);
  CHECK(rows.back().seq == 11);
  CHECK(history->observations(target_1, at(0), at(1000), 3).size() == 3);
  CHECK(history->observations(target_1, at(0), at(1000), 3)[0].seq == 99);
  CHECK(history->observations(target_1, never_past, never, std::numeric_limits<std::size_t>::max()).size() == 50);
  CHECK(history->observations(TargetId{99}, never_past, never, 10).empty());
  CHECK(history->last_error().empty());
}

TEST_CASE("a reader sees what was committed after it was opened") {
  const TempDir dir;
  auto store = open(dir.db());
  auto history = read(dir.db());
  CHECK(history->observations(target_1, at(0), at(10), 10).empty());
  Batch batch;
  batch.observations = {observation(1, at(1))};
  commit(*store, batch);
  CHECK(history->observations(target_1, at(0), at(10), 10).size() == 1);
}

TEST_CASE("a reader writes nothing and holds nothing up") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  batch.observations = {observation(1, at(1)), observation(2, at(2))};
  commit(*store, batch);
  auto history = read(dir.db());
  std::size_t seen = 0;
  REQUIRE(history
              ->replay(never_past, 0,
                       [&](const Input&) {
                         ++seen;
                         Batch more;
                         more.observations = {observation(10 + seen, at(2.5))};
                         commit(*store, more);  // while the replay runs; its own picture is that of its beginning
                       })
              .ok());
  CHECK(seen == 2);
  CHECK(Sql(dir.db()).text("PRAGMA wal_checkpoint(TRUNCATE)") == "0");  // no read transaction stayed open
}

TEST_CASE("claim changes are the changes, of one component or of all") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  Seq seq = 0;
  const auto say = [&](double minute, Status status, const char* text, ComponentId component) {
    batch.claims.push_back(claim(++seq, at(minute * 60), status, text, component));
  };
  for (int minute = 0; minute < 10; ++minute) say(minute, Status::operational, "All Systems Operational", component_1);
  for (int minute = 10; minute < 15; ++minute)
    say(minute, Status::degraded_performance, "Elevated errors", component_1);
  for (int minute = 15; minute < 18; ++minute)
    say(minute, Status::degraded_performance, "Elevated errors, fix under way", component_1);
  say(18, Status::operational, "All Systems Operational", component_1);
  say(12, Status::unknown, "unreadable", component_2);
  batch.claims[3].claim.document = "changes with every fetch";
  commit(*store, batch);
  auto history = read(dir.db());
  const auto one = history->claim_changes(component_1, at(0), at(3600), 100);
  REQUIRE(one.size() == 4);
  CHECK(one[0].at == at(0));
  CHECK(one[1].at == at(600));
  CHECK(one[2].claim.text == "Elevated errors, fix under way");
  CHECK(one[3].at == at(18 * 60));
  // What held before the window is no change within it.
  const auto later = history->claim_changes(component_1, at(5 * 60), at(12 * 60), 100);
  REQUIRE(later.size() == 1);
  CHECK(later[0].at == at(600));
  const auto all = history->claim_changes(std::nullopt, at(0), at(3600), 100);
  REQUIRE(all.size() == 5);
  CHECK(all[2].claim.component == component_2);
  CHECK(history->claim_changes(std::nullopt, at(0), at(3600), 2).size() == 2);
  CHECK(history->claim_changes(std::nullopt, at(0), at(3600), 2)[1].at == at(600));
}

TEST_CASE("verdicts and incidents are found by component, time and limit") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  for (Seq seq = 1; seq <= 10; ++seq) {
    const ComponentId component = seq % 2 ? component_1 : component_2;
    batch.verdicts.push_back(verdict(seq, at(static_cast<double>(seq)), Agreement::pending, component));
    batch.incidents.push_back(incident("i" + std::to_string(seq), at(static_cast<double>(seq)), component));
  }
  commit(*store, batch);
  auto history = read(dir.db());
  CHECK(history->verdicts(std::nullopt, at(3), at(9), 100).size() == 6);
  const auto verdicts = history->verdicts(component_1, at(3), at(9), 2);
  REQUIRE(verdicts.size() == 2);
  CHECK(verdicts[0].seq == 3);
  CHECK(verdicts[1].seq == 5);
  const auto incidents = history->incidents(std::nullopt, at(3), 3);
  REQUIRE(incidents.size() == 3);
  CHECK(incidents[0].id == "i10");
  CHECK(history->incidents(component_2, at(5), 100).size() == 3);
  CHECK(history->incident("i7").value().onset == at(7));
  CHECK_FALSE(history->incident("none"));
}

TEST_CASE("replay begins where it is told") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  // A year of silence between the halves must not cost a year of windows.
  for (Seq seq = 1; seq <= 10; ++seq)
    batch.observations.push_back(observation(seq, at(static_cast<double>(seq) + (seq > 5 ? 86'400.0 * 365 : 0))));
  commit(*store, batch);
  auto history = read(dir.db());
  const auto from = [&](Timestamp time, Seq after) {
    std::vector<Seq> out;
    REQUIRE(history->replay(time, after, [&](const Input& input) { out.push_back(input.seq); }).ok());
    return out;
  };
  CHECK(from(never_past, 0).size() == 10);
  CHECK(from(at(4), 0) == std::vector<Seq>{4, 5, 6, 7, 8, 9, 10});
  CHECK(from(at(4), 8) == std::vector<Seq>{9, 10});
  CHECK(from(never, 0).empty());
  CHECK(from(never_past, 10).empty());
}

TEST_CASE("a database that breaks under a reader gives empty answers and the reason") {
  const TempDir dir;
  auto store = open(dir.db());
  auto history = read(dir.db());
  Sql(dir.db()).run("DROP TABLE verdicts");
  CHECK(history->verdicts(std::nullopt, never_past, never, 10).empty());
  CHECK(history->last_error().find("verdicts") != std::string::npos);
  CHECK(history->names().empty());
  CHECK(history->last_error().empty());
}

TEST_CASE("a directory or an empty file is no history") {
  const TempDir dir;
  write_file(dir.file("empty.db"), "");
  const auto empty = History::open(dir.file("empty.db"));
  REQUIRE_FALSE(empty);
  CHECK(empty.error().find("holds nothing yet") != std::string::npos);
  CHECK_FALSE(History::open(dir.file("")));
}

}  // namespace
}  // namespace outaged::storage::test
