// The fields of every stored struct under their stored names, once for both directions: what is written is read.
// Used by json.cpp alone. A name may be added; one that exists keeps its spelling and meaning for ever.
#pragma once

#include <concepts>
#include <type_traits>

#include "core/input.h"

namespace outaged::fields {

/// T, const (being written) or not (being read).
template <class Value, class T>
concept Of = std::same_as<std::remove_const_t<Value>, T>;

template <class F>
void each(F&& field, Of<Timings> auto& v) {
  field("resolve_us", v.resolve);
  field("connect_us", v.connect);
  field("tls_us", v.tls);
  field("processing_us", v.processing);
  field("transfer_us", v.transfer);
}

template <class F>
void each(F&& field, Of<Evidence> auto& v) {
  field("request_id", v.request_id);
  field("detail", v.detail);
  field("remote", v.remote);
  field("headers", v.headers);
}

template <class F>
void each(F&& field, Of<Observation> auto& v) {
  field("target", v.target);
  field("class", v.cls);
  field("base_schedule", v.base_schedule);
  field("http_status", v.http_status);
  field("took_ms", v.took);
  field("at_start", v.at_start);
  field("timings", v.timings);
  field("cert_expiry", v.cert_expiry);
  field("evidence", v.evidence);
  field("count", v.count);
  field("age_ms", v.age);
}

template <class F>
void each(F&& field, Of<Claim> auto& v) {
  field("component", v.component);
  field("status", v.status);
  field("red", v.red);
  field("text", v.text);
  field("incident", v.incident);
  field("document", v.document);
  field("url", v.url);
}

template <class F>
void each(F&& field, Of<Verdict> auto& v) {
  field("component", v.component);
  field("health", v.health);
  field("claim", v.claim);
  field("agreement", v.agreement);
  field("since", v.since);
  field("called", v.called);
  field("unchecked", v.unchecked);
  field("why", v.why);
}

template <class F>
void each(F&& field, Of<Proof> auto& v) {
  field("seq", v.seq);
  field("target", v.target);
  field("at", v.at);
  field("class", v.cls);
  field("http_status", v.http_status);
  field("took_ms", v.took);
  field("request_id", v.request_id);
  field("detail", v.detail);
}

template <class F>
void each(F&& field, Of<PageProof> auto& v) {
  field("claim", v.claim);
  field("text", v.text);
  field("document", v.document);
  field("url", v.url);
  field("fetched", v.fetched);
}

template <class F>
void each(F&& field, Of<Admission> auto& v) {
  field("last_green", v.last_green);
  field("first_red", v.first_red);
  field("already_red", v.already_red);
  field("text", v.text);
}

template <class F>
void each(F&& field, Of<Incident> auto& v) {
  field("id", v.id);
  field("component", v.component);
  field("onset", v.onset);
  field("detected", v.detected);
  field("admitted", v.admitted);
  field("recovered", v.recovered);
  field("cleared", v.cleared);
  field("last_failure", v.last_failure);
  field("worst", v.worst);
  field("health", v.health);
  field("failures", v.failures);
  field("probes", v.probes);
  field("baseline", v.baseline);
  field("false_alarms_per_year", v.false_alarms_per_year);
  field("unchecked", v.unchecked);
  field("reopened", v.reopened);
  field("slow", v.slow);
  field("slow_answers", v.slow_answers);
  field("from_page", v.from_page);
  field("together_with", v.together_with);
  field("mismatch_since", v.mismatch_since);
  field("mismatch", v.mismatch);
  field("affected", v.affected);
  field("unaffected", v.unaffected);
  field("proof", v.proof);
  field("page", v.page);
  field("told", v.told);
}

template <class F>
void each(F&& field, Of<NotificationProof> auto& v) {
  field("at", v.at);
  field("target", v.target);
  field("class", v.cls);
  field("request_id", v.request_id);
  field("detail", v.detail);
  field("http_status", v.http_status);
  field("took_ms", v.took);
}

template <class F>
void each(F&& field, Of<Notification> auto& v) {
  field("key", v.key);
  field("kind", v.kind);
  field("reason", v.reason);
  field("at", v.at);
  field("incident", v.incident);
  field("service", v.service);
  field("component", v.component);
  field("service_title", v.service_title);
  field("component_title", v.component_title);
  field("importance", v.importance);
  field("health", v.health);
  field("worst", v.worst);
  field("claim", v.claim);
  field("agreement", v.agreement);
  field("onset", v.onset);
  field("detected", v.detected);
  field("recovered", v.recovered);
  field("cleared", v.cleared);
  field("last_failure", v.last_failure);
  field("admitted", v.admitted);
  field("failures", v.failures);
  field("probes", v.probes);
  field("slow", v.slow);
  field("slow_answers", v.slow_answers);
  field("from_page", v.from_page);
  field("together_with", v.together_with);
  field("baseline", v.baseline);
  field("false_alarms_per_year", v.false_alarms_per_year);
  field("what", v.what);
  field("affected", v.affected);
  field("unaffected", v.unaffected);
  field("page_text", v.page_text);
  field("page_url", v.page_url);
  field("page_incident", v.page_incident);
  field("page_read", v.page_read);
  field("is_it_us", v.is_it_us);
  field("proof", v.proof);
  field("why", v.why);
  field("incident_url", v.incident_url);
  field("page_self_url", v.page_self_url);
  field("title", v.title);
  field("text", v.text);
}

template <class F>
void each(F&& field, Of<DeliveryReport> auto& v) {
  field("outbox_id", v.outbox_id);
  field("state", v.state);
  field("attempts", v.attempts);
  field("next_attempt", v.next_attempt);
  field("error", v.error);
}

template <class F>
void each(F&& field, Of<ClockStep> auto& v) {
  field("by_ms", v.by);
}

template <class F>
void each(F&& field, Of<OperatorAction> auto& v) {
  field("action", v.action);
  field("subject", v.subject);
  field("by", v.by);
  field("comment", v.comment);
}

template <class F>
void each(F&& field, Of<Reporting> auto& v) {
  field("target", v.target);
  field("ended", v.ended);
}

template <class F>
void each(F&& field, Of<DetectionRules> auto& v) {
  field("interval_ms", v.interval);
  field("false_alarms_per_year", v.false_alarms_per_year);
  field("min_outage_ms", v.min_outage);
  field("refractory_ms", v.refractory);
  field("recovery_cap_ms", v.recovery_cap);
  field("baseline_half_life_ms", v.baseline_half_life);
  field("failure_threshold", v.failure_threshold);
  field("success_threshold", v.success_threshold);
  field("expected_error_rate", v.expected_error_rate);
  field("slow_floor_ms", v.slow_floor);
  field("slow_cap_ms", v.slow_cap);
  field("fast_interval_ms", v.fast_interval);
  field("down_interval_ms", v.down_interval);
  field("gap_ms", v.gap);
}

template <class F>
void each(F&& field, Of<AgreementRules> auto& v) {
  field("grace_ms", v.grace);
  field("too_early_after_ms", v.too_early_after);
  field("overstated_after_ms", v.overstated_after);
  field("unreadable_after_ms", v.unreadable_after);
  field("gate_after_ms", v.gate_after);
  field("gate_rate", v.gate_rate);
  field("already_red_ms", v.already_red);
  field("flap_window_ms", v.flap_window);
  field("flap_hold_ms", v.flap_hold);
  field("reopen_ms", v.reopen);
  field("page_only_level", v.page_only_level);
}

template <class F>
void each(F&& field, Of<ControlRules> auto& v) {
  field("window_ms", v.window);
}

template <class F>
void each(F&& field, Of<TargetSpec> auto& v) {
  field("id", v.id);
  field("name", v.name);
  field("component", v.component);
  field("labels", v.labels);
  field("rules", v.rules);
  field("advisory", v.advisory);
  field("source", v.source);
}

template <class F>
void each(F&& field, Of<ComponentSpec> auto& v) {
  field("id", v.id);
  field("name", v.name);
  field("title", v.title);
  field("service", v.service);
  field("rules", v.rules);
  field("page", v.page);
  field("probed", v.probed);
  field("pooled", v.pooled);
}

template <class F>
void each(F&& field, Of<ServiceSpec> auto& v) {
  field("id", v.id);
  field("name", v.name);
  field("title", v.title);
  field("importance", v.importance);
}

template <class F>
void each(F&& field, Of<ControlSpec> auto& v) {
  field("id", v.id);
  field("name", v.name);
  field("interval_ms", v.interval);
}

template <class F>
void each(F&& field, Of<PageSpec> auto& v) {
  field("id", v.id);
  field("name", v.name);
  field("url", v.url);
  field("interval_ms", v.interval);
}

template <class F>
void each(F&& field, Of<Topology> auto& v) {
  field("hash", v.hash);
  field("services", v.services);
  field("components", v.components);
  field("targets", v.targets);
  field("controls", v.controls);
  field("pages", v.pages);
  field("control_rules", v.control_rules);
  field("traffic", v.traffic);
}

}  // namespace outaged::fields
