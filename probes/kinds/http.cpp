// The `http` kind: one request (and, if asked to, the redirects it leads to), judged by conditions.
// A status that the user expects is right, whatever it is: a canary that must be refused expects its 401.
#include <fmt/format.h>

#include <algorithm>

#include "core/text.h"
#include "probes/attribution.h"
#include "probes/edge.h"
#include "probes/kinds/conditions.h"
#include "probes/kinds/kinds.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr int max_redirects = 5;
constexpr std::string_view redacted = "[redacted]";

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

/// What a run remembers while it follows redirects.
struct Progress {
  Request asked;
  Micros spent{};
};

class HttpProbe : public Probe {
 public:
  HttpProbe(const config::Target& target, const config::Egress& egress);
  Ask first() const override { return request_; }
  Step next(const Response& response, Run& run) const override;

 private:
  bool wants_redirect(const Response& response) const;
  std::variant<Request, Attribution> follow(const Response& response, Run& run, Progress& progress) const;
  Attribution judge(const Response& response, Micros spent) const;
  void redact(Evidence& evidence) const;

  config::HttpCheck check_;
  Request request_;
  Expectation expectation_;
  std::vector<std::string> secrets_;
};

bool asks_for_json(const Request& request) {
  for (const auto& [name, value] : request.headers)
    if (lower(name) == "accept")
      return value.find("json") != std::string::npos && value.find("html") == std::string::npos;
  return false;
}

HttpProbe::HttpProbe(const config::Target& target, const config::Egress& egress) : check_(target.http()) {
  request_.method = check_.method;
  request_.url = check_.url;
  request_.body = check_.body.reveal();
  request_.timeout = target.timeout;
  request_.max_body = check_.max_body;
  request_.http2 = check_.http2;
  const auto url = parse_url(check_.url);
  request_.want_cert = url && url->scheme == "https";
  bool has_agent = false;
  for (const auto& [name, value] : check_.headers) {
    request_.headers.emplace_back(name, value.reveal());
    has_agent = has_agent || lower(name) == "user-agent";
    // Short and common values ("2023-06-01", "application/json") would only mutilate the evidence.
    const std::string header = lower(name);
    if (header == "accept" || header == "content-type" || header == "user-agent" || header.ends_with("version"))
      continue;
    const std::string& text = value.reveal();
    const std::string secret = text.substr(text.rfind(' ') == std::string::npos ? 0 : text.rfind(' ') + 1);  // Bearer …
    if (secret.size() >= 6) secrets_.push_back(secret);
  }
  if (!has_agent && !egress.user_agent.empty()) request_.headers.emplace_back("user-agent", egress.user_agent);

  expectation_.status = check_.expect_status;
  if (check_.method != "HEAD") {
    expectation_.json =
        !check_.json.empty() || check_.content_type.find("json") != std::string::npos || asks_for_json(request_);
    expectation_.content = !check_.body_contains.empty() || !check_.content_type.empty();
  }
}

bool HttpProbe::wants_redirect(const Response& response) const {
  if (!check_.follow_redirects || response.error != TransportError::none || expects(expectation_, response.status))
    return false;
  const int s = response.status;
  return (s == 301 || s == 302 || s == 303 || s == 307 || s == 308) && !response.header("location").empty();
}

std::variant<Request, Attribution> HttpProbe::follow(const Response& response, Run& run, Progress& progress) const {
  const auto stop = [&](std::string_view why) {
    Attribution out = attribute(response, expectation_);
    out.cls = Class::redirected;
    out.evidence.detail = clean_line(fmt::format("{}: {}", out.evidence.detail, why));
    return out;
  };
  const Request& asked = progress.asked;
  const auto target = resolve_url(asked.url, response.header("location"));
  const auto from = parse_url(asked.url);
  const auto to = target ? parse_url(*target) : std::nullopt;
  if (!from || !to) return stop("not followed, it is not an HTTP address");
  if (from->scheme == "https" && to->scheme == "http") return stop("not followed, it leads from https to plain http");
  if (run.requests > max_redirects) return stop(fmt::format("more than {} redirects", max_redirects));
  const Duration left = request_.timeout - std::chrono::duration_cast<Duration>(progress.spent);
  if (left <= Duration::zero()) return stop("no time left to follow it");

  Request next = asked;
  next.url = *target;
  next.timeout = left;
  next.want_cert = to->scheme == "https";
  if (response.status == 303 || (response.status <= 302 && asked.method == "POST")) {
    next.method = asked.method == "HEAD" ? "HEAD" : "GET";
    next.body.clear();
    std::erase_if(next.headers, [](const auto& header) { return lower(header.first).starts_with("content-"); });
  }
  // What we send to one host is not for another: keys, cookies, bodies.
  if (!same_origin(*from, *to)) {
    if (!next.body.empty()) return stop("not followed, it would send the body to another host");
    std::erase_if(next.headers, [](const auto& header) {
      const std::string name = lower(header.first);
      return name != "accept" && name != "accept-language" && name != "user-agent";
    });
  }
  progress.asked = next;
  return next;
}

Attribution HttpProbe::judge(const Response& response, Micros spent) const {
  Attribution out = attribute(response, expectation_);
  if (out.cls != Class::ok || !expects(expectation_, response.status)) return out;
  if (const auto broken = broken_condition(check_, response)) {
    const bool maintenance = response.status < 300 && is_maintenance_text(response.body);
    out.cls = maintenance ? Class::server_error : Class::unexpected_content;
    out.evidence.detail =
        clean_line(fmt::format("HTTP {}, {}{}", response.status, *broken, maintenance ? " (a maintenance page)" : ""));
  } else if (check_.max_latency && spent > *check_.max_latency) {
    out.cls = Class::timeout_body;
    out.evidence.detail =
        fmt::format("HTTP {} after {}, later than the {} allowed", response.status,
                    spell_duration(std::chrono::ceil<Duration>(spent)), spell_duration(*check_.max_latency));
  }
  return out;
}

void HttpProbe::redact(Evidence& evidence) const {
  const auto clean = [&](std::string& text) {
    for (const std::string& secret : secrets_)
      for (auto at = text.find(secret); at != std::string::npos; at = text.find(secret, at + redacted.size()))
        text.replace(at, secret.size(), redacted);
  };
  clean(evidence.detail);
  clean(evidence.request_id);
  for (auto& [name, value] : evidence.headers) clean(value);
}

Step HttpProbe::next(const Response& response, Run& run) const {
  Attribution judged;
  if (check_.follow_redirects) {
    if (!run.state) run.state = std::make_shared<Progress>(Progress{request_, Micros::zero()});
    auto& progress = *std::static_pointer_cast<Progress>(run.state);
    progress.spent += response.total;
    if (wants_redirect(response)) {
      auto step = follow(response, run, progress);
      if (auto* request = std::get_if<Request>(&step)) return std::move(*request);
      judged = std::get<Attribution>(std::move(step));
    } else {
      judged = judge(response, progress.spent);
    }
  } else {
    judged = judge(response, response.total);
  }
  Finding finding;
  finding.cls = judged.cls;
  if (judged.cls != Class::ok) {  // of what is right, the class says it all
    redact(judged.evidence);
    finding.evidence = std::make_shared<const Evidence>(std::move(judged.evidence));
  }
  return finding;
}

}  // namespace

std::shared_ptr<const Probe> make_http(const config::Target& target, const config::Egress& egress) {
  return std::make_shared<const HttpProbe>(target, egress);
}

}  // namespace outaged::probes
