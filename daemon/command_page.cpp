#include <fmt/format.h>

#include <cstdio>
#include <filesystem>

#include "core/clock.h"
#include "core/page_formats.h"
#include "core/text.h"
#include "daemon/commands.h"
#include "daemon/plan.h"
#include "daemon/read_input.h"
#include "probes/loop.h"
#include "probes/pages/mapping.h"
#include "probes/pages/reader.h"
#include "probes/pages/webhook.h"
#include "probes/registry.h"

namespace outaged::commands {
namespace {

/// As the daemon would: with the configuration's way out, if there is a configuration.
Result<PageReport> fetch(const PageOptions& options, const Source& source) {
  config::Page page;
  page.name = page.url = options.what;
  if (!options.format.empty()) page.format = options.format;
  config::Egress egress;
  probes::LoopOptions loop;
  std::error_code ignored;
  if (std::filesystem::exists(source.config_file, ignored)) {
    const auto config = load(source);
    if (!config) return Error{config.error()};
    egress = signed_egress(*config);
    loop = loop_options(*config);
  }
  const auto result = probes::run_once(loop, probes::make_page_probe(page, egress, system_clock()));
  if (!result) return Error{result.error()};
  if (!result->finding.page) return Error{fmt::format("{}: no document came back", options.what)};
  return *result->finding.page;
}

void print_table(const PageReport& report) {
  if (!report.readable) {
    fmt::print("cannot be read: {}\nclaim: unknown\n", report.problem);
    return;
  }
  if (!report.moved.empty()) fmt::print("{}\n", report.moved);
  if (!report.stale.empty()) fmt::print("{}\n", report.stale);
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

int page(const PageOptions& options, const Source& source) {
  Timestamp now = system_clock().wall();
  if (!options.at.empty()) {
    const auto at = parse_time(options.at);
    if (!at) {
      fmt::print(stderr, "--at: \"{}\" is not a time such as 2026-04-13T14:00:00Z\n", options.at);
      return 2;
    }
    now = *at;
  }
  const bool given = !options.format.empty() && options.format != automatic_page_format;
  const probes::PageFormat* format = given ? probes::page_format(options.format) : nullptr;
  if (given && !format) {
    const std::string_view meant = nearest(options.format, page_format_names);
    fmt::print(stderr, "--format: unknown format \"{}\"{}\n", options.format,
               meant.empty() ? fmt::format("; known: {}", fmt::join(page_format_names, ", ")) : fmt::format("; did you mean {}?", meant));
    return 2;
  }
  PageReport report;
  if (options.what.starts_with("http://") || options.what.starts_with("https://")) {
    auto fetched = fetch(options, source);
    if (!fetched) {
      fmt::print(stderr, "{}\n", fetched.error());
      return 2;
    }
    report = std::move(*fetched);
  } else {
    const auto body = read_input(options.what);
    if (!body) {
      fmt::print(stderr, "{}\n", body.error());
      return 2;
    }
    if (const auto webhook = format ? std::nullopt : probes::read_page_webhook(*body)) {
      fmt::print("{}\n", options.json ? probes::webhook_json(*webhook) : "a call of a status page: " + probes::sentence(*webhook));
      return 0;
    }
    const probes::PageContext context{now, options.url};
    report = format ? probes::read_page(*format, *body, context) : probes::detect_page(*body, context);
  }
  if (options.json) {
    fmt::print("{}\n", probes::report_json(report));
  } else {
    print_table(report);
  }
  return report.readable ? 0 : 3;
}

}  // namespace outaged::commands
