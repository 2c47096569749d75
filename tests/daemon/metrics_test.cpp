#include "daemon/metrics.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

#include "core/text.h"
#include "tests/daemon/picture.h"

using namespace outaged;
using outaged::testing::Example;
using outaged::testing::onset;

namespace {

/// The series' value as printed, or "" if there is no such series.
std::string series(const std::string& text, const std::string& name) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.size() > name.size() && line.starts_with(name) && line[name.size()] == ' ') return line.substr(name.size() + 1);
  }
  return "";
}

double value(const std::string& text, const std::string& name) {
  const std::string found = series(text, name);
  INFO(name, " in\n", text);
  REQUIRE(!found.empty());
  return std::stod(found);
}

std::set<std::string> names_in(const std::string& text) {
  std::set<std::string> names;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# HELP ")) names.insert(line.substr(7, line.find(' ', 7) - 7));
  }
  return names;
}

const std::string messages = R"({service="claude",component="api",target="messages",model="opus"})";
const std::string api = R"({service="claude",component="api"})";

std::string api_with(const std::string& name, const std::string& more) { return name + R"({service="claude",component="api",)" + more + "}"; }

void admit(Incident& incident, Duration last_green, Duration first_red) {
  incident.admitted = Admission{onset + last_green, onset + first_red, false, "Elevated error rates"};
}

struct Promtool {
  int status = 0;
  std::string output;
};

/// What `promtool check metrics` says; nullopt where it is not installed.
std::optional<Promtool> check_with_promtool(const std::string& text) {
  if (access("/usr/bin/promtool", X_OK) != 0) return std::nullopt;
  char path[] = "/tmp/outaged-metrics-XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  REQUIRE(write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  close(fd);
  FILE* pipe = popen((std::string("/usr/bin/promtool check metrics < ") + path + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  Promtool result;
  char buffer[512];
  while (std::fgets(buffer, sizeof buffer, pipe) != nullptr) result.output += buffer;
  result.status = pclose(pipe);
  unlink(path);
  return result;
}

}  // namespace

TEST_CASE("metrics: the last probe under the blackbox exporter's names") {
  const Example example;
  const std::string text = render_metrics(*example.picture, "1.2.3");
  CHECK(value(text, "probe_success" + messages) == 0);
  CHECK(value(text, R"(probe_success{service="claude",component="api",target="models",region="eu"})") == 1);
  CHECK(value(text, "probe_duration_seconds" + messages) == doctest::Approx(11.8));
  CHECK(value(text, "probe_http_status_code" + messages) == 500);
  CHECK(value(text, "probe_dns_lookup_time_seconds" + messages) == doctest::Approx(0.0015));
  CHECK(value(text, "probe_ssl_earliest_cert_expiry" + messages) == doctest::Approx(to_millis(onset + 30 * 24h) / 1000.0));
  const auto phase = [&](const char* name) {
    return value(text, fmt::format("probe_http_duration_seconds{{service=\"claude\",component=\"api\",target=\"messages\",model=\"opus\",phase=\"{}\"}}", name));
  };
  CHECK(phase("resolve") == doctest::Approx(0.0015));
  CHECK(phase("connect") == doctest::Approx(0.0025));
  CHECK(phase("tls") == doctest::Approx(0.009));
  CHECK(phase("processing") == doctest::Approx(11.787));
  CHECK(phase("transfer") == doctest::Approx(0.00025));
}

TEST_CASE("metrics: before its first probe a target has no last probe, yet counters at zero") {
  const Example example;
  const std::string text = render_metrics(*example.picture);
  const std::string fetch = R"({service="github",component="git",target="fetch"})";
  CHECK(series(text, "probe_success" + fetch).empty());
  CHECK(series(text, "outaged_target_last_probe_timestamp_seconds" + fetch).empty());
  CHECK(value(text, R"(outaged_probes_total{service="github",component="git",target="fetch",class="ok"})") == 0);
  CHECK(value(text, "outaged_target_blind" + fetch) == 1);
  CHECK(value(text, "outaged_target_proven" + fetch) == 0);
}

TEST_CASE("metrics: probes by class, and what was not counted") {
  const Example example;
  const std::string text = render_metrics(*example.picture);
  const std::string with_class = R"(outaged_probes_total{service="claude",component="api",target="messages",model="opus",class=")";
  CHECK(value(text, with_class + "ok\"}") == 131);
  CHECK(value(text, with_class + "server_error\"}") == 9);
  CHECK(value(text, "outaged_probes_voided_total" + messages) == 2);
  CHECK(value(text, "outaged_probe_seconds_total" + messages) == doctest::Approx(104.5));
  CHECK(value(text, "outaged_target_suspicion" + messages) == doctest::Approx(1.25));
}

