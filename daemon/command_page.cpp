#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "core/clock.h"
#include "core/text.h"
#include "daemon/commands.h"
#include "probes/loop.h"
#include "probes/pages/mapping.h"
#include "probes/registry.h"

namespace outaged::commands {
namespace {

Result<std::string> read_file(const std::string& path) {
  std::ostringstream text;
  if (path == "-") {
    text << std::cin.rdbuf();
    return text.str();
  }
  std::error_code ignored;
  std::ifstream in(path, std::ios::binary);
  if (!in || std::filesystem::is_directory(path, ignored)) return Error{fmt::format("{}: cannot be read", path)};
  text << in.rdbuf();
  return text.str();
}

/// The first format that can read it; if none can, the last one's report says why.
PageReport parse(std::string_view body, const std::string& format, Timestamp now) {
  PageReport report;
  for (const probes::PageFormat& each : probes::page_formats()) {
    if (!format.empty() && each.name != format) continue;
    report = each.parse(body, now);
    if (report.readable) break;
  }
  return report;
}

Result<PageReport> fetch(const PageOptions& options) {
  config::Page page;
  page.name = page.url = options.what;
  if (!options.format.empty()) page.format = options.format;
  const auto result = probes::run_once({}, probes::make_page_probe(page, {}, system_clock()));
  if (!result) return Error{result.error()};
  if (!result->finding.page) return Error{fmt::format("{}: no document came back", options.what)};
  return *result->finding.page;
}

void print_table(const PageReport& report) {
  if (!report.readable) {
    fmt::print("cannot be read: {}\nclaim: unknown\n", report.problem);
    return;
  }
  fmt::print("{} page: {}\n", report.format, report.description.empty() ? "(no summary)" : clean_line(report.description));
  fmt::print("claim: {}\n", spell(report.claim));
  for (const PageComponent& component : report.components) {
    if (component.group) continue;
    fmt::print("  {:<22} {}  [{}]\n", spell(component.claim), clean_line(component.name, 60), clean_line(component.id, 40));
  }
  for (const PageIncident& incident : report.incidents) {
    std::string when;
    if (incident.created) when = (incident.open ? " since " : " from ") + format_time(*incident.created);
    if (!incident.open && incident.resolved) when += " to " + format_time(*incident.resolved);
    fmt::print("  {} {} ({}){}\n", incident.open ? fmt::format("open     {}:", clean_line(incident.status, 20)) : "resolved",
               clean_line(incident.name, 100), incident.impact.empty() ? "no impact given" : clean_line(incident.impact, 20), when);
  }
  for (const PageMaintenance& maintenance : report.maintenances) {
    if (maintenance.active || maintenance.scheduled) {
      fmt::print("  maintenance {}: {}\n", maintenance.active ? "in progress" : "to come", clean_line(maintenance.name, 100));
    }
  }
}

}  // namespace

int page(const PageOptions& options, const Source&) {
  Timestamp now = system_clock().wall();
  if (!options.at.empty()) {
    const auto at = parse_time(options.at);
    if (!at) {
      fmt::print(stderr, "--at: \"{}\" is not a time such as 2026-04-13T14:00:00Z\n", options.at);
      return 2;
    }
    now = *at;
  }
  if (!options.format.empty() && !probes::page_format(options.format)) {
    fmt::print(stderr, "--format: unknown format \"{}\"\n", options.format);
    return 2;
  }
  PageReport report;
  if (options.what.starts_with("http://") || options.what.starts_with("https://")) {
    auto fetched = fetch(options);
    if (!fetched) {
      fmt::print(stderr, "{}\n", fetched.error());
      return 2;
    }
    report = std::move(*fetched);
  } else {
    const auto body = read_file(options.what);
    if (!body) {
      fmt::print(stderr, "{}\n", body.error());
      return 2;
    }
    report = parse(*body, options.format, now);
  }
  if (options.json) {
    fmt::print("{}\n", probes::report_json(report));
  } else {
    print_table(report);
  }
  return report.readable ? 0 : 3;
}

}  // namespace outaged::commands
