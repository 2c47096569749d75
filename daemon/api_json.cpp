#include "daemon/api_json.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "daemon/naming.h"

namespace outaged {
namespace {

Json time_json(Timestamp t) {
  // Zero and the far ends stand for "never" in plain data.
  if (t == Timestamp{} || t == never_past || t == never) return nullptr;
  return format_time(t);
}
Json time_json(const std::optional<Timestamp>& t) { return t ? time_json(*t) : Json(nullptr); }
Json name_json(auto value) { return std::string(to_string(value)); }
Json text_json(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

double rate(std::uint64_t failures, std::uint64_t probes) {
  return probes == 0 ? 0.0 : static_cast<double>(failures) / static_cast<double>(probes);
}

Json evidence_json(const Evidence* evidence) {
  if (evidence == nullptr) return nullptr;
  Json headers = Json::object();
  for (const auto& [name, value] : evidence->headers) headers[name] = value;
  return {{"request_id", text_json(evidence->request_id)},
          {"detail", text_json(evidence->detail)},
          {"remote", text_json(evidence->remote)},
          {"headers", std::move(headers)}};
}

Json phases_json(const Timings& t) {
  const auto seconds = [](Micros m) { return static_cast<double>(m.count()) / 1e6; };
  return {{"resolve", seconds(t.resolve)}, {"connect", seconds(t.connect)}, {"tls", seconds(t.tls)},
          {"processing", seconds(t.processing)}, {"transfer", seconds(t.transfer)}};
}

Json observation_fields(const Observation& o, std::optional<Timestamp> at) {
  return {{"at", time_json(at)},
          {"class", name_json(o.cls)},
          {"fault", name_json(info(o.cls).fault)},
          {"http_status", o.http_status == 0 ? Json(nullptr) : Json(o.http_status)},
          {"duration_seconds", to_seconds(o.took)},
          {"phases_seconds", phases_json(o.timings)},
          {"certificate_expires", time_json(o.cert_expiry)},
          {"out_of_turn", !o.base_schedule},
          {"count", o.count},
          {"age_seconds", to_seconds(o.age)},
          {"evidence", evidence_json(o.evidence.get())}};
}

Json admission_json(const std::optional<Admission>& admitted, Timestamp onset, bool from_page) {
  if (!admitted) return nullptr;
  Json lag = nullptr;
  if (!admitted->already_red && !from_page) {
    lag = {{"min", to_seconds(admitted->last_green - onset)}, {"max", to_seconds(admitted->first_red - onset)}};
  }
  return {{"last_green", time_json(admitted->last_green)},
          {"first_red", time_json(admitted->first_red)},
          {"already_red", admitted->already_red},
          {"text", text_json(admitted->text)},
          {"page_lag_seconds", std::move(lag)}};
}

Json proof_json(const Proof& proof, const Directory& names) {
  return {{"at", time_json(proof.at)},
          {"target", names.target(proof.target)},
          {"class", name_json(proof.cls)},
          {"http_status", proof.http_status == 0 ? Json(nullptr) : Json(proof.http_status)},
          {"duration_seconds", to_seconds(proof.took)},
          {"request_id", text_json(proof.request_id)},
          {"detail", text_json(proof.detail)}};
}

Json target_names(const std::vector<TargetId>& ids, const Directory& names) {
  Json list = Json::array();
  for (const TargetId id : ids) list.push_back(names.target(id));
  return list;
}

Directory::Component known_component(const Topology& topology, const ComponentSpec& spec) {
  const ShortNames names = short_names(topology, spec);
  return {std::string(names.service), std::string(names.component), spec.name, spec.title};
}

/// Which of a component's targets are how; those that only advise are counted apart, and so are who report their traffic.
Json target_counts(const Published& picture, ComponentId component) {
  std::size_t total = 0, firing = 0, blind = 0, unproven = 0, advisory = 0, reported = 0;
  for (std::size_t i = 0; i < picture.targets.size(); ++i) {
    const TargetSpec& spec = picture.topology->targets[i];
    if (spec.component != component) continue;
    const TargetView& view = picture.targets[i].view;
    if (spec.advisory) {
      ++advisory;
      continue;
    }
    if (!spec.source.empty()) {
      ++reported;
      firing += view.firing;
      continue;
    }
    ++total;
    firing += view.firing;
    blind += view.blind;
    unproven += !view.proven;
  }
  return {{"total", total}, {"firing", firing}, {"blind", blind}, {"unproven", unproven}, {"advisory", advisory}, {"reported", reported}};
}

}  // namespace

Directory::Directory(const Published& picture, storage::History* history) {
  if (history != nullptr) {
    for (auto& each : history->names()) {
      switch (each.kind) {
        case Names::Kind::target: targets_[TargetId{each.id}] = std::move(each.name); break;
        case Names::Kind::component: {
          // No longer configured, perhaps: then the first part of its name is the service's.
          const auto slash = each.name.find('/');
          const std::string service = each.name.substr(0, slash);
          components_[ComponentId{each.id}] = {service, std::string(name_below(each.name, service)), each.name, each.name};
          break;
        }
        case Names::Kind::service:
        case Names::Kind::page: break;
      }
    }
  }
  for (const ComponentSpec& spec : picture.topology->components) components_[spec.id] = known_component(*picture.topology, spec);
  for (const TargetSpec& spec : picture.topology->targets) targets_[spec.id] = spec.name;
}

Directory::Component Directory::component(ComponentId id) const {
  const auto found = components_.find(id);
  if (found != components_.end()) return found->second;
  const std::string number = "#" + std::to_string(index(id));
  return {number, number, number, number};
}

std::string Directory::target(TargetId id) const {
  const auto found = targets_.find(id);
  return found != targets_.end() ? found->second : "#" + std::to_string(index(id));
}

std::vector<ComponentId> Directory::components(const std::string& service, const std::string& component) const {
  std::vector<ComponentId> ids;
  for (const auto& [id, each] : components_) {
    if (!service.empty() && each.service != service) continue;
    if (!component.empty() && each.component != component && each.name != component) continue;
    ids.push_back(id);
  }
  return ids;
}

Status roll_up(const Published& picture, ServiceId service) {
  std::optional<Status> worst;
  const auto badness = [](Status s) { return s == Status::unknown ? 0.5 : static_cast<double>(level(s)); };
  for (std::size_t i = 0; i < picture.components.size(); ++i) {
    const ComponentSpec& spec = picture.topology->components[i];
    if (spec.service != service || !spec.probed) continue;
    const Status health = picture.components[i].verdict.health;
    if (!worst || badness(health) > badness(*worst)) worst = health;
  }
  return worst.value_or(Status::unknown);
}

/// What fails and what works, while an incident is open; null otherwise.
Json scope_json(const Published& picture, const ServiceSpec& service) {
  const auto position = static_cast<std::size_t>(&service - picture.topology->services.data());
  if (position >= picture.scopes.size() || picture.scopes[position].bad.empty()) return nullptr;
  const Scope& scope = picture.scopes[position];
  const auto components = [&](const std::vector<ComponentId>& ids) {
    Json list = Json::array();
    for (const ComponentId id : ids) {
      if (const ComponentSpec* spec = picture.topology->component(id)) list.push_back(spec->name);
    }
    return list;
  };
  const auto targets = [&](const std::vector<TargetId>& ids) {
    Json list = Json::array();
    for (const TargetId id : ids) {
      if (const TargetSpec* spec = picture.topology->target(id)) list.push_back(spec->name);
    }
    return list;
  };
  Json labels = Json::object();
  for (const LabelSplit& split : scope.labels) labels[split.label] = {{"bad", split.bad}, {"good", split.good}};
  return {{"bad_components", components(scope.bad)}, {"good_components", components(scope.good)},
          {"bad_targets", targets(scope.bad_targets)}, {"good_targets", targets(scope.good_targets)}, {"labels", std::move(labels)}};
}

Json service_json(const Published& picture, const ServiceSpec& service) {
  Json components = Json::array();
  bool mismatch = false, open = false;
  for (std::size_t i = 0; i < picture.components.size(); ++i) {
    if (picture.topology->components[i].service != service.id) continue;
    mismatch = mismatch || picture.components[i].verdict.called;
    open = open || (picture.components[i].incident && !picture.components[i].incident->recovered);
    components.push_back(component_json(picture, i));
  }
  return {{"service", service.name}, {"title", service.title}, {"importance", name_json(service.importance)},
          {"health", name_json(roll_up(picture, service.id))}, {"incident_open", open}, {"mismatch", mismatch},
          {"scope", scope_json(picture, service)}, {"components", std::move(components)}};
}

Json component_json(const Published& picture, std::size_t position) {
  const ComponentSpec& spec = picture.topology->components[position];
  const ComponentStatus& status = picture.components[position];
  const Directory::Component names = known_component(*picture.topology, spec);
  Json json = {{"service", names.service}, {"component", names.component}, {"title", names.title}, {"probed", spec.probed}};
  json.update(verdict_json(status.verdict));
  json["page"] = spec.page && status.claim ? claim_json(*status.claim, status.claim_at) : Json(nullptr);
  if (spec.page && status.claim) {
    json["page"]["recent_changes"] = status.steadiness.changes;
    json["page"]["flapping"] = status.steadiness.flapping;
  }
  json["incident"] = nullptr;
  if (status.incident) {
    json["incident"] = {{"id", status.incident->id},
                        {"open", !status.incident->recovered},
                        {"onset", time_json(status.incident->onset)},
                        {"recovered", time_json(status.incident->recovered)}};
  }
  json["targets"] = target_counts(picture, spec.id);
  json["reports"] = {{"last_hour", status.people.last_hour}, {"normal_per_hour", status.people.normal}, {"unusual", status.people.unusual}};
  return json;
}

Json target_json(const Published& picture, std::size_t position) {
  const TargetSpec& spec = picture.topology->targets[position];
  const TargetStatus& status = picture.targets[position];
  const TargetView& view = status.view;
  const ShortNames names = short_names(*picture.topology, spec);
  Json probes = Json::object();
  for (const auto& [cls, count] : status.by_class) probes[std::string(to_string(cls))] = count;
  return {{"service", std::string(names.service)},
          {"component", std::string(names.component)},
          {"target", std::string(names.target)},
          {"labels", spec.labels},
          {"advisory", spec.advisory},
          {"source", text_json(spec.source)},
          {"health", name_json(view.health)},
          {"proven", view.proven},
          {"blind", view.blind},
          {"firing", view.firing},
          {"suspicion", view.suspicion},
          {"baseline", view.baseline},
          {"failures", view.failures},
          {"probes", view.probes},
          {"onset", time_json(view.onset)},
          {"last_good", time_json(view.last_good)},
          {"last_bad", time_json(view.last_bad)},
          {"interval_seconds", to_seconds(spec.rules.interval)},
          {"probes_by_class", std::move(probes)},
          {"probes_voided", status.voided},
          {"last_probe", status.last_at ? observation_fields(status.last, status.last_at) : Json(nullptr)}};
}

Json observation_json(const storage::RecordedObservation& each) {
  Json json = {{"seq", each.seq}, {"disposition", name_json(each.disposition)}};
  json.update(observation_fields(each.observation, each.at));
  return json;
}

Json claim_json(const Claim& claim, std::optional<Timestamp> at) {
  return {{"status", name_json(claim.status)}, {"red", claim.red},
          {"text", text_json(claim.text)},     {"incident", text_json(claim.incident)},
          {"read", time_json(at)},             {"url", text_json(claim.url)},
          {"document", text_json(claim.document)}};
}

Json verdict_json(const Verdict& verdict) {
  return {{"health", name_json(verdict.health)},
          {"claim", name_json(verdict.claim)},
          {"agreement", name_json(verdict.agreement)},
          {"mismatch", verdict.called},
          {"since", time_json(verdict.since)},
          {"unchecked", verdict.unchecked},
          {"why", verdict.why}};
}

Json incident_json(const Incident& i, const Directory& names, Timestamp now, bool whole) {
  const Directory::Component component = names.component(i.component);
  const std::string_view state = !i.recovered ? "open" : i.cleared ? "cleared" : "recovered";
  Json mismatch = nullptr;
  if (i.mismatch_since) mismatch = {{"kind", name_json(i.mismatch)}, {"since", time_json(i.mismatch_since)}};
  Json json = {{"id", i.id},
               {"service", component.service},
               {"component", component.component},
               {"title", component.title},
               {"state", state},
               {"health", name_json(i.health)},
               {"worst", name_json(i.worst)},
               {"onset", time_json(i.onset)},
               {"detected", time_json(i.detected)},
               {"detection_seconds", to_seconds(i.detected - i.onset)},
               {"recovered", time_json(i.recovered)},
               {"cleared", time_json(i.cleared)},
               {"duration_seconds", to_seconds(i.recovered.value_or(std::max(now, i.onset)) - i.onset)},
               {"last_failure", time_json(i.last_failure)},
               {"failures", i.failures},
               {"probes", i.probes},
               {"failure_rate", i.from_page ? Json(nullptr) : Json(rate(i.failures, i.probes))},
               {"slow", i.slow},
               {"slow_answers", i.slow_answers},
               {"from_page", i.from_page},
               {"together_with", i.together_with},
               // Where the page speaks alone nothing was measured: there is no normal rate and no promise.
               {"baseline", i.from_page ? Json(nullptr) : Json(i.baseline)},
               {"false_alarms_per_year", i.from_page ? Json(nullptr) : Json(i.false_alarms_per_year)},
               {"unchecked", i.unchecked},
               {"reopened", i.reopened},
               {"mismatch", std::move(mismatch)},
               {"admitted", admission_json(i.admitted, i.onset, i.from_page)}};
  if (!whole) return json;
  json["affected"] = target_names(i.affected, names);
  json["unaffected"] = target_names(i.unaffected, names);
  json["proof"] = Json::array();
  for (const Proof& proof : i.proof) json["proof"].push_back(proof_json(proof, names));
  json["page"] = {{"claim", name_json(i.page.claim)},
                  {"text", text_json(i.page.text)},
                  {"read", time_json(i.page.fetched)},
                  {"url", text_json(i.page.url)},
                  {"document", text_json(i.page.document)}};
  return json;
}

Json notification_json(const OutboxRow& row) {
  return {{"key", row.notification.key},
          {"receiver", row.receiver},
          {"kind", name_json(row.notification.kind)},
          {"reason", row.notification.reason == UpdateReason::none ? Json(nullptr) : name_json(row.notification.reason)},
          {"state", name_json(row.state)},
          {"created", time_json(row.created)},
          {"delivered", time_json(row.delivered)},
          {"attempts", row.attempts},
          {"next_attempt", time_json(row.next_attempt)},
          {"error", text_json(row.error)}};
}

std::string to_text(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

}  // namespace outaged
