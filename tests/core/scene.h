// A scene in virtual time: one service, its targets, controls and page, driven second by second. What happened is kept
// as short lines ("12:34 opened", …) so that a test reads like a time line.
#pragma once

#include <string>
#include <vector>

#include "core/engine.h"

namespace outaged::test {

inline constexpr Timestamp noon = from_millis(1776081600000);  // 2026-04-13T12:00:00Z

struct SceneOptions {
  int targets = 2, controls = 3;
  bool page = true, probed = true;
  DetectionRules rules = {};
  AgreementRules agreement = {};
};

inline std::shared_ptr<Topology> make_topology(const SceneOptions& options, std::string hash = "scene") {
  auto topology = std::make_shared<Topology>();
  topology->hash = std::move(hash);
  topology->services.push_back({.id = ServiceId{0}, .name = "acme", .title = "Acme"});
  ComponentSpec component;
  component.id = ComponentId{0};
  component.name = "acme/api";
  component.title = "Acme API";
  component.rules = options.agreement;
  component.probed = options.probed;
  if (options.page) {
    component.page = PageId{0};
    topology->pages.push_back({.id = PageId{0}, .name = "acme", .url = "https://status.acme.example"});
  }
  topology->components.push_back(component);
  for (int i = 0; i < options.targets; ++i) {
    topology->targets.push_back({.id = TargetId(static_cast<unsigned>(i)), .name = "acme/api/t" + std::to_string(i),
                                 .component = ComponentId{0}, .labels = {}, .rules = options.rules});
  }
  for (int i = 0; i < options.controls; ++i) {
    topology->controls.push_back({.id = TargetId(100U + static_cast<unsigned>(i)), .name = "control/" + std::to_string(i)});
  }
  return topology;
}

class Scene {
 public:
  explicit Scene(SceneOptions options = {}) : options_(std::move(options)) {
    step(noon, ConfigChange{make_topology(options_)});
  }

  template <class What>
  void step(Timestamp at, What what) {
    log.push_back({.seq = ++seq_, .at = at, .what = std::move(what)});
    engine.step(log.back(), effects);
    for (const auto& [time, effect] : effects.list) note(time, effect);
  }
  void probe(int target, Timestamp at, Class cls) {
    Observation observation;
    observation.target = TargetId(static_cast<unsigned>(target));
    observation.cls = cls;
    observation.http_status = cls == Class::ok ? 200 : 500;
    if (cls != Class::ok) {
      auto evidence = std::make_shared<Evidence>();
      evidence->request_id = "req_" + std::to_string(seq_ + 1);
      observation.evidence = std::move(evidence);
    }
    step(at, std::move(observation));
  }
  void control(int number, Timestamp at, bool ok) { probe(100 + number, at, ok ? Class::ok : Class::tcp_timeout); }
  void claim(Timestamp at, Status status, std::string text = "", bool red = false) {
    Claim claim;
    claim.component = ComponentId{0};
    claim.status = status;
    claim.red = red || level(status) > 0;
    claim.text = text.empty() ? std::string(to_string(status)) : std::move(text);
    step(at, std::move(claim));
  }

  /// Everybody's turn, every 30 s from `from` until `to`: each target by `outcome(target, n)`, controls by `controls_ok`,
  /// the page (every minute) by `page`.
  template <class Outcome>
  void run(Timestamp from, Timestamp to, Outcome outcome, Status page = Status::operational, bool controls_ok = true) {
    for (Timestamp t = from; t < to; t += 30s) {
      for (int i = 0; i < options_.controls; ++i) control(i, t + i * 100ms, controls_ok);
      for (int i = 0; i < options_.targets; ++i) probe(i, t + 1s + i * 1s, outcome(i, turn_));
      if (options_.page && turn_ % 2 == 0) claim(t + 20s, page);
      ++turn_;
    }
  }
  void calm(Timestamp from, Timestamp to, Status page = Status::operational) {
    run(from, to, [](int, int) { return Class::ok; }, page);
  }

  Verdict verdict() const { return engine.verdict(ComponentId{0}); }
  const Incident* incident() const { return engine.incident(ComponentId{0}); }
  bool happened(std::string_view what) const {
    for (const std::string& line : story) {
      if (line.find(what) != std::string::npos) return true;
    }
    return false;
  }
  std::size_t count(std::string_view what) const {
    std::size_t n = 0;
    for (const std::string& line : story) n += line.find(what) != std::string::npos;
    return n;
  }

  Engine engine;
  Effects effects;
  std::vector<Input> log;
  std::vector<std::string> story;

 private:
  void note(Timestamp at, const Effect& effect) {
    std::string line = format_clock(at, true) + " ";
    if (const auto* e = std::get_if<IncidentOpened>(&effect)) line += "opened " + e->incident.id;
    if (const auto* e = std::get_if<IncidentReopened>(&effect)) line += "reopened " + e->incident.id;
    if (const auto* e = std::get_if<IncidentRecovered>(&effect)) line += "recovered " + e->incident.id;
    if (const auto* e = std::get_if<IncidentUpdated>(&effect)) line += "updated " + std::string(to_string(e->reason));
    if (const auto* e = std::get_if<VerdictChanged>(&effect)) {
      line += "verdict " + std::string(to_string(e->after.agreement)) + (e->after.called ? " called" : "");
    }
    if (const auto* e = std::get_if<NetworkChanged>(&effect)) line += e->down ? "network down" : "network up";
    if (const auto* e = std::get_if<SelfNotice>(&effect)) line += "self " + e->subject + " " + e->text;
    if (const auto* e = std::get_if<StreamChanged>(&effect)) {
      line += std::string(e->target ? "target " : "component ") + (e->slow ? "slow " : "fail ") + (e->firing ? "fires" : "stops");
    }
    if (const auto* e = std::get_if<CadenceChanged>(&effect)) line += "every " + format_duration(e->interval);
    story.push_back(std::move(line));
  }

  SceneOptions options_;
  Seq seq_ = 0;
  int turn_ = 0;
};

}  // namespace outaged::test
