// `outaged report --pages`: how honest each status page has been, from the database alone.
#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "core/clock.h"
#include "daemon/commands.h"
#include "daemon/page_report.h"

namespace outaged::commands {

int report(const ReportOptions& options, const Source& source) {
  const Timestamp now = system_clock().wall();
  Timestamp since = never_past;
  if (!options.since.empty()) {
    const auto at = parse_time(options.since);
    const auto ago = parse_duration(options.since);
    if (!at && !ago) {
      fmt::print(stderr, "--since: \"{}\" is neither a time such as 2026-04-13T14:00:00Z nor a duration such as 90d\n",
                 options.since);
      return 2;
    }
    since = at ? *at : now - *ago;
  }
  std::string database = options.database;
  if (database.empty()) {
    const auto config = load(source);
    if (!config) {
      fmt::print(stderr, "{}\n", config.error());
      return 1;
    }
    database = config->storage.path;
  }
  const auto history = storage::History::open(database);
  if (!history) {
    fmt::print(stderr, "{}\n", history.error());
    return 1;
  }
  const auto topology = (*history)->topology_at(now);
  if (!topology) {
    fmt::print(stderr, "{}: holds no configuration: outaged has not run on it yet\n", database);
    return 1;
  }
  const auto rows = report_pages(**history, *topology, since, now);
  if (!rows) {
    fmt::print(stderr, "{}: {}\n", database, rows.error());
    return 1;
  }
  if (!options.json) {
    fmt::print("{}", page_report_table(*rows));
    return 0;
  }
  Json list = Json::array();
  for (const PageReportRow& row : *rows) list.push_back(page_report_json(row));
  fmt::print("{}", to_text({{"since", since == never_past ? Json(nullptr) : Json(format_time(since))},
                            {"at", format_time(now)},
                            {"pages", std::move(list)}}));
  return 0;
}

}  // namespace outaged::commands
