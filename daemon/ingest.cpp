#include "daemon/ingest.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "core/text.h"
#include "daemon/lumps.h"
#include "probes/attribution.h"

namespace outaged {
namespace {

constexpr std::size_t shown_bytes = 80;
// To look for what was meant costs a walk over all names: not for each of ten thousand wrong rows.
constexpr std::size_t most_hints = 20;
constexpr double burst_seconds = 10;
constexpr double all_reports_per_minute = 60;
const std::string everybody = "everybody";

std::string unknown(std::string_view what, const std::string& name, const auto& known, bool hint = true) {
  std::vector<std::string_view> names;
  if (hint) {
    for (const auto& [each, place] : known) names.push_back(each);
  }
  const std::string_view meant = nearest(name, names);
  return fmt::format("unknown {} \"{}\"{}", what, clean_line(name, shown_bytes),
                     meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant));
}

}  // namespace

void Ingest::configure(const config::Ingest& limits) {
  rows_.set(limits.rows_per_second, std::max(limits.rows_per_second * burst_seconds, static_cast<double>(most_rows)));
  reports_.set(limits.reports_per_minute / 60, std::max(1.0, limits.reports_per_minute));
  all_reports_.set(all_reports_per_minute / 60, all_reports_per_minute);
  const std::lock_guard lock(mutex_);
  max_streams_ = limits.max_streams;
}

std::shared_ptr<const Ingest::Names> Ingest::names() {
  const auto picture = board_.latest();
  if (!picture || !picture->topology) return nullptr;
  const std::lock_guard lock(mutex_);
  if (names_ && names_->topology == picture->topology && picture->at - names_->made < 1h) return names_;
  auto next = std::make_shared<Names>();
  next->topology = picture->topology;
  next->made = picture->at;
  for (const ComponentSpec& spec : next->topology->components) next->components[spec.name] = {spec.id, spec.name, {}};
  const Timestamp forgotten = picture->at - forgotten_after;
  for (std::size_t i = 0; i < next->topology->targets.size(); ++i) {
    const TargetSpec& spec = next->topology->targets[i];
    if (spec.source.empty()) {
      const ComponentSpec* owner = next->topology->component(spec.component);
      if (owner) next->targets[spec.name] = {spec.component, owner->name, spec.labels};
      continue;
    }
    admitted_.erase(spec.name);
    const TargetView& view = picture->targets[i].view;
    const Timestamp heard = std::max({view.last_good.value_or(never_past), view.last_bad.value_or(never_past),
                                      picture->targets[i].last_at.value_or(never_past)});
    if (heard > forgotten || heard == never_past) next->streams.insert(spec.name);
  }
  names_ = std::move(next);
  return names_;
}

Ingest::Taken Ingest::put_off(Taken taken, Taken::Outcome why) {
  ++counters_->put_off;
  taken.outcome = why;
  return taken;
}

/// Empty: this stream is known, or there is room for it.
std::string Ingest::admit(const std::string& stream, const Names& names) {
  if (names.streams.contains(stream)) return {};
  const std::lock_guard lock(mutex_);
  if (admitted_.contains(stream)) return {};
  if (names.streams.size() + admitted_.size() >= max_streams_) {
    return fmt::format("{} streams report within a day, and no more are taken: use fewer sources, models or regions, or raise ingest.max_streams",
                       max_streams_);
  }
  admitted_.insert(stream);
  return {};
}

Ingest::Taken Ingest::observations(std::string_view body, const std::string& peer) {
  using Outcome = Taken::Outcome;
  Taken taken;
  const auto known = names();
  if (!known) return put_off(taken, Outcome::not_ready);
  taken.retry_after = rows_.wait(peer, clock_.steady());
  if (taken.retry_after > Duration{}) return put_off(taken, Outcome::too_fast);
  const Timestamp now = clock_.wall();
  Lumps lumps;
  std::vector<ReportedStream> streams;
  // By what identifies a stream in a row; the second time it costs one look-up.
  std::unordered_map<std::string, std::size_t> places;
  std::string key;
  std::size_t hints = 0;
  taken.rows = read_reported_rows(body, probes::class_of_status, [&](const ReportedRow& row) -> std::string {
    Duration age{};
    if (row.at) {
      age = now - *row.at;
      if (age > oldest) return fmt::format("at is {} ago: more than {} is too old to tell of now", spell_duration(age), spell_duration(oldest));
      if (age < -ahead) return fmt::format("at is {} ahead of our clock: check the clocks", spell_duration(-age));
      age = std::max(age, Duration{});
    }
    key.clear();
    for (const std::string* part : {&row.component, &row.target, &row.source, &row.model, &row.region}) key.append(*part).push_back('\n');
    auto found = places.find(key);
    if (found == places.end()) {
      const bool by_target = !row.target.empty();
      const auto& list = by_target ? known->targets : known->components;
      const auto place = list.find(by_target ? row.target : row.component);
      if (place == list.end()) return unknown(by_target ? "target" : "component", by_target ? row.target : row.component, list, ++hints <= most_hints);
      Labels labels;
      for (const char* label : {"model", "region"}) {
        const auto own = place->second.labels.find(label);
        if (own != place->second.labels.end()) labels[label] = own->second;
      }
      if (!row.model.empty()) labels["model"] = row.model;
      if (!row.region.empty()) labels["region"] = row.region;
      TargetSpec spec = reporting_spec(place->second.component, place->second.name, row.source, std::move(labels));
      if (std::string full = admit(spec.name, *known); !full.empty()) return full;
      found = places.emplace(key, streams.size()).first;
      streams.push_back({std::move(spec), {}});
    }
    lumps.add(found->second, row, age);
    taken.requests += row.count;
    return {};
  });
  rows_.take(peer, static_cast<double>(taken.rows.accepted + taken.rows.refused), clock_.steady());
  counters_->rows += taken.rows.accepted + taken.rows.refused;
  counters_->rows_refused += taken.rows.refused;
  if (streams.empty()) return taken;
  for (std::size_t i = 0; i < streams.size(); ++i) streams[i].observations = lumps.take(i, streams[i].spec.source);
  if (!push_(ReportedTraffic{std::move(streams)})) return put_off(std::move(taken), Outcome::no_room);
  return taken;
}

Result<Ingest::Taken> Ingest::report(const std::string& component, const std::string& by, const std::string& comment,
                                     const std::string& peer) {
  using Outcome = Taken::Outcome;
  Taken taken;
  const auto known = names();
  if (!known) return put_off(taken, Outcome::not_ready);
  if (!known->components.contains(component)) return Error{unknown("component", component, known->components)};
  const SteadyTime now = clock_.steady();
  taken.retry_after = std::max(reports_.wait(peer, now), all_reports_.wait(everybody, now));
  if (taken.retry_after > Duration{}) return put_off(taken, Outcome::too_fast);
  reports_.take(peer, 1, now);
  all_reports_.take(everybody, 1, now);
  // Who it was is nobody's business: an address is kept only as far as it tells people apart.
  const std::string who = by.empty() ? "peer-" + sha256_hex("outaged " + peer).substr(0, 12) : by;
  if (!push_(OperatorAction{std::string(report_action), component, who, comment})) return put_off(taken, Outcome::no_room);
  return taken;
}

}  // namespace outaged
