// A page read again and again: documents in, the sequence of claims and posts out, and lags that match the readings'
// interval. Once on a hand-made series, and on recorded ones where they are at hand.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "core/engine.h"
#include "core/page_posts.h"
#include "core/text.h"
#include "probes/pages/mapping.h"
#include "probes/pages/reader.h"
#include "tests/core/scene.h"
#include "tests/probes/fixtures.h"

using namespace outaged;
using nlohmann::json;
using test::make_topology;
using test::noon;
using test::SceneOptions;

namespace {

struct Read {
  Timestamp at{};
  std::string body;
};

/// What a series of documents of one page comes to.
struct Series {
  explicit Series(std::string page_url) : url(std::move(page_url)) {}

  void read(const Read& each) {
    const PageReport report = probes::detect_page(each.body, {.now = each.at, .url = url});
    INFO(format_time(each.at), " ", report.problem);
    REQUIRE(report.readable);
    for (const std::string& name : components) {
      const Claim claim = probes::claim_of(report, {name});
      const auto said = last.find(name);
      if (said == last.end() || said->second != claim.status)
        changes.push_back(fmt::format("{} {} {}", format_time(each.at), name, to_string(claim.status)));
      last[name] = claim.status;
    }
    for (const PagePost& post : history.take(PageId{1}, each.at, report, sha256_hex(each.body))) posts[post.id] = post;
    reports.emplace_back(each.at, report);
  }
  std::size_t open() const {
    return static_cast<std::size_t>(
        std::count_if(posts.begin(), posts.end(), [](const auto& each) { return each.second.open; }));
  }

  std::string url;
  std::vector<std::string> components;
  std::map<std::string, Status> last;
  std::vector<std::string> changes;
  PagePosts history;
  std::map<std::string, PagePost> posts;
  std::vector<std::pair<Timestamp, PageReport>> reports;
};

/// An outage of ours from `onset` on, probed every minute, with the page read when the series has it: its admission.
std::optional<Admission> admission(const Series& series, Timestamp onset, const std::vector<std::string>& mapped) {
  SceneOptions options;
  options.controls = 0;
  options.agreement.unreadable_after = 48h;  // these readings are a day apart
  Engine engine;
  Effects effects;
  Seq seq = 0;
  const auto step = [&](Timestamp at, auto what) {
    engine.step({.seq = ++seq, .at = at, .what = std::move(what)}, effects);
  };
  Timestamp t = series.reports.front().first;
  step(t, ConfigChange{make_topology(options)});
  std::optional<Admission> found;
  for (const auto& [at, report] : series.reports) {
    for (; t < at; t += 1min) {
      for (unsigned target = 0; target < 2; ++target) {
        Observation observation;
        observation.target = TargetId{target};
        observation.cls = t < onset ? Class::ok : Class::server_error;
        step(t, observation);
      }
    }
    Claim claim = probes::claim_of(report, mapped);
    claim.component = ComponentId{0};
    step(at, std::move(claim));
    if (const Incident* incident = engine.incident(ComponentId{0}); incident && incident->admitted && !found) {
      CHECK(std::chrono::abs(incident->onset - onset) <= 5min);
      found = incident->admitted;
    }
  }
  return found;
}

std::string summary(const std::string& state, const std::string& incidents) {
  return R"({"page":{"id":"a1b2c3d4e5f6","name":"Tidewater","time_zone":"Etc/UTC"},"status":{"indicator":")" +
         std::string(state == "operational" ? "none" : "minor") +
         R"(","description":"so"},"components":[{"id":"c1","name":"Harbour","status":")" + state +
         R"("},{"id":"c2","name":"Ferry","status":"operational"}],"incidents":[)" + incidents +
         R"(],"scheduled_maintenances":[]})";
}

std::string incident(const std::string& id, const std::string& status, const std::string& created) {
  return R"({"id":")" + id + R"(","name":"Slow harbour","status":")" + status + R"(","impact":"minor","created_at":")" +
         created + R"(","updated_at":")" + created + R"(","incident_updates":[{"id":"u","status":")" + status +
         R"(","body":"so","created_at":")" + created +
         R"("}],"components":[{"id":"c1","name":"Harbour","status":"operational"}]})";
}

Timestamp from_name(const std::string& name) {  // 20260303T0202…
  const auto at = parse_time(fmt::format("{}-{}-{}T{}:{}:00Z", name.substr(0, 4), name.substr(4, 2), name.substr(6, 2),
                                         name.substr(9, 2), name.substr(11, 2)));
  REQUIRE(at);
  return *at;
}

/// Names of files in a folder of recorded series, in order; empty, and said so, if there is none.
std::vector<std::filesystem::path> recorded(const std::string& folder, const std::string& ending) {
  const std::string path = test::fixture_root() + "/statuspages/samples/timeseries/" + folder;
  std::vector<std::filesystem::path> out;
  if (!std::filesystem::exists(path)) {
    MESSAGE("SKIPPED: no recorded series at " << path << " (set OUTAGED_FIXTURES)");
    return out;
  }
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().filename().string().ends_with(ending)) out.push_back(entry.path());
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

