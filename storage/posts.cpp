#include "storage/posts.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

namespace outaged::storage {
namespace {

constexpr std::string_view selection =
    "SELECT p.page, p.kind, p.id, p.name, p.status, p.impact, p.url, p.open, p.components, p.created, p.updated, "
    "p.started, "
    "p.ended, p.first_seen, p.last_seen, p.absent, p.gone, p.seen_open, p.backdated, p.resolved_only, d.hash "
    "FROM page_posts p LEFT JOIN documents d ON d.id = p.document WHERE";

PagePost read_post(const Rows& rows) {
  PagePost p;
  p.page = rows.as<PageId>(0);
  p.kind = rows.as<PagePost::Kind>(1);
  p.id = rows.text(2);
  p.name = rows.text(3);
  p.status = rows.text(4);
  p.impact = rows.text(5);
  p.url = rows.text(6);
  p.open = rows.integer(7) != 0;
  const auto components = nlohmann::json::parse(rows.text(8), nullptr, false);
  if (components.is_array()) {
    for (const auto& each : components) {
      if (each.is_string()) p.components.push_back(each.get<std::string>());
    }
  }
  p.created = rows.maybe_time(9);
  p.updated = rows.maybe_time(10);
  p.started = rows.maybe_time(11);
  p.ended = rows.maybe_time(12);
  p.first_seen = rows.time(13);
  p.last_seen = rows.time(14);
  p.absent = rows.maybe_time(15);
  p.gone = rows.maybe_time(16);
  p.seen_open = rows.integer(17) != 0;
  p.backdated = rows.integer(18) != 0;
  p.resolved_only = rows.integer(19) != 0;
  p.document = rows.text(20);
  return p;
}

void read_updates(Database& database, std::vector<PagePost>& posts) {
  Statement statement = database.prepare(
      "SELECT at, status, text FROM page_updates WHERE page = ?1 AND kind = ?2 AND post = ?3 ORDER BY at, seen, nth");
  for (PagePost& post : posts) {
    for (Rows rows = statement.query(post.page, post.kind, post.id); rows.next();) {
      PageUpdate update;
      if (rows.integer(0) != 0) update.at = rows.time(0);
      update.status = rows.text(1);
      update.text = rows.text(2);
      post.updates.push_back(std::move(update));
    }
  }
}

}  // namespace

std::vector<PagePost> read_posts(Database& database, PageId page, Timestamp since, std::int64_t limit) {
  std::vector<PagePost> out;
  Statement statement = database.prepare(
      fmt::format("{} p.page = ?1 AND p.last_seen >= ?2 "
                  "ORDER BY p.open DESC, coalesce(p.created, p.started, p.first_seen) DESC, p.id LIMIT ?3",
                  selection));
  for (Rows rows = statement.query(page, since, limit); rows.next();) out.push_back(read_post(rows));
  read_updates(database, out);
  return out;
}

std::vector<PagePost> read_listed_posts(Database& database, std::int64_t limit) {
  std::vector<PagePost> out;
  Statement statement =
      database.prepare(fmt::format("{} p.gone IS NULL ORDER BY p.last_seen DESC LIMIT ?1", selection));
  for (Rows rows = statement.query(limit); rows.next();) out.push_back(read_post(rows));
  read_updates(database, out);
  return out;
}

}  // namespace outaged::storage
