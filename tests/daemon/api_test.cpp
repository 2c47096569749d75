#include "daemon/api.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "storage/store.h"
#include "tests/daemon/http_get.h"
#include "tests/daemon/picture.h"

using namespace outaged;
using outaged::testing::Answer;
using outaged::testing::Example;
using outaged::testing::onset;
using nlohmann::json;

namespace {

const std::string page_body = "{\"status\": \"<script>alert(1)</script>\"}";

/// The handlers behind the real server, on a database that the real store has written.
class Api {
 public:
  explicit Api(bool with_picture = true, bool with_database = true) {
    char name[] = "/tmp/outaged-api-XXXXXX";
    REQUIRE(mkdtemp(name) != nullptr);
    directory_ = name;
    if (with_database) write_database();
    if (with_picture) board.publish(example.picture);
    mount_api(*server_, {.board = board,
                         .database = with_database ? database() : "",
                         .reload = [this]() -> Result<void> {
                           ++reloads;
                           if (!reload_error.empty()) return Error{reload_error};
                           return {};
                         },
                         .version = "1.2.3"});
    const auto started = server_->start("127.0.0.1:0");
    REQUIRE_MESSAGE(started.ok(), (started.ok() ? "" : started.error()));
  }
  ~Api() {
    server_->stop();
    store_.reset();
    std::filesystem::remove_all(directory_);
  }

  Answer get(const std::string& target) const { return testing::ask(server_->port(), "GET", target); }
  Answer post(const std::string& target, const std::string& headers = "") const {
    return testing::ask(server_->port(), "POST", target, headers);
  }
  json get_json(const std::string& target, int status = 200) const {
    const Answer answer = get(target);
    INFO(target, ": ", answer.body);
    CHECK(answer.status == status);
    CHECK(answer.has("content-type: application/json"));
    return json::parse(answer.body);
  }
  std::string refusal(const std::string& target, int status) const { return get_json(target, status).at("error").get<std::string>(); }
  std::string document_hash() const { return sha256_hex(page_body); }

  Example example;
  Board board;
  int reloads = 0;
  std::string reload_error;
  ComponentId old_component{};

 private:
  std::string database() const { return directory_ + "/test.db"; }
  void write_database();

