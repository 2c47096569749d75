#include "probes/kinds/page_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "core/text.h"
#include "probes/attribution.h"
#include "probes/bounded_json.h"
#include "probes/edge.h"
#include "probes/pages/markup.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr std::size_t looked_at = 256 * 1024;  // what makes a page work stands near its top or its end
constexpr std::size_t max_tags = 2000;
constexpr std::size_t shell_text = 200;   // a page with less text than this lives by its scripts
constexpr std::size_t login_text = 1500;  // and one with more is no mere login form

struct Tag {
  std::string name;  // lower case
  std::map<std::string, std::string> attributes;

  bool has(const std::string& key) const { return attributes.contains(key); }
  std::string value(const std::string& key) const {
    const auto it = attributes.find(key);
    return it == attributes.end() ? "" : it->second;
  }
};

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

/// One opening tag from its '<' on; moves `at` behind its '>'.
Tag read_tag(std::string_view html, std::size_t& at) {
  Tag tag;
  ++at;
  const auto word = [&](std::string_view ends) {
    const std::size_t from = at;
    while (at < html.size() && !is_space(html[at]) && ends.find(html[at]) == std::string_view::npos) ++at;
    return html.substr(from, at - from);
  };
  const auto skip = [&] {
    while (at < html.size() && is_space(html[at])) ++at;
  };
  tag.name = lower_ascii(word("/>"));
  for (;;) {
    skip();
    if (at >= html.size()) return tag;
    if (html[at] == '>') return ++at, tag;
    if (html[at] == '/' || html[at] == '=') {
      ++at;
      continue;
    }
    const std::string key = lower_ascii(word("=/>"));
    std::string value;
    skip();
    if (at < html.size() && html[at] == '=') {
      ++at;
      skip();
      if (at < html.size() && (html[at] == '"' || html[at] == '\'')) {
        const std::size_t end = html.find(html[at], at + 1);
        if (end == std::string_view::npos) return at = html.size(), tag;
        value = html.substr(at + 1, end - at - 1);
        at = end + 1;
      } else {
        value = word(">");
      }
    }
    if (tag.attributes.size() < 32) tag.attributes.try_emplace(key, decode_entities(value));
  }
}

/// Behind the end of what is not markup: a comment, a script, a style. `npos` if it never ends.
std::size_t behind(std::string_view lower, std::size_t at, std::string_view end) {
  const std::size_t found = lower.find(end, at);
  return found == std::string_view::npos ? found : found + end.size();
}

struct Markup {
  std::vector<Tag> scripts, styles;
  std::string base, title;
  bool media = false, script = false;  // something to be seen without text; any script, inline too
};

Markup read_markup(std::string_view body) {
  const std::string_view html = body.substr(0, looked_at);
  const std::string lower = lower_ascii(html);
  Markup out;
  std::size_t tags = 0;
  for (std::size_t at = lower.find('<'); at != std::string::npos && tags < max_tags; at = lower.find('<', at)) {
    if (lower.compare(at, 4, "<!--") == 0) {
      if ((at = behind(lower, at, "-->")) == std::string::npos) break;
      continue;
    }
    if (at + 1 >= lower.size() || lower[at + 1] < 'a' || lower[at + 1] > 'z') {
      ++at;
      continue;
    }
    ++tags;
    Tag tag = read_tag(html, at);
    if (tag.name == "script") {
      const std::string type = lower_ascii(tag.value("type"));
      const bool code = type.empty() || type == "module" || type.find("javascript") != std::string::npos;
      out.script = out.script || code;
      if (code && tag.has("src") && !tag.has("nomodule")) out.scripts.push_back(std::move(tag));
      if ((at = behind(lower, at, "</script")) == std::string::npos) break;
    } else if (tag.name == "style" || tag.name == "noscript") {
      if ((at = behind(lower, at, "</" + tag.name)) == std::string::npos) break;
    } else if (tag.name == "title" && out.title.empty()) {
      const std::size_t end = std::min(lower.find("</title", at), lower.size());
      out.title = lower.substr(at, std::min<std::size_t>(end - at, 200));
    } else if (tag.name == "base" && out.base.empty()) {
      out.base = tag.value("href");
    } else if (tag.name == "link") {
      const std::string rel = lower_ascii(tag.value("rel"));
      if (rel.find("stylesheet") != std::string::npos && rel.find("alternate") == std::string::npos)
        out.styles.push_back(std::move(tag));
    } else {
      for (const std::string_view name :
           {"img", "iframe", "video", "canvas", "svg", "object", "embed", "frame", "input"})
        out.media = out.media || tag.name == name;
    }
  }
  return out;
}

