// A picture with something in every place, for the tests of what is made from it.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "daemon/published.h"

namespace outaged::testing {

inline const Timestamp onset = *parse_time("2026-04-13T14:03:00Z");

/// Service "claude" with component "api" (two targets, a page that is silent, an open incident) and "web" (its page only),
/// service "github" with component "git" (no page, blind).
struct Example {
  std::shared_ptr<Topology> topology = std::make_shared<Topology>();
  std::shared_ptr<Published> picture = std::make_shared<Published>();

  Example() {
    topology->hash = "0123";
    topology->services = {{ServiceId{1}, "claude", "Claude", Importance::page}, {ServiceId{2}, "github", "GitHub", Importance::notify}};
    topology->pages = {{PageId{1}, "claude", "https://status.example.test", 60s}};
    topology->components = {
        {.id = ComponentId{1}, .name = "claude/api", .title = "Claude API", .service = ServiceId{1}, .rules = {}, .page = PageId{1}, .probed = true},
        {.id = ComponentId{2}, .name = "claude/web", .title = "Claude web", .service = ServiceId{1}, .rules = {}, .page = PageId{1}, .probed = false},
        {.id = ComponentId{3}, .name = "github/git", .title = "Git", .service = ServiceId{2}, .rules = {}, .page = std::nullopt, .probed = true}};
    topology->targets = {
        {TargetId{1}, "claude/api/messages", ComponentId{1}, {{"model", "opus"}}, {}},
        {TargetId{2}, "claude/api/models", ComponentId{1}, {{"region", "eu"}}, {}},
        {TargetId{3}, "github/git/fetch", ComponentId{3}, {}, {}}};
    topology->controls = {{TargetId{11}, "control/one", 30s}, {TargetId{12}, "control/two", 30s}};

    Published& p = *picture;
    p.at = onset + 10min;
    p.started = onset - 1h;
    p.topology = topology;
    p.targets.resize(3);
    p.targets[0].view = {.health = Status::degraded_performance, .proven = true, .blind = false, .firing = true, .suspicion = 1.25,
                         .baseline = 0.001, .threshold = 15, .failures = 9, .probes = 20, .onset = onset, .last_good = onset + 9min,
                         .last_bad = onset + 9min + 30s};
    p.targets[0].last = {.target = TargetId{1}, .cls = Class::server_error, .base_schedule = true, .http_status = 500, .took = 11800ms,
                         .timings = {1500us, 2500us, 9ms, 11787ms, 250us}, .cert_expiry = onset + 30 * 24h,
                         .evidence = std::make_shared<Evidence>(Evidence{"req_1", "HTTP 500 api_error: Internal server error", "192.0.2.1:443", {{"server", "edge"}}})};
    p.targets[0].last_at = onset + 9min + 30s;
    p.targets[0].by_class = {{Class::ok, 131}, {Class::server_error, 9}};
    p.targets[0].seconds = 104.5;
    p.targets[0].voided = 2;
    p.targets[1].view = {.health = Status::operational, .proven = true, .blind = false, .firing = false, .suspicion = 0, .baseline = 0.002,
                         .threshold = 15, .failures = 0, .probes = 0, .onset = {}, .last_good = onset + 9min, .last_bad = {}};
    p.targets[1].last = {.target = TargetId{2}, .cls = Class::ok, .base_schedule = true, .http_status = 200, .took = 80ms,
                         .timings = {1ms, 2ms, 3ms, 70ms, 4ms}, .cert_expiry = {}, .evidence = nullptr};
    p.targets[1].last_at = onset + 9min;
    p.targets[1].by_class = {{Class::ok, 140}};

    p.components.resize(3);
    Verdict& verdict = p.components[0].verdict;
    verdict = {.component = ComponentId{1}, .health = Status::degraded_performance, .claim = Status::operational,
               .agreement = Agreement::page_silent, .since = onset + 5min, .called = true, .unchecked = false,
               .why = "9 of 20 requests (45 %; normal 0.1 %) fail since 14:03."};
    p.components[0].incident = incident();
    p.components[0].claim = Claim{ComponentId{1}, Status::operational, false, "All Systems Operational", "", std::string(64, 'a'), "https://status.example.test"};
    p.components[0].claim_at = onset + 9min;
    p.components[0].incidents = 1;
    p.components[0].claims_read = 70;
    p.components[0].claims_unreadable = 1;
    p.components[1].verdict = {.component = ComponentId{2}, .health = Status::unknown, .claim = Status::operational,
                               .agreement = Agreement::page_only, .since = onset - 1h, .called = false, .unchecked = false, .why = "Nothing of ours watches it."};
    p.components[2].verdict = {.component = ComponentId{3}, .health = Status::unknown, .claim = Status::unknown,
                               .agreement = Agreement::blind, .since = onset - 1h, .called = false, .unchecked = false, .why = "We cannot see."};
    p.controls = {{.ok = true, .proven = true, .vote = true, .at = onset + 9min}, {.ok = false, .proven = true, .vote = false, .at = onset + 9min}};
    p.receivers = {{.name = "slack-ops", .kind = "slack", .pending = 2, .dead = 1, .oldest = onset + 8min, .delivered = 5, .failed_attempts = 3}};
    p.inputs = 500;
    p.reloads = 2;
    p.reloads_failed = 1;
    p.loop.started = 400;
    p.store.commits = 77;
    p.store.bytes = 4096;
    p.ledgers = {{.name = "claude", .requests = 30, .tokens = 900, .requests_today = 40, .tokens_today = 1200,
                  .limits = {.tokens_per_day = 60'000, .requests_per_day = 2000}, .reduced = false}};
  }

  static Incident incident() {
    Incident i;
    i.id = "claude.api-20260413T140300000Z";
    i.component = ComponentId{1};
    i.onset = onset;
    i.detected = onset + 140s;
    i.last_failure = onset + 9min + 30s;
    i.health = i.worst = Status::degraded_performance;
    i.failures = 9;
    i.probes = 20;
    i.mismatch_since = onset + 5min;
    i.mismatch = Agreement::page_silent;
    i.affected = {TargetId{1}};
    i.unaffected = {TargetId{2}};
    i.proof = {{.seq = 7, .target = TargetId{1}, .at = onset, .cls = Class::server_error, .http_status = 500, .took = 11800ms,
                .request_id = "req_1", .detail = "HTTP 500 api_error: Internal server error"}};
    i.page = {.claim = Status::operational, .text = "All Systems Operational", .document = std::string(64, 'a'),
              .url = "https://status.example.test", .fetched = onset + 2min};
    i.told = 2;
    return i;
  }

  Incident& open() { return *picture->components[0].incident; }
};

}  // namespace outaged::testing
