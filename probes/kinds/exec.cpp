// The `exec` kind: a program that answers by its exit code, as Nagios plugins do: 0 ok, 1 warning, 2 critical, 3
// unknown. Unknown, and everything else that is no answer, is a trouble of the check and counts against nobody.
#include <fmt/format.h>

#include "core/text.h"
#include "probes/kinds/bare.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/perfdata.h"
#include "probes/redact.h"

namespace outaged::probes {
namespace {

constexpr std::size_t shortest_secret = 4;

class ExecProbe final : public Probe {
 public:
  explicit ExecProbe(const config::Target& target) {
    const auto& check = std::get<config::ExecCheck>(target.check);
    warning_is_ok_ = check.warning_is_ok;
    command_.argv = check.command;
    for (const auto& [name, value] : check.environment) {
      command_.environment.emplace_back(name, value.reveal());
      if (value.reveal().size() >= shortest_secret) secrets_.push_back(value.reveal());
    }
    command_.timeout = target.timeout;
    command_.max_output = check.max_output;
  }
  Ask first() const override { return command_; }
  Step next(const Response& response, Run& run) const override;

 private:
  Class judge(const Response& response) const;
  Command command_;
  std::vector<std::string> secrets_;
  bool warning_is_ok_ = true;
};

Class ExecProbe::judge(const Response& response) const {
  if (response.error == TransportError::timeout_body) return Class::timeout_before_first_byte;
  if (response.error != TransportError::none) return Class::probe_error;  // not run, or it printed without end
  if (response.exit_code == 0) return Class::ok;
  if (response.exit_code == 1) return warning_is_ok_ ? Class::ok : Class::unexpected_status;
  return response.exit_code == 2 ? Class::unexpected_status : Class::probe_error;
}

Step ExecProbe::next(const Response& response, Run&) const {
  Finding finding;
  finding.cls = judge(response);
  Evidence printed;
  printed.detail = response.body;
  redact(printed, secrets_);  // as a whole: of a secret that is cut in two the first half would stay
  const PluginOutput output = read_plugin_output(printed.detail);
  if (finding.cls == Class::ok && output.measurements.empty() && response.exit_code == 0) return finding;

  Evidence evidence;
  const std::string code = response.exit_code ? fmt::format("exit code {}", *response.exit_code) : response.error_text;
  evidence.detail = output.line.empty() ? code : fmt::format("{}: {}", code, output.line);
  for (const Measurement& measurement : output.measurements)
    evidence.headers.emplace_back("perfdata " + measurement.label, measurement.value);
  evidence.detail = clean_line(evidence.detail);
  finding.evidence = std::make_shared<const Evidence>(std::move(evidence));
  return finding;
}

}  // namespace

std::shared_ptr<const Probe> make_exec(const config::Target& target, const config::Egress&) {
  return std::make_shared<const ExecProbe>(target);
}

}  // namespace outaged::probes
