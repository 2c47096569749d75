#include "daemon/page_report.h"

#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/words.h"
#include "daemon/naming.h"

namespace outaged {
namespace {

constexpr std::size_t all = std::numeric_limits<std::int32_t>::max();

Json seconds(const std::optional<Duration>& d) { return d ? Json(to_seconds(*d)) : Json(nullptr); }

Json interval_json(const std::optional<Interval>& share) {
  if (!share) return nullptr;
  return {{"value", share->value}, {"low", share->low}, {"high", share->high}};
}

Json share_json(const CountedShare& share) {
  return {{"count", share.count}, {"of", share.of}, {"share", interval_json(share.share)}};
}

Json record_json(const PageRecord& r) {
  return {{"incidents", r.incidents},
          {"minor", r.minor},
          {"page_lag_seconds",
           {{"min", seconds(r.lag_least)},
            {"max", seconds(r.lag_most)},
            {"low", seconds(r.lag_low)},
            {"high", seconds(r.lag_high)}}},
          {"never_admitted", share_json(r.never)},
          {"understated", share_json(r.understated)},
          {"cleared_too_early", share_json(r.cleared_early)},
          {"cleared_too_late", share_json(r.cleared_late)},
          {"all_clear_seconds", seconds(r.all_clear)},
          {"resolved_only", share_json(r.resolved_only)},
          {"backdated", share_json(r.backdated)},
          {"silent_seconds", to_seconds(r.honesty.silent)},
          {"covered_seconds", to_seconds(r.honesty.covered)},
          {"overclaimed_seconds", to_seconds(r.honesty.overclaimed)},
          {"recall", interval_json(r.honesty.recall)},
          {"precision", interval_json(r.honesty.precision)}};
}

std::string spell(const CountedShare& share) {
  const std::string counted = fmt::format("{} of {}", share.count, share.of);
  if (!share.share) return counted;
  return fmt::format("{} ({}; {} to {})", counted, spell_rate(share.share->value), spell_rate(share.share->low),
                     spell_rate(share.share->high));
}

std::string spell(const std::optional<Interval>& share) {
  if (!share) return "too little to say";
  return fmt::format("{} ({} to {})", spell_rate(share->value), spell_rate(share->low), spell_rate(share->high));
}

/// "3m to 4m": negative where the page was first.
std::string spell(const std::optional<Duration>& d) {
  if (!d) return "longer than we watched";
  return *d < Duration{} ? "-" + spell_duration(-*d) : spell_duration(*d);
}

std::string spell_lag(const PageRecord& r) {
  if (r.incidents == 0) return "-";
  std::string text = r.lag_most ? fmt::format("{} to {}", spell(r.lag_least), spell(r.lag_most)) : spell(r.lag_most);
  if (r.lag_low) text += fmt::format(" (90 %: {} to {})", spell(r.lag_low), spell(r.lag_high));
  return text;
}

void write(std::string& out, const std::string& name, const PageRecord& r, bool with_posts) {
  out += fmt::format("{}: {} incident{}{}\n", name, r.incidents, r.incidents == 1 ? "" : "s",
                     r.minor > 0 ? fmt::format(", and {} too mild to blame a page for", r.minor) : "");
  const auto line = [&](std::string_view what, const std::string& value) {
    out += fmt::format("  {:<22} {}\n", what, value);
  };
  if (r.incidents > 0) {
    line("median lag", spell_lag(r));
    line("never admitted", spell(r.never));
    line("understated", spell(r.understated));
    line("all-clear too early", spell(r.cleared_early));
    line("all-clear too late", spell(r.cleared_late));
    line("while we saw it down", fmt::format("silent {}, red {}; honesty {}", spell_duration(r.honesty.silent),
                                             spell_duration(r.honesty.covered), spell(r.honesty.recall)));
  }
  if (with_posts) {
    line("posted as resolved", spell(r.resolved_only));
    line("backdated", spell(r.backdated));
  }
}

}  // namespace

Result<std::vector<PageReportRow>> report_pages(storage::History& history, const Topology& topology, Timestamp since,
                                                Timestamp now) {
  std::vector<PageReportRow> rows;
  for (const ServiceSpec& service : topology.services) {
    std::optional<PageId> page;
    std::vector<PageCases> cases;
    PageReportRow row;
    for (const ComponentSpec& component : topology.components) {
      if (component.service != service.id || !component.page) continue;
      page = component.page;
      if (!component.probed) continue;
      const auto incidents = history.incidents(component.id, since, all);
      if (!history.last_error().empty()) return Error{history.last_error()};
      std::vector<std::pair<Timestamp, Verdict>> verdicts;
      for (auto& change : history.verdicts(component.id, since, never, all))
        verdicts.emplace_back(change.at, std::move(change.verdict));
      if (!history.last_error().empty()) return Error{history.last_error()};
      cases.push_back(page_cases(incidents, verdicts, component.rules, now));
      row.components.push_back(
          {std::string(short_names(topology, component).component), page_record({cases.back()}, {})});
    }
    if (!page) continue;
    const auto posts = history.page_posts(*page, since, all);
    if (!history.last_error().empty()) return Error{history.last_error()};
    row.service = service.name;
    row.title = service.title;
    if (const PageSpec* spec = topology.page(*page)) row.url = spec->url;
    row.record = page_record(cases, posts);
    rows.push_back(std::move(row));
  }
  return rows;
}

Json page_report_json(const PageReportRow& row) {
  Json json = {{"service", row.service}, {"title", row.title}, {"url", row.url}};
  json.update(record_json(row.record));
  json["components"] = Json::array();
  for (const PageReportRow::Part& part : row.components) {
    Json each = {{"component", part.component}};
    Json record = record_json(part.record);
    record.erase("resolved_only");  // the page's, not a component's
    record.erase("backdated");
    each.update(record);
    json["components"].push_back(std::move(each));
  }
  return json;
}

std::string page_report_table(const std::vector<PageReportRow>& rows) {
  if (rows.empty()) return "no service has a status page\n";
  std::string out;
  for (const PageReportRow& row : rows) {
    write(out, fmt::format("{} ({})", row.service, row.url), row.record, true);
    if (row.components.size() < 2) continue;
    for (const PageReportRow::Part& part : row.components)
      write(out, row.service + "/" + part.component, part.record, false);
  }
  out += fmt::format(
      "Ranges in brackets are 90 % intervals; a share is given from {} events on, honesty from {} down on.\n",
      honesty_least_incidents, spell_duration(honesty_least_down));
  return out;
}

std::shared_ptr<const std::vector<PageReportRow>> PageReports::get(const Topology& topology, Timestamp now) {
  {
    const std::lock_guard lock(mutex_);
    const bool fresh = made_ != never_past && now - made_ < page_report_every && hash_ == topology.hash;
    if (fresh || database_.empty()) return latest_;
    made_ = now;  // whoever asks meanwhile gets the older one: no lock is held while the database is read
    hash_ = topology.hash;
  }
  const auto history = storage::History::open(database_);
  if (!history) {
    const std::lock_guard lock(mutex_);
    return latest_;
  }
  auto rows = report_pages(**history, topology, now - page_report_span, now);
  const std::lock_guard lock(mutex_);
  if (rows) latest_ = std::make_shared<const std::vector<PageReportRow>>(std::move(*rows));
  return latest_;
}

}  // namespace outaged
