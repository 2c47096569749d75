#include "probes/heartbeats.h"

#include <utility>

namespace outaged::probes {

void Heartbeats::expect(const std::vector<Expected>& all, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  std::map<std::string, Entry> next;
  for (const Expected& each : all) {
    const auto known = entries_.find(each.name);
    Entry entry{each.token, known != entries_.end() ? std::move(known->second.last) : Last{.at = now, .message = {}}};
    next.emplace(each.name, std::move(entry));
  }
  entries_ = std::move(next);
}

Heartbeats::Answer Heartbeats::beat(const std::string& name, std::string_view token, bool ok, std::string message, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end()) return Answer::unknown;
  Entry& entry = found->second;
  if (!entry.token.empty() && !entry.token.is(token)) return Answer::refused;
  entry.last = {.at = now, .heard = true, .ok = ok, .message = std::move(message)};
  return Answer::taken;
}

std::optional<Heartbeats::Last> Heartbeats::last(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  return found == entries_.end() ? std::nullopt : std::optional(found->second.last);
}

}  // namespace outaged::probes
