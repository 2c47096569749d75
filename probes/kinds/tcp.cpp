// The `tcp` and `tls` kinds: a connection, perhaps secured, perhaps spoken over. What the server should say is looked
// for in what it said, so that a wrong answer differs from none.
#include <fmt/format.h>

#include "core/clock.h"
#include "core/text.h"
#include "probes/kinds/bare.h"
#include "probes/kinds/kinds.h"

namespace outaged::probes {
namespace {

Dialogue::Tls tls_of(config::TcpCheck::Tls tls) {
  switch (tls) {
    case config::TcpCheck::Tls::none:
      return Dialogue::Tls::none;
    case config::TcpCheck::Tls::direct:
      return Dialogue::Tls::direct;
    case config::TcpCheck::Tls::smtp:
      return Dialogue::Tls::smtp;
    case config::TcpCheck::Tls::imap:
      return Dialogue::Tls::imap;
    case config::TcpCheck::Tls::pop3:
      return Dialogue::Tls::pop3;
  }
  return Dialogue::Tls::none;
}

class TcpProbe final : public Probe {
 public:
  explicit TcpProbe(const config::Target& target) : check_(std::get<config::TcpCheck>(target.check)) {
    dialogue_.host = check_.host;
    dialogue_.port = check_.port;
    dialogue_.tls = tls_of(check_.tls);
    dialogue_.server_name = check_.server_name;
    dialogue_.ca_file = check_.ca_file;
    dialogue_.cert_file = check_.cert_file;
    dialogue_.key_file = check_.key_file;
    for (const auto& line : check_.dialogue) dialogue_.lines.push_back({line.send, line.text});
    dialogue_.timeout = target.timeout;
  }
  Ask first() const override { return dialogue_; }
  Step next(const Response& response, Run& run) const override;

 private:
  std::optional<Attribution> wrong_answer(const Response& response) const;
  config::TcpCheck check_;
  Dialogue dialogue_;
};

/// Something came, but not what was expected: nullopt if that is not what went wrong.
std::optional<Attribution> TcpProbe::wrong_answer(const Response& response) const {
  if (response.error != TransportError::timeout_body && response.error != TransportError::truncated_body &&
      response.error != TransportError::too_large)
    return std::nullopt;
  std::size_t seen = 0;
  for (const auto& line : check_.dialogue) {
    if (line.send) continue;
    const std::size_t at = response.body.find(line.text, seen);
    if (at != std::string::npos) {
      seen = at + line.text.size();
      continue;
    }
    const std::string_view rest = std::string_view{response.body}.substr(seen);
    // A line that is not ended yet may still become the right one; with nothing at all it is silence.
    const bool said = rest.find('\n') != std::string_view::npos || response.error == TransportError::too_large ||
                      (response.error == TransportError::truncated_body && !rest.empty());
    if (!said) return std::nullopt;
    Attribution out;
    out.cls = Class::unexpected_content;
    out.evidence.remote = response.remote;
    out.evidence.detail = clean_line(
        fmt::format("expected \"{}\", the server says \"{}\"", clean_line(line.text, 80), clean_line(rest, 120)));
    return out;
  }
  return std::nullopt;
}

Step TcpProbe::next(const Response& response, Run&) const {
  Attribution judged;
  if (auto wrong = wrong_answer(response)) {
    judged = std::move(*wrong);
  } else if (response.error != TransportError::none) {
    judged = attribute_bare(response);
  } else if (check_.min_cert_left && response.cert_expiry) {
    const Duration left = *response.cert_expiry - system_clock().wall();
    if (left < *check_.min_cert_left) {
      judged.cls = Class::tls_expired;
      judged.evidence.remote = response.remote;
      judged.evidence.detail =
          fmt::format("the certificate ends in {}, sooner than the {} wanted ({})", spell_duration(left),
                      spell_duration(*check_.min_cert_left), format_time(*response.cert_expiry));
    }
  }
  Finding finding;
  finding.cls = judged.cls;
  if (judged.cls != Class::ok) finding.evidence = std::make_shared<const Evidence>(std::move(judged.evidence));
  return finding;
}

}  // namespace

std::shared_ptr<const Probe> make_tcp(const config::Target& target, const config::Egress&) {
  return std::make_shared<const TcpProbe>(target);
}

}  // namespace outaged::probes