/// The page's own before others', scripts before styles. Of others' (advertising, statistics) only what a page that
/// lives by its scripts may need.
std::vector<PageLook::Asset> choose_assets(const Markup& markup, const std::string& page, bool shell) {
  std::vector<PageLook::Asset> own, others;
  const auto here = parse_url(page);
  const std::string base = markup.base.empty() ? page : resolve_url(page, markup.base).value_or(page);
  const auto add = [&](const std::string& reference, bool script, bool foreign_too) {
    const auto url = resolve_url(base, reference);
    const auto there = url ? parse_url(*url) : std::nullopt;
    if (!here || !there || (here->scheme == "https" && there->scheme == "http")) return;
    const bool foreign = !same_site(here->host, there->host);
    if (foreign && !foreign_too) return;
    auto& list = foreign ? others : own;
    const auto same = [&](const PageLook::Asset& known) { return known.url == *url; };
    if (std::none_of(list.begin(), list.end(), same)) list.push_back({*url, script});
  };
  for (const Tag& tag : markup.scripts) add(tag.value("src"), true, shell && !tag.has("async"));
  for (const Tag& tag : markup.styles) add(tag.value("href"), false, false);
  own.insert(own.end(), others.begin(), others.end());
  if (own.size() > max_assets) own.resize(max_assets);
  return own;
}

bool names_login(std::string_view lower) {
  for (const std::string_view word : {"log in", "login", "log on", "sign in", "signin", "anmelden", "anmeldung"})
    if (lower.find(word) != std::string_view::npos) return true;
  return false;
}

}  // namespace

PageLook look_at_page(const Response& response, const std::string& asked) {
  PageLook out;
  const auto wrong = [&](Class cls, std::string problem) {
    out.cls = cls;
    out.problem = std::move(problem);
    return out;
  };
  const std::string type = lower_ascii(response.header("content-type"));
  const bool html = type.empty() ? first_byte(response.body) == '<' : type.find("html") != std::string::npos;
  if (!html) return wrong(Class::unexpected_content, fmt::format("but it is no page ({})", clean_line(type, 60)));
  if (is_maintenance_page(response)) return wrong(Class::server_error, "but it is a maintenance page");

  const Markup markup = read_markup(response.body);
  const std::string text = visible_text(response.body);
  const bool nothing =
      text.empty() || lower_ascii(text) == visible_text(markup.title);  // in the window's frame at most
  if (nothing && !markup.script && !markup.media) return wrong(Class::unexpected_content, "but it is a blank page");

  const auto wanted = parse_url(asked);
  const bool login_wanted = wanted && leads_to_login(wanted->path);
  if (!login_wanted && asks_for_password(response) && (text.size() <= login_text || names_login(markup.title)))
    return wrong(Class::unexpected_content, "but it is a login form");
  out.assets = choose_assets(markup, response.url.empty() ? asked : response.url, text.size() < shell_text);
  return out;
}

std::optional<std::string> broken_asset(const PageLook::Asset& asset, const Response& response) {
  const auto dead = [&](std::string_view why) {
    return fmt::format("its {} {} is {}", asset.script ? "script" : "style", public_url(asset.url), why);
  };
  const Attribution judged = attribute(response);
  // Blocked, limited, ours: we do not see what a person's browser would.
  if (judged.cls != Class::ok && counts_of(judged) == Counts::nothing && judged.cls != Class::not_found &&
      judged.cls != Class::auth)
    return std::nullopt;
  if (response.error != TransportError::none || response.status >= 400)
    return dead(fmt::format("dead: {}", judged.evidence.detail));
  const bool page =
      response.header("content-type").starts_with("text/html") || (asset.script && first_byte(response.body) == '<');
  if (response.status == 200 && page) return dead("an HTML page");
  return std::nullopt;
}

}  // namespace outaged::probes
