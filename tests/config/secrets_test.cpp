#include <sys/stat.h>

#include "tests/config/helpers.h"

namespace outaged::config {
namespace {

std::string slack(const std::string& url) { return "receivers: [{name: r, kind: slack, " + url + "}]\n" + fine(); }

TEST_CASE("a secret from a file, the environment or a systemd credential") {
  const TempDir dir;
  dir.write("url", "https://hooks.example/a\n");
  const Loaded file = load_text(slack("url_file: url"), "c.yaml", dir.path());
  REQUIRE(file.config);
  CHECK(file.config->receivers[0].url.reveal() == "https://hooks.example/a");
  CHECK(file.config->notes == Lines{});
  CHECK(good(slack("url_file: " + dir / "url")).receivers[0].url.reveal() == "https://hooks.example/a");

  const Environment env("OUTAGED_TEST_URL", "https://hooks.example/b");
  CHECK(good(slack("url_env: OUTAGED_TEST_URL")).receivers[0].url.reveal() == "https://hooks.example/b");

  CHECK(problems(slack("url_credential: url")) ==
        Lines{"c.yaml:1:52: url_credential: $CREDENTIALS_DIRECTORY is not set; credentials exist only in a systemd "
              "service with LoadCredential=url:…"});
  const Environment credentials("CREDENTIALS_DIRECTORY", dir.path());
  CHECK(good(slack("url_credential: url")).receivers[0].url.reveal() == "https://hooks.example/a");
  CHECK(problems(slack("url_credential: ../url")) ==
        Lines{"c.yaml:1:52: url_credential: \"../url\" is not the name of a credential, which has no / and does not "
              "begin with a dot"});
}

TEST_CASE("a secret file that is missing, empty or unfit is named, its content is not") {
  const TempDir dir;
  dir.write("empty", " \n\n");
  dir.write("two", "hunter2\nhunter3\n");
  dir.write("bad", "hunter2");
  dir.write("big", std::string(70000, 'x'));
  REQUIRE(mkfifo((dir / "fifo").c_str(), 0600) == 0);
  const auto with = [&](const std::string& name) {
    return lines(load_text(slack("url_file: " + name), "c.yaml", dir.path()));
  };
  CHECK(with("none") ==
        Lines{"c.yaml:1:46: url_file: cannot read the file \"" + dir / "none" + "\": No such file or directory"});
  CHECK(with(".") == Lines{"c.yaml:1:46: url_file: cannot read the file \"" + dir / "." + "\": it is a directory"});
  CHECK(with("fifo") ==
        Lines{"c.yaml:1:46: url_file: cannot read the file \"" + dir / "fifo" + "\": it is not a regular file"});
  CHECK(with("empty") == Lines{"c.yaml:1:46: url_file: the file \"" + dir / "empty" + "\" is empty"});
  CHECK(with("two") == Lines{"c.yaml:1:46: url_file: the file \"" + dir / "two" + "\" must hold one line of text"});
  CHECK(with("bad") == Lines{"c.yaml:1:46: url_file: the URL does not begin with http:// or https://"});
  CHECK(with("big") ==
        Lines{"c.yaml:1:46: url_file: cannot read the file \"" + dir / "big" + "\": it is larger than 64 KiB"});
  CHECK(problems(slack("url_env: OUTAGED_TEST_UNSET")) ==
        Lines{"c.yaml:1:45: url_env: the environment variable \"OUTAGED_TEST_UNSET\" is not set"});
  const Environment env("OUTAGED_TEST_EMPTY", "");
  CHECK(problems(slack("url_env: OUTAGED_TEST_EMPTY")) ==
        Lines{"c.yaml:1:45: url_env: the environment variable \"OUTAGED_TEST_EMPTY\" is empty"});
}

TEST_CASE("a secret file that everyone can read is noted") {
  const TempDir dir;
  const std::string open = dir.write("open", "https://hooks.example/a", true);
  CHECK(good(slack("url_file: " + open)).notes ==
        Lines{"c.yaml:1:46: the file \"" + open +
              "\" can be read by everyone on this machine; chmod 600 keeps it secret"});
}

TEST_CASE("a secret given twice") {
  CHECK(problems(slack("url: https://a.example, url_env: X")) ==
        Lines{"c.yaml:1:69: url and url_env are both given; keep one"});
  CHECK(problems(target("            url: https://a.example\n            method: POST\n            body: x\n           "
                        " body_file: y\n")) == Lines{"c.yaml:10:24: body and body_file are both given; keep one"});
}

TEST_CASE("header values from files, with a prefix") {
  const TempDir dir;
  dir.write("key", "hunter2\n");
  const auto headers = [&](const std::string& value) {
    return load_text(
        target("            url: https://a.example\n            headers: {authorization: " + value + "}\n"), "c.yaml",
        dir.path());
  };
  const Loaded fine_one = headers("{file: key, prefix: \"Bearer \"}");
  REQUIRE(fine_one.config);
  CHECK(fine_one.config->services[0].components[0].targets[0].http().headers[0].second.reveal() == "Bearer hunter2");
  CHECK(lines(headers("{file: nokey}")) ==
        Lines{"c.yaml:8:45: file: cannot read the file \"" + dir / "nokey" + "\": No such file or directory"});
  CHECK(lines(headers("{prefix: x}")) ==
        Lines{"c.yaml:8:38: the header authorization needs one of file, env and credential"});
  CHECK(lines(headers("{file: key, env: X}")) == Lines{"c.yaml:8:55: file and env are both given; keep one"});
  CHECK(lines(headers("{fiel: key}")) ==
        Lines{"c.yaml:8:38: the header authorization needs one of file, env and credential",
              "c.yaml:8:39: unknown key \"fiel\" in the header authorization; did you mean file?"});
  CHECK(lines(headers("[x]")) == Lines{"c.yaml:8:38: the header authorization must be text, not a list"});
}

TEST_CASE("a body from a file is kept to the byte") {
  const TempDir dir;
  dir.write("body", "{\n  \"a\": 1\n}\n", true);
  const Loaded loaded =
      load_text(target("            url: https://a.example\n            method: PUT\n            body_file: body\n"),
                "c.yaml", dir.path());
  REQUIRE(loaded.config);
  CHECK(loaded.config->services[0].components[0].targets[0].http().body.reveal() == "{\n  \"a\": 1\n}\n");
  CHECK(loaded.config->notes == Lines{"no receivers: outages are recorded, but nobody is told"});
}

TEST_CASE("variables") {
  const Environment host("OUTAGED_TEST_HOST", "a.example"), empty("OUTAGED_TEST_EMPTY", "");
  const auto url = [](const std::string& text) { return target("            url: " + text + "\n"); };
  CHECK(good(url("https://${OUTAGED_TEST_HOST}/$${x}$$y$z${OUTAGED_TEST_EMPTY}$"))
            .services[0]
            .components[0]
            .targets[0]
            .http().url == "https://a.example/${x}$y$z$");
  CHECK(problems(url("https://${OUTAGED_TEST_UNSET}/")) ==
        Lines{"c.yaml:7:18: the environment variable OUTAGED_TEST_UNSET is not set; set it, or write "
              "$${OUTAGED_TEST_UNSET} for the text itself"});
  for (const char* bad : {"\"https://a.example/${\"", "\"https://a.example/${a-b}\"", "\"https://a.example/${}\""})
    CHECK(problems(url(bad)) == Lines{"c.yaml:7:18: ${ begins a variable, ${NAME}, with a name of letters, digits and "
                                      "_; write $${ for the text itself"});
  // What a variable holds may be a secret: a message shows what was written.
  const Environment interval("OUTAGED_TEST_INTERVAL", "hunter2");
  CHECK(problems("defaults: {interval: \"${OUTAGED_TEST_INTERVAL}\"}\n" + fine()) ==
        Lines{"c.yaml:1:22: interval must be a duration, not \"${OUTAGED_TEST_INTERVAL}\"; write for example 500ms, "
              "30s, 5m or 1h30m"});
}

}  // namespace
}  // namespace outaged::config
