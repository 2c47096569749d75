#include "probes/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <pugixml.hpp>

#include "core/text.h"

namespace outaged::probes {
namespace {

// A node costs some 60 bytes: this bounds memory to a few times the document's size.
constexpr std::size_t max_elements = 300'000;
constexpr int max_text_depth = 64;

/// "content:encoded" and "encoded" are the same to us: prefixes are the author's choice.
std::string_view local(const char* name) {
  const std::string_view full(name);
  const auto colon = full.find(':');
  return colon == std::string_view::npos ? full : full.substr(colon + 1);
}

bool prefixed(const char* name) { return std::string_view(name).find(':') != std::string_view::npos; }

/// All text below a node, markup and all if it holds elements (Atom's xhtml).
std::string text_of(const pugi::xml_node& node, int depth = 0) {
  std::string out;
  for (const pugi::xml_node child : node.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
      out += child.value();
    } else if (child.type() == pugi::node_element && depth < max_text_depth) {
      out += fmt::format("<{}>", local(child.name()));
      out += text_of(child, depth + 1);
      out += fmt::format("</{}>", local(child.name()));
    }
  }
  return out;
}

std::string trimmed(std::string text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == std::string::npos) return {};
  text.erase(text.find_last_not_of(" \t\r\n") + 1);
  text.erase(0, from);
  return text;
}

/// The first child of that local name, one without prefix before one with ("link" before "atom:link").
pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  pugi::xml_node second;
  for (const pugi::xml_node each : node.children()) {
    if (each.type() != pugi::node_element || local(each.name()) != name) continue;
    if (!prefixed(each.name())) return each;
    if (!second) second = each;
  }
  return second;
}

std::string value(const pugi::xml_node& node, std::string_view name) { return trimmed(text_of(child(node, name))); }

/// RSS has the address as text, Atom as an attribute; of several the one for people, and the format's own before that
/// of another namespace.
std::string link_of(const pugi::xml_node& node) {
  std::string other;
  for (const pugi::xml_node each : node.children()) {
    if (each.type() != pugi::node_element || local(each.name()) != "link") continue;
    const std::string rel = each.attribute("rel").value();
    std::string link = each.attribute("href").value();
    if (link.empty()) link = text_of(each);
    link = trimmed(std::move(link));
    if (link.empty() || (!rel.empty() && rel != "alternate")) continue;
    if (!prefixed(each.name())) return link;
    if (other.empty()) other = std::move(link);
  }
  return other;
}

std::string first_of(const pugi::xml_node& node, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (std::string text = value(node, name); !text.empty()) return text;
  return {};
}

FeedItem item_of(const pugi::xml_node& node) {
  FeedItem out;
  out.id = first_of(node, {"guid", "id"});
  out.title = value(node, "title");
  out.link = link_of(node);
  out.published = first_of(node, {"pubDate", "published", "issued", "date", "created"});
  out.updated = first_of(node, {"updated", "modified"});
  out.content = first_of(node, {"encoded", "content"});
  out.summary = first_of(node, {"description", "summary"});
  if (out.content.empty()) out.content = std::move(out.summary), out.summary.clear();
  for (const pugi::xml_node each : node.children())
    if (each.type() == pugi::node_element && local(each.name()) == "category") {
      std::string text = trimmed(text_of(each));
      if (text.empty()) text = trimmed(each.attribute("term").value());
      if (!text.empty() && out.categories.size() < 20) out.categories.push_back(std::move(text));
    }
  return out;
}

outaged::Result<Feed> read(const pugi::xml_document& document, std::size_t max_items) {
  const pugi::xml_node root = document.document_element();
  const std::string_view name = local(root.name());
  Feed out;
  pugi::xml_node channel, list;
  std::string_view item = "item";
  if (name == "rss") {
    channel = list = child(root, "channel");
  } else if (name == "RDF") {  // RSS 1.0 keeps its items beside the channel
    channel = child(root, "channel");
    list = root;
  } else if (name == "feed") {
    out.kind = Feed::Kind::atom;
    channel = list = root;
    item = "entry";
  } else if (name == "html") {
    return Error{"HTML where a feed belongs: a moved page, a login or a bot challenge?"};
  } else if (name.empty()) {
    return Error{"not XML: no element in it"};
  } else {
    return Error{fmt::format("XML, but neither RSS nor Atom (its root is <{}>)", clean_line(name, 40))};
  }
  if (!channel || !child(channel, "title"))
    return Error{fmt::format("a feed without its {}", channel ? "title" : "channel")};
  out.id = value(channel, "id");
  out.title = value(channel, "title");
  out.link = link_of(channel);
  out.generator = value(channel, "generator");
  out.description = first_of(channel, {"description", "subtitle"});
  out.updated = first_of(channel, {"lastBuildDate", "updated", "pubDate", "modified", "date"});
  for (const pugi::xml_node each : list.children()) {
    if (each.type() != pugi::node_element || local(each.name()) != item) continue;
    if (out.items.size() == max_items) break;
    out.items.push_back(item_of(each));
  }
  return out;
}

}  // namespace

outaged::Result<Feed> parse_feed(std::string_view bytes, std::size_t max_items) {
  if (bytes.find_first_not_of(" \t\r\n") == std::string_view::npos)
    return Error{"an empty document where a feed belongs"};
  if (static_cast<std::size_t>(std::count(bytes.begin(), bytes.end(), '<')) > max_elements)
    return Error{"more elements than any feed has"};
  // A declaration may stand only at the very beginning; vendors' templates put blank lines before it.
  const auto start = bytes.find_first_not_of(" \t\r\n");
  if (start < bytes.size() && bytes[start] == '<') bytes.remove_prefix(start);
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(bytes.data(), bytes.size(), pugi::parse_default | pugi::parse_ws_pcdata_single);
  if (!parsed) return Error{fmt::format("not XML: {} at byte {}", parsed.description(), parsed.offset)};
  return read(document, max_items);
}

}  // namespace outaged::probes
