#include "alerts/words.h"

#include <doctest/doctest.h>

#include "tests/alerts/sample.h"

using namespace outaged;
namespace words = outaged::alerts::words;
using outaged::test::page_sample;
using outaged::test::sample;
using outaged::test::slow_sample;
using outaged::test::t;

TEST_CASE("the first line and the lock screen of an opening") {
  Notification n = sample();
  CHECK(words::headline(n) == "Claude API is failing: 4 of 9 requests (44 %; normal 0.1 %), HTTP 500 after 10 to 15 s");
  CHECK(words::lock_screen(n) == "Claude API: 44 % of requests fail since 14:03 UTC. Their page says all is well.");
  CHECK(words::since_line(n) == "14:03 UTC (noticed after 2 min 20 s)");
  CHECK(words::page_line(n) == "\"All Systems Operational\", read 14:05:00 UTC");
  CHECK(words::proof_line(n.proof[1]) == "500 server_error 13.1 s");
  n.kind = NotificationKind::refire;
  CHECK(words::headline(n).starts_with("Claude API is failing again: 4 of 9"));
  CHECK(words::lock_screen(n).starts_with("Claude API: 44 % of requests fail again since"));
}

TEST_CASE("the page in a few words") {
  Notification n = sample();
  n.claim = Status::unknown;
  CHECK(words::lock_screen(n).ends_with("Their page cannot be read."));
  n.claim = Status::partial_outage;
  CHECK(words::lock_screen(n).ends_with("Their page says partial outage."));
  n.page_incident = "Elevated errors";
  CHECK(words::lock_screen(n).ends_with("Their page names it: \"Elevated errors\"."));
  n.claim = Status::unknown;
  n.page_incident = n.page_text = n.page_url = "";
  n.page_read.reset();
  CHECK(words::lock_screen(n) == "Claude API: 44 % of requests fail since 14:03 UTC.");
  CHECK(words::page_line(n) == "none is watched");
}

TEST_CASE("updates say what changed") {
  Notification n = sample(NotificationKind::update, UpdateReason::admitted);
  CHECK(words::update_line(n) == "Their page now admits it: \"Elevated error rates\", 40 to 41 min after the first failure.");
  CHECK(words::headline(n).starts_with("Claude API: Their page now admits it"));
  n.reason = UpdateReason::severity;
  n.health = Status::major_outage;
  CHECK(words::update_line(n) == "Now major outage: 44 of 100 requests (44 %; normal 0.1 %) fail.");
  n.reason = UpdateReason::mismatch;
  n.agreement = Agreement::page_understates;
  CHECK(words::update_line(n) == "Their page says degraded performance, we see major outage: 44 % of requests fail since 14:03 UTC.");
  n.agreement = Agreement::page_silent;
  n.claim = Status::operational, n.page_incident = "";
  CHECK(words::update_line(n) == "Their page still says \"All Systems Operational\" while 44 % of requests fail since 14:03 UTC.");
  n.agreement = Agreement::page_too_early;
  CHECK(words::update_line(n) == "Their page gives the all-clear, but 44 % of requests fail still, since 14:03 UTC.");
  n.reason = UpdateReason::scope;
  CHECK(words::update_line(n) == "Now affected: opus, sonnet. Works: haiku.");
  n.reason = UpdateReason::cleared;
  CHECK(words::update_line(n) == "Their page gives the all-clear.");
  n.recovered = t("14:52:00"), n.cleared = t("15:04:00");
  CHECK(words::update_line(n) == "Their page gives the all-clear, 12 min after it worked again.");
  n.cleared = t("14:50:00");
  CHECK(words::update_line(n) == "Their page gives the all-clear, 2 min before it worked again.");
}

TEST_CASE("the resolve tells the whole story in one line") {
  Notification n = sample(NotificationKind::resolve);
  CHECK(words::resolve_line(n) == "Claude API works again. Bad 14:03 to 14:52 UTC (49 min). Their page: silent for the first 40 min, still red now.");
  n.cleared = t("14:50:00");
  CHECK(words::resolve_line(n).ends_with("silent for the first 40 min, green again since 14:50 UTC."));
  n.cleared.reset();
  n.claim = Status::operational, n.page_incident = "";
  CHECK(words::resolve_line(n).ends_with("silent for the first 40 min."));
  n.admitted.reset();
  CHECK(words::resolve_line(n).ends_with("Their page: never admitted it."));
  n.admitted = Admission{t("14:02:00"), t("14:04:00"), false, ""};
  CHECK(words::resolve_line(n).ends_with("Their page: admitted it within 1 min.") == false);
  CHECK(words::resolve_line(n).ends_with("Their page: admitted it within 60 s."));
  n.admitted->first_red = t("14:02:30");
  CHECK(words::resolve_line(n).ends_with("Their page: red before we first saw it fail."));
  n.admitted->already_red = true;
  CHECK(words::resolve_line(n).ends_with("Their page: red since long before we saw it fail."));
}

