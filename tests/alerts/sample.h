// The notifications that the golden files and the sentence tests speak of: an evening in April.
#pragma once

#include "config/config.h"
#include "core/notification.h"

namespace outaged::test {

inline Timestamp t(const char* clock) { return *parse_time(std::string("2026-04-13T") + clock + "Z"); }

inline Notification sample(NotificationKind kind = NotificationKind::fire, UpdateReason reason = UpdateReason::none) {
  Notification n;
  n.key = "claude.api-20260413T140300000Z.1." + std::string(to_string(kind)) + ".team-ai";
  n.kind = kind;
  n.reason = reason;
  n.at = t("14:05:20");
  n.incident = "claude.api-20260413T140300000Z";
  n.service = "claude", n.component = "claude/api";
  n.service_title = "Claude", n.component_title = "Claude API";
  n.importance = Importance::page;
  n.health = n.worst = Status::degraded_performance;
  n.claim = Status::operational;
  n.agreement = Agreement::pending;
  n.onset = t("14:03:00"), n.detected = t("14:05:20"), n.last_failure = t("14:05:18");
  n.failures = 4, n.probes = 9;
  n.what = "HTTP 500 after 10 to 15 s";
  n.affected = {"opus", "sonnet"}, n.unaffected = {"haiku"};
  n.page_text = "All Systems Operational", n.page_url = "https://status.example.com", n.page_read = t("14:05:00");
  n.is_it_us = "No. 3 of 3 control sites are fine.";
  n.proof = {{t("14:03:00"), "claude/api/opus", "server_error", "req_011", "HTTP 500 api_error: Internal server error", 500, 11800ms},
             {t("14:05:18"), "claude/api/sonnet", "server_error", "req_012", "", 500, 13100ms}};
  n.why = "4 of 9 requests fail since 14:03 (44 %; normal 0.1 %).";
  n.incident_url = "https://outaged.example.com/incidents/" + n.incident;
  n.page_self_url = "https://outaged.example.com/";
  if (kind == NotificationKind::update || kind == NotificationKind::resolve) {
    n.at = t("14:43:30");
    n.failures = 44, n.probes = 100;
    n.admitted = Admission{t("14:43:00"), t("14:44:00"), false, "Elevated error rates"};
    n.claim = Status::degraded_performance;
    n.page_incident = "Elevated error rates";
  }
  if (kind == NotificationKind::resolve) {
    n.at = t("14:52:00");
    n.recovered = t("14:52:00");
    n.health = Status::operational;
  }
  if (kind == NotificationKind::self) {
    n = Notification{};
    n.key = "self.1776089000000.begun.network";
    n.kind = kind;
    n.at = n.onset = n.detected = t("14:03:00");
    n.title = "Our own network is down";
    n.text = "3 of 3 control sites do not answer";
    n.page_self_url = "https://outaged.example.com/";
  }
  return n;
}

/// Good answers that take far longer than usual, while two other services fail.
inline Notification slow_sample(NotificationKind kind = NotificationKind::fire, UpdateReason reason = UpdateReason::none) {
  Notification n = sample(kind, reason);
  n.slow = true;
  n.slow_answers = 12, n.failures = 0, n.probes = 27;
  n.last_failure.reset();
  n.what = "10 to 15 s";
  n.affected = n.unaffected = {};
  n.together_with = {"github", "stripe"};
  n.proof = {{t("14:03:00"), "claude/api/opus", "ok", "req_011", "a good answer, but slow", 200, 11800ms}};
  n.why = "12 of 27 requests (44 %; normal 0.1 %) are answered slowly since 14:03.";
  return n;
}

/// Nothing of ours watches it: the page alone.
inline Notification page_sample(NotificationKind kind = NotificationKind::fire, UpdateReason reason = UpdateReason::none) {
  Notification n = sample(kind, reason);
  n.from_page = true;
  n.component = "claude/code", n.component_title = "Claude Code";
  n.incident = "claude.code-20260413T140300000Z";
  n.key = n.incident + ".1." + std::string(to_string(kind)) + ".team-ai";
  n.incident_url = "https://outaged.example.com/incidents/" + n.incident;
  n.detected = n.onset;
  n.last_failure.reset();
  n.failures = n.probes = 0;
  n.what = n.is_it_us = "";
  n.affected = n.unaffected = {};
  n.proof.clear();
  n.worst = Status::partial_outage;
  n.health = kind == NotificationKind::resolve ? Status::operational : Status::partial_outage;
  n.claim = n.health;
  n.agreement = Agreement::page_only;
  n.page_incident = kind == NotificationKind::resolve ? "" : "Elevated error rates";
  n.page_text = kind == NotificationKind::resolve ? "All Systems Operational" : "Partial System Outage";
  n.admitted = Admission{t("14:02:00"), t("14:03:00"), false, "Elevated error rates"};
  if (kind == NotificationKind::resolve) n.cleared = n.recovered;
  n.why = "Nothing of ours watches it; their page reports partial outage since 14:03.";
  return n;
}

inline config::Receiver receiver(std::string kind, std::string name = "team-ai", std::string url = "https://hooks.example.com/services/T0/B0/verysecretpath") {
  config::Receiver r;
  r.name = std::move(name);
  r.kind = std::move(kind);
  r.url = config::Secret(std::move(url));
  return r;
}

}  // namespace outaged::test
