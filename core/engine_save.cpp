// The engine's state as a versioned JSON document, and back, to the bit. One list of fields serves both directions.
// Version 2: {"version", "now", "seq", "config", "network_down", "network_deadline", "network_back",
// "voters_lacking_told", "controls", "reporting", "targets", "components"} with targets and components by id; what was never used is left out.
#include <fmt/format.h>

#include "core/engine_state.h"
#include "core/json.h"

namespace outaged {
namespace {

using nlohmann::json;

constexpr int version = 2;

// ---- the fields, once -----------------------------------------------------------------------------------------------

template <class Field>
void fields(Field&& field, Mark& v) {
  field("failures", v.failures);
  field("probes", v.probes);
}

template <class Field>
void fields(Field&& field, Detector::Rung& v) {
  field("sum", v.sum);
  field("start", v.start);
  field("failures", v.failures);
  field("probes", v.probes);
  field("mark", v.mark);
}

template <class Field>
void fields(Field&& field, Detector::State& v) {
  field("rungs", v.rungs);
  field("good", v.good);
  field("bad", v.bad);
  field("weighed", v.weighed);
  field("learned", v.learned);
  field("last", v.last);
  field("refractory_until", v.refractory_until);
  field("firing", v.firing);
  field("onset", v.onset);
  field("mark", v.mark);
  field("onset_baseline", v.onset_baseline);
  field("failures", v.failures);
  field("probes", v.probes);
  field("run", v.run);
  field("run_start", v.run_start);
}

template <class Field>
void fields(Field&& field, Traffic::State& v) {
  field("recent_good", v.recent_good);
  field("recent_bad", v.recent_bad);
  field("seen", v.seen);
  field("good_at", v.good_at);
  field("placed", v.placed);
  field("failures", v.failures);
  field("requests", v.requests);
  field("relief", v.relief);
  field("relieved_since", v.relieved_since);
  field("clean_since", v.clean_since);
  field("last", v.last);
  field("clean", v.clean);
}

template <class Field>
void fields(Field&& field, People::Word& v) {
  field("by", v.by);
  field("at", v.at);
}

template <class Field>
void fields(Field&& field, People::State& v) {
  field("words", v.words);
  field("learned", v.learned);
  field("learned_at", v.learned_at);
  field("since", v.since);
}

template <class Field>
void fields(Field&& field, Controls::Control& v) {
  field("id", v.id);
  field("proven", v.proven);
  field("ok", v.ok);
  field("vote", v.vote);
  field("at", v.at);
  field("last_ok", v.last_ok);
  field("failing", v.failing);
  field("failing_since", v.failing_since);
  field("good_mark", v.good_mark);
  field("bad_mark", v.bad_mark);
}

template <class Field>
void fields(Field&& field, Controls::State& v) {
  field("controls", v.controls);
  field("good", v.good);
  field("bad", v.bad);
}

template <class Field>
void fields(Field&& field, PageWatch::State& v) {
  field("last", v.last);
  field("readable", v.readable);
  field("watched_since", v.watched_since);
  field("last_at", v.last_at);
  field("readable_at", v.readable_at);
  field("sample_red", v.sample_red);
  field("changes", v.changes);
  field("last_red_sample", v.last_red_sample);
  field("last_green_sample", v.last_green_sample);
  field("red", v.red);
  field("red_since", v.red_since);
  field("green_since", v.green_since);
  field("green_before_red", v.green_before_red);
}

// ---- writing and reading --------------------------------------------------------------------------------------------

template <class T>
concept Listed = requires(T& v) { fields([](const char*, auto&) {}, v); };
template <class T>
concept Known = requires(json& j, const T& v) { outaged::to_json(j, v); };

template <class T>
json write(const T& value);

template <class T>
json write_list(const T& list) {
  json out = json::array();
  for (const auto& item : list) out.push_back(write(item));
  return out;
}

template <class T>
json write(const T& value) {
  if constexpr (Listed<T>) {
    json out = json::object();
    fields([&](const char* name, auto& field) { out[name] = write(field); }, const_cast<T&>(value));
    return out;
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    return to_millis(value);
  } else if constexpr (requires { value.has_value(); }) {
    return value ? write(*value) : json();
  } else if constexpr (requires { value.begin(); } && !std::is_convertible_v<T, std::string_view>) {
    return write_list(value);
  } else if constexpr (Known<T>) {
    json out;
    outaged::to_json(out, value);
    return out;
  } else {
    return json(value);
  }
}

struct Broken {
  std::string what;
};

template <class T>
void read(const json& in, T& value) {
  if constexpr (Listed<T>) {
    fields(
        [&](const char* name, auto& field) {
          const auto found = in.find(name);
          if (found == in.end()) throw Broken{fmt::format("\"{}\" is missing", name)};
          read(*found, field);
        },
        value);
  } else if constexpr (std::is_same_v<T, Timestamp>) {
    value = from_millis(in.get<std::int64_t>());
  } else if constexpr (requires { value.has_value(); }) {
    value.reset();
    if (!in.is_null()) read(in, value.emplace());
  } else if constexpr (requires { value.push_back({}); } && !std::is_same_v<T, std::string>) {
    value.clear();
    for (const json& item : in) {
      value.emplace_back();
      read(item, value.back());
    }
  } else if constexpr (requires { value.size(); value.begin(); } && !std::is_same_v<T, std::string>) {
    if (in.size() != value.size()) throw Broken{"a list has the wrong length"};
    for (std::size_t i = 0; i < value.size(); ++i) read(in.at(i), value[i]);
  } else if constexpr (requires { outaged::from_json(in, value); }) {
    outaged::from_json(in, value);
  } else {
    value = in.get<T>();
  }
}

json save_target(const TargetState& target) {
  return {{"detector", write(target.detector.state())},
          {"slow", write(target.slow.state())},
          {"median_ms", target.median_ms},
          {"cadence_ms", target.cadence.count()},
          {"polite_until", write(target.polite_until)},
          {"proven", target.proven},
          {"baseline_told", target.baseline_told},
          {"doubt", target.doubt},
          {"unproven_failures", target.unproven_failures},
          {"last_void", write(target.last_void)},
          {"void_class", write(target.void_class)},
          {"last_usable", write(target.last_usable)},
          {"last_good", write(target.last_good)},
          {"last_bad", write(target.last_bad)},
          {"last_slow", write(target.last_slow)},
          {"traffic", write(target.traffic.state())},
          {"proof", write(target.proof)}};
}

void load_target(const json& in, TargetState& target) {
  Detector::State detector;
  read(in.at("detector"), detector);
  target.detector.restore(detector);
  read(in.at("slow"), detector);
  target.slow.restore(detector);
  read(in.at("median_ms"), target.median_ms);
  target.cadence = Duration{in.at("cadence_ms").get<std::int64_t>()};
  read(in.at("polite_until"), target.polite_until);
  read(in.at("proven"), target.proven);
  read(in.at("baseline_told"), target.baseline_told);
  read(in.at("doubt"), target.doubt);
  read(in.at("unproven_failures"), target.unproven_failures);
  read(in.at("last_void"), target.last_void);
  const auto void_class = class_from_string(in.at("void_class").get<std::string>());
  if (!void_class) throw Broken{"unknown class"};
  target.void_class = *void_class;
  read(in.at("last_usable"), target.last_usable);
  read(in.at("last_good"), target.last_good);
  read(in.at("last_bad"), target.last_bad);
  read(in.at("last_slow"), target.last_slow);
  Traffic::State traffic;
  read(in.at("traffic"), traffic);
  target.traffic.restore(traffic);
  read(in.at("proof"), target.proof);
}

json save_component(const ComponentState& component) {
  return {{"pooled", write(component.pooled.state())},
          {"pooled_slow", write(component.pooled_slow.state())},
          {"total", write(component.total)},
          {"people", write(component.people.state())},
          {"page", write(component.page.state())},
          {"verdict", write(component.verdict)},
          {"incident", write(component.incident)},
          {"onset_mark", write(component.onset_mark)},
          {"episode_mark", write(component.episode_mark)},
          {"last_failure_mark", write(component.last_failure_mark)},
          {"slow_total", component.slow_total},
          {"slow_mark", component.slow_mark},
          {"gate_passed", component.gate_passed},
          {"unreadable_told", component.unreadable_told},
          {"blind_told", component.blind_told},
          {"called", write(component.called)},
          {"deadline", write(component.deadline)}};
}

void load_component(const json& in, ComponentState& component) {
  PageWatch::State page;
  read(in.at("page"), page);
  component.page.restore(std::move(page));
  People::State people;
  read(in.at("people"), people);
  component.people.restore(std::move(people));
  Detector::State pooled;
  read(in.at("pooled"), pooled);
  component.pooled.restore(pooled);
  read(in.at("pooled_slow"), pooled);
  component.pooled_slow.restore(pooled);
  read(in.at("total"), component.total);
  read(in.at("last_failure_mark"), component.last_failure_mark);
  read(in.at("slow_total"), component.slow_total);
  read(in.at("slow_mark"), component.slow_mark);
  read(in.at("verdict"), component.verdict);
  read(in.at("incident"), component.incident);
  read(in.at("onset_mark"), component.onset_mark);
  read(in.at("episode_mark"), component.episode_mark);
  read(in.at("gate_passed"), component.gate_passed);
  read(in.at("unreadable_told"), component.unreadable_told);
  read(in.at("blind_told"), component.blind_told);
  read(in.at("called"), component.called);
  read(in.at("deadline"), component.deadline);
}

}  // namespace

std::string Engine::save() const {
  const State& state = *state_;
  json targets = json::object(), components = json::object();
  for (std::size_t id = 0; id < state.targets.size(); ++id) {
    const TargetState& target = state.targets[id];
    if (target.spec || target.last_usable != never_past) targets[std::to_string(id)] = save_target(target);
  }
  for (std::size_t id = 0; id < state.components.size(); ++id) {
    const ComponentState& component = state.components[id];
    // What a target that left had counted is what its return goes on from.
    if (component.spec || component.incident || component.total.probes > 0) components[std::to_string(id)] = save_component(component);
  }
  return dump_json({{"version", version},
                    {"now", write(state.now)},
                    {"seq", state.seq},
                    {"config", state.topology->hash},
                    {"network_down", state.network_down},
                    {"network_deadline", write(state.network_deadline)},
                    {"network_back", write(state.network_back)},
                    {"voters_lacking_told", state.voters_lacking_told},
                    {"controls", write(state.controls.state())},
                    {"reporting", write(state.reporting)},
                    {"targets", std::move(targets)},
                    {"components", std::move(components)}});
}

Result<Engine> Engine::load(std::string_view document, std::shared_ptr<const Topology> topology) {
  const auto parsed = parse_json(document);
  if (!parsed) return Error{"the snapshot is not JSON: " + parsed.error()};
  const json& in = *parsed;
  try {
    if (in.at("version").get<int>() != version) {
      return Error{fmt::format("the snapshot has version {}, this program reads {}", in.at("version").dump(), version)};
    }
    Engine engine;
    State& state = *engine.state_;
    read(in.at("now"), state.now);
    read(in.at("seq"), state.seq);
    const auto id_of = [](const std::string& key) { return static_cast<std::size_t>(std::stoul(key)); };
    for (const auto& [key, value] : in.at("targets").items()) {
      if (state.targets.size() <= id_of(key)) state.targets.resize(id_of(key) + 1);
      load_target(value, state.targets[id_of(key)]);
    }
    for (const auto& [key, value] : in.at("components").items()) {
      if (state.components.size() <= id_of(key)) state.components.resize(id_of(key) + 1);
      load_component(value, state.components[id_of(key)]);
    }
    Controls::State controls;
    read(in.at("controls"), controls);
    state.controls.restore(std::move(controls));
    read(in.at("network_down"), state.network_down);
    read(in.at("network_deadline"), state.network_deadline);
    read(in.at("network_back"), state.network_back);
    read(in.at("voters_lacking_told"), state.voters_lacking_told);
    read(in.at("reporting"), state.reporting);
    if (topology) state.configure(std::move(topology));
    for (std::size_t id = 0; id < state.components.size(); ++id) {
      ComponentState& component = state.components[id];
      if (!component.spec) component.deadline = never;
      if (component.deadline != never) {
        state.deadlines.insert({component.deadline, static_cast<std::uint32_t>(id)});
      }
    }
    return engine;
  } catch (const Broken& broken) {
    return Error{"the snapshot is malformed: " + broken.what};
  } catch (const std::exception& error) {
    return Error{fmt::format("the snapshot is malformed: {}", error.what())};
  }
}

}  // namespace outaged
