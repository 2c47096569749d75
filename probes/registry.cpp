#include "probes/registry.h"

#include <fmt/format.h>

#include "core/text.h"
#include "probes/kinds/kinds.h"
#include "probes/pages/formats.h"

namespace outaged::probes {
namespace {

template <class Table>
std::vector<std::string_view> names_of(const Table& table) {
  std::vector<std::string_view> out;
  for (const auto& row : table) out.push_back(row.name);
  return out;
}

}  // namespace

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> table = {
      {"http", make_http},
  };
  return table;
}

const std::vector<PageFormat>& page_formats() {
  static const std::vector<PageFormat> table = {
      {"statuspage", statuspage::parse, statuspage::documents, statuspage::merge},
  };
  return table;
}

const PageFormat* page_format(std::string_view name) {
  for (const PageFormat& format : page_formats())
    if (format.name == name) return &format;
  return nullptr;
}

outaged::Result<std::shared_ptr<const Probe>> make_probe(const config::Target& target, const config::Egress& egress) {
  for (const Kind& kind : kinds())
    if (kind.name == target.kind) return kind.make(target, egress);
  const auto known = names_of(kinds());
  const std::string_view meant = nearest(target.kind, known);
  return Error{fmt::format("{}: unknown probe kind \"{}\"{}; known: {}", target.name, clean_line(target.kind, 80),
                           meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant), fmt::join(known, ", "))};
}

}  // namespace outaged::probes
