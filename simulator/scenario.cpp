#include "simulator/scenario.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/reader.h"
#include "config/values.h"
#include "core/text.h"
#include "simulator/read_page.h"

namespace outaged::simulator {
namespace {

using config::Node;
using config::in_quotes;
using config::Reader;
using config::Section;

constexpr std::pair<std::string_view, Body> bodies[] = {
    {"json", Body::json}, {"message", Body::message}, {"anthropic_error", Body::anthropic_error},
    {"html", Body::html}, {"blank", Body::blank},
};

int usual_status(Body body) {
  switch (body) {
    case Body::json:
    case Body::message:
    case Body::blank:
      return 200;
    case Body::anthropic_error:
      return 500;
    case Body::html:
      return 502;
  }
  return 200;
}

// "10s..15s" or "900ms".
void read_latency(Section& section, Behaviour& out) {
  std::string text;
  if (!section.text("latency", text)) return;
  const auto dots = text.find("..");
  const auto from = parse_duration(std::string_view(text).substr(0, dots));
  const auto to = dots == std::string::npos ? from : parse_duration(std::string_view(text).substr(dots + 2));
  if (!from || !to || *from > *to || *to > 24h) {
    section.reader().problem(section.place("latency"),
                             fmt::format("latency must be a duration or a range such as 10s..15s, not {}", in_quotes(text)));
    return;
  }
  out.latency_min = *from;
  out.latency_max = *to;
}

void read_headers(Section& section, Behaviour& out) {
  const Node* node = section.get("headers");
  if (!node) return;
  Reader& reader = section.reader();
  if (node->kind != Node::Kind::map) return reader.problem(*node, "headers must be a map of names and values");
  out.headers.clear();
  for (std::size_t i = 0; i < node->keys.size(); ++i) {
    const auto name = reader.scalar(node->keys[i], "a header's name");
    const auto value = reader.scalar(node->items[i], "a header's value");
    if (!name || !value) continue;
    if (!config::is_token(*name) || !config::is_one_line(*value))
      reader.problem(node->keys[i], fmt::format("{} is not a header that can be sent", in_quotes(*name)));
    else
      out.headers.emplace_back(*name, *value);
  }
}

void read_behaviour(Section& section, Behaviour& out) {
  std::string body;
  std::vector<std::string_view> known;
  for (const auto& [name, kind] : bodies) known.push_back(name);
  if (section.choice("body", body, known)) {
    for (const auto& [name, kind] : bodies)
      if (name == body) out.body = kind;
    out.status = usual_status(out.body);
  }
  section.integer("status", out.status, 200, 599);
  section.text("message", out.message);
  section.boolean("hang", out.hang);
  section.boolean("drop", out.drop);
  read_latency(section, out);
  read_headers(section, out);
  if (out.hang && out.drop) section.reader().problem(section.place("drop"), "hang and drop exclude one another");
}

Trouble read_trouble(Reader& reader, const Node& node, const Scenario& scenario, const Endpoint& endpoint) {
  Section section(reader, node, "what happens during a phase");
  Trouble trouble;
  trouble.answer = {500, Body::anthropic_error, {}, endpoint.healthy.latency_min, endpoint.healthy.latency_max, {}, false, false};
  section.require("phases", "the names of the phases it happens in");
  std::vector<std::string> names;
  section.texts("phases", names);
  for (const auto& name : names) {
    const auto phase = std::find_if(scenario.phases.begin(), scenario.phases.end(), [&](const Phase& p) { return p.name == name; });
    if (phase == scenario.phases.end()) {
      std::vector<std::string> known;
      for (const auto& p : scenario.phases) known.push_back(p.name);
      reader.problem(section.place("phases"), fmt::format("no phase is named {}; there are: {}", in_quotes(name), fmt::join(known, ", ")));
      continue;
    }
    const auto index = static_cast<std::size_t>(phase - scenario.phases.begin());
    for (const auto& other : endpoint.troubles)
      if (std::find(other.phases.begin(), other.phases.end(), index) != other.phases.end())
        reader.problem(section.place("phases"), fmt::format("phase {} is described twice for this endpoint", in_quotes(name)));
    trouble.phases.push_back(index);
  }
  section.rate("error_rate", trouble.error_rate);
  read_behaviour(section, trouble.answer);
  section.finish();
  return trouble;
}

// A path that a request can name as it stands, and that does not collide with what the simulator itself serves.
void read_path(Section& section, std::string& out) {
  section.require("path");
  if (!section.text("path", out)) return;
  const auto plain = [](char c) { return c > ' ' && c < 0x7f && c != '?' && c != '#' && c != '%' && c != '{' && c != '}'; };
  if (out.front() != '/' || !std::all_of(out.begin(), out.end(), plain))
    section.reader().problem(section.place("path"), fmt::format("path must begin with / and be plain, not {}", in_quotes(out)));
  for (const std::string_view taken : {"/-/", "/status/", "/control/"})
    if (out.starts_with(taken) || out + "/" == taken)
      section.reader().problem(section.place("path"), fmt::format("{} is the simulator's own", in_quotes(taken)));
}

void read_endpoint(Reader& reader, const Node& node, Scenario& out) {
  Section section(reader, node, "an endpoint");
  Endpoint endpoint;
  read_path(section, endpoint.path);
  std::string method;
  if (section.choice("method", method, {"GET", "POST", "PUT", "PATCH", "DELETE"})) endpoint.method = method;
  for (const auto& other : out.endpoints)
    if (other.path == endpoint.path && !endpoint.path.empty())
      reader.problem(section.place("path"), fmt::format("endpoint {} is described twice", in_quotes(endpoint.path)));
  if (const Node* healthy = section.get("healthy")) {
    Section behaviour(reader, *healthy, "the healthy answer");
    read_behaviour(behaviour, endpoint.healthy);
    behaviour.finish();
  }
  for (const Node* item : section.list("during")) endpoint.troubles.push_back(read_trouble(reader, *item, out, endpoint));
  section.finish();
  out.endpoints.push_back(std::move(endpoint));
}

void read_phases(Section& top, Scenario& out) {
  Reader& reader = top.reader();
  for (const Node* item : top.list("phases")) {
    Section section(reader, *item, "a phase");
    Phase phase;
    section.name("name", phase.name);
    section.require("at");
    section.duration("at", phase.at, 0s, 365 * 24h);
    if (out.phases.empty() && phase.at != 0s) reader.problem(section.place("at"), "the first phase must begin at 0s");
    if (!out.phases.empty() && phase.at <= out.phases.back().at)
      reader.problem(section.place("at"), "each phase must begin after the one before it");
    for (const auto& other : out.phases)
      if (other.name == phase.name) reader.problem(section.place("name"), fmt::format("phase {} is named twice", in_quotes(phase.name)));
    section.finish();
    out.phases.push_back(std::move(phase));
  }
  if (out.phases.empty()) out.phases.push_back({"all", 0s});
}

void read_windows(Section& top, Scenario& out) {
  for (const Node* item : top.list("network_down")) {
    Section section(top.reader(), *item, "a time when our network is down");
    Window window;
    section.require("from");
    section.require("to");
    section.duration("from", window.from, 0s, 365 * 24h);
    if (section.duration("to", window.to, 0s, 365 * 24h) && window.to <= window.from)
      top.reader().problem(section.place("to"), "to must be later than from");
    section.finish();
    out.network_down.push_back(window);
  }
}

void read_receivers(Section& top, Scenario& out) {
  for (const Node* item : top.list("receivers")) {
    Section section(top.reader(), *item, "a receiver's fault");
    ReceiverFault fault;
    section.text("path", fault.path);
    section.integer("first", fault.first, 1, 1'000'000);
    section.integer("status", fault.status, 200, 599);
    Duration retry_after{};
    if (section.duration("retry_after", retry_after, 0s, 24h)) {
      if (retry_after % 1s != 0s) top.reader().problem(section.place("retry_after"), "retry_after must be whole seconds");
      fault.retry_after = retry_after;
    }
    section.boolean("hang", fault.hang);
    section.boolean("drop", fault.drop);
    section.finish();
    out.receivers.push_back(std::move(fault));
  }
}

void read_scenario(Reader& reader, const Node& root, Scenario& out) {
  Section top(reader, root, "a scenario");
  top.name("name", out.name);
  top.text("title", out.title);
  int seed = 1;
  if (top.integer("seed", seed, 0, 2'000'000'000)) out.seed = static_cast<std::uint64_t>(seed);
  top.number("speed", out.speed, 0, 10'000);
  top.require("duration", "how long it is played, in scenario time");
  top.duration("duration", out.duration, 1s, 365 * 24h);
  read_phases(top, out);
  if (!out.phases.empty() && out.duration > 0s && out.phases.back().at >= out.duration)
    reader.problem(top.place("duration"), "duration must be longer than the last phase's beginning");
  for (const Node* item : top.list("endpoints")) read_endpoint(reader, *item, out);
  if (const Node* page = top.get("page")) read_page(reader, *page, out.page);
  if (out.page.claims.empty()) out.page.claims.emplace_back();
  read_windows(top, out);
  read_receivers(top, out);
  top.finish();
}

}  // namespace

std::string_view to_string(Body body) {
  for (const auto& [name, kind] : bodies)
    if (kind == body) return name;
  return "?";
}

LoadedScenario load_scenario(std::string_view text, const std::string& name) {
  Reader reader;
  reader.files.push_back({name, "."});
  const auto yaml = config::parse_yaml(text);
  for (const auto& problem : yaml.problems) reader.problem({name, problem.line, problem.column}, problem.message);
  Scenario scenario;
  if (yaml.complete) {
    if (yaml.root.kind == Node::Kind::null) reader.problem({name, 0, 0}, "the scenario is empty");
    else read_scenario(reader, yaml.root, scenario);
  }
  reader.sort();
  LoadedScenario loaded;
  loaded.problems = std::move(reader.problems);
  if (loaded.problems.empty()) loaded.scenario = std::move(scenario);
  return loaded;
}

std::size_t Scenario::phase_at(Duration time) const {
  std::size_t index = 0;
  while (index + 1 < phases.size() && phases[index + 1].at <= time) ++index;
  return index;
}

bool Scenario::network_down_at(Duration time) const {
  return std::any_of(network_down.begin(), network_down.end(),
                     [&](const Window& window) { return window.from <= time && time < window.to; });
}

}  // namespace outaged::simulator
