#include "probes/pages/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/text.h"
#include "probes/pages/claim.h"
#include "probes/pages/detect.h"

namespace outaged::probes {
namespace {

PageReport read_with(const PageFormat& format, Document& document, bool trust) {
  PageReport report;
  document.trust(trust);
  format.read(document, report);
  if (!report.readable) {  // whatever was gathered before the anchor failed does not count
    std::string problem = std::move(report.problem);
    report = PageReport{};
    report.problem = problem.empty() ? "the document could not be read" : clean_line(problem);
  }
  report.format = format.name;
  report.claim = page_claim(report);
  return report;
}

bool same(const PageIncident& a, const PageIncident& b) {
  return a.id.empty() ? b.id.empty() && a.name == b.name && a.created == b.created : a.id == b.id;
}

void merge_components(PageReport& report, const PageReport& further) {
  if (!further.has_components) return;
  std::map<std::string, std::size_t> known;
  for (std::size_t i = 0; i < report.components.size(); ++i) known.try_emplace(report.components[i].id, i);
  for (const PageComponent& component : further.components) {
    const auto found = component.id.empty() ? known.end() : known.find(component.id);
    if (found == known.end()) {
      // A list of names without states adds names only: what has no state here has one nowhere.
      report.components.push_back(component);
      continue;
    }
    PageComponent& mine = report.components[found->second];
    if (mine.name.empty()) mine.name = component.name;
    if (mine.group_name.empty()) mine.group_name = component.group_name;
    if (mine.claim == Status::unknown && mine.raw.empty())
      mine.claim = component.claim, mine.raw = component.raw, mine.silent = component.silent;
  }
  report.has_components = true;
}

}  // namespace

PageReport read_page(const PageFormat& format, std::string_view body, const PageContext& context) {
  Document document(body, context);
  return read_with(format, document, true);
}

PageReport detect_page(std::string_view body, const PageContext& context) {
  Document document(body, context);
  if (document.kind() == Document::Kind::json || document.kind() == Document::Kind::feed) {
    for (const std::string_view name : formats_of(context.url))
      if (const PageFormat* format = page_format(name))
        if (PageReport report = read_with(*format, document, true); report.readable) return report;
    for (const PageFormat& format : page_formats())
      if (PageReport report = read_with(format, document, false); report.readable) return report;
  }
  PageReport report;
  report.format = "unknown";
  report.problem = document.kind() == Document::Kind::json || document.feed()
                       ? clean_line(fmt::format("{}: no format that we know", document.describe()))
                       : clean_line(document.problem());
  return report;
}

void merge_page(PageReport& report, const PageReport& further) {
  if (!report.readable || !further.readable) return;
  merge_components(report, further);
  for (const PageIncident& incident : further.incidents) {
    if (incident.open && report.has_incidents) continue;  // the two are cached apart: the first is the newer word
    const auto known = std::find_if(report.incidents.begin(), report.incidents.end(),
                                    [&](const PageIncident& each) { return same(each, incident); });
    if (known == report.incidents.end()) {
      report.incidents.push_back(incident);
    } else if (known->updates.size() < incident.updates.size()) {
      known->updates = incident.updates;
      if (!known->created) known->created = incident.created;
      if (!known->started) known->started = incident.started;
    }
  }
  for (const PageMaintenance& maintenance : further.maintenances) {
    const auto known = [&](const PageMaintenance& each) {
      return maintenance.id.empty() ? each.id.empty() && each.name == maintenance.name : each.id == maintenance.id;
    };
    if (std::none_of(report.maintenances.begin(), report.maintenances.end(), known))
      report.maintenances.push_back(maintenance);
  }
  if (!report.indicator) report.indicator = further.indicator;
  if (report.description.empty()) report.description = further.description;
  report.claim = page_claim(report);
}

}  // namespace outaged::probes
