#include "alerts/router.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "alerts/notifier.h"
#include "alerts/words.h"
#include "core/text.h"

namespace outaged::alerts {
namespace {

constexpr std::string_view self_name = "self";
constexpr std::size_t proofs_kept = 10, names_kept = 50;

bool wants(config::Updates updates, UpdateReason reason) {
  switch (reason) {
    case UpdateReason::none: return false;
    case UpdateReason::admitted:
    case UpdateReason::severity:
    case UpdateReason::cleared: return updates != config::Updates::none;
    case UpdateReason::mismatch:
    case UpdateReason::scope: return updates == config::Updates::all;
  }
  return false;
}

/// "<incident>.<number>.<kind>.<receiver>": the same after a crash and a replay.
std::string key_of(const Incident& incident, NotificationKind kind, const std::string& receiver) {
  return fmt::format("{}.{}.{}.{}", incident.id, incident.told, to_string(kind), receiver);
}

std::uint32_t number_of(const Notification& n) {
  std::uint32_t number = 0;
  const std::size_t start = n.incident.size() + 1;
  if (n.key.size() > start && n.key.starts_with(n.incident))
    std::from_chars(n.key.data() + start, n.key.data() + n.key.size(), number);
  return number;
}

std::string path_segment(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
    if (plain) out += c;
    else out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

/// "claude/api/messages" in "claude/api" is "messages": the reader knows the component already.
std::string short_name(const std::string& target, const std::string& component) {
  if (target.size() > component.size() + 1 && target.starts_with(component) && target[component.size()] == '/')
    return target.substr(component.size() + 1);
  return target;
}

}  // namespace

Router::Router(const config::Config& config) { reconfigure(config); }

void Router::reconfigure(const config::Config& config) {
  recipients_.clear();
  for (const config::Receiver& receiver : config.receivers) {
    const NotifierKind* kind = notifier_kind(receiver.kind);
    const config::Updates own = kind ? kind->default_updates : config::Updates::all;
    recipients_.push_back({receiver.name, receiver.send_resolved, receiver.updates.value_or(own)});
  }
  routes_ = config.routes;
  external_url_ = config.web.external_url;
  while (external_url_.ends_with('/')) external_url_.pop_back();
}

void Router::restore(const std::vector<OutboxRow>& rows, std::uint64_t last_id) {
  pending_.clear();
  stories_.clear();
  dead_.clear();
  next_id_ = last_id + 1;
  for (const OutboxRow& row : rows) {
    next_id_ = std::max(next_id_, row.id + 1);
    if (row.state == OutboxState::pending) pending_[row.id] = row;
    if (row.state == OutboxState::dead) ++dead_[row.receiver];
    if (row.notification.incident.empty()) continue;
    Story& story = stories_[row.notification.incident];
    if (story.keys.contains(row.notification.key)) continue;
    remember(story, row);
  }
}

void Router::route(const Effects& effects, const Context& context, std::vector<OutboxRow>& out) {
  for (const Effects::Timed& timed : effects.list) {
    const Timestamp at = timed.at;
    if (const auto* open = std::get_if<IncidentOpened>(&timed.effect)) opened(open->incident, at, false, context, out);
    else if (const auto* reopened = std::get_if<IncidentReopened>(&timed.effect)) opened(reopened->incident, at, true, context, out);
    else if (const auto* over = std::get_if<IncidentRecovered>(&timed.effect)) recovered(over->incident, at, context, out);
    else if (const auto* update = std::get_if<IncidentUpdated>(&timed.effect)) updated(update->incident, update->reason, at, context, out);
    else if (const auto* network = std::get_if<NetworkChanged>(&timed.effect))
      trouble("network", network->down ? "Our own network is down" : "Our own network works again", network->text, !network->down, at, out);
    else if (const auto* notice = std::get_if<SelfNotice>(&timed.effect))
      trouble(notice->subject, notice->over ? "Over: " + notice->subject : notice->subject, notice->text, notice->over, at, out);
  }
}

void Router::opened(const Incident& incident, Timestamp at, bool again, const Context& context, std::vector<OutboxRow>& out) {
  const Notification fresh = describe(incident, NotificationKind::fire, at, context);
  if (fresh.importance == Importance::record) return;
  forget_older(incident, fresh);
  for (const Recipient* recipient : recipients(fresh.service)) {
    const auto story = stories_.find(incident.id);
    const Standing believes = story == stories_.end() ? Standing::untold : standing(story->second, recipient->name, incident.told);
    // Who was never told that it works again (a resolve not wanted) needs no "failing again".
    if (believes == Standing::failing) continue;
    Notification n = fresh;
    if (again && believes == Standing::working) n.kind = NotificationKind::refire;
    tell(incident, std::move(n), recipient->name, out);
  }
}

void Router::recovered(const Incident& incident, Timestamp at, const Context& context, std::vector<OutboxRow>& out) {
  const auto story = stories_.find(incident.id);
  if (story == stories_.end()) return;
  std::vector<std::string> owed;
  for (const auto& [receiver, told] : story->second.told) {
    const Recipient* known = recipient(receiver);
    // A receiver that is no longer configured is owed its resolve all the same: the row shows what could not be said.
    if (known && !known->send_resolved) continue;
    if (standing(story->second, receiver, incident.told) == Standing::failing) owed.push_back(receiver);
  }
  for (const std::string& receiver : owed) tell(incident, describe(incident, NotificationKind::resolve, at, context), receiver, out);
}

void Router::updated(const Incident& incident, UpdateReason reason, Timestamp at, const Context& context, std::vector<OutboxRow>& out) {
  const auto story = stories_.find(incident.id);
  if (reason == UpdateReason::none || story == stories_.end()) return;
  std::vector<std::string> interested;
  for (const auto& [receiver, told] : story->second.told) {
    const Recipient* known = recipient(receiver);
    if (!known || !wants(known->updates, reason)) continue;
    const Standing believes = standing(story->second, receiver, incident.told);
    // The page may speak after the resolve: a late admission, and the all-clear that ends the story.
    const bool page_speaks = reason == UpdateReason::admitted || reason == UpdateReason::cleared;
    if (believes == Standing::failing || (believes == Standing::working && page_speaks)) interested.push_back(receiver);
  }
  for (const std::string& receiver : interested) {
    Notification n = describe(incident, NotificationKind::update, at, context);
    n.reason = reason;
    tell(incident, std::move(n), receiver, out);
  }
}

void Router::trouble(std::string_view subject, std::string_view title, std::string_view text, bool over, Timestamp at,
                     std::vector<OutboxRow>& out) {
  if (!recipient(std::string(self_name))) return;
  Notification n;
  n.kind = NotificationKind::self;
  n.key = fmt::format("self.{}.{}.{}", to_millis(at), over ? "over" : "begun", clean_line(subject, 80));
  n.at = n.onset = n.detected = at;
  if (over) n.recovered = at;
  n.title = clean_line(title, 200);
  n.text = clean_line(text, 500);
  if (!external_url_.empty()) n.page_self_url = external_url_ + "/";
  for (const auto& [id, row] : pending_)
    if (row.notification.key == n.key) return;
  append(std::move(n), std::string(self_name), std::string(self_name), out);
}

Notification Router::describe(const Incident& incident, NotificationKind kind, Timestamp at, const Context& context) const {
  Notification n;
  if (const auto story = stories_.find(incident.id); story != stories_.end()) n = story->second.names;
  n.kind = kind;
  n.at = at;
  n.incident = incident.id;

  const Topology* topology = context.topology.get();
  const ComponentSpec* component = topology ? topology->component(incident.component) : nullptr;
  if (component) {
    n.component = component->name;
    n.component_title = clean_line(component->title.empty() ? component->name : component->title, 200);
    if (const ServiceSpec* service = topology->service(component->service)) {
      n.service = service->name;
      n.service_title = clean_line(service->title.empty() ? service->name : service->title, 200);
      n.importance = service->importance;
    }
    if (component->page)
      if (const PageSpec* page = topology->page(*component->page)) n.page_url = page->url;

    const Verdict verdict = context.verdict(incident.component);
    n.claim = verdict.claim;
    n.agreement = verdict.agreement;
    n.why = clean_line(verdict.why, 500);
    if (const Claim* claim = context.claim(incident.component)) {
      n.page_text = clean_line(claim->text);
      n.page_incident = clean_line(claim->incident);
      if (!claim->url.empty()) n.page_url = claim->url;
      n.page_read = context.claim_at(incident.component);
    }
    for (const auto& [ids, names] : {std::pair{&incident.affected, &n.affected}, std::pair{&incident.unaffected, &n.unaffected}})
      for (const TargetId id : *ids)
        if (const TargetSpec* target = topology->target(id); target && names->size() < names_kept)
          names->push_back(clean_line(short_name(target->name, n.component), 200));
  }

  n.health = incident.health;
  n.worst = incident.worst;
  n.onset = incident.onset;
  n.detected = incident.detected;
  n.recovered = incident.recovered;
  n.cleared = incident.cleared;
  if (incident.last_failure >= incident.onset) n.last_failure = incident.last_failure;
  n.admitted = incident.admitted;
  if (n.admitted) n.admitted->text = clean_line(n.admitted->text);
  n.failures = incident.failures;
  n.probes = incident.probes;
  n.slow = incident.slow;
  n.slow_answers = incident.slow_answers;
  n.from_page = incident.from_page;
  for (const std::string& service : incident.together_with)
    if (n.together_with.size() < names_kept) n.together_with.push_back(clean_line(service, 200));
  n.baseline = incident.baseline;
  n.false_alarms_per_year = incident.false_alarms_per_year;
  n.what = clean_line(incident.slow ? words::how_slow(incident.proof) : words::what_fails(incident.proof));
  // The page speaks for itself: it is not our network that made it red.
  if (!incident.from_page)
    n.is_it_us = words::is_it_us(context.controls, context.controls_voting, context.controls_fine, context.unchecked || incident.unchecked);

  const std::size_t skip = incident.proof.size() > proofs_kept ? incident.proof.size() - proofs_kept : 0;
  for (std::size_t i = skip; i < incident.proof.size(); ++i) {
    const Proof& p = incident.proof[i];
    const TargetSpec* target = topology ? topology->target(p.target) : nullptr;
    n.proof.push_back({p.at, target ? target->name : "", std::string(to_string(p.cls)), clean_line(p.request_id, 200),
                       clean_line(p.detail), p.http_status, p.took});
  }
  if (!external_url_.empty()) {
    n.incident_url = external_url_ + "/incidents/" + path_segment(incident.id);
    n.page_self_url = external_url_ + "/";
  }
  return n;
}

void Router::tell(const Incident& incident, Notification notification, const std::string& receiver, std::vector<OutboxRow>& out) {
  notification.key = key_of(incident, notification.kind, receiver);
  Story& story = stories_[incident.id];
  if (story.keys.contains(notification.key)) return;
  remember(story, append(std::move(notification), receiver, incident.id, out));
}

OutboxRow& Router::append(Notification notification, const std::string& receiver, const std::string& group, std::vector<OutboxRow>& out) {
  OutboxRow row;
  row.id = next_id_++;
  row.receiver = receiver;
  row.group = group;
  row.created = notification.at;
  row.notification = std::move(notification);
  out.push_back(row);
  return pending_[row.id] = std::move(row);
}

void Router::remember(Story& story, const OutboxRow& row) {
  const Notification& n = row.notification;
  story.keys.insert(n.key);
  story.names.service = n.service, story.names.service_title = n.service_title;
  story.names.component = n.component, story.names.component_title = n.component_title;
  story.names.importance = n.importance;
  story.told[row.receiver].push_back({number_of(n), row.id, n.kind, row.state});
}

/// Memory stays bounded: when a component's next incident opens, an older one of which nothing is pending is history.
void Router::forget_older(const Incident& incident, const Notification& notification) {
  std::erase_if(stories_, [&](const auto& entry) {
    const auto& [id, story] = entry;
    if (id == incident.id || story.names.component != notification.component) return false;
    for (const auto& [receiver, told] : story.told)
      for (const Told& row : told)
        if (row.state == OutboxState::pending) return false;
    return true;
  });
}

std::vector<const Router::Recipient*> Router::recipients(const std::string& service) const {
  std::vector<const Recipient*> out;
  if (routes_.empty()) {
    for (const Recipient& recipient : recipients_)
      if (recipient.name != self_name) out.push_back(&recipient);
    return out;
  }
  for (const config::Route& route : routes_) {
    if (!route.service.empty() && route.service != service) continue;
    for (const std::string& name : route.receivers)
      if (const Recipient* known = recipient(name); known && std::find(out.begin(), out.end(), known) == out.end()) out.push_back(known);
    break;
  }
  return out;
}

const Router::Recipient* Router::recipient(const std::string& name) const {
  for (const Recipient& recipient : recipients_)
    if (recipient.name == name) return &recipient;
  return nullptr;
}

/// What the receiver believes, going by the rows numbered up to `number`: those of the future exist when the log is
/// folded again after a crash. A withdrawn resolve was never said. A dead fire counts: it may have arrived.
Router::Standing Router::standing(const Story& story, const std::string& receiver, std::uint32_t number) {
  const auto told = story.told.find(receiver);
  if (told == story.told.end()) return Standing::untold;
  Standing believes = Standing::untold;
  std::uint32_t latest = 0;
  for (const Told& row : told->second) {
    if (row.number > number || row.number < latest || row.kind == NotificationKind::update) continue;
    const bool works = row.kind == NotificationKind::resolve && row.state != OutboxState::cancelled;
    believes = works ? Standing::working : Standing::failing;
    latest = row.number;
  }
  return believes;
}

std::optional<OutboxRow> Router::report(const DeliveryReport& report, Timestamp at) {
  const auto found = pending_.find(report.outbox_id);
  if (found == pending_.end()) return std::nullopt;
  OutboxRow row = found->second;
  row.state = report.state;
  row.attempts = report.attempts;
  row.next_attempt = report.next_attempt;
  row.error = report.error;
  if (report.state == OutboxState::delivered) row.delivered = at;
  if (report.state == OutboxState::dead) ++dead_[row.receiver];
  if (report.state == OutboxState::pending) found->second = row;
  else pending_.erase(found);
  if (const auto story = stories_.find(row.notification.incident); story != stories_.end())
    for (Told& told : story->second.told[row.receiver])
      if (told.id == row.id) told.state = row.state;
  return row;
}

Router::Depth Router::depth(const std::string& receiver) const {
  Depth depth;
  if (const auto dead = dead_.find(receiver); dead != dead_.end()) depth.dead = dead->second;
  for (const auto& [id, row] : pending_) {
    if (row.receiver != receiver) continue;
    ++depth.pending;
    if (!depth.oldest || row.created < *depth.oldest) depth.oldest = row.created;
  }
  return depth;
}

}  // namespace outaged::alerts
