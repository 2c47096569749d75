// Slack's incoming webhooks: `text` is the line on the lock screen (and all that Mattermost and Rocket.Chat show),
// `blocks` the message. Limits: 50 blocks, 3000 characters a text, 10 elements a context; &, < and > escaped.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "alerts/http_judge.h"
#include "alerts/registry.h"
#include "alerts/words.h"
#include "core/text.h"

namespace outaged::alerts {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t proofs_shown = 3;

std::size_t character_size(unsigned char lead) { return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4; }

/// Escaped and cut so that the *escaped* text keeps within its budget and no entity is torn.
std::string escape(std::string_view piece, std::size_t max_bytes) {
  constexpr std::string_view ellipsis = "…";
  const std::string clean = clean_line(piece, max_bytes);
  std::string out;
  for (std::size_t i = 0; i < clean.size();) {
    const std::size_t size = character_size(static_cast<unsigned char>(clean[i]));
    std::string_view next = std::string_view(clean).substr(i, size);
    if (next == "&") next = "&amp;";
    else if (next == "<") next = "&lt;";
    else if (next == ">") next = "&gt;";
    i += size;
    const std::size_t reserve = i < clean.size() ? ellipsis.size() : 0;
    if (out.size() + next.size() + reserve > max_bytes) return out + std::string(ellipsis);
    out += next;
  }
  return out;
}

/// Shown in the reader's zone; the fallback is for clients that cannot.
std::string date_token(Timestamp t, Timestamp reference, bool seconds) {
  const auto epoch = std::chrono::floor<std::chrono::seconds>(t).time_since_epoch().count();
  const Duration distance = t > reference ? t - reference : reference - t;
  const char* format = distance < 12h ? (seconds ? "{time_secs}" : "{time}") : (seconds ? "{date_short} {time_secs}" : "{date_short} {time}");
  return fmt::format("<!date^{}^{}|{} UTC>", epoch, format, words::plain().clock(t, reference, seconds));
}

const words::Voice& voice() {
  static const words::Voice slack{date_token, escape, ""};
  return slack;
}

/// The lock screen shows no date tokens, so UTC; but the text is still mrkdwn, so escaped.
const words::Voice& lock_screen_voice() {
  static const words::Voice slack{words::plain().clock, escape, " UTC"};
  return slack;
}

std::string link(std::string_view url, std::string_view label) {
  if (!url.starts_with("https://") && !url.starts_with("http://")) return "";
  if (url.size() > 1000) return "";
  std::string out = "<";
  for (const char c : url) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= ' ' || byte >= 127 || c == '<' || c == '>' || c == '|' || c == '"' || c == '`') out += fmt::format("%{:02X}", byte);
    else if (c == '&') out += "&amp;";
    else out += c;
  }
  return out + "|" + std::string(label) + ">";
}

/// A code span; a backtick would end it.
std::string code(std::string_view text) {
  std::string out = escape(text, 80);
  for (char& c : out)
    if (c == '`') c = '\'';
  return "`" + out + "`";
}

Json mrkdwn(std::string text) { return {{"type", "mrkdwn"}, {"text", std::move(text)}}; }
Json section(std::string text) { return {{"type", "section"}, {"text", mrkdwn(std::move(text))}}; }
Json context(std::string text) { return {{"type", "context"}, {"elements", Json::array({mrkdwn(std::move(text))})}}; }

void join(std::string& line, const std::string& part) {
  if (part.empty()) return;
  if (!line.empty()) line += " · ";
  line += part;
}

std::string facts(const Notification& n) {
  const words::Voice& v = voice();
  std::string lines = "*Since*  " + words::since_line(n, v);
  const std::string affected = words::list_line(n.affected, v), works = words::list_line(n.unaffected, v);
  if (!affected.empty()) lines += "\n*Affected*  " + affected;
  if (!works.empty()) lines += (affected.empty() ? "\n*Works*  " : "    *Works*  ") + works;
  if (const std::string also = words::together_line(n, v); !also.empty()) lines += "\n*Also failing since then*  " + also;
  lines += "\n*Their page*  " + words::page_line(n, v);
  if (!n.is_it_us.empty()) lines += "\n*Is it us?*  " + escape(n.is_it_us, 240);
  return lines;
}