TEST_CASE("metrics: health and claim on one scale, and the mismatch that was called") {
  Example example;
  std::string text = render_metrics(*example.picture);
  CHECK(value(text, "outaged_health" + api) == 3);
  CHECK(value(text, "outaged_claim" + api) == 1);
  CHECK(value(text, api_with("outaged_mismatch", R"(kind="page_silent")")) == 1);
  CHECK(value(text, api_with("outaged_mismatch", R"(kind="page_overstates")")) == 0);
  CHECK(value(text, api_with("outaged_agreement", R"(agreement="page_silent")")) == 1);
  CHECK(value(text, api_with("outaged_agreement", R"(agreement="agrees")")) == 0);
  // Without a page there is neither claim nor mismatch.
  CHECK(series(text, R"(outaged_claim{service="github",component="git"})").empty());
  CHECK(text.find(R"(outaged_mismatch{service="github")") == std::string::npos);

  example.picture->components[0].verdict.called = false;  // listed, not called
  text = render_metrics(*example.picture);
  CHECK(value(text, api_with("outaged_mismatch", R"(kind="page_silent")")) == 0);
  CHECK(value(text, api_with("outaged_agreement", R"(agreement="page_silent")")) == 1);
}

TEST_CASE("metrics: the page lag is an interval, and what is not admitted is told apart from it") {
  Example example;
  std::string text = render_metrics(*example.picture);
  CHECK(text.find("outaged_page_lag_seconds") == std::string::npos);
  CHECK(value(text, "outaged_page_unadmitted_seconds" + api) == 600);
  CHECK(value(text, "outaged_incident_open" + api) == 1);
  CHECK(value(text, "outaged_incident_onset_timestamp_seconds" + api) == doctest::Approx(to_millis(onset) / 1000.0));

  admit(example.open(), 40min, 41min);
  text = render_metrics(*example.picture);
  CHECK(value(text, api_with("outaged_page_lag_seconds", R"(bound="min")")) == 2400);
  CHECK(value(text, api_with("outaged_page_lag_seconds", R"(bound="max")")) == 2460);
  CHECK(value(text, "outaged_page_unadmitted_seconds" + api) == 0);

  example.open().admitted->already_red = true;
  CHECK(render_metrics(*example.picture).find("outaged_page_lag_seconds") == std::string::npos);

  example.open().admitted.reset();
  example.open().recovered = onset + 9min;  // over, never admitted: nothing goes on without admission any more
  text = render_metrics(*example.picture);
  CHECK(value(text, "outaged_page_unadmitted_seconds" + api) == 0);
  CHECK(value(text, "outaged_incident_open" + api) == 0);
}

TEST_CASE("metrics: controls, receivers and what flows") {
  const Example example;
  const std::string text = render_metrics(*example.picture, "1.2.3");
  CHECK(value(text, R"(outaged_control_up{control="one"})") == 1);
  CHECK(value(text, R"(outaged_control_vote{control="two"})") == 0);
  const std::string slack = R"({receiver="slack-ops",kind="slack"})";
  CHECK(value(text, "outaged_outbox_pending" + slack) == 2);
  CHECK(value(text, "outaged_outbox_oldest_age_seconds" + slack) == 120);
  CHECK(value(text, "outaged_outbox_dead" + slack) == 1);
  CHECK(value(text, "outaged_notifications_delivered_total" + slack) == 5);
  CHECK(value(text, "outaged_notification_failures_total" + slack) == 3);
  CHECK(value(text, R"(outaged_config_reloads_total{result="success"})") == 2);
  CHECK(value(text, R"(outaged_config_reloads_total{result="failure"})") == 1);
  CHECK(value(text, R"(outaged_build_info{version="1.2.3"})") == 1);
  CHECK(value(text, "process_start_time_seconds") == doctest::Approx(to_millis(onset - 1h) / 1000.0));
  CHECK(value(text, "process_resident_memory_bytes") > 1e6);
  CHECK(value(text, "process_open_fds") >= 3);
}

TEST_CASE("metrics: a page's record has its counts, and a share only with its interval") {
  const Example example;
  PageReportRow page{.service = "claude", .title = "", .url = "", .record = {}, .components = {}};
  page.record.incidents = 10;
  page.record.lag_least = 29min;
  page.record.lag_most = 30min;
  page.record.never = counted_share(2, 10);
  page.record.understated = counted_share(1, 3);
  const std::string text = render_metrics(*example.picture, "1", {page});
  const auto has = [&](std::string_view line) { return text.find(line) != std::string::npos; };
  CHECK(has("outaged_page_incidents{service=\"claude\"} 10\n"));
  CHECK(has("outaged_page_median_lag_seconds{service=\"claude\",bound=\"min\"} 1740\n"));
  CHECK(has("outaged_page_median_lag_seconds{service=\"claude\",bound=\"max\"} 1800\n"));
  CHECK_FALSE(has("bound=\"low\"} 1"));
  CHECK(has("outaged_page_record_cases{service=\"claude\",kind=\"never_admitted\"} 2\n"));
  CHECK(has("outaged_page_record_of{service=\"claude\",kind=\"never_admitted\"} 10\n"));
  CHECK(has("outaged_page_record_ratio{service=\"claude\",kind=\"never_admitted\",bound=\"value\"} 0.2\n"));
  CHECK(has("outaged_page_record_of{service=\"claude\",kind=\"understated\"} 3\n"));
  CHECK_FALSE(has("outaged_page_record_ratio{service=\"claude\",kind=\"understated\""));
}

