#include "daemon/demo_config.h"

#include <fmt/format.h>

#include "core/time.h"

namespace outaged {

std::string demo_config(const DemoPlaces& places) {
  const auto scaled = [&](Duration story) { return format_duration(from_seconds(to_seconds(story) / places.speed)); };
  const auto provider = fmt::format("http://127.0.0.1:{}", places.provider_port);
  const auto receiver = fmt::format("http://127.0.0.1:{}", places.receiver_port);
  std::string text = fmt::format("web: {{listen_address: \"{}\"}}\nstorage: {{path: \"{}\"}}\n", places.listen_address, places.database);
  // A budget counts wall-clock years: at {speed} times the pace, {speed} times the budget gives the same threshold.
  text += fmt::format(R"(defaults:
  interval: {interval}
  timeout: {timeout}
  detection: {{false_alarms_per_year: {budget}, min_outage: {min_outage}, recovery_cap: {cap}, baseline_half_life: {half_life},
              fast_interval: {fast}, down_interval: {down}, slow_floor: {slow_floor}, slow_cap: {slow_cap}}}
  mismatch: {{grace: {grace}, too_early_after: {grace}, overstated_after: {hour}, unreadable_after: {grace}, gate_after: {gate},
             already_red: {hour}, flap_window: {hour}, flap_hold: {cap}, reopen: {gate}}}
)",
                      fmt::arg("interval", scaled(30s)), fmt::arg("timeout", scaled(28s)), fmt::arg("budget", places.speed),
                      fmt::arg("min_outage", scaled(90s)), fmt::arg("cap", scaled(15min)), fmt::arg("half_life", scaled(72h)),
                      fmt::arg("fast", scaled(6s)), fmt::arg("down", scaled(15s)), fmt::arg("slow_floor", scaled(20s)), fmt::arg("slow_cap", scaled(20s)),
                      fmt::arg("grace", scaled(5min)), fmt::arg("hour", scaled(60min)), fmt::arg("gate", scaled(10min)));
  text += fmt::format("controls:\n  interval: {}\n  window: {}\n  targets:\n", scaled(30s), scaled(45s));
  for (int i = 1; i <= 3; ++i) text += fmt::format("    - {{name: anchor-{0}, url: \"{1}/control/{0}\"}}\n", i, provider);
  const auto model = [&](std::string_view name) {
    return fmt::format(R"(          - name: {0}
            url: "{1}/v1/messages/{0}"
            method: POST
            headers: {{content-type: application/json}}
            body: '{{"model":"{0}","max_tokens":1,"messages":[{{"role":"user","content":"hi"}}]}}'
            labels: {{model: {0}}}
            expect: {{json: [{{pointer: /type, equals: message}}]}}
)",
                       name, provider);
  };
  text += fmt::format(R"(services:
  - name: claude
    title: Claude
    importance: page
    page: {{url: "{0}/status", interval: {1}}}
    components:
      - name: api
        title: Claude API
        page_components: [Claude API]
        targets:
{2}{3}      - name: haiku
        title: Claude API (haiku)
        page_components: [Claude API]
        targets:
{4}      - name: web
        title: claude.ai
        page_components: [claude.ai]
        targets:
          - {{name: front-page, url: "{0}/"}}
receivers:
  - {{name: team, kind: slack, url: "{5}/slack", backoff_first: 200ms, backoff_max: 2s}}
  - {{name: hook, kind: webhook, url: "{5}/webhook", signing_secret: "whsec_ZGVtb25zdHJhdGlvbi1zZWNyZXQ=", backoff_first: 200ms, backoff_max: 2s}}
)",
                      provider, scaled(60s), model("opus"), model("sonnet"), model("haiku"), receiver);
  return text;
}

}  // namespace outaged
