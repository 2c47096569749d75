#include "daemon/trace.h"

#include <fmt/format.h>

#include <fstream>
#include <unordered_map>

#include "core/json.h"

namespace outaged {
namespace {

using nlohmann::json;

/// Lines of a JSON Lines file, one object at a time. Blank lines are skipped.
class Lines {
 public:
  explicit Lines(std::string path) : path_(std::move(path)), in_(path_) {}
  bool open() const { return in_.is_open(); }

  /// False at the end or on an error (see error()).
  bool next(json& out) {
    std::string line;
    while (std::getline(in_, line)) {
      ++number_;
      if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
      auto parsed = parse_json(line);
      if (!parsed || !parsed->is_object()) return fail(parsed ? "not an object" : parsed.error());
      out = std::move(*parsed);
      return true;
    }
    return false;
  }
  bool fail(const std::string& what) {
    error_ = fmt::format("{}:{}: {}", path_, number_, what);
    return false;
  }
  const std::string& error() const { return error_; }

 private:
  std::string path_;
  std::ifstream in_;
  std::size_t number_ = 0;
  std::string error_;
};

std::optional<Timestamp> time_of(const json& row) {
  const auto t = row.find("t");
  if (t == row.end() || !t->is_number()) return std::nullopt;
  return Timestamp{from_seconds(t->get<double>())};
}

std::string text_of(const json& row, const char* key) {
  const auto found = row.find(key);
  return found != row.end() && found->is_string() ? found->get<std::string>() : "";
}

Status claim_status(const std::string& name) {
  if (name == "degraded") return Status::degraded_performance;
  if (name == "maintenance") return Status::under_maintenance;
  return status_from_string(name).value_or(Status::unknown);
}

Class class_of(const json& row) {
  const auto ok = row.find("ok");
  if (ok != row.end() && ok->is_boolean() && ok->get<bool>()) return Class::ok;
  const std::string named = text_of(row, "class");
  if (const auto cls = class_from_string(named)) return *cls;
  const auto status = row.find("http_status");
  return status != row.end() && status->is_number() ? Class::server_error : Class::timeout_before_first_byte;
}

}  // namespace

Result<std::shared_ptr<Topology>> read_trace_topology(const std::string& probes, const std::string& claims) {
  auto topology = std::make_shared<Topology>();
  topology->hash = "trace";
  std::unordered_map<std::string, ComponentId> components;
  std::unordered_map<std::string, bool> seen;
  std::uint32_t next_target = 0;
  const auto component = [&](const std::string& name) -> ComponentId {
    const auto [found, added] = components.try_emplace(name, static_cast<ComponentId>(components.size()));
    if (added) {
      const auto service = static_cast<ServiceId>(topology->services.size());
      topology->services.push_back({.id = service, .name = name, .title = name});
      ComponentSpec spec;
      spec.id = found->second;
      spec.name = spec.title = name;
      spec.service = service;
      topology->components.push_back(std::move(spec));
    }
    return found->second;
  };
  Lines lines(probes);
  if (!lines.open()) return Error{fmt::format("{}: cannot be read", probes)};
  json row;
  while (lines.next(row)) {
    const std::string name = text_of(row, "target");
    if (name.empty() || !time_of(row)) {
      lines.fail("a probe needs \"t\" (a number) and \"target\" (a name)");
      break;
    }
    if (!seen.try_emplace(name, true).second) continue;
    const auto id = static_cast<TargetId>(next_target++);
    if (text_of(row, "role") == "control") {
      topology->controls.push_back({.id = id, .name = name});
      continue;
    }
    const std::string service = text_of(row, "service").empty() ? name : text_of(row, "service");
    const ComponentId owner = component(service);
    topology->components[index(owner)].probed = true;
    topology->targets.push_back({.id = id, .name = name, .component = owner, .labels = {}, .rules = {}});
  }
  if (!lines.error().empty()) return Error{lines.error()};
  if (!claims.empty()) {
    Lines claim_lines(claims);
    if (!claim_lines.open()) return Error{fmt::format("{}: cannot be read", claims)};
    while (claim_lines.next(row)) {
      const std::string name = text_of(row, "component");
      if (name.empty() || !time_of(row)) {
        claim_lines.fail("a claim needs \"t\" (a number) and \"component\" (a name)");
        break;
      }
      ComponentSpec& spec = topology->components[index(component(name))];
      if (spec.page) continue;
      spec.page = static_cast<PageId>(topology->pages.size());
      topology->pages.push_back({.id = *spec.page, .name = name, .url = text_of(row, "page")});
    }
    if (!claim_lines.error().empty()) return Error{claim_lines.error()};
  }
  return topology;
}

Result<void> read_trace(const std::string& probes, const std::string& claims, const Topology& topology,
                        const std::function<void(const Input&)>& each) {
  std::unordered_map<std::string, TargetId> targets;
  for (const TargetSpec& spec : topology.targets) targets[spec.name] = spec.id;
  for (const ControlSpec& spec : topology.controls) targets[spec.name] = spec.id;
  std::unordered_map<std::string, ComponentId> components;
  for (const ComponentSpec& spec : topology.components) components[spec.name] = spec.id;

  Lines probe_lines(probes), claim_lines(claims);
  json probe, claim;
  bool more_probes = probe_lines.next(probe);
  bool more_claims = !claims.empty() && claim_lines.next(claim);
  Seq seq = 0;
  while (more_probes || more_claims) {
    const Timestamp probe_time = more_probes ? time_of(probe).value_or(never_past) : never;
    const Timestamp claim_time = more_claims ? time_of(claim).value_or(never_past) : never;
    if (more_probes && probe_time <= claim_time) {
      Observation observation;
      observation.at_start = true;
      observation.target = targets.at(text_of(probe, "target"));
      observation.cls = class_of(probe);
      const auto latency = probe.find("latency_ms");
      if (latency != probe.end() && latency->is_number()) observation.took = from_seconds(latency->get<double>() / 1000);
      const auto status = probe.find("http_status");
      if (status != probe.end() && status->is_number_unsigned()) observation.http_status = status->get<std::uint16_t>();
      each({.seq = ++seq, .at = probe_time, .what = std::move(observation)});
      more_probes = probe_lines.next(probe);
    } else {
      Claim read;
      read.component = components.at(text_of(claim, "component"));
      read.status = claim_status(text_of(claim, "claim"));
      read.incident = text_of(claim, "incident");
      read.red = level(read.status) > 0 || (!read.incident.empty() && read.status != Status::under_maintenance);
      read.text = text_of(claim, "claim");
      each({.seq = ++seq, .at = claim_time, .what = std::move(read)});
      more_claims = claim_lines.next(claim);
    }
  }
  if (!probe_lines.error().empty()) return Error{probe_lines.error()};
  if (!claim_lines.error().empty()) return Error{claim_lines.error()};
  return {};
}

}  // namespace outaged
