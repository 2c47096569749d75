#include "config/yaml.h"

#include "tests/config/helpers.h"

namespace outaged::config {
namespace {

TEST_CASE("yaml: what the subset leaves out is reported with its place, all of it in one run") {
  CHECK(problems("web: &w {listen_address: 127.0.0.1:1}\nlog: *w\n" + fine()) ==
        Lines{"c.yaml:1:6: anchors (&name) are not supported; write the value out where it is needed, or use defaults",
              "c.yaml:2:6: aliases (*name) are not supported; write the value out, or use defaults"});
  CHECK(problems("storage: !mine {path: x}\nlog: {level: !!str info}\n" + fine()) ==
        Lines{"c.yaml:1:10: tags (!name) are not supported; leave it out",
              "c.yaml:2:14: tags (!name) are not supported; leave it out"});
  CHECK(problems("log:\n  <<: {level: info}\n" + fine()) ==
        Lines{"c.yaml:2:3: merge keys (<<) are not supported; write the values out, or use defaults"});
  CHECK(problems("log: {level: info, level: warn}\nlog: {}\n" + fine()) ==
        Lines{"c.yaml:1:20: duplicate key \"level\"; the first is at line 1, column 7",
              "c.yaml:2:1: duplicate key \"log\"; the first is at line 1, column 1"});
  CHECK(
      problems(fine() + "---\nlog: {}\n") ==
      Lines{
          "c.yaml:8:1: a second document begins here; keep one document a file (a directory may hold several files)"});
  CHECK(problems("? [a]\n: 1\n" + fine()) == Lines{"c.yaml:1:3: a key must be plain text"});
}

TEST_CASE("yaml: an unclosed quote is reported where it opens") {
  CHECK(problems(fine() + "log:\n  level: \"info\n  format: text\n") ==
        Lines{"c.yaml:9:10: this quote is never closed"});
  CHECK(problems(fine() + "log:\n  level: 'info\nweb: {external_url: \"https://a.example\"}\n") ==
        Lines{"c.yaml:9:10: this quote is never closed"});
  CHECK(problems(fine() + "log: {level: \"a\", format: \"b \\\" c }\n") ==
        Lines{"c.yaml:8:27: this quote is never closed"});
}

TEST_CASE("yaml: an unclosed quote does not hide the other problems") {
  const std::string open = "this quote is never closed", unknown = "unknown key \"levle\" in log; did you mean level?";
  CHECK(problems("log: {levle: info}\nweb: {external_url: \"https://a.example}\n" + fine()) ==
        Lines{"c.yaml:1:7: " + unknown, "c.yaml:2:21: " + open});
  CHECK(problems("web:\n  external_url: 'https://a.example\nlog:\n  levle: info\n" + fine()) ==
        Lines{"c.yaml:2:17: " + open, "c.yaml:4:3: " + unknown});
  // What the line of the quote itself says is a guess: nothing but the quote is told of it.
  CHECK(problems("log: {levle: \"info}\nstorage: &s {path: x}\n" + fine()) ==
        Lines{"c.yaml:1:14: " + open,
              "c.yaml:2:10: anchors (&name) are not supported; write the value out where it is needed, or use defaults"});
}

TEST_CASE("yaml: a quote that the next quote closes is named as the likely cause") {
  CHECK(problems("log:\n  level: \"info\n  format: \"text\"\n") ==
        Lines{"c.yaml:3:12: this does not fit the lines above: check the indentation, and that every quote is closed; "
              "the quoted text that "
              "begins at line 2, column 10 runs over several lines: is its closing quote missing?"});
}

TEST_CASE("yaml: syntax errors have a place and a mend") {
  CHECK(problems("log: {level: info\n") ==
        Lines{"c.yaml:1:6: this { is not closed with a }; between keys stands a comma"});
  CHECK(problems("egress:\n  resolvers: [192.0.2.1\nlog: {}\n") ==
        Lines{"c.yaml:2:14: this [ is not closed with a ]; between items stands a comma"});
  CHECK(problems("log:\n\tlevel: info\n") == Lines{"c.yaml:2:1: a tab in the indentation; use spaces"});
  CHECK(problems("services:\n  - name: a\n \t  title: b\n") ==
        Lines{"c.yaml:3:2: a tab in the indentation; use spaces"});
  CHECK(problems("log: level: info\n") == Lines{"c.yaml:1:11: a \":\" where none may stand: put text that holds \": \" "
                                                "into quotes, or check the indentation"});
  CHECK(problems("log:\n  level: @info\n") ==
        Lines{"c.yaml:2:10: plain text cannot begin with this character; put it into quotes"});
  CHECK(problems("log:\n  level: \"\\q\"\n") ==
        Lines{"c.yaml:2:11: unknown escape in a double-quoted text: write \\\\ for a backslash, or use single quotes"});
  CHECK(problems("services:\n  - name: a\n url: x\n") ==
        Lines{"c.yaml:3:2: this does not fit the lines above: check the indentation, and that every quote is closed"});
}

TEST_CASE("yaml: bytes that are not text") {
  CHECK(problems("log:\n  level: in\xff\n") == Lines{"c.yaml:2:12: not UTF-8 text; save the file as UTF-8"});
  CHECK(problems("log: \xc0\xaf\n") == Lines{"c.yaml:1:6: not UTF-8 text; save the file as UTF-8"});
  CHECK(problems("log: \xed\xa0\x80\n") == Lines{"c.yaml:1:6: not UTF-8 text; save the file as UTF-8"});
  CHECK(problems("log: \xe2\x82") == Lines{"c.yaml:1:6: not UTF-8 text; save the file as UTF-8"});
  CHECK(problems(std::string("log: a\0b\n", 9)) ==
        Lines{"c.yaml:1:7: an invisible control character (0x00); remove it"});
  CHECK(problems("\xef\xbb\xbf" + fine()) == Lines{});
  CHECK(good(target("            url: https://example.com/\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\n")).services.size() ==
        1);
}

TEST_CASE("yaml: depth and size are bounded") {
  CHECK(problems("log: " + std::string(40, '[') + std::string(40, ']')) ==
        Lines{"c.yaml:1:37: nested deeper than 32 levels"});
  CHECK(problems("log: " + std::string(100000, '{')) == Lines{"c.yaml:1:37: nested deeper than 32 levels"});
  CHECK(problems("#" + std::string(yaml_size_limit, 'x')) ==
        Lines{"c.yaml: larger than 4 MiB; split it into a directory of files"});
}

TEST_CASE("yaml: an end marker, comments and Windows line ends are fine") {
  CHECK(problems(fine() + "...\n") == Lines{});
  CHECK(problems("---\n" + fine()) == Lines{});
  std::string windows;
  for (const char c : fine()) windows += c == '\n' ? std::string("\r\n") : std::string(1, c);
  CHECK(good(windows).services[0].components[0].targets[0].http().url == "https://example.com");
}

}  // namespace
}  // namespace outaged::config
