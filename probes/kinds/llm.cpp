// The `llm` kind: a ladder from free to paid. In calm runs one free rung is asked, and every few runs, as the ledger
// allows, the paid one; once something is suspected, every run asks the paid one for as long as the ledger lets it.
// One run gives one observation, whose class is that of the deepest rung asked. After a paid answer that was not ok only
// a paid one says ok again: until then a run that may not ask it is `not_asked`, which counts nowhere
// (docs/decisions/0013-llm-ladder.md).
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/evidence.h"
#include "probes/kinds/kinds.h"
#include "probes/llm/blame.h"
#include "probes/llm/judge.h"
#include "probes/llm/ledger.h"
#include "probes/llm/requests.h"
#include "probes/provider_error.h"
#include "probes/redact.h"
#include "probes/url.h"

namespace outaged::probes::llm {
namespace {

constexpr Duration control_timeout = 5s;
constexpr Duration worked_lately = 24h;
constexpr int completion_every = 4;      // of the paid runs, one is not streamed
constexpr Duration longest_pause = 1h, longest_pause_of_failure = 1min;

struct Progress {
  enum class At : std::uint8_t { free, resident, paid, canary, keyed } at = At::free;
  Rung rung = Rung::canary;
  bool urgent = false, rewritten = false;
  Ledger::Ticket ticket;
  std::string asked;      // "POST /v1/messages"
  std::string before;     // what failed before the paid request was asked
  LlmAttribution judged;  // of the paid answer, while its controls are asked
  std::shared_ptr<Response> response;
  ControlPlan plan;
  std::optional<ControlOutcome> canary, keyed;
};

std::string line_of(const Request& request) {
  const auto url = parse_url(request.url);
  return request.method + " " + (url ? url->path : "/");
}

std::string seconds(Micros time) { return fmt::format("{:.2f} s", static_cast<double>(time.count()) / 1e6); }

class LlmProbe final : public Probe {
 public:
  LlmProbe(const config::Target& target, const config::Egress& egress, std::shared_ptr<Ledger> ledger)
      : check_(std::get<config::LlmCheck>(target.check)), user_agent_(egress.user_agent), timeout_(target.timeout),
        ledger_(std::move(ledger)), seat_(ledger_->join(check_.ledger, target.name)), wire_(find_wire(check_.wire)),
        secrets_(secrets_of(check_.headers)) {
    for (const auto* secret : {&check_.api_key, &check_.access_key_id, &check_.secret_access_key, &check_.session_token})
      if (!secret->empty()) secrets_.push_back(secret->reveal());
    for (const Rung rung : {Rung::canary, Rung::models, Rung::count})
      if (exists(rung)) free_.push_back(rung);
    if (exists(Rung::canary) && free_.size() > 2) free_.insert(free_.begin() + 2, Rung::canary);  // every other run
    for (const Rung rung : {Rung::canary, Rung::models, Rung::count, Rung::completion, Rung::stream})
      if (check_.ladder == to_string(rung)) only_ = rung;
  }

  Ask first() const override { return Nothing{}; }  // which rung it is depends on the run
  Step next(const Response& response, Run& run) const override;

 private:
  bool exists(Rung rung) const { return request_for(rung, check_, 0, {}, ledger_->clock().wall()).has_value(); }
  bool pays() const { return only_ ? is_paid(*only_) : exists(Rung::completion); }
  Limits limits() const { return {check_.tokens_per_day, check_.requests_per_day}; }

  Step begin(Run& run, Progress& p) const;
  Step ask(Progress& p, Progress::At at, Rung rung, Duration timeout) const;
  Step ask_free(Progress& p) const;
  Step ask_paid(Progress& p) const;
  bool reserve(Progress& p, Urgency urgency) const;
  Rung paid_rung() const;

  LlmAttribution judge(const Progress& p, const Response& response) const;
  Step take_free(Progress& p, const Response& response) const;
  Step take_resident(Progress& p, const Response& response) const;
  Step take_paid(Progress& p, const Response& response) const;
  Step take_control(Progress& p, const Response& response) const;
  Step next_control(Progress& p) const;
  bool wants_another_cap(const Response& response) const;
  Finding conclude(const Progress& p, LlmAttribution judged, std::string detail) const;

