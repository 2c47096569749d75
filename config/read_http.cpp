#include <fmt/format.h>

#include <algorithm>

#include "config/sections.h"
#include "config/values.h"
#include "core/text.h"

namespace outaged::config {
namespace {

/// Headers that frame the message: a wrong one breaks the exchange, not the check.
constexpr std::string_view framing[] = {"content-length", "transfer-encoding", "connection", "expect", "upgrade", "te",
                                        "trailer"};

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

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
                                       quoted(item.text)));
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
      reader.problem(section.place("pointer"), fmt::format("pointer {} {}", quoted(condition.pointer), fault));
    std::string equals;
    if (section.text("equals", equals, true)) condition.equals = std::move(equals);
    section.finish();
    if (good) check.json.push_back(std::move(condition));
  }
}

void read_expect(Section& target, HttpCheck& check, Duration timeout) {
  const Node* node = target.get("expect");
  if (node == nullptr) return;
  Section expect(target.reader(), *node, "expect");
  read_expected_status(expect, check);
  expect.text("content_type", check.content_type);
  expect.texts("body_contains", check.body_contains);
  expect.texts("body_not_contains", check.body_not_contains);
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

}  // namespace

void read_headers(Section& section, std::vector<std::pair<std::string, Secret>>& headers) {
  Reader& reader = section.reader();
  const Node* node = section.get("headers");
  if (node == nullptr) return;
  if (node->kind != Node::Kind::map) {
    reader.problem(*node, fmt::format("headers must be a map of names to values, not {}", spell(node->kind)));
    return;
  }
  std::vector<std::pair<std::string, Position>> seen;
  for (std::size_t i = 0; i < node->keys.size(); ++i) {
    const Node &key = node->keys[i], &value = node->items[i];
    if (key.kind != Node::Kind::scalar || value.kind == Node::Kind::invalid) continue;
    const std::string name = lower_case(key.text);
    if (!is_token(name)) {
      reader.problem(key, fmt::format("{} is not the name of a header", quoted(key.text)));
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
  const bool body = section.secret("body", check.body, SecretUse::body);
  if (body && (!section.has("method") || check.method == "HEAD"))
    reader.problem(section.at(), section.has("method")
                                     ? "a HEAD request has no body; use another method, or remove the body"
                                     : "a body needs a method that takes one; add method: POST");
  section.size("max_body", check.max_body, 1, 64u << 20);
  section.boolean("follow_redirects", check.follow_redirects);
  section.boolean("http2", check.http2);
  read_expect(section, check, timeout);
}

}  // namespace outaged::config