  std::string directory_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<web::Server> server_ = web::Server::create();
};

void Api::write_database() {
  auto opened = storage::Store::open({.path = database()});
  REQUIRE_MESSAGE(opened.ok(), (opened.ok() ? "" : opened.error()));
  store_ = std::move(*opened);
  // The ids in the example are those that a fresh database gives.
  for (const auto& spec : example.topology->components) REQUIRE(store_->id(Names::Kind::component, spec.name) == index(spec.id));
  for (const auto& spec : example.topology->targets) REQUIRE(store_->id(Names::Kind::target, spec.name) == index(spec.id));
  old_component = ComponentId{store_->id(Names::Kind::component, "gone/thing")};

  storage::Batch batch;
  batch.durable = true;
  Seq seq = 0;
  for (int i = 0; i < 20; ++i) {
    Observation o = example.picture->targets[i % 2 == 0 ? 0 : 1].last;
    o.target = TargetId{1};
    batch.observations.push_back({++seq, onset + i * 30s, o, i % 2 == 0 ? Disposition::bad : Disposition::good});
  }
  auto document = std::make_shared<PageDocument>();
  document->url = "https://status.example.test/summary.json";
  document->hash = document_hash();
  document->body = std::make_shared<std::string>(page_body);
  document->fetched = onset + 1min;
  document->http_status = 200;
  batch.documents.push_back(document);
  Claim claim = *example.picture->components[0].claim;
  claim.document = document_hash();
  batch.claims.push_back({++seq, onset + 1min, claim});
  batch.claims.push_back({++seq, onset + 2min, claim});
  claim.status = Status::degraded_performance;
  claim.red = true;
  claim.text = "Elevated error rates";
  batch.claims.push_back({++seq, onset + 41min, claim});
  Verdict verdict = example.picture->components[0].verdict;
  batch.verdicts.push_back({++seq, onset + 5min, verdict});
  Incident old = Example::incident();
  old.id = "gone.thing-20260401T000000000Z";
  old.component = old_component;
  old.onset = *parse_time("2026-04-01T00:00:00Z");
  old.detected = old.onset + 2min;
  old.recovered = old.onset + 1h;
  old.cleared = old.onset + 2h;
  old.admitted = Admission{old.onset + 40min, old.onset + 41min, false, "Investigating"};
  Incident recent = Example::incident();
  recent.id = "claude.api-20260410T000000000Z";
  recent.onset = *parse_time("2026-04-10T00:00:00Z");
  recent.recovered = recent.onset + 1h;
  batch.incidents = {old, recent, Example::incident()};
  OutboxRow row;
  row.id = 1;
  row.receiver = "slack-ops";
  row.group = Example::incident().id;
  row.notification.key = "claude.api-20260413T140300000Z.1.fire";
  row.notification.incident = row.group;
  row.created = onset + 140s;
  row.attempts = 2;
  row.state = OutboxState::delivered;
  row.delivered = onset + 150s;
  batch.outbox.push_back(row);
  PagePost post;
  post.page = PageId{1};
  post.id = "p1";
  post.name = "Elevated <b>errors</b>";
  post.status = "monitoring";
  post.impact = "minor";
  post.open = post.seen_open = true;
  post.components = {"k8w3"};
  post.created = onset;
  post.first_seen = post.last_seen = onset + 41min;
  post.absent = onset + 40min;
  post.backdated = true;
  post.document = document_hash();
  post.updates = {{.at = onset, .status = "investigating", .text = "we look"}};
  PagePost planned;
  planned.page = PageId{1};
  planned.kind = PagePost::Kind::maintenance;
  planned.id = planned.name = "m1";
  planned.status = "scheduled";
  planned.started = onset + 24h;
  planned.first_seen = planned.last_seen = onset;
  batch.posts = {post, planned};
  const auto committed = store_->commit(batch);
  REQUIRE_MESSAGE(committed.ok(), (committed.ok() ? "" : committed.error()));
}

const std::string incident_path = "/api/v1/incidents/claude.api-20260413T140300000Z";

}  // namespace

TEST_CASE("api: alive, ready, and what there is before the first picture") {
  const Api starting(false);
  CHECK(starting.get("/-/healthy").status == 200);
  CHECK(starting.get("/-/ready").status == 503);
  CHECK(starting.get("/metrics").status == 503);
  CHECK(starting.refusal("/api/v1/services", 503).find("not ready") == 0);
  CHECK(starting.get("/").status == 200);
  // A monitor that has just started takes nobody's service out of rotation.
  const json health = starting.get_json("/health/claude");
  CHECK(health.at("usable") == true);
  CHECK(health.at("blind") == true);

  const Api running;
  CHECK(running.get("/-/ready").status == 200);
}

TEST_CASE("api: a reload is asked for, and its problems are told") {
  Api api;
  Answer answer = api.post("/-/reload");
  CHECK(answer.status == 200);
  CHECK(api.reloads == 1);
  api.reload_error = "outaged.yaml:3:5: unknown key \"servces\"";
  answer = api.post("/-/reload");
  CHECK(answer.status == 400);
  CHECK(answer.body == "outaged.yaml:3:5: unknown key \"servces\"\n");
  CHECK(answer.has("content-type: text/plain"));
  CHECK(api.get("/-/reload").status == 405);
  CHECK(api.post("/-/reload", "Sec-Fetch-Site: cross-site\r\n").status == 403);
  CHECK(api.reloads == 2);
}

TEST_CASE("api: metrics") {
  const Api api;
  const Answer answer = api.get("/metrics");
  CHECK(answer.status == 200);
  CHECK(answer.has("content-type: text/plain; version=0.0.4"));
  CHECK(answer.body.find("outaged_build_info{version=\"1.2.3\"} 1\n") != std::string::npos);
}