TEST_CASE("a hand-made series of readings: its claims, its posts, and a lag that is the readings' interval") {
  Series series("https://status.tidewater.example");
  series.components = {"Harbour", "Ferry"};
  const auto at = [](int minute) { return noon + minute * 1min; };
  const auto time = [&](int minute) { return format_time(at(minute)); };
  series.read({at(0), summary("operational", "")});
  series.read({at(30), summary("operational", "")});
  series.read({at(60), summary("degraded_performance", incident("i1", "investigating", time(52)))});
  series.read({at(90), summary("operational", incident("i1", "monitoring", time(52)))});
  series.read({at(120), summary("operational", "")});
  series.read({at(150), summary("partial_outage", incident("i2", "identified", time(20)))});
  series.read({at(180), summary("operational", "")});

  // An incident in `monitoring` lifts no claim.
  CHECK(series.changes ==
        std::vector<std::string>{time(0) + " Harbour operational", time(0) + " Ferry operational",
                                 time(60) + " Harbour degraded_performance", time(90) + " Harbour operational",
                                 time(150) + " Harbour partial_outage", time(180) + " Harbour operational"});
  REQUIRE(series.posts.size() == 2);
  const PagePost& first = series.posts.at("i1");
  CHECK(first.absent == at(30));
  CHECK(first.first_seen == at(60));
  CHECK(first.last_seen == at(90));
  CHECK(first.gone == at(120));
  CHECK(first.status == "monitoring");
  CHECK_FALSE(first.backdated);
  CHECK(series.posts.at("i2").backdated);  // dated at 20, and not there at 120
  CHECK(series.posts.at("i2").gone == at(180));

  const auto admitted = admission(series, at(40), {"Harbour"});
  REQUIRE(admitted);
  CHECK(admitted->last_green == at(30));
  CHECK(admitted->first_red == at(60));
  CHECK_FALSE(admission(series, at(40), {"Ferry"}));
}

TEST_CASE("a recorded feed, read once a day: one incident opens, stays and is over") {
  const auto files = recorded("github_history_atom", ".atom");
  if (files.empty()) return;
  Series series("https://www.githubstatus.com/history.atom");
  std::vector<std::pair<Timestamp, std::size_t>> open;
  for (const auto& file : files) {
    const Timestamp at = from_name(file.filename().string());
    series.read({at, test::read_bytes(file.string())});
    open.emplace_back(at, series.open());
  }
  REQUIRE(open.size() == 7);
  for (std::size_t i = 0; i < open.size(); ++i) {
    CAPTURE(format_time(open[i].first));
    CHECK(open[i].second == (i == 2 || i == 3 ? 1 : 0));
    CHECK((series.reports[i].second.claim == Status::operational) == (i != 2 && i != 3));
  }
  std::vector<PagePost> lived;
  for (const auto& [id, post] : series.posts) {
    if (post.seen_open) lived.push_back(post);
  }
  REQUIRE(lived.size() == 1);
  CHECK(lived[0].name == "Repository search is degraded");
  CHECK(lived[0].absent == open[1].first);
  CHECK(lived[0].first_seen == open[2].first);
  CHECK_FALSE(lived[0].open);
  CHECK_FALSE(lived[0].backdated);
  REQUIRE(lived[0].created);
  // Published between the reading without it and the one with it.
  CHECK(*lived[0].created > *lived[0].absent);
  CHECK(*lived[0].created <= lived[0].first_seen);

  const auto admitted = admission(series, *lived[0].created - 1h, {});
  REQUIRE(admitted);
  CHECK(admitted->last_green == open[1].first);
  CHECK(admitted->first_red == open[2].first);
}

TEST_CASE(
    "recorded readings of components and open incidents: each claim as it was, each incident there and gone again") {
  const auto files = recorded("github_components", "_components.json");
  if (files.empty()) return;
  Series series("https://www.githubstatus.com");
  series.components = {"Issues", "Pull Requests", "Actions", "Copilot"};
  std::size_t listed = 0;
  for (const auto& file : files) {
    const std::string name = file.filename().string(), path = file.string();
    const std::string beside =
        path.substr(0, path.size() - std::string("_components.json").size()) + "_open_incidents.json";
    const json incidents = json::parse(test::read_bytes(beside));
    // The two lists are what the page's summary holds.
    const json document = {{"page", {{"id", "kctbh9vrtdwd"}, {"name", "GitHub"}, {"time_zone", "Etc/UTC"}}},
                           {"status", {{"indicator", "none"}, {"description", ""}}},
                           {"components", json::parse(test::read_bytes(path))},
                           {"incidents", incidents},
                           {"scheduled_maintenances", json::array()}};
    series.read({from_name(name), document.dump()});
    CAPTURE(name);
    CHECK(series.open() == incidents.size());  // all that was open before, and is not listed, is gone
    listed += incidents.size();
  }
  CHECK(files.size() >= 20);
  CHECK(listed >= 15);
  CHECK(series.posts.size() == listed);  // weeks apart: none is met twice
  for (const auto& [id, post] : series.posts) {
    CAPTURE(post.name);
    CHECK(post.seen_open);
    CHECK_FALSE(post.resolved_only);
    REQUIRE(post.created);
    CHECK(*post.created <= post.first_seen);
    if (!post.backdated) CHECK((!post.absent || *post.created + backdated_least >= *post.absent));
    if (!post.open) CHECK(post.gone);
  }
  const auto said = [&](std::string_view change) {
    return std::find(series.changes.begin(), series.changes.end(), change) != series.changes.end();
  };
  CHECK(said("2026-01-15T18:34:00Z Issues major_outage"));
  CHECK(said("2026-01-15T18:34:00Z Pull Requests major_outage"));
  CHECK(said("2026-02-03T02:02:00Z Issues operational"));
  CHECK(said("2026-02-03T18:55:00Z Actions partial_outage"));
  CHECK(said("2026-04-27T19:19:00Z Pull Requests major_outage"));
  CHECK(said("2026-04-28T19:39:00Z Pull Requests degraded_performance"));
  CHECK(said("2026-06-17T03:58:00Z Copilot major_outage"));
  CHECK(said("2026-07-13T14:29:00Z Actions operational"));
  CHECK(said("2026-08-17T18:35:00Z Copilot major_outage"));
}
