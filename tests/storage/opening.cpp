#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "storage/files.h"
#include "storage/migrations.h"
#include "tests/storage/support.h"

namespace outaged::storage::test {
namespace {

std::string refusal(const std::string& path) {
  const Result<std::unique_ptr<Store>> store = Store::open({path});
  REQUIRE_FALSE(store);
  return store.error();
}

bool says(const std::string& text, std::string_view part) {
  CAPTURE(text);
  CAPTURE(part);
  return text.find(part) != std::string::npos;
}

TEST_CASE("a new database has its settings and its marks") {
  const TempDir dir;
  open(dir.db());
  Sql sql(dir.db());
  CHECK(sql.number("PRAGMA application_id") == application_id);
  CHECK(sql.number("PRAGMA user_version") == static_cast<std::int64_t>(migrations().size()));
  CHECK(sql.number("PRAGMA auto_vacuum") == 2);
  CHECK(sql.text("PRAGMA journal_mode") == "wal");
  CHECK(
      sql.number(
          "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%' AND strict = 0") ==
      0);
}

TEST_CASE("an empty file is fine to begin in") {
  const TempDir dir;
  write_file(dir.db(), "");
  auto store = open(dir.db());
  CHECK(store->moved_aside().empty());
  commit(*store, Batch{});
}

TEST_CASE("another application's database is refused and left alone") {
  const TempDir dir;
  Sql(dir.db()).run("CREATE TABLE theirs (a); PRAGMA application_id = 77");
  CHECK(says(refusal(dir.db()), "another application's database"));
  Sql(dir.db()).run("PRAGMA application_id = 0");  // tables, but no mark
  CHECK(says(refusal(dir.db()), "storage.path"));
  CHECK(Sql(dir.db()).number("SELECT count(*) FROM sqlite_schema") == 1);
  CHECK(dir.beginning("outaged.db") == std::vector<std::string>{"outaged.db"});  // no lock, no copy
  CHECK_FALSE(History::open(dir.db()));
}

TEST_CASE("a file that is no database is refused, not moved") {
  const TempDir dir;
  write_file(dir.file("config.yaml"), "services:\n  - name: claude\n");
  CHECK(says(refusal(dir.file("config.yaml")), "is not a database"));
  CHECK(dir.beginning("config.yaml").size() == 1);
  const auto history = History::open(dir.file("config.yaml"));
  REQUIRE_FALSE(history);
  CHECK(says(history.error(), "not an SQLite database"));
}

TEST_CASE("a newer schema is refused, with both versions and the mend") {
  const TempDir dir;
  open(dir.db());
  Sql(dir.db()).run("PRAGMA user_version = 7");
  const std::string text = refusal(dir.db());
  CHECK(says(text, "version 7"));
  CHECK(says(text, fmt::format("up to {}", migrations().size())));
  CHECK(says(text, "install"));
  const auto history = History::open(dir.db());
  REQUIRE_FALSE(history);
  CHECK(says(history.error(), "version 7"));
}

TEST_CASE("paths that cannot work are refused with the mend") {
  const TempDir dir;
  CHECK(says(refusal(""), "storage.path is empty"));
  CHECK(says(refusal(dir.file("no/such/outaged.db")), "does not exist"));
  CHECK(says(refusal(dir.file("no/such/outaged.db")), "mkdir"));
  std::filesystem::create_directory(dir.file("directory"));
  CHECK(says(refusal(dir.file("directory")), "is a directory"));
  write_file(dir.file("plain"), "x");
  CHECK(says(refusal(dir.file("plain/outaged.db")), "not a directory"));
  REQUIRE(mkfifo(dir.file("pipe").c_str(), 0600) == 0);
  CHECK(says(refusal(dir.file("pipe")), "not a regular file"));
  const auto history = History::open(dir.file("none.db"));
  REQUIRE_FALSE(history);
  CHECK(says(history.error(), "no database"));
  CHECK_FALSE(std::filesystem::exists(dir.file("none.db")));
}

TEST_CASE("without permission to write, it says so") {
  const TempDir dir;
  std::filesystem::create_directory(dir.file("d"));
  open(dir.file("d/outaged.db"));
  // In a child that is nobody, since root may write anywhere.
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    if (getuid() == 0 && (chmod(dir.file("").c_str(), 0755) != 0 || setgid(65534) != 0 || setuid(65534) != 0)) _exit(3);
    if (getuid() != 65534) chmod(dir.file("d").c_str(), 0555);
    const auto store = Store::open({dir.file("d/outaged.db")});
    _exit(!store && store.error().find("writable") != std::string::npos ? 0 : 1);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  chmod(dir.file("d").c_str(), 0755);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("a second process is told who holds the database") {
  const TempDir dir;
  int ready[2], done[2];
  REQUIRE(pipe(ready) == 0);
  REQUIRE(pipe(done) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    close(done[1]);
    const auto store = Store::open({dir.db()});
    const char byte = store ? 'y' : 'n';
    char end = 0;
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    const ssize_t got = ::read(done[0], &end, 1);  // until the parent has looked
    _exit(got == 0 ? 0 : 1);
  }
  close(ready[1]);
  char byte = 0;
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  REQUIRE(byte == 'y');
  const std::string text = refusal(dir.db());
  CHECK(says(text, "in use by process " + std::to_string(child)));
  CHECK(says(text, "storage.path"));
  // The same file by another name.
  std::filesystem::create_symlink(dir.db(), dir.file("link.db"));
  CHECK(says(refusal(dir.file("link.db")), "in use"));
  CHECK(History::open(dir.db()).ok());  // readers are welcome
  close(done[1]);
  close(done[0]);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  close(ready[0]);
  open(dir.db());  // the lock went with its holder
}

TEST_CASE("a second store in this process is refused too, until the first is closed") {
  const TempDir dir;
  auto store = open(dir.db());
  CHECK(says(refusal(dir.db()), "in use"));
  store.reset();
  open(dir.db());
}

void fill(const std::string& path) {
  auto store = open(path);
  Batch batch;
  for (Seq seq = 1; seq <= 5000; ++seq) batch.observations.push_back(observation(seq, at(static_cast<double>(seq))));
  commit(*store, batch);
}

void overwrite(const std::string& path, std::streamoff from, std::size_t count, char with) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(from);
  file << std::string(count, with);
}

TEST_CASE("a corrupt file is moved aside and a new one begun") {
  const TempDir dir;
  fill(dir.db());
  const auto size = static_cast<std::streamoff>(std::filesystem::file_size(dir.db()));
  SUBCASE("a page in the middle") { overwrite(dir.db(), size / 2 / 4096 * 4096, 4096, '\x5a'); }
  SUBCASE("the head was zeroed") { overwrite(dir.db(), 0, 4096, '\0'); }
  SUBCASE("the head is garbage") { overwrite(dir.db(), 0, 100, 'x'); }
  SUBCASE("the end is missing") { std::filesystem::resize_file(dir.db(), static_cast<std::uintmax_t>(size / 2)); }
  auto store = open(dir.db());
  REQUIRE(store->moved_aside().starts_with(std::filesystem::canonical(dir.db()).string() + ".corrupt-20"));
  CHECK(std::filesystem::exists(store->moved_aside()));
  CHECK(says(store->stats().last_error, "corrupt"));
  CHECK(restore(*store).after.empty());
  Batch batch;
  batch.observations = {observation(1, at(1))};
  commit(*store, batch);
  CHECK(seqs(restore(*store).after) == std::vector<Seq>{1});
  store.reset();
  CHECK(open(dir.db())->moved_aside().empty());
}

TEST_CASE("what is moved aside takes its journals along, and overwrites nothing") {
  const TempDir dir;
  for (const std::size_t round : {1U, 2U}) {
    for (const char* suffix : {"", "-wal", "-shm"}) write_file(dir.db() + suffix, "round " + std::to_string(round));
    const Result<std::string> moved = move_aside(dir.db());
    REQUIRE(moved.ok());
    for (const char* suffix : {"", "-wal", "-shm"}) CHECK(std::filesystem::exists(*moved + suffix));
    CHECK(dir.beginning("outaged.db.corrupt-").size() == 3 * round);
    CHECK(dir.beginning("outaged.db").size() == 3 * round);
  }
}

TEST_CASE("migrations run in order, in one transaction, after a copy was kept") {
  const TempDir dir;
  const std::vector<std::string_view> one = {"CREATE TABLE a (x INTEGER) STRICT"};
  const std::vector<std::string_view> three = {one[0], "CREATE TABLE b (x INTEGER) STRICT",
                                               "INSERT INTO b SELECT x + 1 FROM a"};
  {
    Database database(dir.db(), Database::Mode::create);
    REQUIRE(migrate(database, one).ok());
    CHECK(dir.beginning("outaged.db.v").empty());  // nothing was there to be copied
    database.exec("INSERT INTO a VALUES (41)");
  }
  {
    Database database(dir.db(), Database::Mode::create);
    const Result<void> done = migrate(database, three);
    if (!done) FAIL(done.error());
    CHECK(database.number("PRAGMA user_version", 0) == 3);
    CHECK(database.number("SELECT x FROM b", 0) == 42);
    CHECK(migrate(database, three).ok());
    CHECK(says(migrate(database, one).error(), "version 3"));
  }
  const auto copies = dir.beginning("outaged.db.v1-");
  REQUIRE(copies.size() == 1);
  Sql copy(dir.file(copies[0]));
  CHECK(copy.number("PRAGMA user_version") == 1);
  CHECK(copy.number("SELECT x FROM a") == 41);
}

TEST_CASE("a migration that fails leaves the database as it was") {
  const TempDir dir;
  const std::vector<std::string_view> one = {"CREATE TABLE a (x INTEGER) STRICT"};
  const std::vector<std::string_view> broken = {one[0], "DROP TABLE a", "INSERT INTO nowhere VALUES (1)"};
  Database database(dir.db(), Database::Mode::create);
  REQUIRE(migrate(database, one).ok());
  const Result<void> done = migrate(database, broken);
  REQUIRE_FALSE(done);
  CHECK(says(done.error(), "from version 1 to 3"));
  CHECK(says(done.error(), dir.beginning("outaged.db.v1-").at(0)));
  CHECK(database.number("PRAGMA user_version", 0) == 1);
  CHECK(database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'a'", 0) == 1);
}

}  // namespace
}  // namespace outaged::storage::test
