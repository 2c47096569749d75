// Kind `push`: nothing is asked. Something reports to us that it is alive (POST /api/v1/heartbeat/…), and silence for
// longer than its interval and grace is the failure. What it reported itself as a failure is one until it says ok again.
#include <fmt/format.h>

#include "probes/kinds/kinds.h"

namespace outaged::probes {
namespace {

class PushProbe : public Probe {
 public:
  PushProbe(const config::Target& target, std::shared_ptr<const Heartbeats> heartbeats, const Clock& clock)
      : name_(target.name), check_(std::get<config::PushCheck>(target.check)), heartbeats_(std::move(heartbeats)), clock_(clock) {}

  Ask first() const override { return Nothing{}; }

  Step next(const Response&, Run&) const override {
    const auto last = heartbeats_ ? heartbeats_->last(name_) : std::nullopt;
    if (!last) return finding(Class::waiting, "it reports to a running outaged; there is nothing to ask");
    const Duration silence = std::chrono::duration_cast<Duration>(clock_.steady() - last->at);
    if (silence > check_.every + check_.grace) {
      return finding(Class::silent, fmt::format("no report for {}; one is due every {}", spell_duration(silence), spell_duration(check_.every)));
    }
    if (!last->heard) return finding(Class::waiting, fmt::format("no report yet since outaged started {} ago", spell_duration(silence)));
    if (last->ok) return Finding{};
    return finding(Class::reported_bad, last->message.empty() ? "it reported that it failed" : "it reported: " + last->message);
  }

 private:
  static Finding finding(Class cls, std::string detail) {
    auto evidence = std::make_shared<Evidence>();
    evidence->detail = std::move(detail);
    Finding out;
    out.cls = cls;
    out.evidence = std::move(evidence);
    return out;
  }

  const std::string name_;
  const config::PushCheck check_;
  const std::shared_ptr<const Heartbeats> heartbeats_;
  const Clock& clock_;
};

}  // namespace

std::shared_ptr<const Probe> make_push(const config::Target& target, std::shared_ptr<const Heartbeats> heartbeats, const Clock& clock) {
  return std::make_shared<const PushProbe>(target, std::move(heartbeats), clock);
}

}  // namespace outaged::probes