TEST_CASE("api: services with what we see and what their page says") {
  const Api api;
  const json all = api.get_json("/api/v1/services");
  CHECK(all.at("network_down") == false);
  REQUIRE(all.at("services").size() == 2);
  const json service = api.get_json("/api/v1/services/claude");
  CHECK(service == all.at("services")[0]);
  CHECK(service.at("health") == "degraded_performance");
  CHECK(service.at("incident_open") == true);
  CHECK(service.at("mismatch") == true);
  const json component = service.at("components")[0];
  CHECK(component.at("component") == "api");
  CHECK(component.at("health") == "degraded_performance");
  CHECK(component.at("claim") == "operational");
  CHECK(component.at("agreement") == "page_silent");
  CHECK(component.at("since") == "2026-04-13T14:08:00Z");
  CHECK(component.at("page").at("text") == "All Systems Operational");
  CHECK(component.at("incident").at("id") == "claude.api-20260413T140300000Z");
  CHECK(component.at("targets") == json{{"total", 2}, {"firing", 1}, {"blind", 0}, {"unproven", 0}, {"advisory", 0}, {"reported", 0}});
  // What we cannot see is not fine.
  CHECK(all.at("services")[1].at("health") == "unknown");
  CHECK(api.refusal("/api/v1/services/nobody", 404) == "no service \"nobody\"");
}

TEST_CASE("api: targets, filtered") {
  const Api api;
  const auto names = [&](const std::string& query) {
    std::string list;
    const json answer = api.get_json("/api/v1/targets" + query);
    for (const json& target : answer.at("targets")) list += target.at("target").get<std::string>() + " ";
    return list;
  };
  CHECK(names("") == "messages models fetch ");
  CHECK(names("?service=claude") == "messages models ");
  CHECK(names("?component=git") == "fetch ");
  CHECK(names("?component=claude%2Fapi&health=operational") == "models ");
  CHECK(names("?health=unknown") == "fetch ");
  CHECK(names("?q=OPUS") == "messages ");
  CHECK(names("?q=nothing") == "");
  const json second = api.get_json("/api/v1/targets?limit=1&offset=1");
  CHECK(second.at("total") == 3);
  CHECK(second.at("targets").size() == 1);
  CHECK(second.at("targets")[0].at("target") == "models");
}

TEST_CASE("api: a target with its recent observations, newest first") {
  const Api api;
  json target = api.get_json("/api/v1/targets/claude/api/messages?limit=3");
  CHECK(target.at("labels") == json{{"model", "opus"}});
  CHECK(target.at("probes_by_class").at("server_error") == 9);
  CHECK(target.at("last_probe").at("class") == "server_error");
  CHECK(target.at("truncated") == true);
  REQUIRE(target.at("observations").size() == 3);
  CHECK(target.at("observations")[0].at("at") == "2026-04-13T14:12:30Z");
  const json failed = target.at("observations")[1];
  CHECK(failed.at("class") == "server_error");
  CHECK(failed.at("disposition") == "bad");
  CHECK(failed.at("fault") == "provider");
  CHECK(failed.at("duration_seconds") == 11.8);
  CHECK(failed.at("evidence").at("request_id") == "req_1");

  target = api.get_json("/api/v1/targets/claude/api/messages?from=2026-04-13T14:04:00Z&to=2026-04-13T14:05:00Z");
  CHECK(target.at("truncated") == false);
  REQUIRE(target.at("observations").size() == 2);
  CHECK(target.at("observations")[1].at("at") == "2026-04-13T14:04:00Z");
  CHECK(api.get_json("/api/v1/targets/claude/api/models").at("observations").empty());
  CHECK(api.refusal("/api/v1/targets/claude/api/nothing", 404) == "no target \"claude/api/nothing\"");
}

