#include "simulator/provider.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/text.h"
#include "simulator/pattern.h"
#include "simulator/status_page.h"

namespace outaged::simulator {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

// The error types of the Messages API by status, with the words they come with.
std::pair<std::string_view, std::string_view> error_of(int status) {
  switch (status) {
    case 400: return {"invalid_request_error", "Bad request"};
    case 401: return {"authentication_error", "invalid x-api-key"};
    case 403: return {"permission_error", "Request not allowed"};
    case 404: return {"not_found_error", "Not found"};
    case 413: return {"request_too_large", "Request too large"};
    case 429: return {"rate_limit_error", "This request would exceed your rate limit"};
    case 529: return {"overloaded_error", "Overloaded"};
    default: return {"api_error", "Internal server error"};
  }
}

std::string html(int status) {
  if (status < 400) return "<!doctype html><html lang=\"en\"><title>Welcome</title><h1>Welcome</h1><p>All is well here.</p></html>\n";
  return fmt::format("<html>\n<head><title>{0} Bad Gateway</title></head>\n<body>\n<center><h1>{0} Bad Gateway</h1></center>\n"
                     "<hr><center>edge</center>\n</body>\n</html>\n", status);
}

web::Reply json_reply(const Json& json) {
  web::Reply reply;
  reply.body = dump(json) + "\n";
  return reply;
}

web::Reply dropped() {
  web::Reply reply;
  reply.drop = true;
  return reply;
}

// RFC 9110, section 13.1.2: weak comparison.
bool matches(std::string list, const std::string& etag) {
  for (std::size_t from = 0; from < list.size();) {
    const auto comma = std::min(list.find(',', from), list.size());
    auto item = std::string_view(list).substr(from, comma - from);
    while (item.starts_with(' ')) item.remove_prefix(1);
    while (item.ends_with(' ')) item.remove_suffix(1);
    if (item.starts_with("W/")) item.remove_prefix(2);
    if (item == etag || item == "*") return true;
    from = comma + 1;
  }
  return false;
}

}  // namespace

Provider::Provider(Scenario scenario, double speed, const Clock& clock)
    : scenario_(std::move(scenario)), speed_(speed), clock_(clock), counts_(scenario_.endpoints.size()) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i].per_trouble.resize(scenario_.endpoints[i].troubles.size());
}

void Provider::begin() {
  const std::lock_guard lock(mutex_);
  began_ = clock_.steady();
  started_ = clock_.wall();
}

Duration Provider::now() const {
  const std::lock_guard lock(mutex_);
  if (!began_) return 0s;
  return from_seconds(std::chrono::duration<double>(clock_.steady() - *began_).count() * speed_);
}

Duration Provider::real_time_left() const {
  const auto left = scenario_.duration - now();
  return left <= 0s ? 0ms : from_seconds(to_seconds(left) / speed_);
}

void Provider::install(web::Server& server) {
  for (std::size_t i = 0; i < scenario_.endpoints.size(); ++i) {
    const auto& spec = scenario_.endpoints[i];
    const auto handler = [this, i](const web::Request& request) { return endpoint(i, request); };
    if (!spec.method.empty()) {
      server.route(spec.method, spec.path, handler);
      continue;
    }
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE"}) server.route(method, spec.path, handler);
  }
  const auto document = [&](const char* path, const char* which) {
    server.route("GET", path, [this, which](const web::Request& request) { return page(request, which); });
  };
  document("/status/api/v2/summary.json", "summary");
  document("/status/api/v2/incidents.json", "incidents");
  document("/status", "html");
  document("/status/", "html");
  for (const auto* path : {"/control/1", "/control/2", "/control/3"})
    server.route("GET", path, [this](const web::Request& request) { return control(request); });
  server.route("GET", "/-/time", [this](const web::Request&) { return time(); });
  server.route("GET", "/-/requests", [this](const web::Request&) { return requests(); });
}

web::Reply Provider::endpoint(std::size_t index, const web::Request&) {
  const auto at = now();
  const auto& spec = scenario_.endpoints[index];
  const auto phase = scenario_.phase_at(at);
  const auto seed = mix_seed(scenario_.seed, spec.path);
  const std::lock_guard lock(mutex_);
  auto& count = counts_[index];
  const auto number = ++count.requests;
  if (scenario_.network_down_at(at)) {
    ++count.dropped;
    return dropped();
  }
  for (std::size_t t = 0; t < spec.troubles.size(); ++t) {
    const auto& trouble = spec.troubles[t];
    if (std::find(trouble.phases.begin(), trouble.phases.end(), phase) == trouble.phases.end()) continue;
    // Counted from the trouble's own beginning: how many came before it, and so the timing, changes nothing.
    const auto n = count.per_trouble[t]++;
    const auto own_seed = mix_seed(seed, "trouble", t);
    if (!counted_failure(own_seed, trouble.error_rate, n)) break;
    ++count.failed;
    return answer(trouble.answer, index, number, own_seed, n);
  }
  return answer(spec.healthy, index, number, seed, count.healthy++);
}