TEST_CASE("an incident that only the page knows makes no claim about requests") {
  Notification n = page_sample();
  CHECK(words::headline(n) == "Claude Code: their page reports a partial outage: \"Elevated error rates\" (nothing of ours watches it)");
  CHECK(words::lock_screen(n) == "Claude Code: their page reports a partial outage since 14:03 UTC: \"Elevated error rates\".");
  n.detected = n.onset + 10min;
  CHECK(words::since_line(n) == "14:03 UTC");
  n.kind = NotificationKind::refire;
  CHECK(words::headline(n).starts_with("Claude Code: their page reports a partial outage again: "));
  // An open incident under a component that the page itself still shows green.
  n = page_sample();
  n.claim = Status::operational, n.health = Status::degraded_performance;
  n.page_incident = n.page_text = "", n.admitted.reset();
  CHECK(words::headline(n) == "Claude Code: their page reports degraded performance (nothing of ours watches it)");
  n = page_sample(NotificationKind::update, UpdateReason::severity);
  n.health = n.worst = Status::major_outage;
  CHECK(words::headline(n) == "Claude Code: Their page now reports a major outage: \"Elevated error rates\".");
  CHECK(words::headline(page_sample(NotificationKind::resolve)) == "Claude Code: their page says it is over. Red 14:03 to 14:52 UTC (49 min).");
  for (const UpdateReason reason : {UpdateReason::none, UpdateReason::mismatch, UpdateReason::admitted, UpdateReason::severity, UpdateReason::scope,
                                    UpdateReason::cleared}) {
    const std::string line = words::update_line(page_sample(NotificationKind::update, reason));
    CHECK(line.starts_with("Their page "));
    CHECK(line.find("requests") == std::string::npos);
    CHECK(line.find("failure") == std::string::npos);
  }
}

TEST_CASE("a slow incident speaks of slow answers, and of failures only where there are some") {
  Notification n = slow_sample();
  CHECK(words::headline(n) == "Claude API is slow: 12 of 27 requests (44 %; normal 0.1 %) take far longer than usual, 10 to 15 s");
  CHECK(words::lock_screen(n) == "Claude API: 44 % of requests are slow since 14:03 UTC. Their page says all is well.");
  n.failures = 3;
  CHECK(words::headline(n).ends_with("far longer than usual, 10 to 15 s; 3 of 27 fail"));
  CHECK(words::lock_screen(n).starts_with("Claude API: 44 % of requests are slow, 11 % fail since"));
  n.kind = NotificationKind::refire;
  CHECK(words::headline(n).starts_with("Claude API is slow again: 12 of 27"));
  n = slow_sample(NotificationKind::update, UpdateReason::admitted);
  CHECK(words::update_line(n).ends_with("40 to 41 min after the first slow answer."));
  n.reason = UpdateReason::severity;
  n.health = Status::partial_outage, n.failures = 14;
  CHECK(words::update_line(n) == "Now partial outage: 14 of 27 requests (52 %) fail.");  // 0.1 % is normal for slow answers
  n = slow_sample(NotificationKind::resolve);
  CHECK(words::resolve_line(n) ==
        "Claude API is as fast as usual again. Slow 14:03 to 14:52 UTC (49 min). Their page: silent for the first 40 min, still red now.");
  n.admitted->already_red = true;
  CHECK(words::resolve_line(n).ends_with("Their page: red since long before we saw it slow, still red now."));
}

TEST_CASE("services that fail together") {
  CHECK(words::together_line(slow_sample()) == "github, stripe: a common cause is likely");
  CHECK(words::together_line(sample()) == "");
}

TEST_CASE("intervals are rounded outwards and lags have a sign") {
  CHECK(words::range(40min + 1s, 40min + 59s) == "40 to 41 min");
  CHECK(words::range(38s, 39s) == "38 to 39 s");
  CHECK(words::range(30s, 3min) == "0 to 3 min");
  CHECK(words::range(-5s, 10s) == "0 to 10 s");
  CHECK(words::range(5h, 5h + 1min) == "5 h to 5 h 1 min");
  const Timestamp onset = t("14:00:00");
  CHECK(words::lag({t("13:57:10"), t("13:58:00"), false, ""}, onset) == "2 to 3 min before the first failure");
  CHECK(words::lag({t("13:59:30"), t("14:00:30"), false, ""}, onset) == "within 30 s of the first failure");
  CHECK(words::lag({t("12:00:00"), t("12:01:00"), true, ""}, onset) == "red since long before the first failure");
}

TEST_CASE("a time far from the message carries its date") {
  Notification n = sample();
  n.at = *parse_time("2026-04-15T09:00:00Z");
  CHECK(words::since_line(n).starts_with("2026-04-13 14:03 UTC"));
}

TEST_CASE("what fails is the commonest class, with its time where that tells something") {
  std::vector<Proof> proof(3);
  proof[0].cls = proof[1].cls = Class::server_error;
  proof[0].http_status = proof[1].http_status = 500;
  proof[0].took = 10200ms, proof[1].took = 14800ms;
  proof[2].cls = Class::tcp_refused;
  CHECK(words::what_fails(proof) == "HTTP 500 after 10 to 15 s");
  proof[0].took = 11800ms, proof[1].took = 12200ms;
  CHECK(words::what_fails(proof) == "HTTP 500 after 12 s");
  proof[0].took = proof[1].took = 90ms;
  CHECK(words::what_fails(proof) == "HTTP 500");
  CHECK(words::how_slow(proof) == "");
  proof.resize(6);  // three good answers, the commonest of all, but not a failure
  proof[3].took = 10200ms, proof[4].took = 11s, proof[5].took = 14800ms;
  CHECK(words::what_fails(proof) == "HTTP 500");
  CHECK(words::how_slow(proof) == "10 to 15 s");
  proof[5].took = proof[4].took;
  CHECK(words::how_slow(proof) == "about 11 s");
  proof.resize(3);
  CHECK(words::what_fails({}) == "");
  CHECK(words::what_fails({proof[2]}) == info(Class::tcp_refused).sentence);
}

TEST_CASE("is it us") {
  CHECK(words::is_it_us(3, 3, 3, false) == "No. 3 of 3 control sites are fine.");
  CHECK(words::is_it_us(3, 3, 1, false) == "Perhaps. Only 1 of 3 control sites are fine.");
  CHECK(words::is_it_us(3, 1, 1, true) == "Not checked: only 1 of 3 control sites can be asked.");
  CHECK(words::is_it_us(0, 0, 0, true) == "Not checked: no control sites are configured.");
}