TEST_CASE("api: incidents, open ones first, also of what is no longer configured") {
  const Api api;
  const auto ids = [&](const std::string& query) {
    std::string list;
    const json answer = api.get_json("/api/v1/incidents" + query);
    for (const json& i : answer.at("incidents")) list += i.at("id").get<std::string>() + " ";
    return list;
  };
  const std::string open = "claude.api-20260413T140300000Z ", recent = "claude.api-20260410T000000000Z ", old = "gone.thing-20260401T000000000Z ";
  CHECK(ids("") == open + recent + old);
  CHECK(ids("?service=claude") == open + recent);
  CHECK(ids("?service=gone") == old);
  CHECK(ids("?component=thing") == old);
  CHECK(ids("?service=github") == "");
  CHECK(ids("?since=2026-04-05T00:00:00Z") == open + recent);
  CHECK(ids("?since=2026-04-20T00:00:00Z") == open);  // it goes on, whenever it began
  CHECK(ids("?limit=1") == open);
  CHECK(api.get_json("/api/v1/incidents?limit=1").at("truncated") == true);
  const json last = api.get_json("/api/v1/incidents").at("incidents")[2];
  CHECK(last.at("service") == "gone");
  CHECK(last.at("component") == "thing");
  CHECK(last.at("state") == "cleared");
  CHECK(last.at("admitted").at("page_lag_seconds") == json{{"min", 2400}, {"max", 2460}});
  CHECK(last.at("duration_seconds") == 3600);
  CHECK(api.refusal("/api/v1/incidents?service=nobody", 404) == "no service \"nobody\"");
}

TEST_CASE("api: an incident as a whole, as the picture has it") {
  Api api;
  auto newer = std::make_shared<Published>(*api.example.picture);
  newer->components[0].incident->failures = 12;  // the database is a batch behind
  api.board.publish(newer);
  const json incident = api.get_json(incident_path);
  CHECK(incident.at("state") == "open");
  CHECK(incident.at("failures") == 12);
  CHECK(incident.at("detection_seconds") == 140);
  CHECK(incident.at("admitted") == nullptr);
  CHECK(incident.at("recovered") == nullptr);
  CHECK(incident.at("mismatch").at("kind") == "page_silent");
  CHECK(incident.at("affected") == json{"claude/api/messages"});
  CHECK(incident.at("proof")[0].at("request_id") == "req_1");
  CHECK(incident.at("page").at("text") == "All Systems Operational");
  REQUIRE(incident.at("notifications").size() == 1);
  CHECK(incident.at("notifications")[0].at("state") == "delivered");
  CHECK(incident.at("notifications")[0].at("kind") == "fire");
  CHECK(api.refusal("/api/v1/incidents/none", 404) == "no incident \"none\"");
}

