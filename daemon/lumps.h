// Rows of one request put together: per source and component (and model and region), per five seconds, per class. So a
// hundred thousand rows become a few hundred observations, which are judged, logged and stored as such. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "core/model.h"
#include "core/topology.h"
#include "daemon/reported_rows.h"

namespace outaged {

/// One source's traffic with one component, in the order in which it is to be judged: target ids still to come.
struct ReportedStream {
  TargetSpec spec;
  std::vector<Observation> observations;
};

/// "claude/api/@litellm-eu,model=opus": no configured target can have such a name.
TargetSpec reporting_spec(ComponentId component, const std::string& component_name, const std::string& source, Labels labels);

class Lumps {
 public:
  static constexpr Duration slot = 5s;

  /// `stream` is a place in the caller's list; `age` is how long ago they ended.
  void add(std::size_t stream, const ReportedRow& row, Duration age);
  /// All of a stream, oldest first. Of what came together nobody knows the order: failures are taken to be spread
  /// evenly among the good ones, so of those a share goes before the first failure and the rest after the last.
  std::vector<Observation> take(std::size_t stream, const std::string& source);

 private:
  struct Part {
    Class cls = Class::ok;
    std::uint16_t status = 0;
    std::uint64_t count = 0;
    double latency_ms = 0;
    std::uint64_t timed = 0;     // of how many the latency is known
    std::string request_id{};    // of the first that has one
  };
  using Slots = std::map<std::int64_t, std::vector<Part>, std::greater<>>;  // by age, oldest first
  std::vector<Slots> streams_;
};

}  // namespace outaged
