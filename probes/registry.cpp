#include "probes/registry.h"

#include <fmt/format.h>

#include "core/text.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/second_opinion.h"
#include "probes/llm/ledger.h"

namespace outaged::probes {
namespace {

template <class Table>
std::vector<std::string_view> names_of(const Table& table) {
  std::vector<std::string_view> out;
  for (const auto& row : table) out.push_back(row.name);
  return out;
}

std::shared_ptr<const Probe> make_llm_alone(const config::Target& target, const config::Egress& egress) {
  return make_llm(target, egress, std::make_shared<llm::Ledger>(system_clock()));
}

std::shared_ptr<const Probe> make_feed_alone(const config::Target& target, const config::Egress& egress) {
  return make_feed(target, egress, system_clock());
}

/// On the command line nothing was heard.
std::shared_ptr<const Probe> make_push_alone(const config::Target& target, const config::Egress&) {
  return make_push(target, nullptr, system_clock());
}

Family wanted_family(const config::Target& target) {
  if (const auto* http = std::get_if<config::HttpCheck>(&target.check)) {
    if (http->family == config::HttpCheck::Family::v4) return Family::v4;
    if (http->family == config::HttpCheck::Family::v6) return Family::v6;
  }
  if (const auto* icmp = std::get_if<config::IcmpCheck>(&target.check)) {
    if (icmp->family == config::IcmpCheck::Family::v4) return Family::v4;
    if (icmp->family == config::IcmpCheck::Family::v6) return Family::v6;
  }
  return Family::any;
}

/// With the second resolver's opinion on names that are not found, if there is one. The `dns` kind asks a second server
/// itself, for it judges more than whether there is an answer.
std::shared_ptr<const Probe> seconded(std::shared_ptr<const Probe> probe, const config::Target& target,
                                      const config::Egress& egress) {
  if (egress.second_resolver.empty() || target.kind == "dns") return probe;
  return with_second_opinion(std::move(probe), egress.second_resolver, wanted_family(target));
}

}  // namespace

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> table = {
      {"http", make_http},
      {"tcp", make_tcp},
      {"tls", make_tcp},
      {"dns", make_dns},
      {"icmp", make_icmp},
      {"exec", make_exec},
      {"grpc", make_grpc},
      {"feed", make_feed_alone},
      {"llm", make_llm_alone},
      {"push", make_push_alone},
  };
  return table;
}

outaged::Result<std::shared_ptr<const Probe>> make_probe(const config::Target& target, const config::Egress& egress,
                                                         const std::shared_ptr<llm::Ledger>& ledger) {
  if (ledger && target.kind == "llm") return seconded(make_llm(target, egress, ledger), target, egress);
  for (const Kind& kind : kinds())
    if (kind.name == target.kind) return seconded(kind.make(target, egress), target, egress);
  const auto known = names_of(kinds());
  const std::string_view meant = nearest(target.kind, known);
  return Error{fmt::format("{}: unknown probe kind \"{}\"{}; known: {}", target.name, clean_line(target.kind, 80),
                           meant.empty() ? "" : fmt::format(", did you mean \"{}\"?", meant), fmt::join(known, ", "))};
}

}  // namespace outaged::probes