TEST_CASE("metrics: every name is in the documentation, and no other") {
  Example example;
  admit(example.open(), 40min, 41min);
  TargetSpec reported{.id = TargetId{4}, .name = "claude/api@app", .component = ComponentId{1}, .labels = {}, .rules = {}};
  reported.source = "app";
  example.topology->targets.push_back(std::move(reported));
  example.picture->targets.resize(4);
  PageReportRow page{.service = "claude", .title = "", .url = "", .record = {}, .components = {}};
  page.record.lag_least = page.record.lag_most = 3min;
  page.record.never = counted_share(1, 10);
  const std::set<std::string> exported = names_in(render_metrics(*example.picture, "1", {page}));

  std::ifstream file(std::string(OUTAGED_SOURCE_DIR) + "/docs/metrics.md");
  REQUIRE(file.good());
  std::set<std::string> documented;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `outaged_") && !line.starts_with("| `probe_") && !line.starts_with("| `process_")) continue;
    const std::string name = line.substr(3, line.find_first_of("`{", 3) - 3);
    CHECK_MESSAGE(documented.insert(name).second, "twice: ", line);
  }
  for (const auto& name : exported) CHECK_MESSAGE(documented.contains(name), "not in docs/metrics.md: ", name);
  for (const auto& name : documented) CHECK_MESSAGE(exported.contains(name), "in docs/metrics.md only: ", name);
}

TEST_CASE("metrics: promtool finds nothing to object to") {
  Example example;
  admit(example.open(), 40min, 41min);
  const auto checked = check_with_promtool(render_metrics(*example.picture));
  if (!checked) {
    MESSAGE("SKIPPED: /usr/bin/promtool is not installed");
    return;
  }
  CHECK_MESSAGE(checked->status == 0, checked->output);
  CHECK(checked->output == "");
  // The test itself: promtool does object to what is wrong.
  CHECK(check_with_promtool("# HELP a_total x\n# TYPE a_total gauge\na_total 1\n")->status != 0);
}

TEST_CASE("metrics: hostile names and labels cost no scrape") {
  Example example;
  example.topology->services[0].name = "cl\"a\\u\nde\xff";
  example.topology->components[0].name = example.topology->services[0].name + "/api";
  example.topology->targets[0].name = example.topology->components[0].name + "/\xc3\x28";
  example.topology->targets[0].labels = {{"target", "mine"}, {"label_target", "also"}, {"class", "c"}, {"9-lives", "x"}, {"__name__", "evil"}, {"", "empty"}, {"a.b", "1"}, {"a_b", "2"}};
  example.picture->receivers[0].name = "a\"b\nc\xfe";
  const std::string text = render_metrics(*example.picture);
  CHECK(clean_utf8(text) == text);
  CHECK(text.find(R"(label_target="also")") != std::string::npos);
  CHECK(text.find(R"(label_label_target="mine")") != std::string::npos);
  CHECK(text.find(R"(label_class="c")") != std::string::npos);
  CHECK(text.find(R"(label_9_lives="x")") != std::string::npos);
  CHECK(text.find(R"(a_b="1")") != std::string::npos);
  CHECK(text.find(R"(label_a_b="2")") != std::string::npos);
  const auto checked = check_with_promtool(text);
  if (!checked) {
    MESSAGE("SKIPPED: /usr/bin/promtool is not installed");
    return;
  }
  CHECK_MESSAGE(checked->status == 0, checked->output);
}

TEST_CASE("metrics: a picture without anything in it") {
  const Published empty;
  const std::string text = render_metrics(empty);
  CHECK(value(text, "outaged_inbox_dropped_total") == 0);
  CHECK(text.find("probe_success") == std::string::npos);
}

TEST_CASE("metrics: sixty thousand series are quick") {
  Example example;
  for (std::uint32_t i = 0; i < 3000; ++i) {
    example.topology->targets.push_back({TargetId{100 + i}, fmt::format("claude/api/t{}", i), ComponentId{1}, {{"model", "opus"}}, {}});
    example.picture->targets.push_back(example.picture->targets[0]);
  }
  const auto start = std::chrono::steady_clock::now();
  const std::string text = render_metrics(*example.picture);
  const auto took = std::chrono::steady_clock::now() - start;
  const auto count = std::count(text.begin(), text.end(), '\n');
  CHECK(count > 60000);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(took).count();
  MESSAGE(count, " lines in ", ms, " ms");
  // 60 ms alone on a machine of 2024; the bound leaves room for sanitizers and neighbours.
  CHECK(ms < 3000);
}
