// Golden files, signatures, and what hostile text does to a message. To write the golden files anew after a wanted change,
// run test_alerts with OUTAGED_REGENERATE=1 and read the difference before it is committed.
#include <doctest/doctest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "alerts/notifier.h"
#include "core/text.h"
#include "tests/alerts/json_schema.h"
#include "tests/alerts/sample.h"

using namespace outaged;
using outaged::test::receiver;
using outaged::test::sample;
using outaged::test::t;
using Json = nlohmann::json;
using Ordered = nlohmann::ordered_json;

namespace {

struct Case {
  const char* name;
  Notification notification;
};

std::vector<Case> cases() {
  std::vector<Case> all = {
      {"fire", sample()},
      {"refire", sample(NotificationKind::refire)},
      {"update-admitted", sample(NotificationKind::update, UpdateReason::admitted)},
      {"update-severity", sample(NotificationKind::update, UpdateReason::severity)},
      {"resolve", sample(NotificationKind::resolve)},
      {"self", sample(NotificationKind::self)},
      {"slow-fire", test::slow_sample()},
      {"slow-resolve", test::slow_sample(NotificationKind::resolve)},
      {"page-fire", test::page_sample()},
      {"page-resolve", test::page_sample(NotificationKind::resolve)},
  };
  all[3].notification.health = all[3].notification.worst = Status::major_outage;
  return all;
}

std::string header(const alerts::HttpRequest& request, std::string_view name) {
  for (const auto& [key, value] : request.headers)
    if (key == name) return value;
  return "";
}

std::string read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

alerts::HttpRequest render(const config::Receiver& r, const Notification& n) {
  const auto notifier = alerts::make_notifier(r);
  REQUIRE(notifier.ok());
  return (*notifier)->render(n, t("14:05:21"));
}

std::string hmac_base64(const std::string& key, const std::string& content) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* context = EVP_MAC_CTX_new(mac);
  char digest[] = "SHA256";
  const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0), OSSL_PARAM_construct_end()};
  REQUIRE(EVP_MAC_init(context, reinterpret_cast<const unsigned char*>(key.data()), key.size(), params) == 1);
  EVP_MAC_update(context, reinterpret_cast<const unsigned char*>(content.data()), content.size());
  unsigned char out[32];
  std::size_t size = 0;
  EVP_MAC_final(context, out, &size, sizeof out);
  EVP_MAC_CTX_free(context);
  EVP_MAC_free(mac);
  unsigned char text[64];
  const int length = EVP_EncodeBlock(text, out, static_cast<int>(size));
  return {reinterpret_cast<char*>(text), static_cast<std::size_t>(length)};
}

std::vector<std::string> hostile() {
  std::string binary;
  for (int c = 0; c < 256; ++c) binary += static_cast<char>(c);
  return {"<!channel> & <https://evil.example.com|click> *bold* `code` _it_ ~no~",
          "line\nbreak\r\nand\ttab \x1b[31mred\x1b[0m \xe2\x80\xae reversed",
          "🔥🧨👩‍👩‍👧‍👧 ünïcödé \xf0\x9f\x98",
          std::string(1024 * 1024, '<'),
          std::string(1024 * 1024, '\xff'),
          std::string("nul\0inside", 10) + "\"}],\"blocks\":[{",
          binary};
}

/// The same text wherever text can be.
Notification poisoned(NotificationKind kind, UpdateReason reason, const std::string& text) {
  Notification n = sample(kind, reason);
  for (std::string* field : {&n.service, &n.component, &n.service_title, &n.component_title, &n.what, &n.page_text, &n.page_url, &n.page_incident,
                             &n.is_it_us, &n.why, &n.incident_url, &n.page_self_url, &n.title, &n.text, &n.incident, &n.key})
    *field = text;
  const std::size_t many = text.size() > 100000 ? 12 : 100;
  n.affected = n.unaffected = n.together_with = std::vector<std::string>(many, text);
  n.proof = std::vector<NotificationProof>(many, {t("14:03:00"), text, text, text, text, 500, 11800ms});
  if (n.admitted) n.admitted->text = text;
  return n;
}

const std::pair<NotificationKind, UpdateReason> every_kind[] = {
    {NotificationKind::fire, UpdateReason::none},       {NotificationKind::refire, UpdateReason::none},
    {NotificationKind::update, UpdateReason::mismatch}, {NotificationKind::update, UpdateReason::admitted},
    {NotificationKind::update, UpdateReason::severity}, {NotificationKind::update, UpdateReason::scope},
    {NotificationKind::update, UpdateReason::cleared},  {NotificationKind::resolve, UpdateReason::none},
    {NotificationKind::self, UpdateReason::none}};

