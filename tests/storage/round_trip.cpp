#include <thread>

#include "storage/compress.h"
#include "storage/header_list.h"
#include "storage/rows.h"
#include "tests/storage/support.h"

namespace outaged::storage::test {
namespace {

using namespace std::string_literals;

TEST_CASE("every table gives back what it was given, after a reopen too") {
  const TempDir dir;
  Batch batch;
  RecordedObservation seen = observation(1, at(1), target_1, Class::server_error);
  seen.disposition = Disposition::void_refractory;
  seen.observation.base_schedule = false;
  seen.observation.timings = {Micros{0}, Micros{1'234}, Micros{20'000}, Micros{7'000'000}, Micros{0}};
  seen.observation.cert_expiry = at(86'400 * 60);
  seen.observation.evidence = std::make_shared<const Evidence>(
      Evidence{"req_011", "HTTP 500 api_error: Internal server error", "192.0.2.1:443", {{"request-id", "req_011"}}});
  batch.observations = {seen, observation(2, at(2), target_2)};
  batch.claims = {claim(3, at(3), Status::partial_outage, "Elevated error rates")};
  batch.claims[0].claim.incident = "Elevated errors on Messages";
  batch.claims[0].claim.document = "aa11";
  batch.documents = {document("aa11", "{\"page\":{}}", at(3))};
  batch.inputs = {{4, at(4), ConfigChange{topology("cfg-1")}},
                  {5, at(5), DeliveryReport{7, OutboxState::pending, 2, at(60), "HTTP 503"}},
                  {6, at(6), ClockStep{-1500ms}},
                  {7, at(7), OperatorAction{"acknowledge", "claude.api-1", "me", "on it"}}};
  batch.verdicts = {verdict(8, at(8), Agreement::page_silent)};
  batch.incidents = {incident("claude.api-1", at(0))};
  batch.incidents[0].proof = {{1, target_1, at(1), Class::server_error, 500, 123ms, "req_011", "HTTP 500"}};
  batch.incidents[0].page = {Status::operational, "All Systems Operational", "aa11", "https://status.example.com",
                             at(3)};
  OutboxRow row = outbox(7, "claude.api-1");
  row.attempts = 2;
  row.next_attempt = at(60);
  row.error = "HTTP 503";
  batch.outbox = {row};
  batch.durable = true;
  {
    auto store = open(dir.db());
    commit(*store, batch);
    CHECK(store->stats().commits == 1);
    CHECK(store->stats().bytes > 0);
  }

  auto store = open(dir.db());
  const Restored restored = restore(*store);
  CHECK(restored.problems.empty());
  REQUIRE(seqs(restored.after) == std::vector<Seq>{1, 2, 3, 4, 5, 6, 7});
  const auto& first = std::get<Observation>(restored.after[0].what);
  CHECK(restored.after[0].at == at(1));
  CHECK(first.cls == Class::server_error);
  CHECK_FALSE(first.base_schedule);
  CHECK(first.http_status == 500);
  CHECK(first.took == 123ms);
  CHECK(first.timings.resolve == Micros{0});
  CHECK(first.timings.connect == Micros{1'234});
  CHECK(first.timings.processing == Micros{7'000'000});
  CHECK(first.cert_expiry == at(86'400 * 60));
  REQUIRE(first.evidence);
  CHECK(encode(*first.evidence) == encode(*seen.observation.evidence));
  CHECK_FALSE(std::get<Observation>(restored.after[1].what).evidence);
  CHECK(encode(std::get<Claim>(restored.after[2].what)) == encode(batch.claims[0].claim));
  for (const std::size_t i : {0U, 1U, 2U, 3U})
    CHECK(encode_input(restored.after[3 + i]) == encode_input(batch.inputs[i]));
  CHECK(encode(*std::get<ConfigChange>(restored.after[3].what).topology) == encode(*topology("cfg-1")));
  REQUIRE(restored.incidents.size() == 1);
  CHECK(encode(restored.incidents[0]) == encode(batch.incidents[0]));
  REQUIRE(restored.undelivered.size() == 1);
  CHECK(encode(restored.undelivered[0].notification) == encode(row.notification));
  CHECK(restored.undelivered[0].group == "claude.api-1");
  CHECK(restored.undelivered[0].attempts == 2);
  CHECK(restored.undelivered[0].next_attempt == at(60));
  CHECK_FALSE(restored.undelivered[0].delivered);
  CHECK(restored.undelivered[0].error == "HTTP 503");
  CHECK(restored.last_seq == 8);
  CHECK(restored.last_at == at(8));
  CHECK(restored.last_outbox_id == 7);
  REQUIRE(store->topology("cfg-1"));
  CHECK(store->topology("other") == nullptr);

  auto history = read(dir.db());
  const auto observations = history->observations(target_1, at(0), at(10), 10);
  REQUIRE(observations.size() == 1);
  CHECK(observations[0].disposition == Disposition::void_refractory);
  const auto verdicts = history->verdicts(component_1, at(0), at(10), 10);
  REQUIRE(verdicts.size() == 1);
  CHECK(encode(verdicts[0].verdict) == encode(batch.verdicts[0].verdict));
  CHECK(history->document("aa11") == "{\"page\":{}}");
  CHECK(Sql(dir.db()).text("SELECT etag FROM documents") == "\"abc\"");
}

TEST_CASE("a batch tried again changes nothing") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  batch.observations = {observation(1, at(1), target_1, Class::overloaded)};
  batch.observations[0].observation.evidence = std::make_shared<const Evidence>(Evidence{"req_1", "HTTP 529", "", {}});
  batch.claims = {claim(2, at(2))};
  batch.inputs = {{3, at(3), ClockStep{1s}}};
  batch.verdicts = {verdict(3, at(3), Agreement::pending)};
  batch.incidents = {incident("i", at(0))};
  batch.incidents[0].proof = {{1, target_1, at(1), Class::overloaded, 529, 1s, "", ""}};
  batch.outbox = {outbox(1, "i")};
  batch.snapshot = Snapshot{3, at(3), "cfg", "state"};
  commit(*store, batch);
  commit(*store, batch);
  Sql sql(dir.db());
  for (const char* table : {"observations", "evidence", "claims", "claim_words", "inputs", "verdicts", "incidents",
                            "outbox", "snapshots", "proofs"}) {
    CAPTURE(table);
    CHECK(sql.number("SELECT count(*) FROM " + std::string(table)) == 1);
  }
}

TEST_CASE("later rows replace: an incident that recovered, a notification that was delivered") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  batch.incidents = {incident("i", at(0))};
  batch.outbox = {outbox(1, "i"), outbox(2, "i")};
  commit(*store, batch);
  batch.incidents[0].recovered = at(600);
  batch.outbox = {outbox(1, "i", OutboxState::delivered)};
  batch.outbox[0].delivered = at(30);
  commit(*store, batch);
  const Restored restored = restore(*store);
  REQUIRE(restored.incidents.size() == 1);
  CHECK(restored.incidents[0].recovered == at(600));
  REQUIRE(restored.undelivered.size() == 1);
  CHECK(restored.undelivered[0].id == 2);
  REQUIRE(restored.told.size() == 2);
  CHECK(restored.told[0].delivered == at(30));
  CHECK(read(dir.db())->notifications("i").size() == 2);
}

TEST_CASE("any text survives, NUL and broken UTF-8 in pages included") {
  const TempDir dir;
  auto store = open(dir.db());
  const std::string odd = "Ωμέγα \xF0\x9F\x94\xA5 a\0b ' \" % \n"s;
  Batch batch;
  batch.claims = {claim(1, at(1), Status::operational, odd)};
  batch.claims[0].claim.incident = "\xff\xfe"s;
  batch.verdicts = {verdict(2, at(2), Agreement::agrees)};
  batch.verdicts[0].verdict.why = odd;
  batch.observations = {observation(3, at(3))};
  batch.observations[0].observation.evidence = std::make_shared<const Evidence>(Evidence{"", odd, "", {}});
  batch.incidents = {incident(odd, at(0))};
  batch.outbox = {outbox(1, odd)};
  batch.outbox[0].error = odd;
  batch.documents = {document("h", odd, at(1)), document("e", "", at(1))};
  commit(*store, batch);
  const Restored restored = restore(*store);
  REQUIRE(restored.after.size() == 2);
  CHECK(std::get<Claim>(restored.after[0].what).text == odd);
  CHECK(std::get<Claim>(restored.after[0].what).incident == "\xff\xfe"s);
  CHECK(std::get<Observation>(restored.after[1].what).evidence->detail == odd);
  auto history = read(dir.db());
  CHECK(history->verdicts(component_1, at(0), at(9), 9).at(0).verdict.why == odd);
  CHECK(history->incident(odd).value().id == odd);
  CHECK(history->notifications(odd).at(0).error == odd);
  CHECK(history->document("h") == odd);
  CHECK(history->document("e") == "");
  CHECK_FALSE(history->document("never seen"));
}

TEST_CASE("claims that repeat their words store them once, and documents once per hash") {
  const TempDir dir;
  auto store = open(dir.db());
  for (Seq seq = 1; seq <= 100; ++seq) {
    Batch batch;
    batch.claims = {claim(seq, at(60.0 * static_cast<double>(seq)))};
    batch.claims[0].claim.document = "same";
    batch.documents = {document("same", std::string(10'000, 'x'), at(60.0 * static_cast<double>(seq)))};
    commit(*store, batch);
  }
  Sql sql(dir.db());
  CHECK(sql.number("SELECT count(*) FROM claims") == 100);
  CHECK(sql.number("SELECT count(*) FROM claim_words") == 1);
  CHECK(sql.number("SELECT count(*) FROM documents") == 1);
  CHECK(sql.number("SELECT length(body) FROM documents") < 200);
  CHECK(from_millis(sql.number("SELECT fetched FROM documents")) == at(60));
}

TEST_CASE("a claim may name a document before it is stored") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  batch.claims = {claim(1, at(1))};
  batch.claims[0].claim.document = "later";
  commit(*store, batch);
  CHECK_FALSE(read(dir.db())->document("later"));
  batch.claims.clear();
  batch.documents = {document("later", "body", at(2))};
  commit(*store, batch);
  CHECK(read(dir.db())->document("later") == "body");
  CHECK(std::get<Claim>(restore(*store).after.at(0).what).document == "later");
}

TEST_CASE("headers that are not on the list never reach the disk") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  batch.observations = {observation(1, at(1))};
  batch.observations[0].observation.evidence =
      std::make_shared<const Evidence>(Evidence{"",
                                                "",
                                                "",
                                                {{"CF-Ray", "8f00-FRA"},
                                                 {"set-cookie", "session=SECRET1"},
                                                 {"x-ratelimit-remaining", "9"},
                                                 {"authorization", "SECRET2"},
                                                 {"x-request-id", "abc"}}});
  commit(*store, batch);
  const auto evidence = std::get<Observation>(restore(*store).after.at(0).what).evidence;
  REQUIRE(evidence);
  REQUIRE(evidence->headers.size() == 3);
  CHECK(evidence->headers[0].second == "8f00-FRA");
  store.reset();
  std::ifstream file(dir.db(), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  CHECK(bytes.find("8f00-FRA") != std::string::npos);
  CHECK(bytes.find("SECRET") == std::string::npos);
  CHECK_FALSE(may_keep_header("cookie"));
  CHECK_FALSE(may_keep_header(""));
  CHECK(may_keep_header("Request-Id"));
}

TEST_CASE("names keep their numbers across reopen, and kinds are apart") {
  const TempDir dir;
  std::uint32_t api = 0, web = 0;
  {
    auto store = open(dir.db());
    api = store->id(Names::Kind::target, "claude/api");
    web = store->id(Names::Kind::target, "claude/web");
    CHECK(api != web);
    CHECK(api >= 1);
    CHECK(store->id(Names::Kind::target, "claude/api") == api);
    commit(*store, Batch{});
    CHECK(store->id(Names::Kind::component, "claude/web") == 1);  // known only to memory until the end
  }
  auto store = open(dir.db());
  CHECK(store->id(Names::Kind::component, "claude/web") == 1);
  CHECK(store->id(Names::Kind::target, "new") == web + 1);
  CHECK(store->id(Names::Kind::target, "claude/web") == web);
  CHECK(store->id(Names::Kind::target, "claude/api") == api);
  const auto names = read(dir.db())->names();
  REQUIRE(names.size() == 3);
  CHECK(names[0].kind == Names::Kind::component);
  CHECK(names[1].name == "claude/api");
}

TEST_CASE("names may be given on one thread while another commits") {
  const TempDir dir;
  auto store = open(dir.db());
  std::thread naming([&] {
    for (int i = 0; i < 500; ++i) store->id(Names::Kind::target, "target " + std::to_string(i));
  });
  for (Seq seq = 1; seq <= 50; ++seq) {
    Batch batch;
    batch.observations = {observation(seq, at(static_cast<double>(seq)))};
    commit(*store, batch);
  }
  naming.join();
  const std::uint32_t last = store->id(Names::Kind::target, "target 499");
  store.reset();
  CHECK(read(dir.db())->names().size() == 500);
  CHECK(open(dir.db())->id(Names::Kind::target, "target 499") == last);
}

TEST_CASE("an input in the wrong list of a batch is refused, and nothing of the batch is stored") {
  const TempDir dir;
  auto store = open(dir.db());
  Batch batch;
  batch.observations = {observation(1, at(1))};
  batch.inputs = {{2, at(2), Tick{}}, {3, at(3), Observation{}}};
  const Result<void> done = store->commit(batch);
  REQUIRE_FALSE(done);
  CHECK(done.error().find("Batch::observations") != std::string::npos);
  CHECK(restore(*store).after.empty());
  batch.inputs.pop_back();
  commit(*store, batch);
  CHECK(seqs(restore(*store).after) == std::vector<Seq>{1, 2});
}

TEST_CASE("timings are packed and unpacked") {
  CHECK(pack({}).empty());
  CHECK(pack({Micros{1}, {}, {}, {}, {}}).size() == 1);
  const Timings all{Micros{0}, Micros{127}, Micros{128}, Micros{60'000'000}, Micros{1}};
  const Timings again = unpack(pack(all));
  CHECK(again.resolve == all.resolve);
  CHECK(again.connect == all.connect);
  CHECK(again.tls == all.tls);
  CHECK(again.processing == all.processing);
  CHECK(again.transfer == all.transfer);
  CHECK(unpack("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").transfer >= Micros{0});  // garbage does no harm
}

TEST_CASE("compressed bytes come back, and broken ones are an error") {
  const std::string text(100'000, 'a');
  const std::string frame = compress(text);
  CHECK(frame.size() < 100);
  CHECK(decompress(frame).value() == text);
  CHECK(decompress(compress("")).value().empty());
  CHECK_FALSE(decompress(""));
  CHECK_FALSE(decompress("no zstd at all"));
  CHECK_FALSE(decompress(frame.substr(0, frame.size() - 3)));
}

}  // namespace
}  // namespace outaged::storage::test
