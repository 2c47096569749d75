// A full disk, a failing disk, and kill -9.
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "tests/storage/support.h"

namespace outaged::storage::test {
namespace {

/// Takes hold of the first connection opened while it lives, to bound the size of its file.
class Captured {
 public:
  Captured() {
    first_ = nullptr;
    sqlite3_auto_extension(reinterpret_cast<void (*)()>(&capture));
  }
  ~Captured() { sqlite3_cancel_auto_extension(reinterpret_cast<void (*)()>(&capture)); }
  static void max_pages(int pages) {
    const std::string sql = "PRAGMA max_page_count = " + std::to_string(pages);
    REQUIRE(sqlite3_exec(first_, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK);
  }

 private:
  static int capture(sqlite3* db, const char**, const void*) {
    if (!first_) first_ = db;
    return SQLITE_OK;
  }
  static inline sqlite3* first_ = nullptr;
};

/// Batch n: all kinds of rows, numbers (n-1)*20+1 to n*20.
Batch batch_of(std::uint64_t n) {
  Batch batch;
  Seq seq = (n - 1) * 20;
  const auto now = [&] { return at(static_cast<double>(seq)); };
  for (int i = 0; i < 17; ++i) {
    ++seq;
    batch.observations.push_back(observation(seq, now(), TargetId{static_cast<std::uint32_t>(i)}, Class::server_error));
    batch.observations.back().observation.evidence =
        std::make_shared<const Evidence>(Evidence{"req", std::string(200, 'e'), "", {}});
  }
  ++seq;
  batch.claims = {claim(seq, now(), Status::operational, "words of batch " + std::to_string(n))};
  ++seq;
  batch.inputs = {{seq, now(), ClockStep{1s}}};
  ++seq;
  batch.verdicts = {verdict(seq, now(), Agreement::page_silent)};
  batch.incidents = {incident("i" + std::to_string(n), now())};
  batch.outbox = {outbox(n, "i" + std::to_string(n))};
  if (n % 10 == 0) batch.snapshot = Snapshot{seq, now(), "cfg", std::string(2000, 's')};
  batch.durable = n % 5 == 0;
  return batch;
}

/// Checks that exactly the first `n` batches are there, whole; `n` is what the database says.
std::uint64_t check_whole(const std::string& path) {
  Sql sql(path);
  REQUIRE(sql.text("PRAGMA integrity_check") == "ok");
  const auto last = static_cast<std::uint64_t>(sql.number("SELECT value FROM meta WHERE key = 'last_seq'"));
  CHECK(last % 20 == 0);
  const auto n = static_cast<long>(last / 20);
  CHECK(sql.number("SELECT count(*) FROM observations") == 17 * n);
  CHECK(sql.number("SELECT count(*) FROM evidence") == 17 * n);
  CHECK(sql.number("SELECT count(*) FROM outbox") == n);
  CHECK(sql.number("SELECT count(*) FROM incidents") == n);
  CHECK(sql.number("SELECT count(*) FROM verdicts") == n);
  std::vector<Seq> want, got;
  for (Seq seq = 1; seq <= last; ++seq) {
    if (seq % 20 != 0) want.push_back(seq);  // verdicts are no inputs
  }
  REQUIRE(read(path)->replay(never_past, 0, [&](const Input& input) { got.push_back(input.seq); }).ok());
  CHECK(got == want);
  return last / 20;
}

TEST_CASE("when the disk is full a commit says so, and the same batch succeeds once there is room") {
  const TempDir dir;
  const Captured captured;
  auto store = open(dir.db());
  std::uint64_t n = 1;
  for (; n <= 20; ++n) commit(*store, batch_of(n));
  Captured::max_pages(1);  // SQLite takes the present size instead
  Result<void> done;
  for (; n < 1000; ++n) {
    done = store->commit(batch_of(n));
    if (!done) break;
  }
  REQUIRE_FALSE(done);
  CHECK(done.error().find("no room left") != std::string::npos);
  CHECK(done.error().find(dir.file("outaged.db")) != std::string::npos);
  CHECK(store->stats().errors == 1);
  CHECK(store->stats().last_error == done.error());
  CHECK_FALSE(store->commit(batch_of(n)));
  CHECK(check_whole(dir.db()) == n - 1);
  CHECK(restore(*store).last_seq == (n - 1) * 20);  // reading works all the while
  Captured::max_pages(1'000'000);
  for (const std::uint64_t end = n + 20; n < end; ++n) commit(*store, batch_of(n));
  CHECK(check_whole(dir.db()) == n - 1);
}

TEST_CASE("when the disk refuses to write, a commit says so, and the same batch succeeds later") {
  const TempDir dir;
  auto store = open(dir.db());
  commit(*store, batch_of(1));
  const std::uint32_t number = store->id(Names::Kind::target, "named in bad times");
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto* old = std::signal(SIGXFSZ, SIG_IGN);
  rlimit tight = before;
  tight.rlim_cur = 4096;
  REQUIRE(setrlimit(RLIMIT_FSIZE, &tight) == 0);
  const Result<void> refused = store->commit(batch_of(2));
  const Result<void> again = store->commit(batch_of(2));
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  std::signal(SIGXFSZ, old);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().find("refuses") != std::string::npos);
  CHECK_FALSE(again);
  CHECK(check_whole(dir.db()) == 1);
  commit(*store, batch_of(2));
  CHECK(check_whole(dir.db()) == 2);
  store.reset();
  CHECK(open(dir.db())->id(Names::Kind::target, "named in bad times") == number);
}

TEST_CASE("kill -9 at any moment leaves whole batches, and every one that was acknowledged") {
  const TempDir dir;
  std::mt19937 random(20260413);
  std::uint64_t done = 0;
  for (int round = 0; round < 12; ++round) {
    int acknowledged[2];
    REQUIRE(pipe(acknowledged) == 0);
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      close(acknowledged[0]);
      const auto store = Store::open({dir.db()});
      if (!store) _exit(1);
      for (std::uint64_t n = done + 1;; ++n) {
        if (!(*store)->commit(batch_of(n))) _exit(2);
        if (write(acknowledged[1], &n, sizeof n) != sizeof n) _exit(3);
      }
    }
    close(acknowledged[1]);
    const std::uint64_t enough = done + 1 + random() % 60;
    std::uint64_t n = 0;
    while (n < enough && ::read(acknowledged[0], &n, sizeof n) == sizeof n) {
    }
    usleep(static_cast<useconds_t>(random() % 2000));  // somewhere within a later commit
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));
    std::uint64_t last = n;
    while (::read(acknowledged[0], &last, sizeof last) == sizeof last) n = last;
    close(acknowledged[0]);

    auto store = open(dir.db());
    CHECK(store->moved_aside().empty());
    const Restored restored = restore(*store);
    CHECK(restored.undelivered.size() == restored.last_outbox_id);
    store.reset();
    done = check_whole(dir.db());
    CHECK(done >= n);
  }
}

}  // namespace
}  // namespace outaged::storage::test
