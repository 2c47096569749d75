#include "daemon/story.h"

#include <fmt/format.h>

#include "core/words.h"

namespace outaged {
namespace {

// The story begins five minutes before the first failure, at 14:03.
constexpr Timestamp story_begin = from_millis(1776088680000);  // 2026-04-13T13:58:00Z

std::string_view kind_words(NotificationKind kind) {
  switch (kind) {
    case NotificationKind::fire: return "alert";
    case NotificationKind::refire: return "\"failing again\"";
    case NotificationKind::update: return "update";
    case NotificationKind::resolve: return "\"works again\"";
    case NotificationKind::self: return "notice";
  }
  return "notice";
}

}  // namespace

Timestamp StoryClock::story(Timestamp real) const { return story_begin + story(real - began); }

void Story::add(Timestamp at, std::string what) {
  const std::lock_guard lock(mutex_);
  events_.push_back({at, std::move(what)});
}

std::deque<Story::Event> Story::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(events_, {});
}

Story::Deliveries Story::deliveries() const {
  const std::lock_guard lock(mutex_);
  return deliveries_;
}

void Story::effect(Timestamp at, const Effect& effect, const Topology& topology) {
  const ComponentSpec* followed = topology.component(component_);
  const auto ours = [&](ComponentId id) { return followed && followed->id == id; };
  if (const auto* opened = std::get_if<IncidentOpened>(&effect); opened && ours(opened->incident.component)) {
    add(at, "OUTAGE: incident opened, telling everybody");
  } else if (const auto* verdict = std::get_if<VerdictChanged>(&effect); verdict && ours(verdict->after.component)) {
    const Verdict& after = verdict->after;
    if (after.called && !verdict->before.called) {
      add(at, after.agreement == Agreement::page_silent ? "MISMATCH: their page is silent"
                                                        : fmt::format("MISMATCH: {}", to_string(after.agreement)));
    }
    if (verdict->before.agreement == Agreement::blind && after.agreement == Agreement::agrees) add(at, "first answers: all is well");
  } else if (const auto* update = std::get_if<IncidentUpdated>(&effect); update && ours(update->incident.component)) {
    if (update->reason == UpdateReason::admitted) add(at, "their page admits it");
    if (update->reason == UpdateReason::severity) add(at, fmt::format("worse: {}", spell(update->incident.worst)));
    if (update->incident.cleared && update->reason != UpdateReason::admitted && update->reason != UpdateReason::severity &&
        update->reason != UpdateReason::mismatch) {
      add(at, "their page gives the all-clear");
    }
  } else if (const auto* over = std::get_if<IncidentRecovered>(&effect); over && ours(over->incident.component)) {
    add(at, "WORKS AGAIN: telling everybody");
  } else if (const auto* network = std::get_if<NetworkChanged>(&effect)) {
    add(at, network->text);
  }
}

void Story::notification(Timestamp at, const OutboxRow& row) {
  std::string event;
  {
    const std::lock_guard lock(mutex_);
    if (made_.insert(row.id).second) ++deliveries_.made;
    if (row.state == OutboxState::delivered) {
      ++deliveries_.delivered;
      deliveries_.delivered_keys.insert(row.notification.key);
      event = fmt::format("{} delivered to {}{}", kind_words(row.notification.kind), row.receiver,
                          row.attempts > 1 ? fmt::format(" (attempt {})", row.attempts) : "");
    } else if (row.state == OutboxState::dead) {
      ++deliveries_.dead;
      event = fmt::format("{} to {} given up: {}", kind_words(row.notification.kind), row.receiver, row.error);
    } else if (row.attempts > 0) {
      ++deliveries_.failed_attempts;
      event = fmt::format("{} to {} failed ({}): trying again", kind_words(row.notification.kind), row.receiver, row.error);
    }
  }
  if (!event.empty()) add(at, std::move(event));
}

void Story::storage_problem(const std::string& problem) {
  if (!problem.empty()) add({}, "cannot store: " + problem);
}

std::string what_we_see(const ComponentStatus& component) {
  if (component.verdict.agreement == Agreement::blind) return "cannot see yet";
  if (!component.incident) return "all is well";
  const Incident& incident = *component.incident;
  if (incident.recovered) return "works again";
  const std::uint64_t bad = incident.slow ? incident.slow_answers : incident.failures;
  const double rate = incident.probes == 0 ? 0 : static_cast<double>(bad) / static_cast<double>(incident.probes);
  return fmt::format("{} of {} {} ({})", bad, incident.probes, incident.slow ? "slow" : "fail", spell_rate(rate));
}

std::string what_they_say(const ComponentStatus& component) {
  if (!component.claim) return "not read yet";
  const std::string& words = component.claim->incident.empty() ? component.claim->text : component.claim->incident;
  return fmt::format("\"{}\"", words);
}

}  // namespace outaged