TEST_CASE("api and page: a slow incident, and one that only its page knows") {
  Api api;
  auto picture = std::make_shared<Published>(*api.example.picture);
  Incident& slow = *picture->components[0].incident;
  slow.slow = true;
  slow.slow_answers = 9, slow.failures = 0;
  slow.together_with = {"github", "<stripe>"};
  Incident page;
  page.id = "claude.web-20260413T140300000Z";
  page.component = ComponentId{2};
  page.onset = onset, page.detected = onset + 1min;
  page.from_page = true;
  page.health = page.worst = Status::partial_outage;
  page.admitted = Admission{onset - 1min, onset, false, "Elevated <error> rates"};
  page.page = {.claim = Status::partial_outage, .text = "Partial System Outage", .document = "", .url = "https://status.example.test", .fetched = onset};
  picture->components[1].incident = page;
  api.board.publish(picture);

  const json first = api.get_json(incident_path);
  CHECK(first.at("slow") == true);
  CHECK(first.at("slow_answers") == 9);
  CHECK(first.at("from_page") == false);
  CHECK(first.at("together_with") == json{"github", "<stripe>"});
  CHECK(first.at("failure_rate") == 0.0);
  CHECK(first.at("baseline") == 0.001);
  const json second = api.get_json("/api/v1/incidents/" + page.id);
  CHECK(second.at("from_page") == true);
  CHECK(second.at("slow") == false);
  CHECK(second.at("admitted").at("page_lag_seconds") == nullptr);
  CHECK(second.at("together_with") == json::array());
  for (const char* unknown : {"failure_rate", "baseline", "false_alarms_per_year"}) CHECK_MESSAGE(second.at(unknown) == nullptr, unknown);

  const auto has = [](const Answer& answer, const char* text) { return answer.body.find(text) != std::string::npos; };
  const Answer overview = api.get("/");
  CHECK(has(overview, "9 of 20 requests (45 %; normal 0.1 %) are answered slowly since 14:03"));
  CHECK(has(overview, "Also failing since then: github, &lt;stripe&gt;: a common cause is likely"));
  CHECK(has(overview, "Claude web</a>: their page reports a partial outage since 14:03"));
  CHECK(!has(overview, "0 of 0"));
  const Answer slow_page = api.get("/incidents/" + slow.id);
  CHECK(has(slow_page, "First slow answer"));
  CHECK(has(slow_page, "We decided that it is slow, 2 min 20 s later"));
  CHECK(has(slow_page, "Also failing since then: github, &lt;stripe&gt;: a common cause is likely"));
  const Answer story = api.get("/incidents/" + page.id);
  CHECK(has(story, "Nothing of ours watches it."));
  CHECK(has(story, "Their page turned red: “Elevated &lt;error&gt; rates”"));
  for (const char* untrue : {"0 of 0", "By chance alone", "First counted failure", "We decided", "Their page admits it", "has not admitted"})
    CHECK_MESSAGE(!has(story, untrue), untrue);

  picture = std::make_shared<Published>(*picture);
  picture->components[1].incident->recovered = picture->components[1].incident->cleared = onset + 49min;
  picture->components[1].incident->health = Status::operational;
  api.board.publish(picture);
  const Answer over = api.get("/incidents/" + page.id);
  CHECK(has(over, "Their page says it is over</span>, after 49 min"));
  CHECK(has(over, "their page reported a partial outage from"));
  CHECK(!has(over, "works again"));
  CHECK(!has(over, "all-clear"));
}

TEST_CASE("api: claims now, and their changes") {
  const Api api;
  const json now = api.get_json("/api/v1/claims?service=claude");
  REQUIRE(now.at("claims").size() == 2);
  CHECK(now.at("claims")[0].at("status") == "operational");
  CHECK(now.at("claims")[1].at("status") == "unknown");  // not read yet
  const json changes = api.get_json("/api/v1/claims?since=2026-04-13T00:00:00Z").at("changes");
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].at("read") == "2026-04-13T14:04:00Z");
  CHECK(changes[1].at("text") == "Elevated error rates");
  CHECK(changes[1].at("red") == true);
  CHECK(changes[1].at("component") == "api");
  CHECK(api.get_json("/api/v1/claims?since=2026-04-13T00:00:00Z&limit=1").at("truncated") == true);
  CHECK(api.get_json("/api/v1/claims?since=2026-04-13T00:00:00Z&component=git").at("changes").empty());
}

TEST_CASE("api: what a page posted") {
  const Api api;
  const json all = api.get_json("/api/v1/pages/claude/incidents");
  CHECK(all.at("url") == "https://status.example.test");
  CHECK(all.at("truncated") == false);
  REQUIRE(all.at("incidents").size() == 1);
  const json& post = all.at("incidents")[0];
  CHECK(post.at("id") == "p1");
  CHECK(post.at("state") == "open");
  CHECK(post.at("status") == "monitoring");
  CHECK(post.at("components") == json::array({"k8w3"}));
  CHECK(post.at("created") == "2026-04-13T14:03:00Z");
  CHECK(post.at("resolved").is_null());
  CHECK(post.at("first_seen") == "2026-04-13T14:44:00Z");
  CHECK(post.at("not_seen_before") == "2026-04-13T14:43:00Z");
  CHECK(post.at("backdated") == true);
  CHECK(post.at("resolved_only") == false);
  CHECK(post.at("document") == api.document_hash());
  CHECK(post.at("updates")[0].at("text") == "we look");
  REQUIRE(all.at("maintenances").size() == 1);
  CHECK(all.at("maintenances")[0].at("state") == "scheduled");
  CHECK(all.at("maintenances")[0].at("starts") == "2026-04-14T14:03:00Z");
  CHECK(api.get_json("/api/v1/pages/claude/incidents?limit=1").at("truncated") == true);
  CHECK(api.get_json("/api/v1/pages/claude/incidents?since=2026-04-13T14:44:00Z").at("maintenances").empty());
  CHECK(api.refusal("/api/v1/pages/github/incidents", 404) == "service \"github\" has no status page");
  CHECK(api.refusal("/api/v1/pages/nobody/incidents", 404) == "no service \"nobody\"");
}