web::Reply Provider::answer(const Behaviour& behaviour, std::size_t endpoint, std::uint64_t number, std::uint64_t seed, std::uint64_t n) const {
  web::Reply reply;
  reply.delay = from_seconds(to_seconds(counted_latency(seed, behaviour.latency_min, behaviour.latency_max, n)) / speed_);
  if (behaviour.hang || behaviour.drop) {
    if (behaviour.hang) reply.delay = 24h;
    reply.drop = true;
    return reply;
  }
  const auto request_id = fmt::format("req_{:06x}{:02}{:08}", scenario_.seed & 0xffffff, endpoint, number);
  reply.status = behaviour.status;
  switch (behaviour.body) {
    case Body::json:
      reply.body = "{\"ok\":true}";
      break;
    case Body::message:
      reply.body = dump({{"id", "msg_" + request_id.substr(4)}, {"type", "message"}, {"role", "assistant"}, {"model", "simulated"},
                         {"content", Json::array({{{"type", "text"}, {"text", "pong"}}})}, {"stop_reason", "end_turn"},
                         {"stop_sequence", nullptr}, {"usage", {{"input_tokens", 8}, {"output_tokens", 1}}}});
      break;
    case Body::anthropic_error: {
      const auto [type, usual] = error_of(behaviour.status);
      const std::string message = behaviour.message.empty() ? std::string(usual) : behaviour.message;
      reply.body = dump({{"type", "error"}, {"error", {{"type", std::string(type)}, {"message", message}}}, {"request_id", request_id}});
      break;
    }
    case Body::html:
      reply.content_type = "text/html; charset=utf-8";
      reply.body = html(behaviour.status);
      break;
    case Body::blank:
      reply.content_type = "text/html; charset=utf-8";
      break;
  }
  // Pages and edges in front of the provider know no request id: that is how they are told apart.
  if (behaviour.body != Body::html && behaviour.body != Body::blank) reply.headers.emplace_back("request-id", request_id);
  for (const auto& header : behaviour.headers) reply.headers.push_back(header);
  return reply;
}

web::Reply Provider::page(const web::Request& request, const std::string& document) {
  PageMoment moment{now(), {}, speed_, "http://" + request.header("host") + "/status"};
  {
    const std::lock_guard lock(mutex_);
    ++page_requests_;
    moment.started = started_;
  }
  if (scenario_.network_down_at(moment.now)) return dropped();
  web::Reply reply;
  if (document == "html") {
    reply.content_type = "text/html; charset=utf-8";
    reply.body = page_html(scenario_.page, moment);
  } else {
    reply.content_type = "application/json; charset=utf-8";
    reply.body = document == "summary" ? summary_json(scenario_.page, moment) : incidents_json(scenario_.page, moment);
  }
  const auto etag = "\"" + sha256_hex(reply.body).substr(0, 32) + "\"";
  reply.headers.emplace_back("ETag", etag);
  reply.headers.emplace_back("Cache-Control", "max-age=0, must-revalidate");
  if (matches(request.header("if-none-match"), etag)) {
    reply.status = 304;
    reply.body.clear();
    const std::lock_guard lock(mutex_);
    ++page_unchanged_;
  }
  return reply;
}

web::Reply Provider::control(const web::Request&) {
  {
    const std::lock_guard lock(mutex_);
    ++control_requests_;
  }
  if (network_down()) return dropped();
  web::Reply reply;
  reply.status = 204;
  return reply;
}

web::Reply Provider::time() const {
  const auto at = now();
  std::string started;
  {
    const std::lock_guard lock(mutex_);
    if (began_) started = format_time(started_);
  }
  return json_reply({{"scenario", scenario_.name}, {"speed", speed_}, {"seed", scenario_.seed}, {"started", started},
                     {"scenario_ms", at.count()}, {"scenario_time", format_duration(at)}, {"phase", scenario_.phases[scenario_.phase_at(at)].name},
                     {"duration", format_duration(scenario_.duration)}, {"network_down", scenario_.network_down_at(at)},
                     {"page", description_of(claim_at(scenario_.page, at))}, {"ended", at >= scenario_.duration}});
}

web::Reply Provider::requests() const {
  const std::lock_guard lock(mutex_);
  Json endpoints = Json::object();
  for (std::size_t i = 0; i < counts_.size(); ++i)
    endpoints[scenario_.endpoints[i].path] = {{"requests", counts_[i].requests}, {"failed", counts_[i].failed}, {"dropped", counts_[i].dropped}};
  return json_reply({{"endpoints", endpoints}, {"page", {{"requests", page_requests_}, {"unchanged", page_unchanged_}}},
                     {"controls", {{"requests", control_requests_}}}});
}

}  // namespace outaged::simulator
