#include "core/notification.h"

#include "core/names.h"

namespace outaged {

std::string_view to_string(NotificationKind kind) {
  switch (kind) {
    case NotificationKind::fire: return "fire";
    case NotificationKind::refire: return "refire";
    case NotificationKind::update: return "update";
    case NotificationKind::resolve: return "resolve";
    case NotificationKind::self: return "self";
  }
  return "self";
}

std::optional<NotificationKind> notification_kind_from_string(std::string_view name) {
  return from_name(name, NotificationKind::self);
}

std::string_view to_string(UpdateReason reason) {
  switch (reason) {
    case UpdateReason::none: return "none";
    case UpdateReason::mismatch: return "mismatch";
    case UpdateReason::admitted: return "admitted";
    case UpdateReason::severity: return "severity";
    case UpdateReason::scope: return "scope";
    case UpdateReason::cleared: return "cleared";
  }
  return "none";
}

std::optional<UpdateReason> update_reason_from_string(std::string_view name) {
  return from_name(name, UpdateReason::cleared);
}

std::string_view to_string(OutboxState state) {
  switch (state) {
    case OutboxState::pending: return "pending";
    case OutboxState::delivered: return "delivered";
    case OutboxState::dead: return "dead";
    case OutboxState::cancelled: return "cancelled";
  }
  return "pending";
}

std::optional<OutboxState> outbox_state_from_string(std::string_view name) {
  return from_name(name, OutboxState::cancelled);
}

}  // namespace outaged
