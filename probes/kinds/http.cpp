// The `http` kind: one request, judged by conditions. More than one where it follows redirects, where one of a host's
// two address families does not work, and where a page for people is only as good as its scripts.
// A status that the user expects is right, whatever it is: a canary that must be refused expects its 401.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>

#include "core/clock.h"
#include "core/text.h"
#include "probes/attribution.h"
#include "probes/edge.h"
#include "probes/kinds/conditions.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/page_check.h"
#include "probes/kinds/redirect.h"
#include "probes/redact.h"
#include "probes/retry_after.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr int max_redirects = 5;
constexpr std::size_t max_asset = 64 * 1024;  // of an asset its beginning tells

/// What a run remembers between its requests.
struct Progress {
  Request asked;
  Micros spent{}, lost{};  // since the run began; of that on a family that did not work
  int redirects = 0;
  /// A family that could not be connected to.
  struct Broken {
    Family family = Family::any;
    Attribution judged;
    std::shared_ptr<Response> response;
  };
  std::optional<Broken> broken;
  /// Of a page: what it was judged to be, while its assets are asked.
  std::vector<PageLook::Asset> assets;
  std::size_t asset = 0;
  bool at_assets = false;
  Attribution page;
  std::shared_ptr<Response> response;
};

std::string_view spell(Family family) { return family == Family::v6 ? "IPv6" : "IPv4"; }

bool failed_to_connect(TransportError error) {
  return error == TransportError::connect_refused || error == TransportError::connect_timeout ||
         error == TransportError::connect_reset || error == TransportError::connect_unreachable;
}

/// To be kept: what it says of the exchange, without its body.
std::shared_ptr<Response> without_body(const Response& response) {
  auto out = std::make_shared<Response>(response);
  out->body = {};
  return out;
}

bool has_header(const Request& request, std::string_view key) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const auto& header) { return lower_ascii(header.first) == key; });
}

class HttpProbe : public Probe {
 public:
  HttpProbe(const config::Target& target, const config::Egress& egress);
  Ask first() const override;
  Step next(const Response& response, Run& run) const override;

 private:
  Duration left(const Progress& progress) const;
  std::optional<Request> other_family(const Response& response, Progress& progress) const;
  std::variant<Request, Attribution> follow(const Response& response, Progress& progress) const;
  Attribution judge(const Response& response, const Progress& progress) const;
  std::optional<Request> next_asset(Progress& progress) const;
  Finding conclude(Attribution judged, const Response& response, const Progress& progress) const;

  const config::HttpCheck check_;
  Request request_;
  Expectation expectation_;
  const Conditions conditions_;
  std::vector<std::string> secrets_;
  mutable std::atomic<unsigned> runs_ = 0;
};

Family family_of(config::HttpCheck::Family family) {
  switch (family) {
    case config::HttpCheck::Family::any:
      return Family::any;
    case config::HttpCheck::Family::v4:
      return Family::v4;
    case config::HttpCheck::Family::v6:
      return Family::v6;
  }
  return Family::any;
}

bool asks_for_json(const Request& request) {
  for (const auto& [name, value] : request.headers)
    if (lower_ascii(name) == "accept")
      return value.find("json") != std::string::npos && value.find("html") == std::string::npos;
  return false;
}

