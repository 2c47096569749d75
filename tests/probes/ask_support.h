// What the tests of the kinds that are not HTTP share: a configured target, probed once, or an ask performed as it is.
#pragma once

#include <doctest/doctest.h>

#include <stdexcept>
#include <string>

#include "probes/loop.h"
#include "probes/registry.h"

namespace test {

/// Runs a probe of this target to its end.
inline outaged::probes::Result probe_target(const outaged::config::Target& target,
                                            const outaged::config::Egress& egress = {}) {
  auto probe = outaged::probes::make_probe(target, egress);
  if (!probe) throw std::runtime_error(probe.error());
  outaged::probes::LoopOptions options;
  options.resolvers = egress.resolvers;
  options.ca_file = egress.ca_file;
  auto result = outaged::probes::run_once(options, probe.value());
  if (!result) throw std::runtime_error(result.error());
  return std::move(result).value();
}

inline std::string detail(const outaged::probes::Result& result) {
  return result.finding.evidence ? result.finding.evidence->detail : "";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Asks once, whatever it is; the response is in the result.
class OneAsk final : public outaged::Probe {
 public:
  explicit OneAsk(outaged::Ask what) : what_(std::move(what)) {}
  outaged::Ask first() const override { return what_; }
  outaged::Step next(const outaged::Response&, outaged::Run&) const override { return outaged::Finding{}; }

 private:
  outaged::Ask what_;
};

inline outaged::Response perform(outaged::Ask what, const outaged::probes::LoopOptions& options = {}) {
  auto result = outaged::probes::run_once(options, std::make_shared<OneAsk>(std::move(what)));
  if (!result) throw std::runtime_error(result.error());
  return std::move(result.value().response);
}

}  // namespace test
