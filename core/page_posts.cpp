#include "core/page_posts.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace outaged {
namespace {

bool says_over(const std::string& status) {
  return status == "resolved" || status == "completed" || status == "postmortem";
}

PagePost post_of(const PageIncident& incident) {
  PagePost out;
  out.id = incident.id.empty() ? incident.name : incident.id;
  out.name = incident.name;
  out.status = incident.status;
  out.impact = incident.impact;
  out.url = incident.url;
  out.open = incident.open;
  out.components = incident.components;
  out.created = incident.created;
  out.updated = incident.updated;
  out.started = incident.started;
  out.ended = incident.resolved;
  out.updates = incident.updates;
  return out;
}

PagePost post_of(const PageMaintenance& maintenance) {
  PagePost out;
  out.kind = PagePost::Kind::maintenance;
  out.id = maintenance.id.empty() ? maintenance.name : maintenance.id;
  out.name = maintenance.name;
  out.status = maintenance.status;
  out.open = maintenance.active;
  out.components = maintenance.components;
  out.started = maintenance.starts;
  out.ended = maintenance.ends;
  return out;
}

/// In the order in which they matter: what is open first, then the newest.
std::vector<PagePost> posts_of(const PageReport& report) {
  std::vector<PagePost> out;
  for (const PageIncident& incident : report.incidents) out.push_back(post_of(incident));
  for (const PageMaintenance& maintenance : report.maintenances) out.push_back(post_of(maintenance));
  std::erase_if(out, [](const PagePost& post) { return post.id.empty(); });
  std::stable_sort(out.begin(), out.end(), [](const PagePost& a, const PagePost& b) {
    return std::tuple(a.open, a.created.value_or(never_past)) > std::tuple(b.open, b.created.value_or(never_past));
  });
  return out;
}

bool same_updates(const std::vector<PageUpdate>& a, const std::vector<PageUpdate>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const PageUpdate& x, const PageUpdate& y) {
    return x.at == y.at && x.status == y.status && x.text == y.text;
  });
}

bool same_content(const PagePost& a, const PagePost& b) {
  const auto all = [](const PagePost& p) {
    return std::tie(p.name, p.status, p.impact, p.url, p.open, p.components, p.created, p.updated, p.started, p.ended);
  };
  return all(a) == all(b) && same_updates(a.updates, b.updates);
}

/// Dated before it can have been there. From its own times: published before it began, or long before the first of its
/// updates (one update alone may be the latest, where the format gives no other). From ours: a reading that lists what
/// is open did not have it.
bool is_backdated(const PagePost& post) {
  if (post.kind != PagePost::Kind::incident || !post.created) return false;
  const Timestamp by = *post.created + backdated_least;
  if (post.started && by < *post.started) return true;
  const bool all_updates = post.updates.size() > 1 && post.updates.size() < max_page_updates;
  if (all_updates && post.updates.front().at && by < *post.updates.front().at) return true;
  return post.open && post.absent && by < *post.absent;
}

bool is_resolved_only(const PagePost& post) {
  if (post.kind != PagePost::Kind::incident || post.open || post.seen_open || !post.created) return false;
  const bool one_update = post.updates.size() == 1 && says_over(post.updates.front().status) && post.updates.front().at;
  const std::optional<Timestamp> over = one_update ? post.updates.front().at : post.ended;
  if (post.updates.size() > 1 && !says_over(post.updates.front().status)) return false;
  return over && *over - *post.created <= resolved_only_most && *post.created - *over <= resolved_only_most;
}

}  // namespace

void PagePosts::restore(std::vector<PagePost> posts) {
  for (PagePost& post : posts) {
    Key key{post.kind, post.id};
    Page& page = pages_[post.page];
    // A reading that listed an open post was one that lists what is open.
    if (post.open) page.listed = std::max(page.listed.value_or(never_past), post.last_seen);
    page.known.insert_or_assign(std::move(key), std::move(post));
  }
}

std::vector<PagePost> PagePosts::take(PageId id, Timestamp at, const PageReport& report, const std::string& document) {
  std::vector<PagePost> changed;
  if (!report.readable || !report.stale.empty()) return changed;
  Page& page = pages_[id];
  std::set<Key> listed;
  std::map<Key, PagePost> known;
  for (PagePost& post : posts_of(report)) {
    Key key{post.kind, post.id};
    if (!listed.insert(key).second || known.size() >= max_page_posts) continue;
    post.page = id;
    const auto before = page.known.find(key);
    const bool fresh = before == page.known.end();
    const bool same = !fresh && same_content(before->second, post);
    post.first_seen = fresh ? at : before->second.first_seen;
    post.absent = fresh ? page.listed : before->second.absent;
    post.seen_open = post.open || (!fresh && before->second.seen_open);
    post.backdated = is_backdated(post) || (!fresh && before->second.backdated);
    post.resolved_only = is_resolved_only(post);
    post.document = same ? before->second.document : document;
    const bool lags = !fresh && at - before->second.last_seen >= last_seen_precision;
    // In memory the time of the last write, so that a day later it is written again.
    post.last_seen = same && !lags ? before->second.last_seen : at;
    if (!same || lags) changed.push_back(post);
    known.emplace(std::move(key), std::move(post));
  }
  for (auto& [key, post] : page.known) {
    if (listed.contains(key)) continue;
    if (!report.has_incidents) {
      known.emplace(key, std::move(post));
    } else if (post.open) {
      post.open = false;
      post.gone = at;
      if (page.listed) post.last_seen = std::max(post.last_seen, *page.listed);
      changed.push_back(std::move(post));
    }
  }
  page.known = std::move(known);
  if (report.has_incidents) page.listed = at;
  return changed;
}

}  // namespace outaged
