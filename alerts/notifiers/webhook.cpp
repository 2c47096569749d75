// The generic webhook: Standard Webhooks 1.0 headers and signature, a versioned JSON payload.
// The payload is documented in docs/notifications.md and docs/webhook.schema.json; a change there is a new version.
#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "alerts/http_judge.h"
#include "alerts/registry.h"
#include "alerts/words.h"
#include "core/text.h"

namespace outaged::alerts {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::string_view secret_prefix = "whsec_";
constexpr std::size_t text_cap = 1000, items_cap = 50, proofs_cap = 10;

std::string base64(const unsigned char* data, std::size_t size) {
  std::string out(4 * ((size + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()), data, static_cast<int>(size));
  return out;
}

/// Empty for what is not base64.
std::string unbase64(std::string text) {
  while (text.size() % 4 != 0) text += '=';
  if (text.empty() || text.size() > 4096) return "";
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  if (size < 0) return "";
  out.resize(static_cast<std::size_t>(size) - (text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0));
  return out;
}

/// "whsec_" and base64, as Standard Webhooks writes it, or the key itself.
std::string key_of(const std::string& secret) {
  if (secret.starts_with(secret_prefix)) return unbase64(secret.substr(secret_prefix.size()));
  return secret;
}

std::string sign(const std::string& key, const std::string& content) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(content.data()), content.size(),
       digest.data(), &size);
  return "v1," + base64(digest.data(), size);
}

/// The key with only letters, digits, "-" and "_": dots part the signed content. Two keys never become one id.
std::string header_safe(const std::string& key) {
  std::string out;
  bool lossy = key.size() > 200;
  for (const char c : key.substr(0, 200)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    lossy = lossy || (!plain && c != '.');
    out += plain ? c : '_';
  }
  return lossy ? out + "_" + sha256_hex(key).substr(0, 16) : out;
}

std::string_view event_of(NotificationKind kind) {
  switch (kind) {
    case NotificationKind::fire: return "incident.opened";
    case NotificationKind::refire: return "incident.reopened";
    case NotificationKind::update: return "incident.updated";
    case NotificationKind::resolve: return "incident.resolved";
    case NotificationKind::self: return "self";
  }
  return "";
}

std::string text(std::string_view from) { return clean_line(from, text_cap); }
Json time(Timestamp t) { return format_time(t); }
Json time(const std::optional<Timestamp>& t) { return t ? Json(format_time(*t)) : Json(nullptr); }
Json or_null(std::string_view value) { return value.empty() ? Json(nullptr) : Json(text(value)); }

Json list(const std::vector<std::string>& values) {
  Json out = Json::array();
  for (std::size_t i = 0; i < values.size() && i < items_cap; ++i) out.push_back(text(values[i]));
  return out;
}

Json incident_of(const Notification& n) {
  Json out;
  out["id"] = text(n.incident);
  out["service"] = text(n.service);
  out["service_title"] = text(n.service_title);
  out["component"] = text(n.component);
  out["component_title"] = text(n.component_title);
  out["importance"] = to_string(n.importance);
  out["health"] = to_string(n.health);
  out["worst"] = to_string(n.worst);
  out["agreement"] = to_string(n.agreement);
  out["onset"] = time(n.onset);
  out["detected"] = time(n.detected);
  out["last_failure"] = time(n.last_failure);
  out["recovered"] = time(n.recovered);
  out["cleared"] = time(n.cleared);
  out["failures"] = n.failures;
  out["probes"] = n.probes;
  out["slow"] = n.slow;
  out["slow_answers"] = n.slow_answers;
  out["from_page"] = n.from_page;
  // Where the page speaks alone nothing was measured: there is no normal rate and no promise.
  out["baseline"] = n.from_page ? Json(nullptr) : Json(n.baseline);
  out["false_alarms_per_year"] = n.from_page ? Json(nullptr) : Json(n.false_alarms_per_year);
  out["what"] = text(n.what);
  out["affected"] = list(n.affected);
  out["unaffected"] = list(n.unaffected);
  out["together_with"] = list(n.together_with);
  out["is_it_us"] = text(n.is_it_us);
  out["why"] = text(n.why);
  out["url"] = or_null(n.incident_url);
  return out;
}