HttpProbe::HttpProbe(const config::Target& target, const config::Egress& egress)
    : check_(target.http()), conditions_(check_), secrets_(secrets_of(check_.headers)) {
  request_.method = check_.method;
  request_.url = check_.url;
  request_.body = check_.body.reveal();
  request_.timeout = target.timeout;
  request_.max_body = check_.max_body;
  request_.http2 = check_.http2;
  request_.ca_file = check_.ca_file;
  request_.cert_file = check_.cert_file;
  request_.key_file = check_.key_file;
  request_.proxy = check_.proxy;
  request_.family = family_of(check_.family);
  const auto url = parse_url(check_.url);
  request_.want_cert = url && url->scheme == "https";
  for (const auto& [name, value] : check_.headers) request_.headers.emplace_back(name, value.reveal());
  if (!has_header(request_, "user-agent") && !egress.user_agent.empty())
    request_.headers.emplace_back("user-agent", egress.user_agent);
  if (check_.page) {  // as a browser would
    if (!has_header(request_, "accept"))
      request_.headers.emplace_back("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    if (!has_header(request_, "accept-encoding")) request_.headers.emplace_back("accept-encoding", "gzip");
  }

  expectation_.status = check_.expect_status;
  if (check_.method != "HEAD") {
    expectation_.json =
        !check_.json.empty() || check_.content_type.find("json") != std::string::npos || asks_for_json(request_);
    expectation_.content =
        check_.page || !check_.body_contains.empty() || !check_.body_matches.empty() || !check_.content_type.empty();
  }
}

Ask HttpProbe::first() const {
  if (request_.family != Family::any) return request_;
  Request request = request_;  // each in turn, where the host has both
  request.family = runs_++ % 2 == 0 ? Family::v6 : Family::v4;
  request.or_other_family = true;
  return request;
}

Duration HttpProbe::left(const Progress& progress) const {
  return request_.timeout - std::chrono::duration_cast<Duration>(progress.spent);
}

/// No connection over one family: is it the host, or only this path to it?
std::optional<Request> HttpProbe::other_family(const Response& response, Progress& progress) const {
  if (progress.broken || response.family == Family::any || request_.family != Family::any ||
      !failed_to_connect(response.error) || left(progress) <= Duration::zero())
    return std::nullopt;
  progress.broken = Progress::Broken{response.family, attribute(response, expectation_), without_body(response)};
  progress.lost = progress.spent;
  progress.asked.family = response.family == Family::v6 ? Family::v4 : Family::v6;
  progress.asked.or_other_family = false;
  progress.asked.timeout = left(progress);
  return progress.asked;
}

std::variant<Request, Attribution> HttpProbe::follow(const Response& response, Progress& progress) const {
  const auto stop = [&](std::string_view why) {
    Attribution out = attribute(response, expectation_);
    out.cls = Class::redirected;
    out.evidence.detail = clean_line(fmt::format("{}: {}", out.evidence.detail, why));
    return out;
  };
  if (++progress.redirects > max_redirects) return stop(fmt::format("more than {} redirects", max_redirects));
  auto step = follow_redirect(progress.asked, response, left(progress));
  if (const auto* why = std::get_if<std::string>(&step)) return stop(*why);
  Request& next = std::get<Request>(step);
  const auto wanted = parse_url(check_.url), to = parse_url(next.url);
  if (check_.page && wanted && to && leads_to_login(to->path) && !leads_to_login(wanted->path))
    return stop("a login where the page belongs");
  if (request_.family == Family::any) {  // by the same family, if it is another host's too
    next.family = response.family;
    next.or_other_family = true;
  }
  progress.asked = next;
  return std::move(next);
}

Attribution HttpProbe::judge(const Response& response, const Progress& progress) const {
  Attribution out = attribute(response, expectation_);
  if (out.cls != Class::ok || !expects(expectation_, response.status)) return out;
  const Micros took = progress.spent - progress.lost;
  if (const auto broken = conditions_.broken(response)) {
    const bool maintenance = response.status < 300 && is_maintenance_text(response.body);
    out.cls = maintenance ? Class::server_error : Class::unexpected_content;
    out.evidence.detail =
        clean_line(fmt::format("HTTP {}, {}{}", response.status, *broken, maintenance ? " (a maintenance page)" : ""));
  } else if (const auto expires = conditions_.expires_soon(response, system_clock().wall())) {
    out.cls = Class::tls_expired;
    out.evidence.detail = clean_line(fmt::format("HTTP {}, but {}", response.status, *expires));
  } else if (check_.max_latency && took > *check_.max_latency) {
    out.cls = Class::timeout_body;
    out.evidence.detail =
        fmt::format("HTTP {} after {}, later than the {} allowed", response.status,
                    spell_duration(std::chrono::ceil<Duration>(took)), spell_duration(*check_.max_latency));
  }
  return out;
}

std::optional<Request> HttpProbe::next_asset(Progress& progress) const {
  if (progress.asset >= progress.assets.size() || left(progress) <= Duration::zero()) return std::nullopt;
  Request next = request_beside(progress.asked, progress.assets[progress.asset].url, left(progress));
  next.max_body = std::min(max_asset, check_.max_body);
  next.or_other_family = request_.family == Family::any;
  for (auto& [name, value] : next.headers)
    if (lower_ascii(name) == "accept") value = "*/*";
  return next;
}

Finding HttpProbe::conclude(Attribution judged, const Response& response, const Progress& progress) const {
  Finding finding;
  if (judged.cls == Class::rate_limited || judged.cls == Class::overloaded || response.status == 503)
    finding.not_before = retry_after_header(response).value_or(Duration::zero());
  if (progress.broken) {
    const auto& broken = *progress.broken;
    const Family other = broken.family == Family::v6 ? Family::v4 : Family::v6;
    if (judged.cls == Class::ok) {  // then it is the path's fault, not the host's
      judged.cls = Class::tcp_unreachable;
      judged.evidence = broken.judged.evidence;
      judged.evidence.detail = fmt::format("the {} path fails, {} works: {}", spell(broken.family), spell(other),
                                           broken.judged.evidence.detail);
      finding.response = broken.response;
    } else {
      judged.evidence.detail = fmt::format("over {}: {}, and over {}: {}", spell(other), judged.evidence.detail,
                                           spell(broken.family), broken.judged.evidence.detail);
    }
  }
  if (!finding.response) finding.response = progress.response;
  finding.cls = judged.cls;
  if (judged.cls != Class::ok) {  // of what is right, the class says it all
    judged.evidence.detail = clean_line(judged.evidence.detail);
    redact(judged.evidence, secrets_);
    finding.evidence = std::make_shared<const Evidence>(std::move(judged.evidence));
  }
  return finding;
}

Step HttpProbe::next(const Response& response, Run& run) const {
  if (!run.state) {
    auto begun = std::make_shared<Progress>();
    begun->asked = request_;
    run.state = std::move(begun);
  }
  auto& progress = *std::static_pointer_cast<Progress>(run.state);
  progress.spent += response.total;
  if (progress.at_assets) {
    const PageLook::Asset& asset = progress.assets[progress.asset++];
    if (const auto broken = broken_asset(asset, response)) {
      progress.page.cls = Class::unexpected_content;
      progress.page.evidence.detail = fmt::format("HTTP {}, but {}", progress.response->status, *broken);
    } else if (auto request = next_asset(progress)) {
      return std::move(*request);
    }
    return conclude(std::move(progress.page), *progress.response, progress);
  }

  if (auto request = other_family(response, progress)) return std::move(*request);
  if (check_.follow_redirects && is_redirect(response) && !expects(expectation_, response.status)) {
    auto step = follow(response, progress);
    if (auto* request = std::get_if<Request>(&step)) return std::move(*request);
    return conclude(std::get<Attribution>(std::move(step)), response, progress);
  }
  Attribution judged = judge(response, progress);
  if (check_.page && judged.cls == Class::ok && response.status / 100 == 2) {
    PageLook look = look_at_page(response, check_.url);
    if (look.cls != Class::ok) {
      judged.cls = look.cls;
      judged.evidence.detail = clean_line(fmt::format("HTTP {}, {}", response.status, look.problem));
    } else {
      progress.assets = std::move(look.assets);
      if (auto request = next_asset(progress)) {
        progress.at_assets = true;
        progress.page = std::move(judged);
        progress.response = without_body(response);
        return std::move(*request);
      }
    }
  }
  return conclude(std::move(judged), response, progress);
}

}  // namespace

std::shared_ptr<const Probe> make_http(const config::Target& target, const config::Egress& egress) {
  return std::make_shared<const HttpProbe>(target, egress);
}

}  // namespace outaged::probes