TEST_CASE("api: every page's record, with counts and no share of a few events") {
  const Api api;
  const json all = api.get_json("/api/v1/pages?since=2026-04-01T00:00:00Z");
  REQUIRE(all.at("pages").size() == 1);  // github has no page
  const json& page = all.at("pages")[0];
  CHECK(page.at("service") == "claude");
  CHECK(page.at("incidents") == 2);
  CHECK(page.at("never_admitted").at("of") == 1);  // one is still open
  CHECK(page.at("never_admitted").at("count") == 1);
  CHECK(page.at("never_admitted").at("share").is_null());
  CHECK(page.at("page_lag_seconds").at("max").is_null());
  CHECK(page.at("backdated").at("count") == 1);
  CHECK(page.at("backdated").at("of") == 1);
  REQUIRE(page.at("components").size() == 1);  // web is not probed
  CHECK(page.at("components")[0].at("component") == "api");
  CHECK_FALSE(page.at("components")[0].contains("backdated"));
  CHECK(api.get_json("/api/v1/pages?since=2026-04-12T00:00:00Z").at("pages")[0].at("incidents") == 1);
}

TEST_CASE("api: verdicts over time") {
  const Api api;
  const json changes = api.get_json("/api/v1/verdicts?since=2026-04-13T00:00:00Z&service=claude").at("changes");
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].at("at") == "2026-04-13T14:08:00Z");
  CHECK(changes[0].at("agreement") == "page_silent");
  CHECK(api.get_json("/api/v1/verdicts?since=2026-04-13T00:00:00Z&until=2026-04-13T14:00:00Z").at("changes").empty());
}

TEST_CASE("api: a page's document is evidence, not something a browser runs") {
  const Api api;
  const Answer answer = api.get("/api/v1/documents/" + api.document_hash());
  CHECK(answer.status == 200);
  CHECK(answer.body == page_body);
  CHECK(answer.has("content-type: text/plain"));
  CHECK(answer.has("x-content-type-options: nosniff"));
  CHECK(answer.has("content-security-policy: sandbox"));
  CHECK(api.get("/api/v1/documents/" + std::string(64, '0')).status == 404);
  CHECK(api.get("/api/v1/documents/../../etc/passwd").status == 404);
  CHECK(api.refusal("/api/v1/documents/abc", 400).find("SHA-256") != std::string::npos);
}

TEST_CASE("api: health for load balancers") {
  Api api;
  const Answer down = api.get("/health/claude/api");
  CHECK(down.status == 503);
  CHECK(down.has("outaged-health: degraded_performance"));
  CHECK(json::parse(down.body).at("usable") == false);
  CHECK(api.get("/health/claude").status == 503);
  CHECK(api.get("/health/claude/web").status == 200);
  // Blind fails open, and says so.
  const Answer blind = api.get("/health/github");
  CHECK(blind.status == 200);
  CHECK(blind.has("outaged-health: unknown"));
  CHECK(json::parse(blind.body).at("blind") == true);
  CHECK(api.get("/health/nobody").status == 404);
  CHECK(api.get("/health/claude/nothing").status == 404);

  auto next = std::make_shared<Published>(*api.example.picture);
  next->components[0].verdict.health = Status::unknown;  // blind in the middle of it: still down, as last seen
  api.board.publish(next);
  CHECK(api.get("/health/claude/api").status == 503);
  next = std::make_shared<Published>(*next);
  next->components[0].incident->recovered = onset + 9min;
  next->components[0].verdict.health = Status::operational;
  api.board.publish(next);
  CHECK(api.get("/health/claude").status == 200);
  CHECK(api.get_json("/health/claude").at("health") == "operational");
}

