#include "daemon/explain_facts.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "core/engine.h"
#include "probes/llm/ledger.h"
#include "probes/llm/requests.h"
#include "storage/history.h"

namespace outaged {
namespace {

namespace llm = probes::llm;

constexpr double day_seconds = 86400;

/// Every run asks what is paid for.
bool always_pays(const config::LlmCheck& check) {
  return check.ladder == to_string(llm::Rung::completion) || check.ladder == to_string(llm::Rung::stream);
}
bool pays(const config::LlmCheck& check) {
  if (check.ladder != "auto") return always_pays(check);
  return llm::request_for(llm::Rung::completion, check, 0, {}, Timestamp{}).has_value();
}

template <class Each>
void each_paid(const config::Config& config, Each&& each) {
  for (const config::Service& service : config.services) {
    for (const config::Component& component : service.components) {
      for (const config::Target& target : component.targets) {
        const auto* check = std::get_if<config::LlmCheck>(&target.check);
        if (check && pays(*check)) each(target, *check);
      }
    }
  }
}

}  // namespace

Result<Learned> read_learned(const std::string& database) {
  const auto history = storage::History::open(database);
  if (!history) return Error{history.error()};
  const auto snapshot = (*history)->newest_snapshot();
  if (!snapshot) {
    const std::string& why = (*history)->last_error();
    return Error{database + ": holds no snapshot of what was learned" + (why.empty() ? "; a daemon writes one within minutes" : ": " + why)};
  }
  auto topology = (*history)->topology(snapshot->config);
  if (!topology) return Error{database + ": the configuration of its newest snapshot is missing"};
  const auto engine = Engine::load(snapshot->document, topology);
  if (!engine) return Error{database + ": " + engine.error()};
  Learned out{.baselines = {}, .at = snapshot->at};
  for (const TargetSpec& spec : topology->targets) {
    const TargetView view = engine->target(spec.id);
    if (view.proven) out.baselines[spec.name] = view.baseline;
  }
  return out;
}

double round_rate(double rate) {
  if (!(rate > 0)) return 0;
  constexpr std::array steps = {1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0};
  const double decade = std::pow(10, std::floor(std::log10(rate)));
  const auto farther = [&](double a, double b) { return std::abs(std::log(a * decade / rate)) < std::abs(std::log(b * decade / rate)); };
  return *std::min_element(steps.begin(), steps.end(), farther) * decade;
}

std::vector<PaidUse> paid_use(const config::Config& config) {
  std::map<std::string, PaidUse> ledgers;
  each_paid(config, [&](const config::Target& target, const config::LlmCheck& check) {
    PaidUse& use = ledgers[check.ledger];
    use.ledger = check.ledger;
    use.targets.push_back(target.name);
    // Each target brings the budget it was given; the ledger's is the largest of them.
    use.most_requests = std::max(use.most_requests, check.requests_per_day);
    use.most_tokens = std::max(use.most_tokens, check.tokens_per_day);
  });
  each_paid(config, [&](const config::Target& target, const config::LlmCheck& check) {
    PaidUse& use = ledgers[check.ledger];
    const auto tokens = llm::estimated_tokens(check);
    Duration every = target.rules.interval;
    if (!always_pays(check)) {
      every = std::max(every, llm::calm_gap({.tokens_per_day = check.tokens_per_day, .requests_per_day = check.requests_per_day}, tokens,
                                            static_cast<std::int64_t>(use.targets.size())));
    }
    const double requests = day_seconds / to_seconds(every);
    use.requests += requests;
    use.tokens += requests * static_cast<double>(tokens);
  });
  std::vector<PaidUse> out;
  for (auto& [name, use] : ledgers) {
    use.requests = std::min(use.requests, static_cast<double>(use.most_requests));
    use.tokens = std::min(use.tokens, static_cast<double>(use.most_tokens));
    out.push_back(std::move(use));
  }
  return out;
}

}  // namespace outaged
