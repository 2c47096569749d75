// What is told, and the outbox row that stands for it until it is delivered.
// Made by alerts/router on the pipeline thread; rendered by alerts/notifiers; stored by storage.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/model.h"

namespace outaged {

enum class NotificationKind : std::uint8_t { fire, refire, update, resolve, self };  // append only
std::string_view to_string(NotificationKind kind);
std::optional<NotificationKind> notification_kind_from_string(std::string_view name);

/// Why an update is sent.
enum class UpdateReason : std::uint8_t { none, mismatch, admitted, severity, scope, cleared };  // append only
std::string_view to_string(UpdateReason reason);
std::optional<UpdateReason> update_reason_from_string(std::string_view name);

struct NotificationProof {
  Timestamp at{};
  std::string target, cls, request_id, detail;
  int http_status = 0;
  Duration took{};
};

/// Everything a person or a machine is told, as plain data: a notifier needs nothing else. Times are UTC.
struct Notification {
  std::string key;               // idempotency key, the same over all retries: "<incident>.<n>.<kind>"
  NotificationKind kind = NotificationKind::fire;
  UpdateReason reason = UpdateReason::none;
  Timestamp at{};                // of the change that caused it
  std::string incident;          // id
  std::string service, component;            // names: "claude", "claude/api"
  std::string service_title, component_title;
  Importance importance = Importance::notify;
  Status health = Status::unknown, worst = Status::unknown, claim = Status::unknown;
  Agreement agreement = Agreement::blind;
  Timestamp onset{}, detected{};
  std::optional<Timestamp> recovered, cleared, last_failure;
  std::optional<Admission> admitted;
  std::uint64_t failures = 0, probes = 0;
  bool slow = false;             // opened by good answers that were slow
  std::uint64_t slow_answers = 0;  // since onset
  bool from_page = false;        // nothing of ours watches it: no requests, no promise, only the page's word
  std::vector<std::string> together_with;  // services that began to fail at the same time
  double baseline = 0.001, false_alarms_per_year = 1;
  std::string what;              // the commonest class in words: "HTTP 500 after 10 to 15 s"
  std::vector<std::string> affected, unaffected;
  std::string page_text, page_url, page_incident;
  std::optional<Timestamp> page_read;
  std::string is_it_us;          // "No. 3 of 3 control sites are fine."
  std::vector<NotificationProof> proof;
  std::string why;               // the verdict's sentence
  std::string incident_url, page_self_url;   // through external_url; empty where none is set
  std::string title, text;       // kind self: what troubles us
};

enum class OutboxState : std::uint8_t { pending, delivered, dead, cancelled };  // append only
std::string_view to_string(OutboxState state);
std::optional<OutboxState> outbox_state_from_string(std::string_view name);

struct OutboxRow {
  std::uint64_t id = 0;          // rises; gives the order within receiver and group
  std::string receiver;
  std::string group;             // the incident's id: order holds within (receiver, group)
  Notification notification;
  OutboxState state = OutboxState::pending;
  std::uint32_t attempts = 0;
  Timestamp created{};
  std::optional<Timestamp> next_attempt, delivered;
  std::string error;             // of the last attempt; sanitised, no secrets
};

/// What became of one attempt, told to the pipeline by a delivery worker.
struct DeliveryReport {
  std::uint64_t outbox_id = 0;
  OutboxState state = OutboxState::pending;  // pending: failed, will be tried again at next_attempt
  std::uint32_t attempts = 0;
  std::optional<Timestamp> next_attempt;
  std::string error;
};

}  // namespace outaged
