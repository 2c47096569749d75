#include "core/words.h"

#include <fmt/format.h>

#include <cmath>

namespace outaged {

std::string spell_rate(double rate) {
  const double percent = rate * 100;
  if (percent > 0 && percent < 0.1) return "<0.1 %";
  if (percent == 0 || percent >= 9.95) return fmt::format("{:.0f} %", percent);
  const std::string text = fmt::format("{:.1f}", percent);
  return (text.ends_with(".0") ? text.substr(0, text.size() - 2) : text) + " %";
}

std::string spell_failures(std::uint64_t failures, std::uint64_t probes, double baseline) {
  const double rate = probes == 0 ? 0 : static_cast<double>(failures) / static_cast<double>(probes);
  return fmt::format("{} of {} requests ({}; normal {})", failures, probes, spell_rate(rate), spell_rate(baseline));
}

std::string spell_budget(double false_alarms_per_year) {
  if (false_alarms_per_year >= 1.5) return fmt::format("at most {:.0f} times a year", false_alarms_per_year);
  if (false_alarms_per_year > 2.0 / 3) return "at most once a year";
  return fmt::format("at most once in {:.0f} years", 1 / false_alarms_per_year);
}

}  // namespace outaged