test::JsonSchema schema() { return test::JsonSchema(Json::parse(read(std::string(OUTAGED_SOURCE_DIR) + "/docs/webhook.schema.json"))); }

}  // namespace

TEST_CASE("golden files") {
  const std::string folder = std::string(OUTAGED_SOURCE_DIR) + "/tests/alerts/golden/";
  const bool regenerate = std::getenv("OUTAGED_REGENERATE") != nullptr;
  for (const auto& kind : alerts::notifier_kinds()) {
    for (const Case& each : cases()) {
      const std::string path = folder + std::string(kind.name) + "-" + each.name + ".json";
      CAPTURE(path);
      const alerts::HttpRequest request = render(receiver(std::string(kind.name)), each.notification);
      const std::string pretty = Ordered::parse(request.body).dump(2) + "\n";
      if (regenerate) std::ofstream(path, std::ios::binary) << pretty;
      CHECK(pretty == read(path));
      CHECK(request.method == "POST");
      CHECK(request.url == receiver("x").url.reveal());
    }
  }
}

TEST_CASE("the webhook's signature is what an independent HMAC computes") {
  const std::string key = "0123456789abcdef0123456789abcdef";
  for (const std::string& secret : {std::string("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
                                   std::string("whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY"), key}) {
    config::Receiver r = receiver("webhook");
    r.signing_secret = config::Secret(secret);
    const alerts::HttpRequest request = render(r, sample());
    CHECK(header(request, "webhook-id") == "claude_api-20260413T140300000Z_1_fire_team-ai");
    CHECK(header(request, "webhook-timestamp") == "1776089121");
    CHECK(header(request, "webhook-signature") ==
          "v1," + hmac_base64(key, header(request, "webhook-id") + "." + header(request, "webhook-timestamp") + "." + request.body));
  }
  CHECK(header(render(receiver("webhook"), sample()), "webhook-signature") == "");
}

TEST_CASE("the published Standard Webhooks vector") {
  // The specification's own example: our test HMAC must agree with it before it judges ours.
  std::string key(24, '\0');
  const std::string encoded = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  std::vector<unsigned char> raw(encoded.size());
  const int size = EVP_DecodeBlock(raw.data(), reinterpret_cast<const unsigned char*>(encoded.data()), static_cast<int>(encoded.size()));
  REQUIRE(size == 24);
  key.assign(raw.begin(), raw.begin() + size);
  CHECK(hmac_base64(key, "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{\"test\": 2432232314}") == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

TEST_CASE("an id made header-safe never makes two keys one") {
  Notification a = sample(), b = sample();
  a.key = "incident.1.fire.größe", b.key = "incident.1.fire.gr__e";
  const std::string one = header(render(receiver("webhook"), a), "webhook-id"), two = header(render(receiver("webhook"), b), "webhook-id");
  CHECK(one != two);
  CHECK(one.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == std::string::npos);
}

TEST_CASE("webhook payloads keep the published schema") {
  const auto published = schema();
  for (const auto& [kind, reason] : every_kind) {
    CAPTURE(std::string(to_string(kind)));
    CHECK(published.check(Json::parse(render(receiver("webhook"), sample(kind, reason)).body)) == "");
    if (kind == NotificationKind::self) continue;
    CHECK(published.check(Json::parse(render(receiver("webhook"), test::slow_sample(kind, reason)).body)) == "");
    CHECK(published.check(Json::parse(render(receiver("webhook"), test::page_sample(kind, reason)).body)) == "");
  }
  Notification already = sample(NotificationKind::update, UpdateReason::admitted);
  already.admitted->already_red = true;
  const Json payload = Json::parse(render(receiver("webhook"), already).body);
  CHECK(published.check(payload) == "");
  CHECK(payload["page"]["admitted"]["lag_seconds"].is_null());
  Json broken = payload;
  broken["incident"].erase("onset");
  CHECK(published.check(broken) != "");
  broken = payload;
  broken["surprise"] = 1;
  CHECK(published.check(broken) != "");
}

TEST_CASE("a webhook says what opened the incident, and states no rate or promise for the page's word") {
  const Json slow = Json::parse(render(receiver("webhook"), test::slow_sample()).body)["incident"];
  CHECK(slow["slow"] == true);
  CHECK(slow["slow_answers"] == 12);
  CHECK(slow["from_page"] == false);
  CHECK(slow["together_with"] == Json::array({"github", "stripe"}));
  CHECK(slow["baseline"] == 0.001);
  const Json page = Json::parse(render(receiver("webhook"), test::page_sample()).body)["incident"];
  CHECK(page["slow"] == false);
  CHECK(page["from_page"] == true);
  CHECK(page["together_with"].empty());
  CHECK(Json::parse(render(receiver("webhook"), test::page_sample()).body)["page"]["admitted"]["lag_seconds"].is_null());
  CHECK(page["baseline"].is_null());
  CHECK(page["false_alarms_per_year"].is_null());
}

TEST_CASE("what fails at the same time is said in an opening and an update, not once it works again") {
  const auto says = [](const Notification& n) { return render(receiver("slack"), n).body.find("*Also failing since then*  github, stripe: a common cause is likely") != std::string::npos; };
  CHECK(says(test::slow_sample()));
  CHECK(says(test::slow_sample(NotificationKind::update, UpdateReason::admitted)));
  CHECK(!says(test::slow_sample(NotificationKind::resolve)));
  CHECK(render(receiver("slack"), sample()).body.find("Also failing") == std::string::npos);
}

TEST_CASE("the page lag is an interval in seconds") {
  const Json payload = Json::parse(render(receiver("webhook"), sample(NotificationKind::update, UpdateReason::admitted)).body);
  CHECK(payload["page"]["admitted"]["lag_seconds"] == Json::array({2400.0, 2460.0}));
}

TEST_CASE("hostile text leaves a webhook valid and bounded") {
  const auto published = schema();
  for (const std::string& text : hostile()) {
    for (const auto& [kind, reason] : every_kind) {
      CAPTURE(text.substr(0, 40));
      const alerts::HttpRequest request = render(receiver("webhook"), poisoned(kind, reason, text));
      const Json payload = Json::parse(request.body, nullptr, false);
      REQUIRE(!payload.is_discarded());
      CHECK(published.check(payload) == "");
      CHECK(request.body.size() < 300000);
      const std::string id = header(request, "webhook-id");
      CHECK(id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == std::string::npos);
      CHECK(id.size() < 256);
    }
  }
}

TEST_CASE("hostile text leaves a Slack message valid and within Slack's limits") {
  for (const std::string& text : hostile()) {
    for (const auto& [kind, reason] : every_kind) {
      CAPTURE(text.substr(0, 40));
      CAPTURE(std::string(to_string(kind)));
      CAPTURE(std::string(to_string(reason)));
      const Json payload = Json::parse(render(receiver("slack"), poisoned(kind, reason, text)).body, nullptr, false);
      REQUIRE(!payload.is_discarded());
      REQUIRE(payload["blocks"].size() <= 50);
      std::vector<std::string> texts = {payload["text"]};
      for (const Json& block : payload["blocks"]) {
        if (block.contains("text")) texts.push_back(block["text"]["text"]);
        if (block.contains("elements")) {
          CHECK(block["elements"].size() <= 10);
          for (const Json& element : block["elements"]) texts.push_back(element["text"]);
        }
      }
      for (const std::string& shown : texts) {
        CHECK(!shown.empty());
        CHECK(shown.size() <= 3000);
        CHECK(clean_utf8(shown) == shown);
        // Every "<" is ours: a date or a link to where we point. Every "&" is a whole entity.
        for (std::size_t at = shown.find('<'); at != std::string::npos; at = shown.find('<', at + 1)) {
          const std::string rest = shown.substr(at, 8);
          CHECK((rest.starts_with("<!date^") || rest.starts_with("<https:/") || rest.starts_with("<http:/")));
        }
        for (std::size_t at = shown.find('&'); at != std::string::npos; at = shown.find('&', at + 1)) {
          const std::string rest = shown.substr(at, 5);
          CHECK((rest == "&amp;" || rest.starts_with("&lt;") || rest.starts_with("&gt;")));
        }
        CHECK(shown.find("<!channel") == std::string::npos);
      }
    }
  }
}

TEST_CASE("links that are not http are left out") {
  Notification n = sample();
  n.page_url = "javascript:alert(1)";
  n.incident_url = "";
  const std::string body = render(receiver("slack"), n).body;
  CHECK(body.find("javascript") == std::string::npos);
  CHECK(body.find("Incident") == std::string::npos);
}

TEST_CASE("a receiver that cannot work is refused with a reason and without its secret") {
  config::Receiver r = receiver("webhok");
  CHECK(alerts::make_notifier(r).error().find("did you mean \"webhook\"") != std::string::npos);
  r = receiver("webhook");
  r.signing_secret = config::Secret("whsec_%%%not-base64%%%");
  const auto refused = alerts::make_notifier(r);
  REQUIRE(!refused.ok());
  CHECK(refused.error().find("base64") != std::string::npos);
  CHECK(refused.error().find("%%%") == std::string::npos);
  r = receiver("slack", "s", "ftp://secret-host/secret-path");
  REQUIRE(!alerts::make_notifier(r).ok());
  CHECK(alerts::make_notifier(r).error().find("secret-") == std::string::npos);
}
