#include "daemon/api_pages.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "core/text.h"
#include "daemon/api_support.h"
#include "daemon/page_report.h"

namespace outaged {
namespace {

Json when(const std::optional<Timestamp>& at) { return at ? Json(format_time(*at)) : Json(nullptr); }
Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(clean_utf8(text)); }

/// Gone is neither: the page took it off its list without a word, which most often means that it is over.
const char* state_of(const PagePost& post) {
  if (post.gone) return "gone";
  if (post.open) return "open";
  if (post.kind == PagePost::Kind::maintenance && post.status != "completed") return "scheduled";
  return "closed";
}

Json updates_json(const PagePost& post) {
  Json list = Json::array();
  for (const PageUpdate& update : post.updates)
    list.push_back(
        {{"at", when(update.at)}, {"status", text_or_null(update.status)}, {"text", text_or_null(update.text)}});
  return list;
}

Json post_json(const PagePost& post) {
  const bool maintenance = post.kind == PagePost::Kind::maintenance;
  Json components = Json::array();
  for (const std::string& each : post.components) components.push_back(clean_line(each));
  Json json = {{"id", clean_line(post.id)},
               {"name", clean_line(post.name)},
               {"state", state_of(post)},
               {"status", text_or_null(post.status)}};
  if (!maintenance) json["impact"] = text_or_null(post.impact);
  json["components"] = std::move(components);
  if (maintenance) {
    json["starts"] = when(post.started);
    json["ends"] = when(post.ended);
  } else {
    json["created"] = when(post.created);
    json["updated"] = when(post.updated);
    json["started"] = when(post.started);
    json["resolved"] = when(post.ended);
  }
  json["first_seen"] = format_time(post.first_seen);
  json["not_seen_before"] = when(post.absent);
  json["last_seen"] = format_time(post.last_seen);
  json["gone"] = when(post.gone);
  if (!maintenance) {
    json["backdated"] = post.backdated;
    json["resolved_only"] = post.resolved_only;
    json["url"] = text_or_null(post.url);
    json["updates"] = updates_json(post);
  }
  json["document"] = text_or_null(post.document);
  return json;
}

/// The page of a service; nullptr: it has none. Throws Refused (404) if there is no such service.
const PageSpec* page_of(const Topology& topology, const std::string& name) {
  const auto service = std::find_if(topology.services.begin(), topology.services.end(),
                                    [&](const ServiceSpec& s) { return s.name == name; });
  if (service == topology.services.end()) throw Refused{404, fmt::format("no service \"{}\"", clean_line(name, 120))};
  for (const ComponentSpec& component : topology.components) {
    if (component.service == service->id && component.page) return topology.page(*component.page);
  }
  return nullptr;
}

web::Reply page_incidents(const Board& board, const std::string& database, const web::Request& request) {
  const Params params(request, {"since", "limit"});
  const std::size_t limit = params.number("limit", 100, 1, 1000);
  const Timestamp since = params.time("since", from_millis(0), wall_now());
  const auto picture = need_picture(board);
  const std::string& service = request.captures.at(0);
  const PageSpec* page = page_of(*picture->topology, service);
  if (page == nullptr) throw Refused{404, fmt::format("service \"{}\" has no status page", clean_line(service, 120))};
  const auto history = need_history(database);
  auto posts = history->page_posts(page->id, since, limit + 1);
  check(*history);
  const bool truncated = posts.size() > limit;
  if (truncated) posts.resize(limit);
  Json incidents = Json::array(), maintenances = Json::array();
  for (const PagePost& post : posts)
    (post.kind == PagePost::Kind::incident ? incidents : maintenances).push_back(post_json(post));
  return json_reply({{"service", service},
                     {"url", page->url},
                     {"truncated", truncated},
                     {"incidents", std::move(incidents)},
                     {"maintenances", std::move(maintenances)}});
}

web::Reply pages(const Board& board, const std::string& database, const web::Request& request) {
  const Params params(request, {"since"});
  const Timestamp now = wall_now(), since = params.time("since", now - page_report_span, now);
  const auto picture = need_picture(board);
  const auto history = need_history(database);
  const auto rows = report_pages(*history, *picture->topology, since, now);
  check(*history);
  if (!rows) throw Refused{500, "the database could not be read; the log says why"};
  Json list = Json::array();
  for (const PageReportRow& row : *rows) list.push_back(page_report_json(row));
  return json_reply({{"since", format_time(since)}, {"at", format_time(now)}, {"pages", std::move(list)}});
}

}  // namespace

void mount_api_pages(web::Server& server, const Board& board, const std::string& database) {
  server.route("GET", "/api/v1/pages",
               refusing([&board, database](const web::Request& request) { return pages(board, database, request); }));
  server.route("GET", "/api/v1/pages/{service}/incidents", refusing([&board, database](const web::Request& request) {
                 return page_incidents(board, database, request);
               }));
}

}  // namespace outaged
