#include "alerts/registry.h"

#include <fmt/format.h>

#include "core/text.h"

namespace outaged::alerts {

const std::vector<NotifierKind>& notifier_kinds() {
  static const std::vector<NotifierKind> kinds = {
      {"webhook", config::Updates::all, make_webhook, check_webhook},
      {"slack", config::Updates::important, make_slack, check_slack},
  };
  return kinds;
}

const NotifierKind* notifier_kind(std::string_view name) {
  for (const NotifierKind& kind : notifier_kinds())
    if (kind.name == name) return &kind;
  return nullptr;
}

Result<std::shared_ptr<const Notifier>> make_notifier(const config::Receiver& receiver) {
  const NotifierKind* kind = notifier_kind(receiver.kind);
  if (!kind) {
    std::vector<std::string_view> names;
    std::string known;
    for (const NotifierKind& each : notifier_kinds()) {
      names.push_back(each.name);
      known += (known.empty() ? "" : ", ") + std::string(each.name);
    }
    const std::string_view near = nearest(receiver.kind, names);
    const std::string mend = near.empty() ? "known are: " + known : fmt::format("did you mean \"{}\"?", near);
    return Error{fmt::format("receiver \"{}\": unknown kind \"{}\" ({})", receiver.name, clean_line(receiver.kind, 60), mend)};
  }
  if (std::string problem = kind->check(receiver); !problem.empty()) return Error{fmt::format("receiver \"{}\": {}", receiver.name, problem)};
  return kind->make(receiver);
}

std::string check_url(const config::Receiver& receiver) {
  const std::string& url = receiver.url.reveal();
  if (url.empty()) return "a url is missing (url or url_file)";
  if (!url.starts_with("https://") && !url.starts_with("http://")) return "its url must begin with https:// or http://";
  for (const char c : url)
    if (static_cast<unsigned char>(c) <= ' ' || c == 127) return "its url holds a space or a control character";
  return "";
}

}  // namespace outaged::alerts