TEST_CASE("api: what can I route to now?") {
  Api api;
  // claude/api is down; claude/web and github/git are not, but nobody sees that they work.
  const auto publish = [&](auto change) {
    auto next = std::make_shared<Published>(*api.example.picture);
    next->components[0].alternatives = {2, 1};
    change(*next);
    api.board.publish(next);
  };
  publish([](Published& next) { next.components[1].verdict.health = Status::operational; });
  json answer = api.get_json("/api/v1/alternatives/claude/api");
  CHECK(answer.at("usable") == false);
  CHECK(answer.at("route_to") == "claude/web");  // seen to work goes before what nobody sees
  CHECK(answer.at("fail_open") == false);
  REQUIRE(answer.at("alternatives").size() == 2);
  CHECK(answer.at("alternatives")[0].at("service") == "github");
  CHECK(answer.at("alternatives")[0].at("blind") == true);
  CHECK(answer.at("alternatives")[1].at("health") == "operational");
  const Answer health = api.get("/health/claude/api");
  CHECK(health.status == 503);
  CHECK(health.has("outaged-route-to: claude/web"));
  CHECK(json::parse(health.body).at("route_to") == "claude/web");

  publish([](Published&) {});
  CHECK(api.get_json("/api/v1/alternatives/claude/api").at("route_to") == "github/git");  // the first of the unseen

  // Everything is out: it fails open, to where the traffic was.
  publish([](Published& next) {
    for (const std::size_t i : {1u, 2u}) next.components[i].incident = Example::incident();
  });
  answer = api.get_json("/api/v1/alternatives/claude/api");
  CHECK(answer.at("route_to") == "claude/api");
  CHECK(answer.at("fail_open") == true);
  const Answer open = api.get("/health/claude/api");
  CHECK(open.status == 200);
  CHECK(json::parse(open.body).at("usable") == false);
  CHECK(json::parse(open.body).at("fail_open") == true);
  CHECK(api.get("/health/github/git").status == 503);  // without alternatives it is as ever

  // It works again: no reason to go elsewhere.
  publish([](Published& next) { next.components[0].incident->recovered = onset + 9min; });
  CHECK(api.get_json("/api/v1/alternatives/claude/api").at("route_to") == "claude/api");
  CHECK(api.get("/health/claude/api").status == 200);
  CHECK(api.get_json("/api/v1/alternatives/claude/web").at("alternatives").empty());
  CHECK(api.refusal("/api/v1/alternatives/claude/nothing", 404) == "no component \"claude/nothing\"");
}

TEST_CASE("api: wrong parameters are refused with a sentence that helps") {
  const Api api;
  CHECK(api.refusal("/api/v1/incidents?limt=3", 400) == "unknown parameter \"limt\"; did you mean \"limit\"?");
  CHECK(api.refusal("/api/v1/services?x=1", 400) == "unknown parameter \"x\"; this takes none");
  CHECK(api.refusal("/api/v1/incidents?limit=0", 400) == "limit: expected a whole number from 1 to 1000, found \"0\"");
  CHECK(api.refusal("/api/v1/incidents?limit=1e3", 400).find("whole number") != std::string::npos);
  CHECK(api.refusal("/api/v1/incidents?limit=-1", 400).find("whole number") != std::string::npos);
  CHECK(api.refusal("/api/v1/incidents?limit=1&limit=2", 400) == "parameter \"limit\" is given twice");
  CHECK(api.refusal("/api/v1/targets?health=down", 400).find("health: expected unknown, operational") == 0);
  CHECK(api.refusal("/api/v1/verdicts?since=yesterday", 400).find("since: expected a time") == 0);
  CHECK(api.refusal("/api/v1/verdicts?since=2026-04-13T14:03:00+02:00", 400).find("%2B") != std::string::npos);
  CHECK(api.get("/api/v1/verdicts?since=2026-04-13T14:03:00%2B02:00").status == 200);
  CHECK(api.get("/api/v1/verdicts?since=6h").status == 200);
}