Json page_of(const Notification& n) {
  Json out;
  out["claim"] = to_string(n.claim);
  out["text"] = text(n.page_text);
  out["incident"] = or_null(n.page_incident);
  out["url"] = or_null(n.page_url);
  out["read"] = time(n.page_read);
  out["admitted"] = nullptr;
  if (n.admitted) {
    Json admitted;
    admitted["last_green"] = time(n.admitted->last_green);
    admitted["first_red"] = time(n.admitted->first_red);
    admitted["already_red"] = n.admitted->already_red;
    admitted["text"] = text(n.admitted->text);
    admitted["lag_seconds"] = nullptr;
    if (!n.admitted->already_red && !n.from_page)
      admitted["lag_seconds"] = {to_seconds(n.admitted->last_green - n.onset), to_seconds(n.admitted->first_red - n.onset)};
    out["admitted"] = std::move(admitted);
  }
  return out;
}

Json proof_of(const Notification& n) {
  Json out = Json::array();
  const std::size_t skip = n.proof.size() > proofs_cap ? n.proof.size() - proofs_cap : 0;  // newest last
  for (std::size_t i = skip; i < n.proof.size(); ++i) {
    const NotificationProof& p = n.proof[i];
    Json item;
    item["at"] = time(p.at);
    item["target"] = text(p.target);
    item["class"] = text(p.cls);
    item["http_status"] = p.http_status == 0 ? Json(nullptr) : Json(p.http_status);
    item["request_id"] = or_null(p.request_id);
    item["detail"] = text(p.detail);
    item["took_seconds"] = to_seconds(p.took);
    out.push_back(std::move(item));
  }
  return out;
}

class Webhook : public Notifier {
 public:
  explicit Webhook(const config::Receiver& receiver)
      : url_(receiver.url), key_(key_of(receiver.signing_secret.reveal())), headers_(receiver.headers) {}

  HttpRequest render(const Notification& n, Timestamp at) const override {
    Json payload;
    payload["version"] = "1";
    payload["event"] = event_of(n.kind);
    payload["key"] = text(n.key);
    payload["at"] = time(n.at);
    payload["headline"] = words::headline(n);
    if (n.kind == NotificationKind::self) {
      payload["self"] = {{"title", text(n.title)}, {"text", text(n.text)}, {"over", n.recovered.has_value()}};
    } else {
      payload["reason"] = n.reason == UpdateReason::none ? Json(nullptr) : Json(to_string(n.reason));
      payload["incident"] = incident_of(n);
      payload["page"] = page_of(n);
      payload["proof"] = proof_of(n);
    }
    payload["outaged_url"] = or_null(n.page_self_url);

    HttpRequest request;
    request.url = url_.reveal();
    request.body = payload.dump(-1, ' ', false, Json::error_handler_t::replace);
    const std::string id = header_safe(n.key);
    const std::string timestamp = std::to_string(std::chrono::floor<std::chrono::seconds>(at).time_since_epoch().count());
    request.headers = {{"Content-Type", "application/json"}, {"webhook-id", id}, {"webhook-timestamp", timestamp}};
    if (!key_.empty()) request.headers.emplace_back("webhook-signature", sign(key_, id + "." + timestamp + "." + request.body));
    for (const auto& [name, value] : headers_) request.headers.emplace_back(name, value.reveal());
    return request;
  }

  Disposition judge(const HttpResponse& response, Timestamp at) const override { return judge_http(response, at); }

 private:
  const config::Secret url_;
  const std::string key_;
  const std::vector<std::pair<std::string, config::Secret>> headers_;
};

}  // namespace

std::shared_ptr<const Notifier> make_webhook(const config::Receiver& receiver) { return std::make_shared<Webhook>(receiver); }

std::string check_webhook(const config::Receiver& receiver) {
  const std::string& secret = receiver.signing_secret.reveal();
  if (secret.starts_with(secret_prefix) && key_of(secret).empty()) return "its signing_secret begins with whsec_ but what follows is not base64";
  return check_url(receiver);
}

}  // namespace outaged::alerts
