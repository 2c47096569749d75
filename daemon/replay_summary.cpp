#include "daemon/replay_summary.h"

#include <fmt/format.h>

#include <algorithm>

#include <nlohmann/json.hpp>

#include "core/words.h"

namespace outaged {
namespace {

/// The same figures of either list of incidents.
struct Figures {
  std::size_t incidents = 0;
  Duration mean_delay{}, p95_delay{}, down{};
  double per_week = 0, down_share = 0;
};

Figures figures(const std::vector<Incident>& incidents, const ReplayReport& report) {
  Figures out;
  out.incidents = incidents.size();
  if (!report.from || !report.to || *report.to <= *report.from) return out;
  std::vector<Duration> delays;
  Duration sum{};
  std::uint32_t told = 0;
  for (const Incident& incident : incidents) {
    delays.push_back(incident.detected - incident.onset);
    sum += delays.back();
    out.down += incident.recovered.value_or(*report.to) - incident.detected;
    told += 1 + incident.reopened;
  }
  const Duration span = *report.to - *report.from;
  out.per_week = told * to_seconds(7 * 24h) / to_seconds(span);
  const std::size_t components = std::max<std::size_t>(1, report.topology ? report.topology->components.size() : 1);
  out.down_share = to_seconds(out.down) / to_seconds(span) / static_cast<double>(components);
  if (delays.empty()) return out;
  std::sort(delays.begin(), delays.end());
  out.mean_delay = sum / static_cast<std::int64_t>(delays.size());
  out.p95_delay = delays[std::min(delays.size() - 1, static_cast<std::size_t>(0.95 * static_cast<double>(delays.size())))];
  return out;
}

Json json_of(const Figures& f) {
  return {{"incidents", f.incidents}, {"detection_mean_seconds", to_seconds(f.mean_delay)}, {"detection_p95_seconds", to_seconds(f.p95_delay)},
          {"alerts_per_week", f.per_week}, {"down_seconds", to_seconds(f.down)}, {"down_share", f.down_share}};
}

Json json_of(const std::optional<Interval>& share) {
  if (!share) return nullptr;
  return {{"value", share->value}, {"low", share->low}, {"high", share->high}};
}

std::string spell(const std::optional<Interval>& share) {
  if (!share) return "too few incidents to say";
  return fmt::format("{} ({} to {})", spell_rate(share->value), spell_rate(share->low), spell_rate(share->high));
}

bool overlap(const Incident& a, const Incident& b) {
  return a.component == b.component && a.onset <= b.recovered.value_or(never) && b.onset <= a.recovered.value_or(never);
}

/// Each incident of either list once, those that are the same beside one another.
std::string side_by_side(const ReplayReport& report, const std::vector<Incident>& was) {
  const auto when = [](const Incident* incident) {
    if (!incident) return std::string("-");
    return fmt::format("{} noticed {}, {}", format_time(incident->onset), format_clock(incident->detected, true),
                       incident->recovered ? "over " + format_clock(*incident->recovered, true) : "open");
  };
  std::string text = fmt::format("  {:<54} {}\n", "was", "would have been");
  std::vector<const Incident*> left;
  for (const Incident& incident : was) left.push_back(&incident);
  for (const Incident& now : report.incidents) {
    const auto same = std::find_if(left.begin(), left.end(), [&](const Incident* old) { return old && overlap(*old, now); });
    text += fmt::format("  {:<54} {}\n", when(same == left.end() ? nullptr : *same), when(&now));
    if (same != left.end()) left.erase(same);
  }
  for (const Incident* old : left) text += fmt::format("  {:<54} {}\n", when(old), when(nullptr));
  return text;
}

}  // namespace

std::string summary_table(const ReplayReport& report, const std::vector<Incident>& was) {
  const auto row = [](std::string_view what, const Figures& f) {
    return fmt::format("{:<16} {:>9}   {:>10} / {:<10}   {:>6.2f}   {}\n", what, f.incidents, spell_duration(f.mean_delay),
                       spell_duration(f.p95_delay), f.per_week, spell_rate(f.down_share));
  };
  std::string text = fmt::format("{:<16} {:>9}   {:>10} / {:<10}   {:>6}   {}\n", "", "incidents", "noticed in", "95 % in", "a week", "shown down");
  if (!was.empty()) text += row("was", figures(was, report));
  text += row(was.empty() ? "found" : "would have been", figures(report.incidents, report));
  text += fmt::format("{} inputs, {} alerts, {} mismatches called\n", report.inputs, report.alerts.size(), report.mismatches.size());
  if (!was.empty()) text += side_by_side(report, was);
  for (const auto& [component, page] : report.pages) {
    if (page.incidents == 0) continue;
    text += fmt::format("{}: its page admitted {} of {} incidents, median lag {}; silent for {}, red for {} of what we saw; honesty {}\n",
                        component, page.incidents - page.never_admitted, page.incidents,
                        page.median_lag ? spell_duration(*page.median_lag) : "longer than we watched", spell_duration(page.silent),
                        spell_duration(page.covered), spell(page.recall));
  }
  return text;
}

Json summary_json(const ReplayReport& report, const std::vector<Incident>& was) {
  Json out;
  out["from"] = report.from ? Json(format_time(*report.from)) : Json();
  out["to"] = report.to ? Json(format_time(*report.to)) : Json();
  out["inputs"] = report.inputs;
  out["alerts"] = report.alerts.size();
  out["mismatches"] = report.mismatches.size();
  out["found"] = json_of(figures(report.incidents, report));
  if (!was.empty()) out["was"] = json_of(figures(was, report));
  Json pages = Json::object();
  for (const auto& [component, page] : report.pages) {
    pages[component] = {{"incidents", page.incidents}, {"never_admitted", page.never_admitted},
                        {"median_lag_seconds", page.median_lag ? Json(to_seconds(*page.median_lag)) : Json()},
                        {"silent_seconds", to_seconds(page.silent)}, {"covered_seconds", to_seconds(page.covered)},
                        {"overclaimed_seconds", to_seconds(page.overclaimed)}, {"never_share", json_of(page.never_share)},
                        {"recall", json_of(page.recall)}, {"precision", json_of(page.precision)}};
  }
  out["pages"] = std::move(pages);
  out["notes"] = report.notes;
  return out;
}

}  // namespace outaged
