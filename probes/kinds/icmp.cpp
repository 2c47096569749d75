// The `icmp` kind: is there an answer to an echo request? How long it took is in the timings.
#include "probes/kinds/bare.h"
#include "probes/kinds/kinds.h"

namespace outaged::probes {
namespace {

Family family_of(config::IcmpCheck::Family family) {
  switch (family) {
    case config::IcmpCheck::Family::any:
      return Family::any;
    case config::IcmpCheck::Family::v4:
      return Family::v4;
    case config::IcmpCheck::Family::v6:
      return Family::v6;
  }
  return Family::any;
}

class IcmpProbe final : public Probe {
 public:
  explicit IcmpProbe(const config::Target& target) {
    const auto& check = std::get<config::IcmpCheck>(target.check);
    ping_.host = check.host;
    ping_.family = family_of(check.family);
    ping_.payload = check.payload;
    ping_.timeout = target.timeout;
  }
  Ask first() const override { return ping_; }
  Step next(const Response& response, Run&) const override {
    Finding finding;
    if (response.error == TransportError::none) return finding;
    Attribution judged = attribute_bare(response);
    finding.cls = judged.cls;
    finding.evidence = std::make_shared<const Evidence>(std::move(judged.evidence));
    return finding;
  }

 private:
  Ping ping_;
};

}  // namespace

std::shared_ptr<const Probe> make_icmp(const config::Target& target, const config::Egress&) {
  return std::make_shared<const IcmpProbe>(target);
}

}  // namespace outaged::probes
