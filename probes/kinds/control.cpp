// The control probe: is our own network alive? Any complete HTTP answer from the host we asked says yes, a refusal or a
// challenge included. A captive portal answers too, with a redirect to itself or a login form: that says no.
#include <fmt/format.h>

#include "probes/attribution.h"
#include "probes/bounded_json.h"
#include "probes/registry.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

class ControlProbe : public Probe {
 public:
  ControlProbe(const config::Control& control, const config::Egress& egress) {
    request_.url = control.url;
    request_.timeout = control.timeout;
    request_.max_body = 64 * 1024;
    if (!egress.user_agent.empty()) request_.headers.emplace_back("user-agent", egress.user_agent);
  }
  Ask first() const override { return request_; }
  Step next(const Response& response, Run& run) const override;

 private:
  bool leads_elsewhere(const Response& response) const;
  Request request_;
};

bool ControlProbe::leads_elsewhere(const Response& response) const {
  if (response.status / 100 != 3 || response.header("location").empty()) return false;
  const auto from = parse_url(request_.url);
  const auto target = resolve_url(request_.url, response.header("location"));
  const auto to = target ? parse_url(*target) : std::nullopt;
  return !from || !to || !related_hosts(from->host, to->host);
}

bool is_login_form(const Response& response) {
  return response.status == 200 && first_byte(response.body) == '<' &&
         (response.body.find("type=\"password\"") != std::string::npos ||
          response.body.find("type='password'") != std::string::npos);
}

Step ControlProbe::next(const Response& response, Run&) const {
  const auto failed = [&](Class cls, std::string detail = {}) {
    Attribution judged = attribute(response);
    if (!detail.empty()) judged.evidence.detail = std::move(detail);
    Finding finding;
    finding.cls = cls;
    finding.evidence = std::make_shared<const Evidence>(std::move(judged.evidence));
    return finding;
  };
  // Larger than we care for is still an answer.
  if (response.error == TransportError::too_large && response.status > 0) return Finding{};
  if (response.error != TransportError::none) return failed(class_of(response.error));
  if (response.status >= 500) {
    const Class cls = attribute(response).cls;
    return failed(cls == Class::ok ? Class::server_error : cls);
  }
  if (leads_elsewhere(response))
    return failed(Class::redirected, fmt::format("HTTP {} to another host: a captive portal?", response.status));
  if (is_login_form(response)) return failed(Class::unexpected_content, "a login form: a captive portal?");
  return Finding{};
}

}  // namespace

std::shared_ptr<const Probe> make_control(const config::Control& control, const config::Egress& egress) {
  return std::make_shared<const ControlProbe>(control, egress);
}

}  // namespace outaged::probes
