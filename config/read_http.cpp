#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

#include "config/sections.h"
#include "config/values.h"
#include "core/pattern.h"
#include "core/text.h"

namespace outaged::config {
namespace {

/// Headers that frame the message: a wrong one breaks the exchange, not the check.
constexpr std::string_view framing[] = {"content-length", "transfer-encoding", "connection", "expect", "upgrade", "te",
                                        "trailer"};

void read_expected_status(Section& expect, HttpCheck& check) {
  Reader& reader = expect.reader();
  const Node* node = expect.get("status");
  if (node == nullptr) return;
  const auto take = [&](const Node& item) {
    const auto text = reader.scalar(item, "a status");
    if (!text) return;
    if (const auto range = parse_status_range(*text))
      check.expect_status.push_back(*range);
    else
      reader.problem(item, fmt::format("status must be a code or a range from 100 to 599, like 200 or 400-499, not {}",
                                       in_quotes(item.text)));
  };
  if (node->kind != Node::Kind::list) return take(*node);
  for (const Node& item : node->items) take(item);
}

void read_json_conditions(Section& expect, HttpCheck& check) {
  Reader& reader = expect.reader();
  for (const Node* item : expect.list("json")) {
    Section section(reader, *item, "a json condition");
    JsonCondition condition;
    section.require("pointer", "where in the document, like /error/type");
    const bool good = section.text("pointer", condition.pointer, true);
    if (const auto fault = pointer_fault(condition.pointer); !fault.empty())
      reader.problem(section.place("pointer"), fmt::format("pointer {} {}", in_quotes(condition.pointer), fault));
    std::string equals;
    if (section.text("equals", equals, true)) condition.equals = std::move(equals);
    section.finish();
    if (good) check.json.push_back(std::move(condition));
  }
}

void check_pattern(Reader& reader, const Node& node, std::string_view key, const std::string& text) {
  if (const auto pattern = Pattern::compile(text); !pattern)
    reader.problem(node, fmt::format("{} {} is not a regular expression: {}", key, in_quotes(node.text), pattern.error()));
}

void read_header_conditions(Section& expect, HttpCheck& check) {
  Reader& reader = expect.reader();
  for (const Node* item : expect.list("headers")) {
    Section section(reader, *item, "a header condition");
    HttpCheck::HeaderCondition condition;
    section.require("name", "which header, like content-type");
    const bool good = section.text("name", condition.name);
    if (good && !is_token(condition.name))
      reader.problem(section.place("name"), fmt::format("{} is not the name of a header", in_quotes(condition.name)));
    if (section.text("matches", condition.matches))
      check_pattern(reader, *section.get("matches"), "matches", condition.matches);
    section.boolean("absent", condition.absent);
    if (condition.absent && section.has("matches"))
      reader.problem(section.place("absent"), "a header is either absent or matches something; keep one");
    section.finish();
    if (good) check.header_conditions.push_back(std::move(condition));
  }
}

void read_sizes(Section& expect, HttpCheck& check) {
  std::size_t size = 0;
  if (expect.size("min_size", size, 1, 64u << 20)) check.min_size = size;
  if (expect.size("max_size", size, 1, 64u << 20)) check.max_size = size;
  Reader& reader = expect.reader();
  if (check.min_size && *check.min_size > check.max_body)
    reader.problem(expect.place("min_size"), "min_size is larger than max_body, so it can never be reached");
  if (check.min_size && check.max_size && *check.min_size > *check.max_size)
    reader.problem(expect.place("max_size"), "max_size is smaller than min_size");
}

void read_expect(Section& target, HttpCheck& check, Duration timeout) {
  const Node* node = target.get("expect");
  if (node == nullptr) return;
  Section expect(target.reader(), *node, "expect");
  read_expected_status(expect, check);
  expect.text("content_type", check.content_type);
  expect.texts("body_contains", check.body_contains);
  expect.texts("body_not_contains", check.body_not_contains);
  read_patterns(expect, "body_matches", check.body_matches);
  read_patterns(expect, "body_not_matches", check.body_not_matches);
  read_header_conditions(expect, check);
  read_sizes(expect, check);
  Duration left{};
  if (expect.duration("min_cert_left", left, 1s, 825 * 24h)) {
    check.min_cert_left = left;
    if (check.url.starts_with("http:") && !check.follow_redirects)
      target.reader().problem(expect.place("min_cert_left"),
                              "min_cert_left needs an https URL: no certificate otherwise");
  }
  read_json_conditions(expect, check);
  Duration latency{};
  if (expect.duration("max_latency", latency, 1ms, 1h)) {
    check.max_latency = latency;
    if (latency > timeout)
      target.reader().problem(expect.place("max_latency"),
                              fmt::format("max_latency {} is longer than the timeout {}, so it can never be reached",
                                          format_duration(latency), format_duration(timeout)));
  }
  expect.finish();
}

std::string base64(const std::string& text) {
  std::string out(4 * ((text.size() + 2) / 3) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

/// basic_auth and bearer_token: what would otherwise be a header `authorization`.
void read_auth(Section& section, std::vector<std::pair<std::string, Secret>>& headers) {
  Reader& reader = section.reader();
  std::vector<Secret> found;
  Secret token;
  if (section.secret("bearer_token", token)) found.push_back(Secret("Bearer " + token.reveal()));
  if (const Node* node = section.get("basic_auth")) {
    Section basic(reader, *node, "basic_auth");
    std::string user;
    Secret password;
    basic.require("username");
    basic.text("username", user);
    if (user.find(':') != std::string::npos)
      reader.problem(basic.place("username"), "a username for basic_auth has no colon (RFC 7617)");
    basic.secret("password", password);
    basic.finish();
    found.push_back(Secret("Basic " + base64(user + ":" + password.reveal())));
  }
  const bool header = std::any_of(headers.begin(), headers.end(),
                                  [](const auto& each) { return lower_ascii(each.first) == "authorization"; });
  if (found.size() + (header ? 1 : 0) > 1)
    reader.problem(section.at(), "basic_auth, bearer_token and the header authorization exclude one another; keep one");
  if (found.size() == 1 && !header) headers.emplace_back("authorization", std::move(found.front()));
}

void read_way(Section& section, HttpCheck& check) {
  read_tls_files(section, check.ca_file, check.cert_file, check.key_file);
  if (std::string proxy; read_proxy(section, proxy, true)) check.proxy = std::move(proxy);
  std::string family;
  if (section.choice("ip_version", family, {"any", "4", "6"}))
    check.family = family == "4"   ? HttpCheck::Family::v4
                   : family == "6" ? HttpCheck::Family::v6
                                   : HttpCheck::Family::any;
  if (check.url.empty() || check.family == HttpCheck::Family::any) return;
  const std::size_t begin = check.url.find("://") + 3;
  const std::string host = check.url.substr(begin, check.url.find_first_of(":/?#", begin) - begin);
  const bool v6 = host.starts_with('['), v4 = host.find_first_not_of("0123456789.") == std::string::npos;
  if ((v6 && check.family == HttpCheck::Family::v4) || (v4 && check.family == HttpCheck::Family::v6))
    section.reader().problem(section.place("ip_version"),
                             fmt::format("ip_version {} does not fit the address in url", family));
}

}  // namespace

bool read_patterns(Section& section, std::string_view key, std::vector<std::string>& out) {
  const Node* node = section.get(key);
  if (node == nullptr) return false;
  const auto take = [&](const Node& item) {
    const auto text = section.reader().scalar(item, key);
    if (!text) return;
    if (text->empty()) return section.reader().problem(item, fmt::format("{} holds an empty text", key));
    check_pattern(section.reader(), item, key, *text);
    out.push_back(*text);
  };
  if (node->kind != Node::Kind::list)
    take(*node);
  else
    for (const Node& item : node->items) take(item);
  return true;
}

void read_headers(Section& section, std::vector<std::pair<std::string, Secret>>& headers, std::string_view map) {
  Reader& reader = section.reader();
  const Node* node = section.get(map);
  if (node == nullptr) return;
  if (node->kind != Node::Kind::map) {
    reader.problem(*node, fmt::format("{} must be a map of names to values, not {}", map, spell(node->kind)));
    return;
  }
  std::vector<std::pair<std::string, Position>> seen;
  for (std::size_t i = 0; i < node->keys.size(); ++i) {
    const Node &key = node->keys[i], &value = node->items[i];
    if (key.kind != Node::Kind::scalar || value.kind == Node::Kind::invalid) continue;
    const std::string name = lower_ascii(key.text);
    if (!is_token(name)) {
      reader.problem(key, fmt::format("{} is not the name of a header", in_quotes(key.text)));
      continue;
    }
    if (std::find(std::begin(framing), std::end(framing), name) != std::end(framing)) {
      reader.problem(key, fmt::format("the header {} is set by outaged itself; remove it", key.text));
      continue;
    }
    const auto first = std::find_if(seen.begin(), seen.end(), [&](const auto& entry) { return entry.first == name; });
    if (first != seen.end()) {
      reader.problem(
          key, fmt::format("the header {} is given twice (case does not matter); the first is at line {}, column {}",
                           key.text, first->second.line, first->second.column));
      continue;
    }
    seen.emplace_back(name, reader.at(key));
    if (value.kind == Node::Kind::null) {
      reader.problem(key, fmt::format("the header {} has no value; give it one, or remove it", key.text));
      continue;
    }
    if (auto secret = read_secret_value(reader, value, fmt::format("the header {}", key.text)))
      headers.emplace_back(key.text, std::move(*secret));
  }
}

void read_http_check(Section& section, HttpCheck& check, Duration timeout) {
  Reader& reader = section.reader();
  section.require("url");
  section.url("url", check.url);
  static const std::vector<std::string_view> methods = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
  section.choice("method", check.method, methods);
  read_headers(section, check.headers);
  read_auth(section, check.headers);
  const bool body = section.secret("body", check.body, SecretUse::body);
  if (body && (!section.has("method") || check.method == "HEAD"))
    reader.problem(section.at(), section.has("method")
                                     ? "a HEAD request has no body; use another method, or remove the body"
                                     : "a body needs a method that takes one; add method: POST");
  section.size("max_body", check.max_body, 1, 64u << 20);
  if (section.boolean("page", check.page) && check.page) {
    check.follow_redirects = true;  // as a browser does
    if (check.method != "GET")
      reader.problem(section.place("page"), "page: true is about what GET answers; remove method");
  }
  section.boolean("follow_redirects", check.follow_redirects);
  section.boolean("http2", check.http2);
  read_way(section, check);
  read_expect(section, check, timeout);
}

}  // namespace outaged::config
