#include "daemon/api_v1.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/text.h"
#include "daemon/api_support.h"
#include "daemon/naming.h"
#include "daemon/routing.h"

namespace outaged {
namespace {

using storage::History;
using web::Reply;

constexpr Timestamp beginning = from_millis(0);
constexpr std::size_t shown_bytes = 120;  // of a name that nobody knows

[[noreturn]] void not_found(std::string_view what, std::string_view name) {
  throw Refused{404, fmt::format("no {} \"{}\"", what, clean_line(name, shown_bytes))};
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

/// The components a request asks for by `service` and `component`; nullopt: all. Throws Refused (404) if there is none.
std::optional<std::vector<ComponentId>> asked_components(const Params& params, const Directory& names) {
  const std::string service = params.text("service"), component = params.text("component");
  if (service.empty() && component.empty()) return std::nullopt;
  auto ids = names.components(service, component);
  if (ids.empty()) {
    if (component.empty()) not_found("service", service);
    not_found("component", service.empty() ? component : service + "/" + component);
  }
  return ids;
}

bool asked_for(const std::optional<std::vector<ComponentId>>& ids, ComponentId id) {
  return !ids || std::find(ids->begin(), ids->end(), id) != ids->end();
}

/// For each component asked for, or once for all of them.
template <class Ask>
auto gather(const std::optional<std::vector<ComponentId>>& ids, Ask ask) {
  if (!ids) return ask(std::optional<ComponentId>());
  decltype(ask(std::optional<ComponentId>())) all;
  for (const ComponentId id : *ids) {
    auto some = ask(std::optional(id));
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  return all;
}

/// One more than `limit` was asked for, so that it is known whether there are more.
template <class Row>
bool cut(std::vector<Row>& rows, std::size_t limit) {
  if (rows.size() <= limit) return false;
  rows.resize(limit);
  return true;
}

Json named(const Directory::Component& names, Json rest) {
  Json json = {{"service", names.service}, {"component", names.component}};
  json.update(rest);
  return json;
}

class V1 {
 public:
  V1(const Board& board, std::string database) : board_(board), database_(std::move(database)) {}

  Reply services(const web::Request& request) const {
    const Params params(request, {});
    const auto picture = need_picture(board_);
    Json list = Json::array();
    for (const ServiceSpec& service : picture->topology->services) list.push_back(service_json(*picture, service));
    return json_reply({{"at", format_time(picture->at)},
                       {"network_down", picture->network_down},
                       {"unchecked", picture->unchecked},
                       {"services", std::move(list)}});
  }

  Reply service(const web::Request& request) const {
    const Params params(request, {});
    const auto picture = need_picture(board_);
    for (const ServiceSpec& service : picture->topology->services) {
      if (service.name == request.captures.at(0)) return json_reply(service_json(*picture, service));
    }
    not_found("service", request.captures.at(0));
  }

  Reply targets(const web::Request& request) const {
    const Params params(request, {"service", "component", "health", "q", "limit", "offset"});
    const std::size_t limit = params.number("limit", 1000, 1, 10000), offset = params.number("offset", 0, 0, 1000000000);
    const auto health = params.status("health");
    const std::string word = lower(params.text("q"));
    const auto picture = need_picture(board_);
    const auto components = asked_components(params, Directory(*picture));

    Json list = Json::array();
    std::size_t total = 0;
    for (std::size_t i = 0; i < picture->targets.size(); ++i) {
      const TargetSpec& spec = picture->topology->targets[i];
      if (!asked_for(components, spec.component)) continue;
      if (health && picture->targets[i].view.health != *health) continue;
      if (!word.empty() && !mentions(spec, word)) continue;
      if (total++ < offset || list.size() >= limit) continue;
      list.push_back(target_json(*picture, i));
    }
    return json_reply({{"at", format_time(picture->at)}, {"total", total}, {"targets", std::move(list)}});
  }

  Reply target(const web::Request& request) const {
    const Params params(request, {"limit", "from", "to"});
    const std::size_t limit = params.number("limit", 100, 1, 10000);
    const Timestamp now = wall_now(), from = params.time("from", beginning, now), to = params.time("to", never, now);
    const auto picture = need_picture(board_);
    const auto& captures = request.captures;
    for (std::size_t i = 0; i < picture->targets.size(); ++i) {
      const TargetSpec& spec = picture->topology->targets[i];
      const ShortNames names = short_names(*picture->topology, spec);
      if (names.service != captures.at(0) || names.component != captures.at(1) || names.target != captures.at(2)) continue;
      Json json = target_json(*picture, i);
      const auto history = need_history(database_);
      auto rows = history->observations(spec.id, from, to, limit + 1);
      check(*history);
      json["truncated"] = cut(rows, limit);
      json["observations"] = Json::array();
      for (const auto& row : rows) json["observations"].push_back(observation_json(row));
      return json_reply(json);
    }
    not_found("target", captures.at(0) + "/" + captures.at(1) + "/" + captures.at(2));
  }

  Reply alternatives(const web::Request& request) const {
    const Params params(request, {});
    const auto picture = need_picture(board_);
    for (std::size_t i = 0; i < picture->components.size(); ++i) {
      const ShortNames names = short_names(*picture->topology, picture->topology->components[i]);
      if (names.service != request.captures.at(0) || names.component != request.captures.at(1)) continue;
      Json json = alternatives_json(*picture, i);
      json["at"] = format_time(picture->at);
      return json_reply(json);
    }
    not_found("component", request.captures.at(0) + "/" + request.captures.at(1));
  }

  Reply incidents(const web::Request& request) const {
    const Params params(request, {"service", "component", "since", "limit"});
    const std::size_t limit = params.number("limit", 100, 1, 1000);
    const Timestamp since = params.time("since", beginning, wall_now());
    const auto picture = need_picture(board_);
    const auto history = need_history(database_);
    const Directory names(*picture, history.get());
    check(*history);
    const auto ids = asked_components(params, names);
    std::vector<Incident> found = gather(ids, [&](std::optional<ComponentId> id) {
      auto rows = history->incidents(id, since, limit + 1);
      check(*history);
      return rows;
    });
    // The picture knows more than the database, by up to a batch; and what is open is listed however long ago it began.
    for (const ComponentStatus& component : picture->components) {
      if (!component.incident || !asked_for(ids, component.incident->component)) continue;
      const auto same = std::find_if(found.begin(), found.end(), [&](const Incident& i) { return i.id == component.incident->id; });
      if (same != found.end()) *same = *component.incident;
      else if (!component.incident->recovered || component.incident->onset >= since) found.push_back(*component.incident);
    }
    std::sort(found.begin(), found.end(), [](const Incident& a, const Incident& b) {
      return std::tuple(!a.recovered, a.onset, b.id) > std::tuple(!b.recovered, b.onset, a.id);
    });
    const bool truncated = cut(found, limit);
    Json list = Json::array();
    for (const Incident& incident : found) list.push_back(incident_json(incident, names, picture->at, false));
    return json_reply({{"truncated", truncated}, {"incidents", std::move(list)}});
  }

  Reply incident(const web::Request& request) const {
    const Params params(request, {});
    const auto picture = need_picture(board_);
    const auto history = need_history(database_);
    const std::string& id = request.captures.at(0);
    std::optional<Incident> incident = history->incident(id);
    check(*history);
    for (const ComponentStatus& component : picture->components) {
      if (component.incident && component.incident->id == id) incident = component.incident;
    }
    if (!incident) not_found("incident", id);
    Json json = incident_json(*incident, Directory(*picture, history.get()), picture->at, true);
    check(*history);
    json["notifications"] = Json::array();
    for (const OutboxRow& row : history->notifications(id)) json["notifications"].push_back(notification_json(row));
    check(*history);
    return json_reply(json);
  }

  Reply claims(const web::Request& request) const {
    const Params params(request, {"service", "component", "since", "until", "limit"});
    const Timestamp now = wall_now(), since = params.time("since", never, now), until = params.time("until", never, now);
    const std::size_t limit = params.number("limit", 1000, 1, 10000);
    const auto picture = need_picture(board_);
    if (since != never) {
      const auto history = need_history(database_);
      const Directory names(*picture, history.get());
      check(*history);
      auto rows = gather(asked_components(params, names), [&](std::optional<ComponentId> id) {
        auto some = history->claim_changes(id, since, until, limit + 1);
        check(*history);
        return some;
      });
      return changes(std::move(rows), limit, [&](const storage::RecordedClaim& row) {
        return named(names.component(row.claim.component), claim_json(row.claim, row.at));
      });
    }
    const Directory names(*picture);
    const auto ids = asked_components(params, names);
    Json list = Json::array();
    for (std::size_t i = 0; i < picture->components.size(); ++i) {
      const ComponentSpec& spec = picture->topology->components[i];
      if (!spec.page || !asked_for(ids, spec.id)) continue;
      const ComponentStatus& status = picture->components[i];
      list.push_back(named(names.component(spec.id), claim_json(status.claim.value_or(Claim{}), status.claim_at)));
    }
    return json_reply({{"at", format_time(picture->at)}, {"claims", std::move(list)}});
  }

  Reply verdicts(const web::Request& request) const {
    const Params params(request, {"service", "component", "since", "until", "limit"});
    const Timestamp now = wall_now(), since = params.time("since", now - 24h, now), until = params.time("until", never, now);
    const std::size_t limit = params.number("limit", 1000, 1, 10000);
    const auto picture = need_picture(board_);
    const auto history = need_history(database_);
    const Directory names(*picture, history.get());
    check(*history);
    auto rows = gather(asked_components(params, names), [&](std::optional<ComponentId> id) {
      auto some = history->verdicts(id, since, until, limit + 1);
      check(*history);
      return some;
    });
    return changes(std::move(rows), limit, [&](const storage::RecordedVerdict& row) {
      Json at = {{"at", format_time(row.at)}};
      at.update(verdict_json(row.verdict));
      return named(names.component(row.verdict.component), std::move(at));
    });
  }

  Reply document(const web::Request& request) const {
    const Params params(request, {});
    const std::string& hash = request.captures.at(0);
    const bool hex = std::all_of(hash.begin(), hash.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
    if (hash.size() != 64 || !hex) throw Refused{400, "a document is named by its SHA-256: 64 digits, 0-9 and a-f"};
    const auto history = need_history(database_);
    auto body = history->document(hash);
    check(*history);
    if (!body) not_found("document", hash);
    // Somebody else's bytes, as they were received: text, and nothing that a browser would run.
    Reply reply = text_reply(std::move(*body));
    reply.headers = {{"X-Content-Type-Options", "nosniff"},
                     {"Content-Security-Policy", "sandbox; default-src 'none'"},
                     {"ETag", "\"" + hash + "\""}};
    return reply;
  }

 private:
  static bool mentions(const TargetSpec& spec, const std::string& word) {
    if (lower(spec.name).find(word) != std::string::npos) return true;
    return std::any_of(spec.labels.begin(), spec.labels.end(),
                       [&](const auto& label) { return lower(label.second).find(word) != std::string::npos; });
  }

  template <class Row, class Show>
  static Reply changes(std::vector<Row> rows, std::size_t limit, Show show) {
    std::sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return std::tie(a.at, a.seq) < std::tie(b.at, b.seq); });
    const bool truncated = cut(rows, limit);
    Json list = Json::array();
    for (const Row& row : rows) list.push_back(show(row));
    return json_reply({{"truncated", truncated}, {"changes", std::move(list)}});
  }

  const Board& board_;
  const std::string database_;
};

}  // namespace

void mount_api_v1(web::Server& server, const Board& board, const std::string& database) {
  const auto v1 = std::make_shared<const V1>(board, database);
  const auto get = [&](const char* pattern, Reply (V1::*handler)(const web::Request&) const) {
    server.route("GET", pattern, refusing([v1, handler](const web::Request& request) { return ((*v1).*handler)(request); }));
  };
  get("/api/v1/services", &V1::services);
  get("/api/v1/services/{service}", &V1::service);
  get("/api/v1/targets", &V1::targets);
  get("/api/v1/targets/{service}/{component}/{target...}", &V1::target);
  get("/api/v1/incidents", &V1::incidents);
  get("/api/v1/incidents/{id}", &V1::incident);
  get("/api/v1/claims", &V1::claims);
  get("/api/v1/verdicts", &V1::verdicts);
  get("/api/v1/alternatives/{service}/{component}", &V1::alternatives);
  get("/api/v1/documents/{hash}", &V1::document);
}

}  // namespace outaged
