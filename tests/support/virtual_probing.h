// Targets asked in virtual time, as often as the engine itself wants them asked; what they answer is the caller's word.
// A probe loop without a network: used by tests and benchmarks of the decisions. Single-threaded, deterministic.
#pragma once

#include <cmath>
#include <memory>
#include <numbers>
#include <queue>
#include <random>
#include <utility>
#include <vector>

#include "core/engine.h"

namespace outaged::test {

/// Seeded; our own, because the standard's distributions differ from library to library.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  double uniform() { return static_cast<double>(random_() >> 11) * 0x1.0p-53; }
  bool chance(double p) { return uniform() < p; }
  /// Lognormal, for answer times (Box and Muller 1958).
  Duration lognormal(Duration median, double sigma) {
    const double z = std::sqrt(-2 * std::log1p(-uniform())) * std::cos(2 * std::numbers::pi * uniform());
    return from_seconds(to_seconds(median) * std::exp(sigma * z));
  }

 private:
  std::mt19937_64 random_;
};

struct Answer {
  Class cls = Class::ok;
  Duration took = 400ms;
};

class VirtualProbing {
 public:
  /// The targets are asked in turn, evenly over an interval from `begin` on.
  VirtualProbing(std::shared_ptr<const Topology> topology, Timestamp begin) : topology_(std::move(topology)), now_(begin) {
    engine.step({.seq = ++seq_, .at = begin, .what = ConfigChange{topology_}}, effects_);
    paces_.resize(topology_->targets.size());
    for (const TargetSpec& spec : topology_->targets) {
      Pace& pace = paces_[index(spec.id)];
      pace.interval = spec.rules.interval;
      ask(spec.id, begin + spec.rules.interval * index(spec.id) / static_cast<std::int64_t>(paces_.size()));
    }
  }

  /// Until `end`: `answer(target, time)` gives an Answer, `each(time, effect)` sees what follows.
  template <class Answers, class Each>
  void run(Timestamp end, Answers&& answer, Each&& each) {
    Input input{.at = {}, .what = Observation{}};
    auto& observation = std::get<Observation>(input.what);
    while (!asked_.empty() && asked_.top().first < end) {
      const auto [due, id] = asked_.top();
      asked_.pop();
      Pace& pace = paces_[index(id)];
      if (due != pace.due) continue;  // it was asked for another time since
      now_ = std::max(now_, due);
      const Answer answered = answer(id, now_);
      observation.target = id;
      observation.cls = answered.cls;
      observation.took = answered.took;
      observation.at_start = true;
      input.seq = ++seq_;
      input.at = now_;
      pace.last = now_;
      pace.not_before = never_past;
      ++probes;
      engine.step(input, effects_);
      for (const auto& [at, effect] : effects_.list) {
        if (const auto* cadence = std::get_if<CadenceChanged>(&effect)) {
          Pace& changed = paces_[index(cadence->target)];
          changed.interval = cadence->interval;
          changed.not_before = cadence->not_before;
          if (cadence->target != id && changed.last != never_past) ask(cadence->target, changed.next());
        }
        each(at, effect);
      }
      ask(id, pace.next());
    }
  }

  Engine engine;
  std::uint64_t probes = 0;

 private:
  struct Pace {
    Duration interval{};
    Timestamp last = never_past, not_before = never_past, due{};
    Timestamp next() const { return std::max(last + interval, not_before); }
  };
  using Turn = std::pair<Timestamp, TargetId>;
  void ask(TargetId id, Timestamp at) {
    paces_[index(id)].due = at;
    asked_.push({at, id});
  }

  std::shared_ptr<const Topology> topology_;
  Timestamp now_;
  Seq seq_ = 0;
  Effects effects_;
  std::vector<Pace> paces_;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> asked_;
};

}  // namespace outaged::test