std::string proof(const Notification& n) {
  std::string line;
  const std::size_t skip = n.proof.size() > proofs_shown ? n.proof.size() - proofs_shown : 0;
  for (std::size_t i = skip; i < n.proof.size(); ++i) {
    const NotificationProof& p = n.proof[i];
    join(line, (p.request_id.empty() ? "" : code(p.request_id) + " ") + words::proof_line(p, voice()));
  }
  return line.empty() ? line : "*Proof*  " + line;
}

std::string links(const Notification& n) {
  std::string line;
  join(line, link(n.incident_url, n.kind == NotificationKind::resolve ? "Report" : "Incident"));
  join(line, link(n.page_url, "Their page"));
  if (n.kind == NotificationKind::self) join(line, link(n.page_self_url, "outaged"));
  else if (n.kind != NotificationKind::resolve) join(line, "why you: importance " + std::string(to_string(n.importance)));
  return line;
}

std::string_view sign(const Notification& n) {
  switch (n.kind) {
    case NotificationKind::fire:
    case NotificationKind::refire: return "🔴 ";
    case NotificationKind::resolve: return "✅ ";
    case NotificationKind::update: return "";
    case NotificationKind::self: return n.recovered ? "✅ " : "⚠️ ";
  }
  return "";
}

Json blocks_of(const Notification& n) {
  Json blocks = Json::array();
  // Names may hold mrkdwn's own marks; a bold line would end at the first asterisk, a plain one bears it.
  const bool bold = n.component_title.find_first_of("*_~`") == std::string::npos && n.what.find('*') == std::string::npos;
  const bool opens = n.kind == NotificationKind::fire || n.kind == NotificationKind::refire;
  const std::string headline = words::headline(n, voice());
  blocks.push_back(section(std::string(sign(n)) + (opens && bold ? "*" + headline + "*" : headline)));
  if (opens) {
    blocks.push_back(section(facts(n)));
    if (std::string line = proof(n); !line.empty()) blocks.push_back(context(std::move(line)));
  } else if (n.kind == NotificationKind::update && !n.together_with.empty()) {
    blocks.push_back(context("*Also failing since then*  " + words::together_line(n, voice())));
  }
  if (std::string line = links(n); !line.empty()) blocks.push_back(context(std::move(line)));
  return blocks;
}

class Slack : public Notifier {
 public:
  explicit Slack(const config::Receiver& receiver) : url_(receiver.url), headers_(receiver.headers) {}

  HttpRequest render(const Notification& n, Timestamp) const override {
    Json payload;
    payload["text"] = words::lock_screen(n, lock_screen_voice());
    payload["blocks"] = blocks_of(n);
    payload["unfurl_links"] = false;

    HttpRequest request;
    request.url = url_.reveal();
    request.body = payload.dump(-1, ' ', false, Json::error_handler_t::replace);
    request.headers = {{"Content-Type", "application/json; charset=utf-8"}};
    for (const auto& [name, value] : headers_) request.headers.emplace_back(name, value.reveal());
    return request;
  }

  Disposition judge(const HttpResponse& response, Timestamp at) const override { return judge_http(response, at); }

 private:
  const config::Secret url_;
  const std::vector<std::pair<std::string, config::Secret>> headers_;
};

}  // namespace

std::shared_ptr<const Notifier> make_slack(const config::Receiver& receiver) { return std::make_shared<Slack>(receiver); }

std::string check_slack(const config::Receiver& receiver) {
  if (!receiver.signing_secret.empty()) return "slack takes no signing_secret (its url is the secret)";
  return check_url(receiver);
}

}  // namespace outaged::alerts
