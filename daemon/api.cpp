#include "daemon/api.h"

#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "daemon/api_pages.h"
#include "daemon/api_support.h"
#include "daemon/api_v1.h"
#include "daemon/metrics.h"
#include "daemon/naming.h"
#include "daemon/page.h"
#include "daemon/routing.h"

namespace outaged {
namespace {

constexpr std::size_t verdicts_on_page = 200, shown_bytes = 120;

web::Reply html_reply(std::string html, int status = 200) {
  web::Reply reply;
  reply.status = status;
  reply.content_type = "text/html; charset=utf-8";
  reply.body = std::move(html);
  reply.headers = {{"Content-Security-Policy", std::string(page_security_policy)}};
  return reply;
}

// ---- may traffic be sent there? -------------------------------------------------------------------------------------

/// Down is an open incident and nothing else. What we cannot see is not down: a monitor that is blind, or has just
/// started, must not take a working service out of rotation.
web::Reply health_reply(bool down, Status health, Json body) {
  Json whole = {{"usable", !down}, {"health", std::string(to_string(health))}, {"blind", health == Status::unknown}};
  whole.update(body);
  web::Reply reply = json_reply(whole, down ? 503 : 200);
  reply.headers.emplace_back("Outaged-Health", std::string(to_string(health)));
  return reply;
}

/// One component. Where it has alternatives the answer names the one to take, and if all of them are down too, it fails
/// open: whoever asks for each in turn must not be left with nothing.
web::Reply component_health(const Published& picture, std::size_t i) {
  const ComponentStatus& status = picture.components[i];
  Json body = {{"since", verdict_json(status.verdict)["since"]}, {"why", status.verdict.why}};
  if (status.alternatives.empty()) return health_reply(is_down(status), known_health(status), std::move(body));
  const Routing routing = route_from(picture, i);
  const std::string& to = picture.topology->components[routing.to].name;
  body["route_to"] = to;
  body["fail_open"] = routing.fail_open;
  web::Reply reply = health_reply(is_down(status), known_health(status), std::move(body));
  if (routing.fail_open) reply.status = 200;
  reply.headers.emplace_back("Outaged-Route-To", to);
  return reply;
}

web::Reply answer_health(const Board& board, const std::string& service_name, const std::string* component_name) {
  const auto picture = board.latest();
  if (!picture || !picture->topology) return health_reply(false, Status::unknown, {{"why", "outaged has just started and has seen nothing yet"}});
  const Topology& topology = *picture->topology;

  bool known = false, down = false;
  Status worst = Status::unknown;
  Json components = Json::array();
  for (std::size_t i = 0; i < picture->components.size(); ++i) {
    const ComponentSpec& spec = topology.components[i];
    const ShortNames names = short_names(topology, spec);
    if (names.service != service_name || (component_name != nullptr && names.component != *component_name)) continue;
    known = true;
    const ComponentStatus& status = picture->components[i];
    const Status health = known_health(status);
    if (component_name != nullptr) return component_health(*picture, i);
    down = down || is_down(status);
    if (is_down(status) && level(health) > level(worst)) worst = health;
    components.push_back({{"component", std::string(names.component)},
                          {"usable", !is_down(status)},
                          {"health", std::string(to_string(health))},
                          {"why", status.verdict.why}});
  }
  const std::string asked = service_name + (component_name != nullptr ? "/" + *component_name : "");
  if (!known) throw Refused{404, fmt::format("no {} \"{}\"", component_name != nullptr ? "component" : "service", clean_line(asked, shown_bytes))};
  if (!down) {
    for (const ServiceSpec& service : topology.services) {
      if (service.name == service_name) worst = roll_up(*picture, service.id);
    }
  }
  return health_reply(down, worst, {{"components", std::move(components)}});
}

// ---- the pages ------------------------------------------------------------------------------------------------------

web::Reply incident_page(const ApiOptions& options, const std::string& id) {
  const auto picture = need_picture(options.board);
  const auto history = need_history(options.database);
  std::optional<Incident> incident = history->incident(id);
  check(*history);
  for (const ComponentStatus& component : picture->components) {
    if (component.incident && component.incident->id == id) incident = component.incident;
  }
  if (!incident) throw Refused{404, fmt::format("There is no incident \"{}\".", clean_line(id, shown_bytes))};
  const Timestamp until = incident->cleared.value_or(incident->recovered.value_or(picture->at)) + 1ms;
  const auto verdicts = history->verdicts(incident->component, incident->onset, until, verdicts_on_page);
  check(*history);
  const auto notifications = history->notifications(id);
  check(*history);
  const Directory names(*picture, history.get());
  check(*history);
  return html_reply(render_incident(*incident, names, verdicts, notifications, picture->at));
}

web::Reply reload(const ApiOptions& options, const web::Request& request) {
  // A web page that the user visits must not be able to make his daemon do things; browsers say where a request is from.
  const std::string site = request.header("sec-fetch-site");
  if (!site.empty() && site != "same-origin" && site != "none") throw Refused{403, "not from another web site"};
  if (!options.reload) throw Refused{501, "reloading is not possible here"};
  if (const auto done = options.reload(); !done) return text_reply(done.error() + "\n", 400);
  return text_reply("reloaded\n");
}

}  // namespace

void mount_api(web::Server& server, ApiOptions given) {
  const auto options = std::make_shared<const ApiOptions>(std::move(given));
  const auto get = [&](const char* pattern, web::Handler handler) { server.route("GET", pattern, refusing(std::move(handler))); };

  get("/-/healthy", [](const web::Request&) { return text_reply("healthy\n"); });
  get("/-/ready", [options](const web::Request&) {
    return options->board.latest() ? text_reply("ready\n") : text_reply("not ready: nothing has been evaluated yet\n", 503);
  });
  server.route("POST", "/-/reload", refusing([options](const web::Request& request) { return reload(*options, request); }));

  const auto reports = std::make_shared<PageReports>(options->database);
  get("/metrics", [options, reports](const web::Request&) {
    const auto picture = need_picture(options->board);
    web::Reply reply = text_reply(render_metrics(*picture, options->version, *reports->get(*picture->topology, wall_now())));
    reply.content_type = metrics_content_type;
    return reply;
  });

  get("/health/{service}", [options](const web::Request& request) {
    return answer_health(options->board, request.captures.at(0), nullptr);
  });
  get("/health/{service}/{component}", [options](const web::Request& request) {
    return answer_health(options->board, request.captures.at(0), &request.captures.at(1));
  });

  get("/", [options](const web::Request&) { return html_reply(render_overview(options->board.latest().get(), options->version)); });
  get("/incidents/{id}", [options](const web::Request& request) {
    try {
      return incident_page(*options, request.captures.at(0));
    } catch (const Refused& refused) {
      return html_reply(render_problem(refused.message), refused.status);
    }
  });

  mount_api_v1(server, options->board, options->database);
  mount_api_pages(server, options->board, options->database);
}

}  // namespace outaged
