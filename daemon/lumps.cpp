#include "daemon/lumps.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace outaged {

TargetSpec reporting_spec(ComponentId component, const std::string& component_name, const std::string& source, Labels labels) {
  TargetSpec spec;
  spec.name = fmt::format("{}/@{}", component_name, source);
  for (const auto& [label, value] : labels) spec.name += fmt::format(",{}={}", label, value);
  spec.component = component;
  spec.source = source;
  spec.labels = std::move(labels);
  spec.labels["source"] = source;
  return spec;
}

void Lumps::add(std::size_t stream, const ReportedRow& row, Duration age) {
  if (streams_.size() <= stream) streams_.resize(stream + 1);
  auto& parts = streams_[stream][age / slot];
  auto part = std::find_if(parts.begin(), parts.end(),
                           [&](const Part& each) { return each.cls == *row.cls && each.status == row.status; });
  if (part == parts.end()) {
    parts.push_back({.cls = *row.cls, .status = row.status});
    part = std::prev(parts.end());
  }
  part->count += row.count;
  if (row.latency_ms) {
    part->latency_ms += *row.latency_ms * row.count;
    part->timed += row.count;
  }
  if (part->request_id.empty()) part->request_id = row.request_id;
}

std::vector<Observation> Lumps::take(std::size_t stream, const std::string& source) {
  std::vector<Observation> out;
  if (stream >= streams_.size()) return out;
  for (auto& [age, parts] : streams_[stream]) {
    const auto observe = [&, slots = age](const Part& part, std::uint64_t count) {
      if (count == 0) return;
      Observation observation;
      observation.cls = part.cls;
      observation.http_status = part.status;
      observation.count = static_cast<std::uint32_t>(std::min<std::uint64_t>(count, std::numeric_limits<std::uint32_t>::max()));
      observation.age = slots * slot;
      if (part.timed > 0) observation.took = from_seconds(part.latency_ms / static_cast<double>(part.timed) / 1000);
      if (part.cls != Class::ok) {
        Evidence evidence;
        evidence.request_id = part.request_id;
        evidence.detail = fmt::format("{}{} request{} reported by {}: {}", part.status > 0 ? fmt::format("HTTP {}, ", part.status) : "",
                                      count, count == 1 ? "" : "s", source, info(part.cls).sentence);
        observation.evidence = std::make_shared<const Evidence>(std::move(evidence));
      }
      out.push_back(std::move(observation));
    };
    // The most frequent failure first: it is the one that counts, and the proof.
    std::stable_sort(parts.begin(), parts.end(), [](const Part& a, const Part& b) { return a.count > b.count; });
    const auto counts = [](const Part& part) { return info(part.cls).counts; };
    std::uint64_t failures = 0;
    for (const Part& part : parts) failures += counts(part) == Counts::bad || counts(part) == Counts::maybe ? part.count : 0;
    const auto good = std::find_if(parts.begin(), parts.end(), [&](const Part& part) { return counts(part) == Counts::good; });
    const std::uint64_t first = good == parts.end() || failures == 0 ? 0 : good->count / (failures + 1);
    if (first > 0) observe(*good, first);
    for (const Part& part : parts) {
      if (counts(part) != Counts::good) observe(part, part.count);
    }
    for (const Part& part : parts) {
      if (counts(part) == Counts::good) observe(part, &part == &*good ? part.count - first : part.count);
    }
  }
  streams_[stream].clear();
  return out;
}

}  // namespace outaged
