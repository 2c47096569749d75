// `check-config --explain`: what the rules promise, target by target, before the first outage. Computed from the
// configuration and, where a database is given, the baselines learned in it; nothing is asked.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/detector.h"
#include "core/promise.h"
#include "daemon/api_json.h"
#include "daemon/commands.h"

namespace outaged::commands {
namespace {

constexpr std::array rates = {0.05, 0.10, 0.20, 0.44, 0.80, 1.0};
constexpr std::size_t width = 100;

/// Every field of the rules: what is equal here promises the same. A new field stops this from compiling.
auto key(const DetectionRules& rules) {
  const auto& [interval, budget, min_outage, refractory, cap, half_life, failures, successes, expected, slow_floor, slow_cap, fast, down, gap] = rules;
  return std::tuple(interval, budget, min_outage, refractory, cap, half_life, failures, successes, expected, slow_floor, slow_cap, fast, down, gap);
}
using Key = decltype(key(DetectionRules{}));

/// Targets under equal rules and of about the same baseline, and what these promise.
struct Group {
  DetectionRules rules;
  double baseline = prior_baseline;
  bool learned = false;
  std::vector<std::string> targets;
  std::array<Promise, rates.size()> promises;
  FalseAlarms alarms;
  double floor = 0;
  double probes_base = 0, probes_most = 0;  // a day, of one target
};

struct Explained {
  double baseline = prior_baseline;         // of targets of which nothing is known
  std::string learned;                      // where and by when; empty: nothing was looked up
  std::vector<Group> groups;
  std::size_t targets = 0, streams = 0;
  bool together = false;                    // some component's targets are judged together
  double bound = 0, estimate = 0;           // false alarms a year of all streams
  double probes_base = 0, probes_usual = 0, probes_most = 0;
  std::vector<PaidUse> paid;
};

Explained compute(const config::Config& config, double baseline, const Learned* learned) {
  Explained out;
  out.baseline = baseline;
  out.paid = paid_use(config);
  std::map<std::tuple<Key, double, bool>, std::size_t> known;
  std::map<std::tuple<Key, double>, FalseAlarms> pooled_known;
  const auto add = [&](const FalseAlarms& alarms, std::size_t streams) {
    out.streams += streams;
    out.bound += alarms.bound * static_cast<double>(streams);
    out.estimate += alarms.estimate * static_cast<double>(streams);
  };
  const auto streams = [](const DetectionRules& rules) { return rules.slow_cap > Duration{} ? std::size_t{2} : std::size_t{1}; };
  for (const config::Service& service : config.services) {
    for (const config::Component& component : service.components) {
      std::vector<const DetectionRules*> together;
      bool sequential = false;
      double rate = 0, failing = 0;  // probes and failures a second of all of them
      for (const config::Target& target : component.targets) {
        if (target.advisory) continue;  // opens nothing: there is nothing to promise
        together.push_back(&target.rules);
        sequential = sequential || target.rules.failure_threshold == 0;
        const bool known_rate = learned && learned->baselines.contains(target.name);
        const double normal = known_rate ? std::min(round_rate(learned->baselines.at(target.name)), target.rules.expected_error_rate) : baseline;
        rate += 1 / to_seconds(target.rules.interval);
        failing += normal / to_seconds(target.rules.interval);
        const auto [at, fresh] = known.emplace(std::tuple(key(target.rules), normal, known_rate), out.groups.size());
        if (fresh) {
          Group& group = out.groups.emplace_back();
          group.rules = target.rules;
          group.baseline = normal;
          group.learned = known_rate;
        }
        out.groups[at->second].targets.push_back(target.name);
      }
      if (together.size() < 2 || !sequential) continue;
      const DetectionRules pooled = pooled_rules(together);
      const double normal = learned ? std::min(round_rate(failing / rate), pooled.expected_error_rate) : baseline;
      const auto [at, fresh] = pooled_known.try_emplace(std::tuple(key(pooled), normal));
      if (fresh) at->second = false_alarms_per_year(pooled, normal);
      add(at->second, streams(pooled));
      out.together = true;
    }
  }
  for (Group& group : out.groups) {
    const DetectionRules& rules = group.rules;
    for (std::size_t i = 0; i < rates.size(); ++i) group.promises[i] = promise(rules, rates[i], group.baseline);
    group.alarms = false_alarms_per_year(rules, group.baseline);
    group.floor = floor_rate(rules, group.baseline);
    group.probes_base = 86400 / to_seconds(rules.interval);
    group.probes_most = 86400 / to_seconds(std::min({rules.interval, rules.fast_interval, rules.down_interval}));
    add(group.alarms, group.targets.size() * streams(rules));
    const auto n = static_cast<double>(group.targets.size());
    out.targets += group.targets.size();
    out.probes_base += n * group.probes_base;
    out.probes_usual += n * group.alarms.probes_per_day;
    out.probes_most += n * group.probes_most;
  }
  return out;
}

// ---- for people ------------------------------------------------------------------------------------------------------

std::string percent(double share) {
  return fmt::format("{} %", share >= 0.1 ? fmt::format("{:.0f}", share * 100) : fmt::format("{:.2g}", share * 100));
}

/// 2 880 is read more easily than 2880; a comma as everywhere in English.
std::string count(double number) {
  std::string digits = fmt::format("{:.0f}", number);
  for (auto i = static_cast<std::ptrdiff_t>(digits.size()) - 3; i > 0; i -= 3) digits.insert(static_cast<std::size_t>(i), ",");
  return digits;
}

std::string number(double value) {
  if (!std::isfinite(value)) return "without bound";
  return value >= 100 ? count(value) : value >= 0.01 ? fmt::format("{:.3g}", value) : value > 0 ? "less than 0.01" : "0";
}

/// "2 min 20 s"; where it was not found by then, "over" and whole units.
std::string delay(Duration d, bool found) {
  if (!found) {
    if (d >= 24h) return fmt::format("over {} d", d / 24h);
    return d >= 1h ? fmt::format("over {} h", d / 1h) : fmt::format("over {} min", d / 1min);
  }
  return d >= 24h ? fmt::format("{:.1f} days", to_seconds(d) / 86400) : spell_duration(d >= 10s ? std::chrono::round<std::chrono::seconds>(d) : d);
}

/// "12 targets: claude/api/opus, claude/api/sonnet, …", on one line.
std::string title(const std::vector<std::string>& names) {
  std::string line = fmt::format("{}: ", names.size() == 1 ? "1 target" : fmt::format("{} targets", names.size()));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::string next = (i > 0 ? ", " : "") + names[i];
    if (i > 0 && line.size() + next.size() + 3 > width) return line + ", …";
    line += next;
  }
  return line;
}

std::string rule(const DetectionRules& rules) {
  const Duration hurried = std::min(rules.interval, rules.fast_interval);
  const std::string asked = hurried < rules.interval
                                ? fmt::format("asked every {}, every {} while suspicious", spell_duration(rules.interval), spell_duration(hurried))
                                : fmt::format("asked every {}", spell_duration(rules.interval));
  if (rules.failure_threshold > 0) return fmt::format("{}; told after {} failures in a row", asked, rules.failure_threshold);
  return rules.min_outage > Duration{} ? fmt::format("{}; told once it has lasted {}", asked, spell_duration(rules.min_outage)) : asked;
}

std::string group_text(const Group& group) {
  const DetectionRules& rules = group.rules;
  std::string out = fmt::format("{}\n  {}\n", title(group.targets), rule(rules));
  if (group.learned) out += fmt::format("  about {} fail on a normal day, as learned\n", percent(group.baseline));
  out += fmt::format("\n  {:<18}", "If so much fails");
  for (const double rate : rates) out += fmt::format("{:>13}", percent(rate));
  out += fmt::format("\n  {:<18}", "found on average");
  for (const Promise& each : group.promises) out += fmt::format("{:>13}", delay(each.mean, each.found >= 0.999));
  out += fmt::format("\n  {:<18}", "19 of 20 within");
  for (const Promise& each : group.promises) out += fmt::format("{:>13}", delay(each.p95, each.found >= 0.95));
  out += "\n\n";

  const FalseAlarms& alarms = group.alarms;
  out += "  False alarms a year, each target: ";
  if (std::isfinite(alarms.bound)) {
    out += fmt::format("{} {} ({}),\n", rules.failure_threshold > 0 ? "on average" : "at most", number(alarms.bound),
                       rules.failure_threshold > 0 ? "computed" : "proved");
  } else {
    out += "no bound (above expected_error_rate),\n";
  }
  out += alarms.seen > 0 ? fmt::format("    about {} in a simulation: {} in {} years ({:.0f} million probes).\n", number(alarms.estimate),
                                       count(static_cast<double>(alarms.seen)), count(alarms.years), static_cast<double>(alarms.probes) / 1e6)
                         : fmt::format("    fewer than {} in a simulation: none in {} years ({:.0f} million probes).\n", number(alarms.estimate),
                                       count(alarms.years), static_cast<double>(alarms.probes) / 1e6);
  out += group.floor < 1 ? fmt::format("  Below {} failing it is found only in hours to days, if at all.\n", percent(group.floor))
                         : std::string("  No outage can be told from so high a baseline.\n");
  out += fmt::format("  Probes a day, each target: {}; {} with those after a chance failure; at most {}.\n", count(group.probes_base),
                     count(group.alarms.probes_per_day), count(group.probes_most));
  return out;
}

std::string text(const Explained& all) {
  std::string out;
  if (all.learned.empty()) {
    out = fmt::format("What the rules promise where {} of the requests fail on a normal day{}.\n\n", percent(all.baseline),
                      all.baseline == prior_baseline ? ", which is what we\nstart from; it is learned for each target (--baseline 0.001 shows another one)" : "");
  } else {
    out = fmt::format("What the rules promise at the baselines learned by {};\n{} for targets unknown by then.\n\n", all.learned,
                      percent(all.baseline));
  }
  for (const Group& group : all.groups) out += group_text(group) + "\n";
  if (all.targets == 0) return out + "Nothing is probed: what is told comes from status pages alone.\n";
  out += fmt::format("All {}: {} watched for failures and for slowness, each target and the targets of a\n"
                     "component together. False alarms a year: {}, about {} or fewer as simulated.\n"
                     "Probes a day: {}; {} with those after a chance failure; at most {}.\n",
                     all.targets == 1 ? "1 target" : fmt::format("{} targets", count(static_cast<double>(all.targets))),
                     all.streams == 1 ? "1 stream" : fmt::format("{} streams", count(static_cast<double>(all.streams))),
                     (std::isfinite(all.bound) ? "at most " : "") + number(all.bound),
                     number(all.estimate), count(all.probes_base), count(all.probes_usual), count(all.probes_most));
  for (const PaidUse& use : all.paid) {
    out += fmt::format("Paid a day, {} ({}): about {} requests, {} tokens;\n  at most {} requests, {} tokens, its budget.\n", use.ledger,
                       use.targets.size() == 1 ? "1 target" : fmt::format("{} targets", use.targets.size()), count(use.requests),
                       count(use.tokens), count(static_cast<double>(use.most_requests)), count(static_cast<double>(use.most_tokens)));
  }
  if (all.together) out += "A failure hurries the other targets of its component too: up to as many probes again as follow it.\n";
  out += "Simulated failures come singly. Real ones also come in bursts: those shorter than min_outage are not\n"
         "told, longer ones are short outages, and told.\n";
  return out;
}

// ---- for machines ----------------------------------------------------------------------------------------------------

Json finite(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json group_json(const Group& group) {
  Json outages = Json::array();
  for (std::size_t i = 0; i < rates.size(); ++i) {
    const Promise& each = group.promises[i];
    outages.push_back({{"failure_rate", rates[i]}, {"mean_seconds", to_seconds(each.mean)}, {"median_seconds", to_seconds(each.median)},
                       {"p95_seconds", to_seconds(each.p95)}, {"p99_seconds", to_seconds(each.p99)}, {"found", each.found},
                       {"horizon_seconds", to_seconds(each.horizon)}});
  }
  const DetectionRules& rules = group.rules;
  const FalseAlarms& alarms = group.alarms;
  return {{"targets", group.targets},
          {"baseline", group.baseline},
          {"baseline_learned", group.learned},
          {"interval_seconds", to_seconds(rules.interval)},
          {"fast_interval_seconds", to_seconds(std::min(rules.interval, rules.fast_interval))},
          {"min_outage_seconds", to_seconds(rules.min_outage)},
          {"failure_threshold", rules.failure_threshold},
          {"outages", outages},
          {"false_alarms_per_year", {{"bound", finite(alarms.bound)}, {"estimate", alarms.estimate}, {"estimate_is_upper_bound", alarms.seen == 0},
                                     {"seen", alarms.seen}, {"simulated_years", alarms.years}, {"simulated_probes", alarms.probes}}},
          {"floor_rate", group.floor},
          {"probes_per_day", {{"base", group.probes_base}, {"usual", alarms.probes_per_day}, {"most", group.probes_most}}}};
}

std::string json(const Explained& all) {
  Json groups = Json::array();
  for (const Group& group : all.groups) groups.push_back(group_json(group));
  Json paid = Json::array();
  for (const PaidUse& use : all.paid) {
    paid.push_back({{"ledger", use.ledger}, {"targets", use.targets},
                    {"requests_per_day", {{"usual", use.requests}, {"most", use.most_requests}}},
                    {"tokens_per_day", {{"usual", use.tokens}, {"most", use.most_tokens}}}});
  }
  const Json out = {{"baseline", all.baseline},
                    {"paid", paid},
                    {"groups", groups},
                    {"installation", {{"targets", all.targets}, {"streams", all.streams},
                                      {"false_alarms_per_year", {{"bound", finite(all.bound)}, {"estimate", all.estimate}}},
                                      {"probes_per_day", {{"base", all.probes_base}, {"usual", all.probes_usual}, {"most", all.probes_most}}}}}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string explain(const config::Config& config, const ExplainOptions& options, const Learned* learned) {
  Explained all = compute(config, options.baseline, learned);
  if (learned) all.learned = format_time(learned->at);
  return options.json ? json(all) : text(all);
}

int explain(const Source& source, const ExplainOptions& options) {
  const auto config = load(source);
  if (!config) {
    fmt::print(stderr, "{}\n", config.error());
    return 1;
  }
  if (options.database.empty()) {
    fmt::print("{}", explain(*config, options));
    return 0;
  }
  const auto learned = read_learned(options.database);
  if (!learned) {
    fmt::print(stderr, "{}\n", learned.error());
    return 1;
  }
  fmt::print("{}", explain(*config, options, &*learned));
  return 0;
}

}  // namespace outaged::commands
