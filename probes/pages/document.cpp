#include "probes/pages/document.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/text.h"
#include "probes/bounded_json.h"
#include "probes/pages/fields.h"
#include "probes/pages/markup.h"

namespace outaged::probes {
namespace {

/// Apple serves "jsonCallback({…});".
std::string_view without_callback(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos) return text;
  std::string_view rest = text.substr(from);
  const auto open = rest.find('(');
  if (open == 0 || open == std::string_view::npos || open > 60) return text;
  for (const char c : rest.substr(0, open))
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.' ||
          c == '$'))
      return text;
  const auto close = rest.find_last_not_of(" \t\r\n;");
  if (close == std::string_view::npos || close <= open || rest[close] != ')') return text;
  return rest.substr(open + 1, close - open - 1);
}

/// Documents made by templates hold raw line breaks and tabs in their strings; strict JSON has none.
std::string without_controls(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

bool is_html(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string_view::npos || text[from] != '<') return false;
  const std::string head = lower_ascii(text.substr(from, 400));
  return head.starts_with("<!doctype html") || head.find("<html") != std::string::npos || head.starts_with("<head") ||
         head.starts_with("<body");
}

}  // namespace

Document::Document(std::string_view body, PageContext context)
    : json_(std::make_unique<nlohmann::json>()), context_(std::move(context)) {
  const std::string text = to_utf8(body);
  const char first = first_byte(text);
  if (first == '\0') {
    problem_ = "an empty document where a status belongs";
    return;
  }
  if (first == '<') {
    if (is_html(text)) {
      kind_ = Kind::html;
      problem_ = "HTML where JSON or a feed belongs: a moved page, a login or a bot challenge?";
      return;
    }
    auto feed = parse_feed(body);
    if (!feed) {
      problem_ = feed.error();
      return;
    }
    feed_ = std::make_unique<Feed>(std::move(*feed));
    kind_ = Kind::feed;
    return;
  }
  const std::string_view json = without_callback(text);
  std::string why, ignored;
  if (parse_json(json, *json_, &why) || parse_json(without_controls(json), *json_, &ignored)) {
    kind_ = Kind::json;
  } else {
    *json_ = nullptr;
    problem_ = "not JSON: " + why;
  }
}

Document::~Document() = default;

std::string Document::describe() const {
  if (feed_)
    return fmt::format("{} feed (\"{}\")", feed_->kind == Feed::Kind::rss ? "an RSS" : "an Atom",
                       clean_line(feed_->title, 60));
  if (kind_ != Kind::json) return problem_;
  if (json_->is_object()) return fmt::format("JSON (keys: {})", keys_of(*json_));
  if (!json_->is_array()) return "JSON, but neither an object nor a list";
  if (json_->empty()) return "an empty list: it does not say of what, so nothing can be concluded";
  return fmt::format("a JSON list (of {})",
                     json_->front().is_object() ? "objects with keys: " + keys_of(json_->front()) : "no objects");
}

std::string Document::stranger(std::string_view vendor, std::string_view anchor) const {
  if (kind_ != Kind::json && !feed_) return problem_;
  return fmt::format("{}, but not a {} document: no {}", describe(), vendor, anchor);
}

}  // namespace outaged::probes
