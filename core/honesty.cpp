#include "core/honesty.h"

#include <algorithm>
#include <random>

namespace outaged {
namespace {

constexpr int bootstrap_runs = 1000;

double share(Duration part, Duration rest) {
  const double whole = to_seconds(part) + to_seconds(rest);
  return whole <= 0 ? 1 : to_seconds(part) / whole;
}

/// 5th and 95th percentile of a figure over resampled incidents.
template <class Figure>
Interval bootstrap(const std::vector<HonestyCase>& cases, Figure figure) {
  std::mt19937_64 random(1979);
  std::vector<double> values;
  std::vector<HonestyCase> sample(cases.size());
  for (int run = 0; run < bootstrap_runs; ++run) {
    for (HonestyCase& each : sample) each = cases[random() % cases.size()];
    values.push_back(figure(sample));
  }
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) { return values[static_cast<std::size_t>(q * (bootstrap_runs - 1))]; };
  return {figure(cases), at(0.05), at(0.95)};
}

}  // namespace

std::optional<Duration> kaplan_meier_median(const std::vector<HonestyCase>& cases) {
  struct Event {
    Duration at;
    bool admitted;
  };
  std::vector<Event> events;
  for (const HonestyCase& each : cases) events.push_back({each.lag.value_or(each.watched), each.lag.has_value()});
  // At equal times admissions come first: who is censored then was still at risk.
  std::sort(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.at != b.at ? a.at < b.at : a.admitted && !b.admitted;
  });
  double unadmitted = 1;
  std::size_t at_risk = events.size();
  for (const Event& event : events) {
    if (event.admitted) unadmitted *= 1 - 1.0 / static_cast<double>(at_risk);
    --at_risk;
    if (event.admitted && unadmitted <= 0.5) return event.at;
  }
  return std::nullopt;
}

HonestyCase honesty_case(const Incident& incident, Timestamp now) {
  HonestyCase out;
  out.watched = (incident.recovered ? std::min(now, *incident.recovered + late_admission) : now) - incident.onset;
  if (incident.admitted && !incident.admitted->already_red) out.lag = incident.admitted->first_red - incident.onset;
  if (incident.admitted && incident.admitted->already_red) out.lag = Duration{};
  return out;
}

Honesty honesty(const std::vector<HonestyCase>& cases, Duration overclaimed) {
  Honesty out;
  out.incidents = cases.size();
  out.overclaimed = overclaimed;
  for (const HonestyCase& each : cases) {
    out.silent += each.silent;
    out.covered += each.covered;
    if (!each.lag) ++out.never_admitted;
  }
  if (cases.empty()) return out;
  out.median_lag = kaplan_meier_median(cases);
  if (out.incidents < honesty_least_incidents || out.silent + out.covered < honesty_least_down) return out;

  using Cases = std::vector<HonestyCase>;
  const auto sum = [](const Cases& list, Duration HonestyCase::*part) {
    Duration total{};
    for (const HonestyCase& each : list) total += each.*part;
    return total;
  };
  out.never_share = bootstrap(cases, [](const Cases& list) {
    const auto silent = std::count_if(list.begin(), list.end(), [](const HonestyCase& c) { return !c.lag; });
    return static_cast<double>(silent) / static_cast<double>(list.size());
  });
  out.recall = bootstrap(cases, [&](const Cases& list) {
    return share(sum(list, &HonestyCase::covered), sum(list, &HonestyCase::silent));
  });
  out.precision = bootstrap(cases, [&](const Cases& list) { return share(sum(list, &HonestyCase::covered), overclaimed); });
  return out;
}

}  // namespace outaged
