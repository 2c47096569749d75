#include <fmt/format.h>

#include <algorithm>

#include "config/sections.h"

namespace outaged::config {
namespace {

constexpr Duration least_fast = 6s, least_down = 15s;  // unless the user says otherwise: fast probing is polite
constexpr Duration longest = 10 * 365 * 24h;

void mark(Section& section, std::string_view key, Pace::Origin& origin, PaceLevel level) {
  origin = {section.place(key), level};
}

}  // namespace

void read_pace(Section& section, Pace& pace, PaceLevel level) {
  DetectionRules& rules = pace.rules;
  if (section.duration("interval", rules.interval, 100ms, 24h)) mark(section, "interval", pace.interval_at, level);
  if (section.duration("timeout", pace.timeout, 10ms, 1h)) mark(section, "timeout", pace.timeout_at, level);
  const Node* node = section.get("detection");
  if (node == nullptr) return;
  Section detection(section.reader(), *node, "detection");
  detection.number("false_alarms_per_year", rules.false_alarms_per_year, 0, 1000);
  detection.duration("min_outage", rules.min_outage, 0ms, 24h);
  if (detection.duration("refractory", rules.refractory, 0ms, 24h))
    mark(detection, "refractory", pace.refractory_at, level);
  detection.duration("recovery_cap", rules.recovery_cap, 1ms, 24h);
  detection.duration("baseline_half_life", rules.baseline_half_life, 1s, longest);
  if (detection.integer("failure_threshold", rules.failure_threshold, 0, 1000))
    mark(detection, "failure_threshold", pace.failures_at, level);
  if (detection.integer("success_threshold", rules.success_threshold, 0, 1000))
    mark(detection, "success_threshold", pace.successes_at, level);
  detection.rate("expected_error_rate", rules.expected_error_rate);
  if (detection.duration("slow_floor", rules.slow_floor, 0ms, 1h)) mark(detection, "slow_floor", pace.slow_at, level);
  if (detection.duration("slow_cap", rules.slow_cap, 0ms, 1h)) mark(detection, "slow_cap", pace.slow_at, level);
  if (detection.duration("fast_interval", rules.fast_interval, 10ms, 24h)) mark(detection, "fast_interval", pace.fast_at, level);
  if (detection.duration("down_interval", rules.down_interval, 10ms, 24h)) mark(detection, "down_interval", pace.down_at, level);
  detection.finish();
}

void settle_pace(Reader& reader, const Pace& pace, DetectionRules& rules, Duration& timeout) {
  rules = pace.rules;
  timeout = pace.timeout;
  if (timeout > rules.interval) {
    if (pace.timeout_at.level < 0) {
      timeout = rules.interval;
    } else {
      // The level that came last made them disagree.
      const auto& at = pace.timeout_at.level >= pace.interval_at.level ? pace.timeout_at.at : pace.interval_at.at;
      reader.problem(at,
                     fmt::format("timeout {} is longer than the interval {}; one probe must end before the next begins",
                                 format_duration(timeout), format_duration(rules.interval)));
    }
  }
  if (pace.fast_at.level < 0) rules.fast_interval = std::min(rules.interval, std::max(least_fast, rules.interval / 5));
  if (pace.down_at.level < 0) rules.down_interval = std::min(rules.interval, std::max(least_down, rules.interval / 2));
  if (pace.refractory_at.level < 0) {
    rules.refractory = rules.interval - rules.interval / 20;
  } else if (rules.refractory > rules.interval) {
    reader.note(
        pace.refractory_at.at,
        fmt::format(
            "refractory {} is longer than the interval {}: probes within it after a counted failure are not counted, "
            "so outages are found later",
            format_duration(rules.refractory), format_duration(rules.interval)));
  }
  if ((rules.failure_threshold == 0) != (rules.success_threshold == 0)) {
    const bool failures = rules.failure_threshold != 0;
    const auto& at = failures ? pace.failures_at.at : pace.successes_at.at;
    reader.problem(
        at, failures ? "failure_threshold needs success_threshold too: how many good probes in a row end the outage"
                     : "success_threshold needs failure_threshold too: how many bad probes in a row begin the outage");
  }
}

void read_mismatch(Section& section, AgreementRules& rules) {
  const Node* node = section.get("mismatch");
  if (node == nullptr) return;
  Section mismatch(section.reader(), *node, "mismatch");
  const std::pair<const char*, Duration*> durations[] = {
      {"grace", &rules.grace},
      {"too_early_after", &rules.too_early_after},
      {"overstated_after", &rules.overstated_after},
      {"unreadable_after", &rules.unreadable_after},
      {"gate_after", &rules.gate_after},
      {"already_red", &rules.already_red},
      {"flap_window", &rules.flap_window},
      {"flap_hold", &rules.flap_hold},
      {"reopen", &rules.reopen},
  };
  for (const auto& [key, out] : durations) mismatch.duration(key, *out, 0ms, 30 * 24h);
  mismatch.rate("gate_rate", rules.gate_rate);
  std::string level;
  if (mismatch.choice("page_only_level", level, {"degraded_performance", "partial_outage", "major_outage", "never"})) {
    rules.page_only_level = status_from_string(level).value_or(Status::unknown);
  }
  mismatch.finish();
}

void read_defaults(Reader& reader, const Node& node, Defaults& out) {
  Section section(reader, node, "defaults");
  read_pace(section, out.pace, pace_defaults);
  read_mismatch(section, out.mismatch);
  section.finish();
}

}  // namespace outaged::config
