// A scenario as typed data, and its loader: what a provider does, what its status page claims meanwhile, when our own
// network is down, how receivers fail. Written in YAML; every problem found is reported with file:line:column.
// All times are scenario time from its start, unless said otherwise. Plain data: any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/model.h"
#include "core/time.h"

namespace outaged::simulator {

enum class Body : std::uint8_t {
  json,             // {"ok":true}
  message,          // a success of the Messages API
  anthropic_error,  // {"type":"error","error":{…},"request_id":"req_…"}
  html,             // a page; with a 5xx, what an edge in front of the provider says
  blank,            // nothing at all
};

/// One kind of answer.
struct Behaviour {
  int status = 200;
  Body body = Body::json;
  std::string message;                       // anthropic_error: in place of the usual text
  Duration latency_min = 200ms, latency_max = 200ms;
  std::vector<std::pair<std::string, std::string>> headers;
  bool hang = false;                         // accepts, never answers
  bool drop = false;                         // closes without an answer
};

/// In some phases a counted share of an endpoint's requests is answered otherwise.
struct Trouble {
  std::vector<std::size_t> phases;
  double error_rate = 1;
  Behaviour answer;
};

struct Endpoint {
  std::string path, method;                  // method empty: any
  Behaviour healthy;
  std::vector<Trouble> troubles;             // no two in the same phase
};

struct Phase {
  std::string name;
  Duration at{};                             // until the next one
};

struct PageComponent {
  std::string key;                           // in the scenario's own text
  std::string id, name;                      // in the documents
};

/// What the page says of its components, from a time on.
struct PageClaim {
  Duration at{};
  std::optional<std::string> indicator, description;  // nullopt: follows from the components
  std::map<std::string, Status> components;           // by key; operational if not named
};

struct PageUpdate {
  Duration at{};
  std::string status, text;
};

struct PageIncident {
  std::string id, name, impact;
  std::vector<std::string> components;       // keys
  std::vector<PageUpdate> updates;           // first: published; the last one said counts
};

struct PageScript {
  std::string id, name;
  std::vector<PageComponent> components;
  std::vector<PageClaim> claims;             // by time; the first at 0
  std::vector<PageIncident> incidents;
};

struct Window {
  Duration from{}, to{};
};

/// A receiver answers the first requests to a path otherwise. In real time, not the scenario's.
struct ReceiverFault {
  std::string path;                          // empty: any
  int first = 1;                             // how many requests
  int status = 500;
  std::optional<Duration> retry_after;       // whole seconds
  bool hang = false, drop = false;
};

struct Scenario {
  std::string name, title;
  std::uint64_t seed = 1;
  double speed = 1;                          // scenario seconds per real second
  Duration duration{};
  std::vector<Phase> phases;                 // by time; the first at 0
  std::vector<Endpoint> endpoints;
  PageScript page;
  std::vector<Window> network_down;          // our own: provider, page and controls are all out of reach
  std::vector<ReceiverFault> receivers;

  std::size_t phase_at(Duration time) const;
  bool network_down_at(Duration time) const;
};

struct LoadedScenario {
  std::optional<Scenario> scenario;          // set if and only if problems is empty
  std::vector<config::Problem> problems;
};

/// `name` stands for the file in problems.
LoadedScenario load_scenario(std::string_view text, const std::string& name);

/// The text of a built-in scenario ("april-13") or of a file (anything with a "/" or a ".yaml").
/// An unknown name is an Error that lists the known ones.
Result<std::string> scenario_text(const std::string& name_or_path);
std::vector<std::string_view> scenario_names();

std::string_view to_string(Body body);

}  // namespace outaged::simulator
