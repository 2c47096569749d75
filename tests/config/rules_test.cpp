#include "tests/config/helpers.h"

namespace outaged::config {
namespace {

TEST_CASE("problems read file:line:column, or the file alone") {
  CHECK(to_string(Problem{{"a.yaml", 3, 7}, "wrong"}) == "a.yaml:3:7: wrong");
  CHECK(to_string(Problem{{"a.yaml", 0, 0}, "wrong"}) == "a.yaml: wrong");
}

TEST_CASE("unknown keys, with the nearest known one") {
  CHECK(problems("servises: []\n") ==
        Lines{"c.yaml:1:1: unknown key \"servises\" in the configuration; did you mean services?"});
  CHECK(problems("log: {levle: info}\n" + fine()) ==
        Lines{"c.yaml:1:7: unknown key \"levle\" in log; did you mean level?"});
  CHECK(problems("log: {colour: red}\n" + fine()) ==
        Lines{"c.yaml:1:7: unknown key \"colour\" in log; known here: level, format"});
  CHECK(problems(target("            url: https://example.com\n            intervall: 5s\n")) ==
        Lines{"c.yaml:8:13: unknown key \"intervall\" in a target; did you mean interval?"});
  CHECK(problems(target("            url: https://example.com\n            expect: {statsu: 200, json: [{pointer: /a, "
                        "equal: b}]}\n")) ==
        Lines{"c.yaml:8:22: unknown key \"statsu\" in expect; did you mean status?",
              "c.yaml:8:56: unknown key \"equal\" in a json condition; did you mean equals?"});
  CHECK(problems("defaults: {detection: {min_outtage: 1s}, mismatch: {graze: 1s}, titel: x}\n" + fine()) ==
        Lines{"c.yaml:1:24: unknown key \"min_outtage\" in detection; did you mean min_outage?",
              "c.yaml:1:53: unknown key \"graze\" in mismatch; did you mean grace?",
              "c.yaml:1:65: unknown key \"titel\" in defaults; known here: interval, timeout, detection, mismatch"});
}

TEST_CASE("wrong types") {
  CHECK(problems("web: [1]\n" + fine()) == Lines{"c.yaml:1:6: web must be a map of keys, not a list"});
  CHECK(problems("services: {name: x}\n") ==
        Lines{"c.yaml:1:11: services must be a list, not a map of keys; begin each item with \"- \""});
  CHECK(problems("services: [x]\n") == Lines{"c.yaml:1:12: a service must be a map of keys, not text"});
  CHECK(problems("log: {level: [info]}\n" + fine()) == Lines{"c.yaml:1:14: level must be text, not a list"});
  CHECK(problems("log:\n  level:\n" + fine()) ==
        Lines{"c.yaml:2:3: level has no value; give it one, or remove the key"});
  CHECK(problems("log: {level: \"\"}\n" + fine()) ==
        Lines{"c.yaml:1:14: level must be one of debug, info, warn, error, not \"\""});
  CHECK(problems("storage: {path: \"\"}\n" + fine()) ==
        Lines{"c.yaml:1:17: path is empty; give it a value, or remove the key"});
  CHECK(problems("[a, b]\n") == Lines{"c.yaml:1:1: the configuration must be a map of keys, not a list"});
  CHECK(problems(target("            url: https://example.com\n            http2: yes\n")) ==
        Lines{"c.yaml:8:20: http2 must be true or false, not \"yes\""});
}

TEST_CASE("durations") {
  const auto interval = [](const std::string& text) {
    return problems(target("            url: https://example.com\n            interval: " + text + "\n"));
  };
  CHECK(interval("soon") ==
        Lines{"c.yaml:8:23: interval must be a duration, not \"soon\"; write for example 500ms, 30s, 5m or 1h30m"});
  CHECK(interval("30") == Lines{"c.yaml:8:23: interval must be a duration, not \"30\"; add a unit: 30s"});
  CHECK(interval("99ms") == Lines{"c.yaml:8:23: interval must be at least 100ms, not \"99ms\""});
  CHECK(interval("2d") == Lines{"c.yaml:8:23: interval must be at most 1d, not \"2d\""});
  CHECK(interval("100ms") == Lines{});
}

TEST_CASE("names") {
  CHECK(problems("services:\n  - name: Big Shop\n    page: {url: https://a.example}\n") ==
        Lines{"c.yaml:2:11: name must be of a-z, 0-9, _ and -, begin with a letter or digit, and have at most 63 "
              "characters, not \"Big Shop\"; "
              "what people read goes into title"});
  for (const char* bad : {"-a", "_a", "a/b", "a.b", "\xc3\xbc"})
    CHECK(problems("services: [{name: \"" + std::string(bad) + "\", page: {url: https://a.example}}]\n").size() == 1);
  for (const char* ok : {"a", "0", "a-b_c9"})
    CHECK(problems("services: [{name: \"" + std::string(ok) + "\", page: {url: https://a.example}}]\n") == Lines{});
  CHECK(problems("services:\n  - page: {url: https://a.example}\n") ==
        Lines{"c.yaml:2:5: a service needs the key name"});
}

TEST_CASE("duplicate names say where the first one is") {
  const std::string page = ", page: {url: https://a.example}}";
  CHECK(problems("services:\n  - {name: a" + page + "\n  - {name: a" + page + "\n") ==
        Lines{"c.yaml:3:12: service \"a\" is defined twice; the first is at c.yaml:2:12"});
  CHECK(problems(
            "services:\n  - name: s\n    page: {url: https://a.example}\n    components: [{name: c}, {name: c}]\n") ==
        Lines{"c.yaml:4:36: component \"c\" is defined twice; the first is at c.yaml:4:25"});
  CHECK(problems(target("            url: https://a.example\n          - {name: t, url: https://b.example}\n")) ==
        Lines{"c.yaml:8:20: target \"t\" is defined twice; the first is at c.yaml:6:19"});
  CHECK(problems("receivers: [{name: r, kind: slack, url: https://a.example}, {name: r, kind: slack, url: "
                 "https://a.example}]\n" +
                 fine()) == Lines{"c.yaml:1:68: receiver \"r\" is defined twice; the first is at c.yaml:1:20"});
  CHECK(problems("controls: {targets: [{name: x, url: https://a.example}, {name: x, url: https://b.example}]}\n" +
                 fine()) == Lines{"c.yaml:1:64: control \"x\" is defined twice; the first is at c.yaml:1:29"});
  // The same name on another branch is another thing.
  CHECK(problems("services:\n  - {name: a, page: {url: https://a.example}, components: [{name: c}]}\n  - {name: b, "
                 "page: {url: https://a.example}, components: [{name: c}]}\n") == Lines{});
}

TEST_CASE("a timeout longer than the interval is reported where it came last") {
  CHECK(problems(target("            url: https://a.example\n            interval: 5s\n            timeout: 6s\n")) ==
        Lines{"c.yaml:9:22: timeout 6s is longer than the interval 5s; one probe must end before the next begins"});
  CHECK(problems("defaults: {timeout: 20s}\n" +
                 target("            url: https://a.example\n            interval: 5s\n")) ==
        Lines{"c.yaml:9:23: timeout 20s is longer than the interval 5s; one probe must end before the next begins"});
  // Once, however many targets suffer.
  CHECK(problems("defaults: {timeout: 1m}\n" +
                 target("            url: https://a.example\n          - {name: u, url: https://a.example}\n")) ==
        Lines{"c.yaml:1:21: timeout 1m is longer than the interval 30s; one probe must end before the next begins"});
  // The built-in one gives way.
  CHECK(good(target("            url: https://a.example\n            interval: 5s\n"))
            .services[0]
            .components[0]
            .targets[0]
            .timeout == 5s);
  CHECK(good(target("            url: https://a.example\n            interval: 5s\n            timeout: 5s\n"))
            .services[0]
            .components[0]
            .targets[0]
            .timeout == 5s);
}

TEST_CASE("what is given at a level overrides key by key") {
  const Config config = good(
      "defaults: {interval: 40s, detection: {min_outage: 1m, recovery_cap: 7m}, mismatch: {grace: 1m, reopen: 2m}}\n"
      "services:\n"
      "  - name: s\n"
      "    timeout: 3s\n"
      "    detection: {recovery_cap: 8m}\n"
      "    mismatch: {grace: 90s, gate_rate: 25%}\n"
      "    components:\n"
      "      - name: c\n"
      "        detection: {false_alarms_per_year: 0.5}\n"
      "        targets:\n"
      "          - {name: a, url: https://a.example}\n"
      "          - {name: b, url: https://a.example, interval: 20s, timeout: 2s, detection: {recovery_cap: 9m, "
      "refractory: 1s}}\n"
      "      - {name: d, interval: 10s, targets: [{name: a, url: https://a.example}]}\n");
  const auto& targets = config.services[0].components[0].targets;
  CHECK(targets[0].name == "s/c/a");
  CHECK(targets[0].timeout == 3s);
  CHECK(targets[0].rules.interval == 40s);
  CHECK(targets[0].rules.min_outage == 1min);
  CHECK(targets[0].rules.recovery_cap == 8min);
  CHECK(targets[0].rules.false_alarms_per_year == 0.5);
  CHECK(targets[0].rules.refractory == 38s);  // the interval less a twentieth
  CHECK(targets[1].rules.interval == 20s);
  CHECK(targets[1].timeout == 2s);
  CHECK(targets[1].rules.recovery_cap == 9min);
  CHECK(targets[1].rules.refractory == 1s);
  CHECK(config.services[0].components[1].targets[0].rules.interval == 10s);
  CHECK(config.services[0].components[1].targets[0].rules.false_alarms_per_year == 1.0);
  CHECK(config.services[0].rules.grace == 90s);
  CHECK(config.services[0].rules.reopen == 2min);
  CHECK(config.services[0].rules.gate_rate == 0.25);
}

TEST_CASE("detection") {
  const auto detection = [](const std::string& text) {
    return problems("defaults:\n  detection: {" + text + "}\n" + fine());
  };
  CHECK(
      detection("failure_threshold: 3") ==
      Lines{
          "c.yaml:2:34: failure_threshold needs success_threshold too: how many good probes in a row end the outage"});
  CHECK(
      detection("success_threshold: 2") ==
      Lines{
          "c.yaml:2:34: success_threshold needs failure_threshold too: how many bad probes in a row begin the outage"});
  CHECK(detection("failure_threshold: 3, success_threshold: 2") == Lines{});
  CHECK(detection("failure_threshold: 1.5") ==
        Lines{"c.yaml:2:34: failure_threshold must be a whole number from 0 to 1000, not \"1.5\""});
  CHECK(detection("false_alarms_per_year: 0") ==
        Lines{"c.yaml:2:38: false_alarms_per_year must be a number above 0 and up to 1000, not \"0\""});
  CHECK(detection("false_alarms_per_year: nan") ==
        Lines{"c.yaml:2:38: false_alarms_per_year must be a number above 0 and up to 1000, not \"nan\""});
  CHECK(problems("defaults: {mismatch: {gate_rate: 110%}}\n" + fine()) ==
        Lines{"c.yaml:1:34: gate_rate must be a share from 0% to 100%, not \"110%\"; write 10% or 0.1"});
  CHECK(good("defaults: {detection: {refractory: 1m}}\n" + fine()).notes ==
        Lines{"c.yaml:1:36: refractory 1m is longer than the interval 30s: probes within it after a counted failure "
              "are not counted, so outages are found later",
              "no receivers: outages are recorded, but nobody is told"});
}

TEST_CASE("URLs") {
  const auto url = [](const std::string& text) { return problems(target("            url: \"" + text + "\"\n")); };
  CHECK(url("ftp://a.example") ==
        Lines{"c.yaml:7:18: url \"ftp://a.example\" does not begin with http:// or https://"});
  CHECK(url("a.example") == Lines{"c.yaml:7:18: url \"a.example\" does not begin with http:// or https://"});
  CHECK(url("https://") == Lines{"c.yaml:7:18: url \"https://\" has no host"});
  CHECK(url("https:///path") == Lines{"c.yaml:7:18: url \"https:///path\" has no host"});
  CHECK(url("https://a.example/a b") ==
        Lines{"c.yaml:7:18: url \"https://a.example/a b\" holds a space or a control character; write a space as %20"});
  CHECK(url("https://a.example:0/") ==
        Lines{"c.yaml:7:18: url \"https://a.example:0/\" has a port that is not a number from 1 to 65535"});
  CHECK(url("https://a<b/") ==
        Lines{"c.yaml:7:18: url \"https://a<b/\" has a host with a character that no host name has"});
  // The password is not repeated.
  CHECK(url("https://me:hunter2@a.example/") ==
        Lines{"c.yaml:7:18: url holds a user name or password; send it in a header whose value comes from a file"});
  for (const char* ok :
       {"http://a.example", "HTTPS://A.example:8443/x?y=z#w", "https://[2001:db8::1]:8443/", "http://127.0.0.1:80"})
    CHECK(url(ok) == Lines{});
  CHECK(problems(target("            labels: {}\n")) == Lines{"c.yaml:6:13: a target needs the key url"});
}

TEST_CASE("targets") {
  const auto more = [](const std::string& text) {
    return problems(target("            url: https://a.example\n            " + text + "\n"));
  };
  CHECK(more("kind: htpp").at(0).ends_with(", not \"htpp\"; did you mean http?"));
  CHECK(more("method: FETCH") == Lines{"c.yaml:8:21: method must be one of GET, HEAD, POST, PUT, PATCH, DELETE, "
                                       "OPTIONS, not \"FETCH\"; did you mean PATCH?"});
  CHECK(more("body: x") == Lines{"c.yaml:6:13: a body needs a method that takes one; add method: POST"});
  CHECK(more("max_body: 1MB") == Lines{"c.yaml:8:23: max_body must be a size from 1 byte to 64 MiB, not \"1MB\"; write "
                                       "bytes, or a number with KiB or MiB: 512KiB"});
  CHECK(more("expect: {status: [200, 99]}") ==
        Lines{"c.yaml:8:36: status must be a code or a range from 100 to 599, like 200 or 400-499, not \"99\""});
  CHECK(more("expect: {status: 499-400}") ==
        Lines{"c.yaml:8:30: status must be a code or a range from 100 to 599, like 200 or 400-499, not \"499-400\""});
  CHECK(more("expect: {json: [{pointer: a}]}") ==
        Lines{"c.yaml:8:39: pointer \"a\" is not a JSON pointer, which begins with /: /error/type"});
  CHECK(more("expect: {json: [{equals: a}]}") ==
        Lines{"c.yaml:8:29: a json condition needs the key pointer: where in the document, like /error/type"});
  CHECK(more("expect: {json: [{pointer: /a~2}]}") ==
        Lines{"c.yaml:8:39: pointer \"/a~2\" has a ~ that is not part of ~0 (for ~) or ~1 (for /)"});
  CHECK(more("expect: {max_latency: 11s}") ==
        Lines{"c.yaml:8:35: max_latency 11s is longer than the timeout 10s, so it can never be reached"});
  CHECK(more("labels: {a-b: x}") ==
        Lines{"c.yaml:8:22: label \"a-b\" must be of letters, digits and _, and begin with a letter"});
  CHECK(more("labels: {service: x}") ==
        Lines{"c.yaml:8:22: label \"service\" is used by outaged and Prometheus themselves; choose another name"});
  CHECK(more("headers: {\"a b\": x}") == Lines{"c.yaml:8:23: \"a b\" is not the name of a header"});
  CHECK(more("headers: {Content-Length: 3}") ==
        Lines{"c.yaml:8:23: the header Content-Length is set by outaged itself; remove it"});
  CHECK(more("headers: {X-A: 1, x-a: 2}") ==
        Lines{"c.yaml:8:31: the header x-a is given twice (case does not matter); the first is at line 8, column 23"});
  CHECK(more("headers: {X-A: \"a\\nb\"}") == Lines{"c.yaml:8:28: the header X-A must be one line of text"});
}

TEST_CASE("an http target in full") {
  const Config config =
      good(target("            url: https://a.example/x\n"
                  "            method: POST\n"
                  "            headers: {X-A: \"1\", content-type: application/json}\n"
                  "            body: '{\"a\":\"$$b\"}'\n"
                  "            max_body: 2KiB\n"
                  "            http2: false\n"
                  "            follow_redirects: true\n"
                  "            labels: {region: eu}\n"
                  "            expect:\n"
                  "              status: [200, 204, 400-499]\n"
                  "              content_type: application/json\n"
                  "              body_contains: one\n"
                  "              body_not_contains: [two, three]\n"
                  "              json: [{pointer: /type, equals: message}, {pointer: \"\"}]\n"
                  "              max_latency: 2s\n"));
  const Target& t = config.services[0].components[0].targets[0];
  CHECK(t.at.line == 6);
  CHECK(t.at.column == 13);
  CHECK(t.kind == "http");
  CHECK(t.labels == Labels{{"region", "eu"}});
  CHECK(t.http().method == "POST");
  REQUIRE(t.http().headers.size() == 2);
  CHECK(t.http().headers[0].first == "X-A");
  CHECK(t.http().headers[0].second.reveal() == "1");
  CHECK(t.http().body.reveal() == "{\"a\":\"$b\"}");
  CHECK(t.http().max_body == 2048);
  CHECK_FALSE(t.http().http2);
  CHECK(t.http().follow_redirects);
  CHECK(t.http().expect_status == std::vector<std::pair<int, int>>{{200, 200}, {204, 204}, {400, 499}});
  CHECK(t.http().content_type == "application/json");
  CHECK(t.http().body_contains == Lines{"one"});
  CHECK(t.http().body_not_contains == Lines{"two", "three"});
  REQUIRE(t.http().json.size() == 2);
  CHECK(t.http().json[0].pointer == "/type");
  CHECK(t.http().json[0].equals == "message");
  CHECK(t.http().json[1].pointer.empty());
  CHECK_FALSE(t.http().json[1].equals);
  CHECK(t.http().max_latency == Duration(2s));
}

TEST_CASE("services, components and pages that watch nothing") {
  CHECK(problems("log: {}\n") == Lines{"c.yaml: no services, so nothing to watch; add one under services:"});
  CHECK(problems("") == Lines{"c.yaml: no services, so nothing to watch; add one under services:"});
  CHECK(problems("services:\n  - name: s\n") ==
        Lines{"c.yaml:2:5: service \"s\" has neither components nor a page; add one of them"});
  CHECK(problems("services:\n  - name: s\n    components: []\n") ==
        Lines{"c.yaml:3:17: service \"s\" has neither components nor a page; add one of them"});
  CHECK(
      problems("services:\n  - name: s\n    components:\n      - name: c\n") ==
      Lines{"c.yaml:4:9: component \"c\" has no targets, and its service no page, so nothing watches it; add targets, or reported: true if applications report of it"});
  CHECK(problems(target("            url: https://a.example\n        page_components: [x]\n")) ==
        Lines{"c.yaml:8:26: page_components needs a status page; give service \"s\" a page"});
  CHECK(problems("services: [{name: s, page: {}}]\n") ==
        Lines{"c.yaml:1:28: a page needs the key url: the page as people open it, like https://status.example.com"});
  const Lines format = problems("services: [{name: s, page: {url: https://a.example, format: statuspag}}]\n");
  REQUIRE(format.size() == 1);
  CHECK(format[0].starts_with("c.yaml:1:61: format must be one of auto, "));
  CHECK(format[0].ends_with(", not \"statuspag\"; did you mean statuspage?"));
  CHECK(problems("services: [{name: s, importance: hgih, page: {url: https://a.example}}]\n") ==
        Lines{"c.yaml:1:34: importance must be one of page, notify, record, not \"hgih\""});
  CHECK(problems("services: [{name: s, page: {url: https://a.example, timeout: 2m}}]\n") ==
        Lines{"c.yaml:1:62: timeout 2m is longer than the interval 1m; one reading must end before the next begins"});
}

TEST_CASE("a page alone gets a component of its own, and a fast one a note") {
  const Config config = good("services: [{name: s, title: Shop, page: {url: https://a.example/, interval: 30s}}]\n");
  REQUIRE(config.services[0].components.size() == 1);
  CHECK(config.services[0].components[0].name == "s/page");
  CHECK(config.services[0].components[0].title == "Shop");
  CHECK(config.services[0].components[0].page.page == "s");
  CHECK(config.services[0].components[0].page.components.empty());
  CHECK(config.services[0].page->url == "https://a.example");
  CHECK(config.notes[0] ==
        "c.yaml:1:77: the page is read every 30s; under 60s vendors answer from a cache, and some object");
}

TEST_CASE("controls") {
  const Config three = good(fine());
  REQUIRE(three.controls.size() == 3);
  for (const Control& control : three.controls) CHECK(control.url.starts_with("https://"));
  CHECK(three.controls[0].name == "control/cloudflare");
  CHECK(three.controls[0].interval == 30s);
  CHECK(three.controls[0].timeout == 5s);
  CHECK(three.control_rules.window == 45s);
  CHECK(three.notes == Lines{"no receivers: outages are recorded, but nobody is told"});

  const Config fast = good("controls: {interval: 2s}\n" + fine());
  CHECK(fast.controls.size() == 3);
  CHECK(fast.controls[2].interval == 2s);
  CHECK(fast.controls[2].timeout == 2s);
  CHECK(fast.control_rules.window == 3s);

  for (const char* none : {"controls: []\n", "controls: {targets: []}\n"}) {
    const Config off = good(none + fine());
    CHECK(off.controls.empty());
    CHECK(off.notes[0] ==
          "c.yaml:1:11: no controls: an outage of our own network will be blamed on the providers; name three anchors "
          "in unrelated networks");
  }
  CHECK(good("controls: {targets: [{name: a, url: https://a.example}]}\n" + fine()).notes[0] ==
        "c.yaml:1:11: one control alone never decides: an outage of our own network will be blamed on the providers; "
        "name three anchors in unrelated networks");
  CHECK(good("controls: {window: 10s}\n" + fine()).notes[0] ==
        "c.yaml:1:20: window 10s is shorter than the interval 30s: the anchors' answers are often too old to count");
  CHECK(problems("controls:\n" + fine()) == Lines{"c.yaml:1:1: controls has no value; give it one, or remove the key"});
  CHECK(problems("controls: [{name: a}]\n" + fine()) ==
        Lines{"c.yaml:1:11: controls must be a map of keys, not a list"});
  CHECK(problems("controls: {interval: 1s, timeout: 2s}\n" + fine()) ==
        Lines{"c.yaml:1:35: timeout 2s is longer than the interval 1s; one probe must end before the next begins"});
}

TEST_CASE("receivers") {
  const auto receiver = [](const std::string& text) {
    return problems("receivers: [{name: r, " + text + "}]\n" + fine());
  };
  CHECK(receiver("kind: slak, url: https://a.example") ==
        Lines{"c.yaml:1:29: kind must be one of webhook, slack, not \"slak\"; did you mean slack?"});
  CHECK(receiver("url: https://a.example") ==
        Lines{"c.yaml:1:13: a receiver needs the key kind: one of webhook, slack"});
  CHECK(receiver("kind: slack") ==
        Lines{"c.yaml:1:13: a receiver needs the key url: or one of url_file, url_env and url_credential"});
  // A receiver's URL is a secret: not repeated.
  CHECK(receiver("kind: slack, url: hooks.example/T0/hunter2") ==
        Lines{"c.yaml:1:41: url: the URL does not begin with http:// or https://"});
  CHECK(receiver("kind: slack, url: https://a.example, signing_secret: x")
            .at(0)
            .starts_with("c.yaml:1:60: unknown key \"signing_secret\" in a receiver"));
  CHECK(receiver("kind: slack, url: https://a.example, headers: {a: b}")
            .at(0)
            .starts_with("c.yaml:1:60: unknown key \"headers\" in a receiver"));
  CHECK(receiver("kind: webhook, url: https://a.example, signing_secret: \"whsec_!!\"") ==
        Lines{"c.yaml:1:78: signing_secret: what follows whsec_ must be base64"});
  CHECK(receiver("kind: webhook, url: https://a.example, updates: some") ==
        Lines{"c.yaml:1:71: updates must be one of all, important, none, not \"some\"; did you mean none?"});
  CHECK(receiver("kind: webhook, url: https://a.example, backoff_first: 10m") ==
        Lines{"c.yaml:1:77: backoff_max 5m is shorter than backoff_first 10m"});
  CHECK(receiver("kind: webhook, url: https://a.example, give_up_after: 2s") ==
        Lines{"c.yaml:1:77: give_up_after 2s is shorter than backoff_first 5s, so nothing would be tried twice"});

  const Config config = good(
      "receivers:\n  - {name: h, kind: webhook, url: https://a.example, signing_secret: whsec_AAAA, headers: {x: y}, "
      "send_resolved: false, updates: all, "
      "timeout: 3s, backoff_first: 1s, backoff_max: 2s, give_up_after: 1h}\n" +
      fine());
  const Receiver& h = config.receivers[0];
  CHECK(h.kind == "webhook");
  CHECK(h.url.reveal() == "https://a.example");
  CHECK(h.signing_secret.reveal() == "whsec_AAAA");
  CHECK(h.headers.size() == 1);
  CHECK_FALSE(h.send_resolved);
  CHECK(h.updates == Updates::all);
  CHECK(h.timeout == 3s);
  CHECK(h.backoff_first == 1s);
  CHECK(h.backoff_max == 2s);
  CHECK(h.give_up_after == 1h);
}

TEST_CASE("routes") {
  const std::string team = "receivers: [{name: team, kind: slack, url: https://a.example}]\n";
  CHECK(problems(team + fine() + "routes: [{service: s, receivers: [taem]}]\n") ==
        Lines{"c.yaml:9:35: unknown receiver \"taem\"; did you mean team?"});
  CHECK(problems(team + fine() + "routes: [{service: shop, receivers: [team]}]\n") ==
        Lines{"c.yaml:9:20: unknown service \"shop\"; there are s"});
  CHECK(problems(fine() + "routes: [{receivers: [team]}]\n") ==
        Lines{"c.yaml:8:23: unknown receiver \"team\"; there are none"});
  CHECK(problems(team + fine() + "routes: [{service: s}]\n") ==
        Lines{"c.yaml:9:10: a route needs the key receivers: a list of names, [] for nobody"});
  CHECK(problems(team + fine() + "routes: [{receivers: [team, team]}]\n") ==
        Lines{"c.yaml:9:29: receiver \"team\" is named twice in this route"});
  CHECK(good(team + fine() + "routes: [{receivers: [team]}, {service: s, receivers: []}]\n").notes ==
        Lines{"c.yaml:9:31: this route is never reached: the one at c.yaml:9 comes first and takes the same"});
  CHECK(good(team + fine() + "routes: [{service: s, receivers: []}]\n").notes ==
        Lines{"c.yaml:1:13: receiver \"team\" is in no route, so it is never told anything"});
  CHECK(good(team + fine() + "routes: []\n").notes == Lines{});
  const Config config = good(team + fine() + "routes: [{service: s, receivers: [team]}]\n");
  CHECK(config.routes[0].service == "s");
  CHECK(config.routes[0].receivers == Lines{"team"});
}

TEST_CASE("egress, web, storage, log") {
  CHECK(problems("egress: {proxy: \"ftp://me:hunter2@a.example\"}\n" + fine()) ==
        Lines{"c.yaml:1:17: proxy: the URL does not begin with http://, https://, socks5:// or socks5h://"});
  CHECK(problems("egress: {ca_file: /nowhere/ca.pem}\n" + fine()) ==
        Lines{"c.yaml:1:19: ca_file: cannot read \"/nowhere/ca.pem\": No such file or directory"});
  CHECK(problems("egress: {resolvers: [dns.example, \"192.0.2.1:0\"]}\n" + fine()) ==
        Lines{"c.yaml:1:22: resolver \"dns.example\" is not the IP address of a name server, like 192.0.2.53, "
              "192.0.2.53:5353 or [2001:db8::53]:5353",
              "c.yaml:1:35: resolver \"192.0.2.1:0\" has a port that is not a number from 1 to 65535"});
  CHECK(problems("web: {listen_address: localhost}\n" + fine()) ==
        Lines{"c.yaml:1:23: listen_address \"localhost\" is not host:port, like 127.0.0.1:9721 (0.0.0.0:9721 for every "
              "interface, [::1]:9721 for IPv6)"});
  CHECK(problems("web: {listen_address: \"127.0.0.1:65536\"}\n" + fine()) ==
        Lines{"c.yaml:1:23: listen_address \"127.0.0.1:65536\" has a port that is not a number from 0 to 65535"});
  CHECK(problems("web: {external_url: outaged.example}\n" + fine()) ==
        Lines{"c.yaml:1:21: external_url \"outaged.example\" does not begin with http:// or https://"});
  CHECK(problems("web: {external_url: \"https://a.example/?x\"}\n" + fine()) ==
        Lines{"c.yaml:1:21: external_url must end with a host or a path, without ? and #"});
  CHECK(problems("storage: {retention: 59m}\n" + fine()) ==
        Lines{"c.yaml:1:22: retention must be at least 1h, not \"59m\""});
  CHECK(problems("storage: {retention: 11y}\n" + fine()) ==
        Lines{"c.yaml:1:22: retention must be at most 10y, not \"11y\""});
  CHECK(problems("log: {level: verbose, format: logfmt}\n" + fine()) ==
        Lines{"c.yaml:1:14: level must be one of debug, info, warn, error, not \"verbose\"",
              "c.yaml:1:31: format must be one of text, json, not \"logfmt\""});
  CHECK(good("web: {listen_address: \"0.0.0.0:9721\"}\n" + fine()).notes[0] ==
        "c.yaml:1:23: \"0.0.0.0:9721\" can be reached from other machines, and whoever reaches it can read everything; "
        "put a proxy with authentication in front");

  const Config config = good(
      "egress: {proxy: \"http://p.example:3128\", no_proxy: a.example, user_agent: x, resolvers: [127.0.0.1:5353, "
      "\"::1\", \"[::1]:53\"]}\n"
      "web: {listen_address: \"[::1]:0\", external_url: \"https://a.example/x/\"}\n"
      "storage: {path: /tmp/x.db, retention: 7d}\nlog: {level: warn, format: json}\n" +
      fine());
  CHECK(config.egress.proxy == "http://p.example:3128");
  CHECK(config.egress.no_proxy == "a.example");
  CHECK(config.egress.user_agent == "x");
  CHECK(config.egress.resolvers == Lines{"127.0.0.1:5353", "::1", "[::1]:53"});
  CHECK(config.web.listen_address == "[::1]:0");
  CHECK(config.web.external_url == "https://a.example/x");  // links are made by appending
  CHECK(config.storage.path == "/tmp/x.db");
  CHECK(config.storage.retention == 7 * 24h);
  CHECK(config.log.level == "warn");
  CHECK(config.log.format == "json");
}

TEST_CASE("all problems of a file come in one run, in order of place") {
  const Loaded loaded = load_text(
      "log: {level: loud}\n"
      "receivers:\n"
      "  - {name: r, kind: pager}\n"
      "services:\n"
      "  - name: s\n"
      "    colour: red\n"
      "    components:\n"
      "      - name: c\n"
      "        targets:\n"
      "          - {name: t, url: x, interval: 1ms}\n"
      "routes:\n"
      "  - receivers: [q]\n",
      "c.yaml");
  CHECK_FALSE(loaded.config);
  std::vector<int> at;
  for (const Problem& problem : loaded.problems) at.push_back(problem.at.line);
  CHECK(at == std::vector<int>{1, 3, 3, 6, 10, 10, 12});
}

}  // namespace
}  // namespace outaged::config
