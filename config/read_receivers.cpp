#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "config/sections.h"
#include "config/values.h"
#include "core/text.h"

namespace outaged::config {
namespace {

/// Every receiver kind we know, and which keys beside the common ones it takes.
struct ReceiverKind {
  std::string_view name;
  bool takes_signature, takes_headers;
};
constexpr ReceiverKind receiver_kinds[] = {
    {"webhook", true, true},
    {"slack", false, false},
};

void read_url(Section& section, Receiver& receiver) {
  const bool present =
      section.has("url") || section.has("url_file") || section.has("url_env") || section.has("url_credential");
  if (!present) {
    section.require("url", "or one of url_file, url_env and url_credential");
    section.secret("url", receiver.url);  // for "known here"
    return;
  }
  if (!section.secret("url", receiver.url)) return;
  std::string key = "url";
  for (const char* way : {"url_file", "url_env", "url_credential"})
    if (!section.has("url") && section.has(way)) key = way;
  if (const std::string fault = url_fault(receiver.url.reveal(), true); !fault.empty())
    section.reader().problem(section.place(key), fmt::format("{}: the URL {}", key, fault));
}

void read_signature(Section& section, Receiver& receiver) {
  if (!section.secret("signing_secret", receiver.signing_secret)) return;
  const std::string& secret = receiver.signing_secret.reveal();
  if (!secret.starts_with("whsec_") || is_base64(std::string_view(secret).substr(6))) return;
  std::string key = "signing_secret";
  for (const char* way : {"signing_secret_file", "signing_secret_env", "signing_secret_credential"})
    if (section.has(way)) key = way;
  section.reader().problem(section.place(key), key + ": what follows whsec_ must be base64");
}

void read_patience(Section& section, Receiver& receiver) {
  section.duration("backoff_first", receiver.backoff_first, 10ms, 24h);
  section.duration("backoff_max", receiver.backoff_max, 10ms, 24h);
  section.duration("give_up_after", receiver.give_up_after, 1s, 30 * 24h);
  const std::string first = format_duration(receiver.backoff_first);
  if (receiver.backoff_first > receiver.backoff_max)
    section.reader().problem(
        section.place(section.has("backoff_max") ? "backoff_max" : "backoff_first"),
        fmt::format("backoff_max {} is shorter than backoff_first {}", format_duration(receiver.backoff_max), first));
  if (receiver.backoff_first > receiver.give_up_after)
    section.reader().problem(
        section.place(section.has("give_up_after") ? "give_up_after" : "backoff_first"),
        fmt::format("give_up_after {} is shorter than backoff_first {}, so nothing would be tried twice",
                    format_duration(receiver.give_up_after), first));
}

void read_receiver(Reader& reader, const Node& node, std::map<std::string, Position>& seen,
                   std::vector<Receiver>& out) {
  Section section(reader, node, "a receiver");
  Receiver receiver;
  receiver.at = section.at();
  if (section.name("name", receiver.name)) {
    const auto [first, fresh] = seen.emplace(receiver.name, section.place("name"));
    const Position& at = first->second;
    if (!fresh)
      reader.problem(section.place("name"), fmt::format("receiver {} is defined twice; the first is at {}:{}:{}",
                                                        in_quotes(receiver.name), at.file, at.line, at.column));
  }
  std::vector<std::string_view> names;
  for (const ReceiverKind& kind : receiver_kinds) names.push_back(kind.name);
  section.require("kind", fmt::format("one of {}", fmt::join(names, ", ")));
  const bool known = section.choice("kind", receiver.kind, names);
  read_url(section, receiver);
  section.boolean("send_resolved", receiver.send_resolved);
  std::string updates;
  if (section.choice("updates", updates, {"all", "important", "none"}))
    receiver.updates = updates == "all" ? Updates::all : updates == "important" ? Updates::important : Updates::none;
  section.duration("timeout", receiver.timeout, 100ms, 10min);
  read_patience(section, receiver);
  if (known) {
    for (const ReceiverKind& kind : receiver_kinds) {
      if (kind.name != receiver.kind) continue;
      if (kind.takes_signature) read_signature(section, receiver);
      if (kind.takes_headers) read_headers(section, receiver.headers);
    }
    section.finish();
  }
  out.push_back(std::move(receiver));
}

}  // namespace

void read_receivers(Reader& reader, const std::vector<const Node*>& nodes, std::vector<Receiver>& out) {
  std::map<std::string, Position> seen;
  for (const Node* node : nodes) read_receiver(reader, *node, seen, out);
}

void read_routes(Reader& reader, const std::vector<const Node*>& nodes, Config& config) {
  std::vector<std::string_view> services, receivers;
  for (const Service& service : config.services)
    if (!service.name.empty()) services.push_back(service.name);
  for (const Receiver& receiver : config.receivers)
    if (!receiver.name.empty()) receivers.push_back(receiver.name);
  const auto unknown = [&](Position at, std::string_view what, const std::string& name,
                           const std::vector<std::string_view>& known) {
    const auto near = nearest(name, known);
    reader.problem(std::move(at),
                   near.empty()
                       ? fmt::format("unknown {} {}; there {}", what, in_quotes(name),
                                     known.empty() ? "are none" : fmt::format("are {}", fmt::join(known, ", ")))
                       : fmt::format("unknown {} {}; did you mean {}?", what, in_quotes(name), near));
  };

  std::map<std::string, Position> taken;  // by service; "" is any
  std::set<std::string, std::less<>> used;
  for (const Node* node : nodes) {
    Section section(reader, *node, "a route");
    Route route;
    route.at = section.at();
    if (section.text("service", route.service) &&
        std::find(services.begin(), services.end(), route.service) == services.end())
      unknown(section.place("service"), "service", route.service, services);
    section.require("receivers", "a list of names, [] for nobody");
    for (const Node* item : section.list("receivers")) {
      auto name = reader.scalar(*item, "each of receivers");
      if (!name) continue;
      if (std::find(receivers.begin(), receivers.end(), *name) == receivers.end())
        unknown(reader.at(*item), "receiver", *name, receivers);
      if (std::find(route.receivers.begin(), route.receivers.end(), *name) != route.receivers.end())
        reader.problem(*item, fmt::format("receiver {} is named twice in this route", in_quotes(*name)));
      used.insert(*name);
      route.receivers.push_back(std::move(*name));
    }
    section.finish();
    const auto before = taken.contains(route.service) ? taken.find(route.service) : taken.find("");
    if (before != taken.end())
      reader.note(route.at, fmt::format("this route is never reached: the one at {}:{} comes first and takes the same",
                                        before->second.file, before->second.line));
    taken.emplace(route.service, route.at);
    config.routes.push_back(std::move(route));
  }

  if (config.receivers.empty()) reader.notes.push_back("no receivers: outages are recorded, but nobody is told");
  if (config.routes.empty()) return;
  for (const Receiver& receiver : config.receivers)
    if (!used.contains(receiver.name))
      reader.note(receiver.at,
                  fmt::format("receiver {} is in no route, so it is never told anything", in_quotes(receiver.name)));
  if (!taken.contains(""))
    for (const Service& service : config.services)
      if (!taken.contains(service.name))
        reader.note(service.at,
                    fmt::format("service {} has no route, so nobody is told of its outages", in_quotes(service.name)));
}

}  // namespace outaged::config
