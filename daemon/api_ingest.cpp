#include "daemon/api_ingest.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/clock.h"
#include "core/json.h"
#include "core/text.h"
#include "daemon/api_support.h"
#include "daemon/naming.h"

namespace outaged {
namespace {

constexpr std::size_t most_by_bytes = 60, most_comment_bytes = 300, most_message_bytes = 200;
constexpr std::string_view bearer = "Bearer ";

/// A web page that the user visits must not be able to tell his daemon anything; browsers say where a request is from.
void refuse_other_sites(const web::Request& request) {
  const std::string site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") throw Refused{403, "not from another web site"};
}

web::Reply later(int status, const std::string& why, Duration retry_after) {
  web::Reply reply = error_reply(status, why);
  reply.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(1, (retry_after.count() + 999) / 1000)));
  return reply;
}

/// What is not taken for now; nullopt: it was taken.
std::optional<web::Reply> put_off(const Ingest::Taken& taken) {
  using Outcome = Ingest::Taken::Outcome;
  switch (taken.outcome) {
    case Outcome::done: return std::nullopt;
    case Outcome::not_ready: return later(503, "not ready: outaged has just started, try again in a second", 1s);
    case Outcome::no_room: return later(503, "more is reported than can be taken in: nothing of this request was taken, try again", 1s);
    case Outcome::too_fast: return later(429, "too much from this address; docs/configuration.md, ingest, has the limits", taken.retry_after);
  }
  return std::nullopt;
}

Json member(const Json& object, const char* key, std::size_t most) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  if (!found->is_string()) throw Refused{400, fmt::format("{}: expected text", key)};
  return clean_line(found->get_ref<const std::string&>(), most);
}

/// A small object with these keys and no others; an empty body is an empty object where that is allowed.
Json object_of(const web::Request& request, std::initializer_list<std::string_view> keys, bool may_be_empty) {
  if (request.body.empty() && may_be_empty) return Json::object();
  const auto parsed = parse_json(request.body, 4);
  if (!parsed) throw Refused{400, parsed.error()};
  if (!parsed->is_object()) throw Refused{400, "expected a JSON object"};
  Json out = *parsed;
  for (const auto& [key, value] : out.items()) {
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    const std::string_view meant = nearest(key, keys);
    throw Refused{400, fmt::format("unknown key \"{}\"{}", clean_line(key, 60), meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant))};
  }
  return out;
}

web::Reply observations(Ingest& ingest, const web::Request& request) {
  refuse_other_sites(request);
  const Ingest::Taken taken = ingest.observations(request.body, request.remote);
  if (auto reply = put_off(taken)) return *reply;
  Json errors = Json::array();
  for (const RowProblem& problem : taken.rows.problems) errors.push_back({{"row", problem.row}, {"error", problem.problem}});
  const int status = taken.rows.refused == 0 ? 200 : taken.rows.accepted > 0 ? 207 : 400;
  Json body = {{"accepted", taken.rows.accepted}, {"refused", taken.rows.refused}, {"requests", taken.requests}, {"errors", std::move(errors)}};
  if (status == 400) body["error"] = taken.rows.problems.empty() ? "no row was taken" : taken.rows.problems.front().problem;
  return json_reply(body, status);
}

web::Reply report(const Board& board, Ingest& ingest, const web::Request& request) {
  refuse_other_sites(request);
  const Json body = object_of(request, {"component", "comment", "by"}, false);
  const std::string component = member(body, "component", 300);
  if (component.empty()) throw Refused{400, "component is missing: its full name, such as \"claude/api\""};
  const auto taken = ingest.report(component, member(body, "by", most_by_bytes), member(body, "comment", most_comment_bytes), request.remote);
  if (!taken) throw Refused{404, taken.error()};
  if (auto reply = put_off(*taken)) return *reply;
  // What we see ourselves is what whoever reports wants to know.
  const auto picture = need_picture(board);
  const ComponentSpec* spec = picture->topology->component(component);
  Json answer = {{"component", component}, {"taken", true}};
  for (std::size_t i = 0; spec != nullptr && i < picture->components.size(); ++i) {
    if (picture->components[i].verdict.component == spec->id) answer.update(verdict_json(picture->components[i].verdict));
  }
  return json_reply(answer, 202);
}

web::Reply heartbeat(probes::Heartbeats& heartbeats, const web::Request& request) {
  refuse_other_sites(request);
  const auto& captures = request.captures;
  const std::string name = captures.at(0) + "/" + captures.at(1) + "/" + captures.at(2);
  const Json body = object_of(request, {"status", "message"}, true);
  const std::string status = member(body, "status", 20), message = member(body, "message", most_message_bytes);
  if (!status.empty() && status != "ok" && status != "fail") throw Refused{400, "status: expected ok or fail"};
  std::string token = request.header("authorization");
  token = token.starts_with(bearer) ? token.substr(bearer.size()) : "";
  switch (heartbeats.beat(name, token, status != "fail", message, system_clock().steady())) {
    case probes::Heartbeats::Answer::taken: return json_reply({{"target", name}, {"taken", true}});
    case probes::Heartbeats::Answer::refused: throw Refused{401, "this target wants its token: Authorization: Bearer …"};
    case probes::Heartbeats::Answer::unknown: break;
  }
  throw Refused{404, fmt::format("no target of kind push is called \"{}\"", clean_line(name, 120))};
}

}  // namespace

void mount_ingest(web::Server& server, const Board& board, Ingest& ingest, probes::Heartbeats& heartbeats) {
  server.route("POST", "/api/v1/observations", refusing([&ingest](const web::Request& request) { return observations(ingest, request); }));
  server.route("POST", "/api/v1/reports", refusing([&board, &ingest](const web::Request& request) { return report(board, ingest, request); }));
  server.route("POST", "/api/v1/heartbeat/{service}/{component}/{target}",
               refusing([&heartbeats](const web::Request& request) { return heartbeat(heartbeats, request); }));
}

}  // namespace outaged
