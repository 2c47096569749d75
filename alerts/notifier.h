// A notifier turns a Notification into one HTTP request and judges the answer. Pure: golden files test it.
// One file per kind in alerts/notifiers, one line each in registry.cpp. Called on that receiver's delivery thread.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "core/notification.h"
#include "core/result.h"

namespace outaged::alerts {

struct HttpRequest {
  std::string method = "POST", url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
};
struct HttpResponse {
  int status = 0;                       // 0: none
  std::string error;                    // transport, in libcurl's words; never holds the URL
  std::optional<std::string> retry_after;
  std::string body;                     // at most 4 KiB
};

struct Disposition {
  enum class Kind : std::uint8_t { delivered, retry, refused } kind = Kind::retry;  // refused: trying again is useless
  std::optional<Duration> retry_after;
  std::string error;                    // sanitised, no secrets
};

class Notifier {
 public:
  virtual ~Notifier() = default;
  /// `at` is the time of this attempt (signatures carry it).
  virtual HttpRequest render(const Notification& notification, Timestamp at) const = 0;
  virtual Disposition judge(const HttpResponse& response, Timestamp at) const = 0;
};

struct NotifierKind {
  std::string_view name;
  config::Updates default_updates;
  std::shared_ptr<const Notifier> (*make)(const config::Receiver& receiver);
  std::string (*check)(const config::Receiver& receiver);  // what is wrong with it, in a sentence without secrets; or ""
};
const std::vector<NotifierKind>& notifier_kinds();
const NotifierKind* notifier_kind(std::string_view name);

/// Checks, then makes. Errors: unknown kind, settings the kind cannot use. Also for `check-config`.
Result<std::shared_ptr<const Notifier>> make_notifier(const config::Receiver& receiver);

}  // namespace outaged::alerts
