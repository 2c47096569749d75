#include "core/page_record.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace outaged {
namespace {

constexpr double quantile_95 = 1.6448536269514722;
constexpr int bootstrap_runs = 1000;
constexpr double partial_rate = 0.5;

/// As the engine's gate: what fails mildly, at one place and shortly, no page would mention.
bool severe(const Incident& incident, const AgreementRules& rules, Timestamp now) {
  if (incident.mismatch_since) return true;
  const std::uint64_t failures = incident.slow ? std::max(incident.failures, incident.slow_answers) : incident.failures;
  const double rate = incident.probes == 0 ? 0 : static_cast<double>(failures) / static_cast<double>(incident.probes);
  const Duration lasted = incident.recovered.value_or(now) - incident.onset;
  return rate >= rules.gate_rate &&
         (incident.affected.size() >= 2 || rate >= partial_rate || lasted >= rules.gate_after);
}

/// Time of [from, to) that the agreement lasted is added where it belongs.
void account(PageCase& each, Agreement agreement, Duration passed) {
  switch (agreement) {
    case Agreement::agrees:
    case Agreement::page_understates:
      each.honesty.covered += passed;
      break;
    case Agreement::pending:
    case Agreement::page_silent:
    case Agreement::page_too_early:
      each.honesty.silent += passed;
      break;
    case Agreement::page_overstates:
    case Agreement::blind:
    case Agreement::page_only:
    case Agreement::page_unreadable:
    case Agreement::no_page:
      break;
  }
}

std::optional<Duration> median(std::vector<Duration> values) {
  if (values.empty()) return std::nullopt;
  std::sort(values.begin(), values.end());
  return values[(values.size() - 1) / 2];
}

/// 5th and 95th percentile of the median over resampled incidents; one that cannot be told is longer than any.
void bootstrap_lag(const std::vector<HonestyCase>& cases, PageRecord& out) {
  if (cases.size() < honesty_least_incidents || !out.lag_most) return;
  std::mt19937_64 random(1979);
  std::vector<Duration> medians;
  std::vector<HonestyCase> sample(cases.size());
  for (int run = 0; run < bootstrap_runs; ++run) {
    for (HonestyCase& each : sample) each = cases[random() % cases.size()];
    medians.push_back(kaplan_meier_median(sample).value_or(Duration::max()));
  }
  std::sort(medians.begin(), medians.end());
  const auto at = [&](double q) -> std::optional<Duration> {
    const Duration value = medians[static_cast<std::size_t>(q * (bootstrap_runs - 1))];
    return value == Duration::max() ? std::nullopt : std::optional(value);
  };
  out.lag_low = at(0.05);
  out.lag_high = at(0.95);
}

}  // namespace

CountedShare counted_share(std::size_t count, std::size_t of) {
  CountedShare out{count, of, std::nullopt};
  if (of < honesty_least_incidents) return out;
  const double n = static_cast<double>(of), p = static_cast<double>(count) / n, z = quantile_95;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z / (1 + z * z / n) * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n));
  out.share =
      Interval{p, count == 0 ? 0 : std::max(0.0, middle - half), count == of ? 1 : std::min(1.0, middle + half)};
  return out;
}

PageCases page_cases(const std::vector<Incident>& incidents, const std::vector<std::pair<Timestamp, Verdict>>& verdicts,
                     const AgreementRules& rules, Timestamp now) {
  PageCases out;
  for (const Incident& incident : incidents) {
    if (incident.from_page) continue;
    if (!severe(incident, rules, now)) {
      ++out.minor;
      continue;
    }
    PageCase each;
    each.honesty = honesty_case(incident, now);
    if (incident.admitted)
      each.lag_least = incident.admitted->already_red ? Duration{} : incident.admitted->last_green - incident.onset;
    each.over = incident.recovered && now >= *incident.recovered + late_admission;
    const Timestamp from = incident.detected, to = incident.recovered.value_or(now);
    for (std::size_t i = 0; i < verdicts.size(); ++i) {
      const auto& [since, verdict] = verdicts[i];
      const Timestamp until = i + 1 < verdicts.size() ? verdicts[i + 1].first : now;
      const Timestamp begin = std::max(from, since), end = std::min(to, until);
      if (end <= begin) continue;
      account(each, verdict.agreement, end - begin);
      each.understated = each.understated || (verdict.called && verdict.agreement == Agreement::page_understates);
      each.cleared_early = each.cleared_early || (verdict.called && verdict.agreement == Agreement::page_too_early);
    }
    if (incident.admitted && incident.recovered) {
      if (incident.cleared) each.all_clear = *incident.cleared - *incident.recovered;
      const Duration red_for = incident.cleared.value_or(now) - *incident.recovered;
      if (red_for > rules.overstated_after)
        each.cleared_late = true;
      else if (incident.cleared)
        each.cleared_late = false;
    }
    out.cases.push_back(each);
  }
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    if (verdicts[i].second.agreement != Agreement::page_overstates) continue;
    out.overclaimed += (i + 1 < verdicts.size() ? verdicts[i + 1].first : now) - verdicts[i].first;
  }
  return out;
}

PageRecord page_record(const std::vector<PageCases>& components, const std::vector<PagePost>& posts) {
  PageRecord out;
  std::vector<HonestyCase> most, least;
  std::vector<Duration> all_clears;
  std::size_t decided = 0, unadmitted = 0, admitted = 0, understated = 0, early = 0, cleared = 0, late = 0;
  Duration overclaimed{};
  for (const PageCases& component : components) {
    out.minor += component.minor;
    overclaimed += component.overclaimed;
    for (const PageCase& each : component.cases) {
      most.push_back(each.honesty);
      least.push_back(each.honesty);
      if (each.lag_least) least.back().lag = each.lag_least;
      const bool said = each.honesty.lag.has_value();
      decided += said || each.over;
      unadmitted += !said && each.over;
      admitted += said;
      understated += said && each.understated;
      early += said && each.cleared_early;
      cleared += each.cleared_late.has_value();
      late += each.cleared_late.value_or(false);
      if (each.all_clear) all_clears.push_back(*each.all_clear);
    }
  }
  out.incidents = most.size();
  out.lag_most = kaplan_meier_median(most);
  out.lag_least = kaplan_meier_median(least);
  bootstrap_lag(most, out);
  out.never = counted_share(unadmitted, decided);
  out.understated = counted_share(understated, admitted);
  out.cleared_early = counted_share(early, admitted);
  out.cleared_late = counted_share(late, cleared);
  out.all_clear = median(std::move(all_clears));
  out.honesty = honesty(most, overclaimed);

  std::size_t over = 0, resolved_only = 0, all = 0, backdated = 0;
  for (const PagePost& post : posts) {
    if (post.kind != PagePost::Kind::incident) continue;
    ++all;
    backdated += post.backdated;
    over += !post.open;
    resolved_only += post.resolved_only;
  }
  out.resolved_only = counted_share(resolved_only, over);
  out.backdated = counted_share(backdated, all);
  return out;
}

}  // namespace outaged
