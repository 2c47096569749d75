#include "config/sections.h"

namespace outaged::config {
namespace {

constexpr Duration least_grace = 30s;
constexpr Duration look_every = 10s;  // how soon silence is seen; looking costs nothing

}  // namespace

void read_push_check(Section& section, Target& target) {
  PushCheck check;
  check.every = target.rules.interval;
  check.grace = std::max(least_grace, check.every / 10);
  section.duration("grace", check.grace, 0ms, 7 * 24h);
  section.secret("token", check.token);
  target.check = std::move(check);
  // The interval is how often it must report. We look more often, and judge by that.
  DetectionRules& rules = target.rules;
  rules.interval = std::min(rules.interval, look_every);
  rules.refractory = std::min(rules.refractory, rules.interval - rules.interval / 20);
  rules.fast_interval = std::min(rules.fast_interval, rules.interval);
  rules.down_interval = std::min(rules.down_interval, rules.interval);
  rules.slow_cap = Duration{};
  target.timeout = std::min(target.timeout, rules.interval);
}

}  // namespace outaged::config