  const config::LlmCheck check_;
  const std::string user_agent_;
  const Duration timeout_;
  const std::shared_ptr<Ledger> ledger_;
  const std::shared_ptr<Ledger::Seat> seat_;
  const Wire* const wire_;
  std::vector<std::string> secrets_;
  std::vector<Rung> free_;
  std::optional<Rung> only_;
};

// ---- asking ---------------------------------------------------------------------------------------------------------

Step LlmProbe::begin(Run& run, Progress& p) const {
  if (!wire_) {
    LlmAttribution none;
    none.cls = Class::probe_error;
    return conclude(p, none, fmt::format("nothing reads the wire \"{}\"", check_.wire));
  }
  p.urgent = seat_->suspect || !run.base_schedule;
  if (only_ && !is_paid(*only_)) return ask(p, Progress::At::free, *only_, timeout_);
  if (only_) {
    if (reserve(p, Urgency::fixed)) return ask_paid(p);
    LlmAttribution none;
    none.cls = Class::not_asked;
    return conclude(p, none, fmt::format("{}: {}", *only_ == Rung::stream ? "stream" : "completion", spell(p.ticket.leave)));
  }
  if (!pays()) return ask_free(p);
  // A model that is not loaded is not woken: that would cost its owner more than it tells.
  if (exists(Rung::resident)) return ask(p, Progress::At::resident, Rung::resident, timeout_);
  if (reserve(p, p.urgent ? Urgency::urgent : Urgency::calm)) return ask_paid(p);
  return ask_free(p);
}

bool LlmProbe::reserve(Progress& p, Urgency urgency) const {
  p.ticket = ledger_->reserve(*seat_, limits(), urgency, estimated_tokens(check_));
  return p.ticket.leave == Leave::granted;
}

Step LlmProbe::ask(Progress& p, Progress::At at, Rung rung, Duration timeout) const {
  auto request = request_for(rung, check_, seat_->variant, user_agent_, ledger_->clock().wall());
  if (!request) {
    LlmAttribution none;
    none.cls = Class::probe_error;
    return conclude(p, none, fmt::format("the wire {} has no rung {}", check_.wire, to_string(rung)));
  }
  request->timeout = std::min(timeout, timeout_);
  request->want_cert = request->url.starts_with("https://");
  request->want_arrivals = rung == Rung::stream;
  p.at = at;
  p.rung = rung;
  p.asked = line_of(*request);
  return std::move(*request);
}

Step LlmProbe::ask_free(Progress& p) const {
  return ask(p, Progress::At::free, free_[seat_->free_runs++ % free_.size()], timeout_);
}

/// Under suspicion the rung that failed, so that what is counted stays the same thing.
Rung LlmProbe::paid_rung() const {
  if (only_) return *only_;
  if (!check_.stream) return Rung::completion;
  if (seat_->suspect) return seat_->streamed ? Rung::stream : Rung::completion;
  return seat_->paid_runs % completion_every == completion_every - 1 ? Rung::completion : Rung::stream;
}

Step LlmProbe::ask_paid(Progress& p) const { return ask(p, Progress::At::paid, paid_rung(), timeout_); }

// ---- judging --------------------------------------------------------------------------------------------------------

Step LlmProbe::next(const Response& response, Run& run) const {
  if (!run.state) {
    auto progress = std::make_shared<Progress>();
    run.state = progress;
    return begin(run, *progress);
  }
  Progress& p = *std::static_pointer_cast<Progress>(run.state);
  switch (p.at) {
    case Progress::At::free: return take_free(p, response);
    case Progress::At::resident: return take_resident(p, response);
    case Progress::At::paid: return take_paid(p, response);
    case Progress::At::canary:
    case Progress::At::keyed: return take_control(p, response);
  }
  return Finding{};
}

LlmAttribution LlmProbe::judge(const Progress& p, const Response& response) const {
  LlmExpectation expectation;
  expectation.stream = p.rung == Rung::stream;
  expectation.first_token = check_.first_token;
  expectation.max_gap = check_.max_gap;
  switch (p.rung) {
    case Rung::canary: break;
    case Rung::models: expectation.asked = check_.wire == "llamacpp" ? Asked::health : Asked::models; break;
    case Rung::count: expectation.asked = Asked::count_tokens; break;
    case Rung::resident: expectation.asked = Asked::models; break;
    case Rung::completion:
    case Rung::stream: expectation.asked = Asked::completion; break;
  }
  LlmAttribution out = attribute_llm(*wire_, response, expectation);
  if (p.rung != Rung::canary || out.cls != Class::auth) return out;
  // Refused, and in the provider's own words: that is what a canary is for.
  out.cls = read_provider_error(response) ? Class::ok : Class::unexpected_content;
  out.evidence.detail += out.cls == Class::ok ? ", as it should" : " (not in the provider's own shape)";
  return out;
}

Step LlmProbe::take_free(Progress& p, const Response& response) const {
  LlmAttribution judged = judge(p, response);
  const bool limited = judged.cls == Class::rate_limited || judged.cls == Class::upstream_limited;
  if (limited) ledger_->settle(*seat_, {.leave = Leave::waiting, .day = p.ticket.day, .tokens = 0}, judged.cls, 0, judged.retry_after);
  std::string detail = fmt::format("{}: {}", p.rung == Rung::canary ? "without a key" : p.asked, judged.evidence.detail);
  if (only_ || !pays()) return conclude(p, std::move(judged), std::move(detail));
  if (judged.cls == Class::ok) {
    detail += fmt::format("; completion {}", spell(p.ticket.leave));
    // Bad news is old, good news is from less than what was bad.
    if (p.urgent) judged.cls = Class::not_asked;
    return conclude(p, std::move(judged), std::move(detail));
  }
  if (!limited && p.ticket.leave == Leave::not_its_turn && reserve(p, Urgency::urgent)) {
    p.before = std::move(detail);
    return ask_paid(p);
  }
  return conclude(p, std::move(judged), std::move(detail));
}

bool lists(const std::string& body, const std::string& model) {
  nlohmann::json document;
  if (!parse_json(body, document) || !document.is_object()) return false;
  const auto models = document.find("models");
  if (models == document.end() || !models->is_array()) return false;
  const auto is_ours = [&](const std::string& name) { return name == model || name == model + ":latest"; };
  return std::any_of(models->begin(), models->end(), [&](const nlohmann::json& entry) {
    return is_ours(string_at(entry, "name")) || is_ours(string_at(entry, "model"));
  });
}

Step LlmProbe::take_resident(Progress& p, const Response& response) const {
  LlmAttribution judged = judge(p, response);
  if (judged.cls == Class::ok && !lists(response.body, check_.model) && !seat_->suspect) {
    return conclude(p, std::move(judged), fmt::format("{}: the model is not loaded, and is not woken", p.asked));
  }
  if (judged.cls != Class::ok) p.before = fmt::format("{}: {}", p.asked, judged.evidence.detail);
  if (reserve(p, p.urgent || judged.cls != Class::ok ? Urgency::urgent : Urgency::calm)) return ask_paid(p);
  if (judged.cls != Class::ok) return conclude(p, std::move(judged), p.before);
  return ask_free(p);
}

/// A 400 about the cap's name: the model is of another generation. Ours to mend, and at once.
bool LlmProbe::wants_another_cap(const Response& response) const {
  const Asker* asker = find_asker(check_.wire);
  return asker && asker->variants > 1 && response.status == 400 &&
         (response.body.find("max_tokens") != std::string::npos ||
          response.body.find("max_completion_tokens") != std::string::npos);
}

Step LlmProbe::take_paid(Progress& p, const Response& response) const {
  LlmAttribution judged = judge(p, response);
  if (judged.cls == Class::bad_request && !p.rewritten && wants_another_cap(response)) {
    p.rewritten = true;
    seat_->variant = (seat_->variant + 1) % find_asker(check_.wire)->variants;
    return ask(p, Progress::At::paid, p.rung, timeout_);
  }
  const auto used = static_cast<std::int64_t>(std::min<std::uint64_t>(judged.usage.input + judged.usage.output, 1'000'000'000));
  ledger_->settle(*seat_, p.ticket, judged.cls, used, judged.retry_after);
  ++seat_->paid_runs;
  seat_->suspect = judged.cls != Class::ok;
  seat_->streamed = p.rung == Rung::stream;
  if (judged.cls == Class::ok) {
    seat_->last_ok = ledger_->clock().steady();
    std::string detail = fmt::format("{}: {}", to_string(p.rung), judged.evidence.detail);
    if (judged.first_token) detail += fmt::format(", first token after {}", seconds(*judged.first_token));
    if (used > 0) detail += fmt::format(", {} tokens", used);
    if (!p.before.empty()) detail += "; but " + p.before;
    return conclude(p, std::move(judged), std::move(detail));
  }
  p.judged = std::move(judged);
  p.response = std::make_shared<Response>(response);
  p.response->body.clear();
  p.response->arrivals.clear();
  p.plan = controls_for(p.judged.cls);
  p.before = fmt::format("{}: {}", to_string(p.rung), p.judged.evidence.detail);
  return next_control(p);
}

Step LlmProbe::next_control(Progress& p) const {
  if (std::exchange(p.plan.canary, false) && exists(Rung::canary))
    return ask(p, Progress::At::canary, Rung::canary, control_timeout);
  if (std::exchange(p.plan.keyed, false)) {
    for (const Rung rung : {Rung::count, Rung::models})
      if (exists(rung)) return ask(p, Progress::At::keyed, rung, control_timeout);
  }
  if (p.plan.models_list && !p.keyed && exists(Rung::models))
    return ask(p, Progress::At::keyed, Rung::models, control_timeout);

  const bool worked = seat_->last_ok != SteadyTime{} && ledger_->clock().steady() - seat_->last_ok < worked_lately;
  Blame blame = settle_blame(p.judged.cls, p.response->status, p.canary, p.plan.models_list ? std::nullopt : p.keyed, worked);
  if (p.plan.models_list && p.keyed) blame.sentence = p.keyed->asked;
  p.judged.cls = blame.cls;
  return conclude(p, std::move(p.judged), blame.sentence.empty() ? p.before : p.before + "; " + blame.sentence);
}

Step LlmProbe::take_control(Progress& p, const Response& response) const {
  const LlmAttribution judged = judge(p, response);
  ControlOutcome outcome{judged.cls, p.asked};
  if (p.plan.models_list && judged.cls == Class::ok) {
    const bool listed = response.body.find('"' + check_.model + '"') != std::string::npos ||
                        response.body.find("/" + check_.model + '"') != std::string::npos;
    outcome.asked = fmt::format("{} {} this model", p.asked, listed ? "lists" : "does not list");
  }
  (p.at == Progress::At::canary ? p.canary : p.keyed) = std::move(outcome);
  return next_control(p);
}

Finding LlmProbe::conclude(const Progress& p, LlmAttribution judged, std::string detail) const {
  Finding finding;
  finding.cls = judged.cls;
  finding.response = p.response;
  finding.shallow = judged.cls == Class::ok && !only_ && pays() && !is_paid(p.rung);
  if (check_.ladder == "auto" && !pays() && judged.cls == Class::ok) detail += "; edge only: completions are not seen";
  judged.evidence.detail = clean_line(detail);
  redact(judged.evidence, secrets_);
  finding.evidence = std::make_shared<const Evidence>(std::move(judged.evidence));
  const bool limited = judged.cls == Class::rate_limited || judged.cls == Class::upstream_limited;
  if (judged.cls != Class::ok) finding.not_before = std::min<Duration>(judged.retry_after, limited ? longest_pause : longest_pause_of_failure);
  return finding;
}

}  // namespace

}  // namespace outaged::probes::llm

namespace outaged::probes {

std::shared_ptr<const Probe> make_llm(const config::Target& target, const config::Egress& egress,
                                      std::shared_ptr<llm::Ledger> ledger) {
  return std::make_shared<const llm::LlmProbe>(target, egress, std::move(ledger));
}

}  // namespace outaged::probes