TEST_CASE("api: without a database the present is still told") {
  const Api api(true, false);
  CHECK(api.get("/api/v1/services").status == 200);
  CHECK(api.get("/health/claude/api").status == 503);
  CHECK(api.refusal("/api/v1/incidents", 503).find("without a database") != std::string::npos);
}

TEST_CASE("page: what we see beside what they say, and nothing that a provider could smuggle in") {
  Api api;
  auto hostile = std::make_shared<Published>(*api.example.picture);
  hostile->components[0].claim->text = "<script>alert(1)</script>\"'&\xff";
  hostile->components[0].claim->url = "javascript:alert(1)";
  hostile->components[0].verdict.why = "44 % <b>fail</b>";
  hostile->config_error = "<img src=x>";
  api.board.publish(hostile);
  const Answer page = api.get("/");
  CHECK(page.status == 200);
  CHECK(page.has("content-type: text/html; charset=utf-8"));
  CHECK(page.has("content-security-policy: default-src 'none'; style-src"));
  CHECK(page.body.find("What we see") != std::string::npos);
  CHECK(page.body.find("What their page says") != std::string::npos);
  CHECK(page.body.find("degraded performance") != std::string::npos);
  CHECK(page.body.find("they disagree") != std::string::npos);
  CHECK(page.body.find("href=\"incidents/claude.api-20260413T140300000Z\"") != std::string::npos);
  CHECK(page.body.find("we cannot see") != std::string::npos);
  CHECK(page.body.find("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;") != std::string::npos);
  CHECK(page.body.find("<script") == std::string::npos);
  CHECK(page.body.find("<b>fail") == std::string::npos);
  CHECK(page.body.find("<img") == std::string::npos);
  CHECK(page.body.find("javascript:") == std::string::npos);
  CHECK(page.body.find('\xff') == std::string::npos);
}

TEST_CASE("page: a target that never worked, and a page that cannot be read, are said where people look first") {
  Api api;
  auto picture = std::make_shared<Published>(*api.example.picture);
  picture->targets[1].view.proven = false;
  picture->targets[1].last.cls = Class::not_found;
  picture->targets[1].last.evidence = std::make_shared<Evidence>(Evidence{"", "HTTP 404: no <such> path", "", {}});
  picture->components[0].claim->status = Status::unknown;
  picture->components[0].claim->text = "the page has no components";
  api.board.publish(picture);
  const Answer page = api.get("/");
  CHECK(page.body.find("claude/api/models has never worked yet: check its configuration") != std::string::npos);
  CHECK(page.body.find("HTTP 404: no &lt;such&gt; path") != std::string::npos);
  CHECK(page.body.find("claude/api/messages has never worked") == std::string::npos);
  CHECK(page.body.find("the page has no components") != std::string::npos);
  CHECK(page.body.find("“the page has no components”") == std::string::npos);  // our words, not theirs
}

TEST_CASE("page: the story of one incident") {
  const Api api;
  const Answer page = api.get("/incidents/claude.api-20260413T140300000Z");
  CHECK(page.status == 200);
  for (const char* text : {"9 of 20 requests", "Time line", "We decided that it is down, 2 min 20 s later", "has not admitted it so far", "req_1",
                           "HTTP 500 api_error: Internal server error", "All Systems Operational", "slack-ops", "delivered",
                           "claude/api/models"}) {
    CHECK_MESSAGE(page.body.find(text) != std::string::npos, text);
  }
  CHECK(page.body.find("First counted failure") < page.body.find("We decided"));
  const Answer over = api.get("/incidents/gone.thing-20260401T000000000Z");
  CHECK(over.status == 200);
  CHECK(over.body.find("Their page admits it: “Investigating”, 40 to 41 min after the first failure") != std::string::npos);
  CHECK(over.body.find("It works again") != std::string::npos);
  const Answer none = api.get("/incidents/%3Cscript%3E");
  CHECK(none.status == 404);
  CHECK(none.body.find("<script>") == std::string::npos);
}
