#include "probes/pages/detect.h"

#include <algorithm>

#include "core/text.h"
#include "probes/pages/markup.h"
#include "probes/registry.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

struct Address {
  std::string_view host;  // exact; or, with a leading dot, a domain's end
  std::string_view path;  // which the path begins with; "" for any
  std::string_view format;
};

// Pages of one provider each: their address is as good as an anchor. Several formats are tried in this order.
constexpr Address known[] = {
    {"slack-status.com", "/feed", "slack_feed"},
    {"slack-status.com", "", "slack"},
    {"status.slack.com", "", "slack"},
    {"status.heroku.com", "", "heroku"},
    {"health.aws.amazon.com", "", "aws"},
    {"status.aws.amazon.com", "/rss", "aws_rss"},
    {"status.aws.amazon.com", "", "aws_datajson"},
    {"status.aws.amazon.com", "", "aws_rss"},
    {"status.cloud.google.com", "", "google_cloud"},
    {"www.google.com", "/appsstatus", "google_workspace"},
    {"azure.status.microsoft", "", "azure_rss"},
    {"rssfeed.azure.status.microsoft", "", "azure_rss"},
    {"status.dev.azure.com", "", "azure_devops"},
    {"www.apple.com", "/support/systemstatus", "apple"},
    {"developer.apple.com", "/system-status", "apple"},
    {"status.salesforce.com", "", "salesforce"},
    {"api.status.salesforce.com", "", "salesforce"},
    {"status.x.ai", "", "xai_rss"},
    {"status.zendesk.com", "", "zendesk"},
    {"status.stripe.com", "", "stripe"},
    {"api.status.io", "", "statusio"},
    {"status.gitlab.com", "", "statusio"},
    {"status.bsky.app", "", "uptimerobot"},
    {"status.mistral.ai", "/feed", "checkly_feed"},
    {"status.mistral.ai", "", "checkly"},
    {"status.deepseek.com", "", "flashduty"},
    {"api.openstatus.dev", "/public/status", "openstatus"},
    {"raw.githubusercontent.com", "", "upptime"},
};

// Vendors' own domains.
constexpr Address vendors[] = {
    {".statuspage.io", "", "statuspage"},
    {".instatus.com", "", "instatus"},
    {".betteruptime.com", "", "betterstack"},
    {".betterstack.com", "", "betterstack"},
    {".hostedstatus.com", "", "statusio"},
    {".status.io", "", "statusio"},
    {".openstatus.dev", "", "openstatus"},
    {".statuspage.datadoghq.com", "", "datadog"},
    {".checkly-status-page.com", "", "checkly"},
    {".checkly-status.com", "", "checkly"},
    {".hund.io", "", "hund"},
    {".sorryapp.com", "", "sorry"},
    {"stats.uptimerobot.com", "", "uptimerobot"},
};

// Documents that say by their path whose they are, whatever the host.
constexpr Address paths[] = {
    {"", "/api/v1/endpoints/statuses", "gatus"},
    {"", "/api/v1/suites/statuses", "gatus"},
    {"", "/api/getMonitorList/", "uptimerobot"},
    {"", "/api/getEventFeed/", "uptimerobot"},
    {"", "/api/status-page/heartbeat/", "uptimekuma"},
    {"", "/api/status/summary.json", "openstatus"},
    {"", "/1.0/status/", "statusio"},
    {"", "/state_feed/", "hund"},
};

bool matches(const Address& address, const Url& url) {
  const bool host = address.host.empty() || url.host == address.host ||
                    (address.host.starts_with('.') && url.host.ends_with(address.host));
  return host && url.path.starts_with(address.path);
}

std::string base_of(const std::string& url) {
  std::string base = url.substr(0, url.find_first_of("?#"));
  while (base.ends_with('/')) base.pop_back();
  return base;
}

std::string origin_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto slash = scheme == std::string::npos ? std::string::npos : url.find('/', scheme + 3);
  return slash == std::string::npos ? base_of(url) : url.substr(0, slash);
}

void add(std::vector<Candidate>& out, std::string url, std::string_view format = {}) {
  const auto same = [&](const Candidate& each) { return each.url == url; };
  if (!url.empty() && out.size() < max_candidates && std::none_of(out.begin(), out.end(), same))
    out.push_back({std::move(url), std::string(format)});
}

/// It ends like a document rather than like a page.
bool is_document(const Url& url) {
  for (const std::string_view end : {".json", ".rss", ".atom", ".xml", ".js", "/feed", "/rss"})
    if (url.path.ends_with(end)) return true;
  return url.path.find("/api/") != std::string::npos || url.path.find("/_apis/") != std::string::npos ||
         url.path.find("/proxy/") != std::string::npos || url.path.starts_with("/1.0/status/");
}

bool is_id(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// The id right after a marker, over quotes, '=', ':' and blanks: statuspageId = '5b36dc…'.
std::string id_after(std::string_view html, std::string_view marker) {
  for (auto at = html.find(marker); at != std::string_view::npos; at = html.find(marker, at + 1)) {
    std::string_view rest = html.substr(at + marker.size(), 200);
    rest.remove_prefix(std::min(rest.find_first_not_of("\"'= :\\"), rest.size()));
    std::size_t length = 0;
    while (length < rest.size() && length < 80 && is_id(rest[length])) ++length;
    if (length > 0) return std::string(rest.substr(0, length));
  }
  return {};
}

bool is_hex(const std::string& text, std::size_t length) {
  return text.size() == length && text.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
}

std::string attribute(std::string_view tag, std::string_view name) {
  const std::string lower = lower_ascii(tag);
  for (const char quote : {'"', '\''}) {
    const std::string marker = std::string(name) + "=" + quote;
    const auto at = lower.find(marker);
    if (at == std::string::npos) continue;
    const auto end = tag.find(quote, at + marker.size());
    if (end != std::string_view::npos) return decode_entities(tag.substr(at + marker.size(), end - at - marker.size()));
  }
  return {};
}

void add_feeds(std::vector<Candidate>& out, const std::string& page_url, std::string_view html) {
  const auto page = parse_url(page_url);
  const std::string lower = lower_ascii(html);
  std::size_t found = 0;
  for (auto at = lower.find("<link"); at != std::string::npos && found < 3; at = lower.find("<link", at + 1)) {
    const auto end = html.find('>', at);
    if (end == std::string_view::npos || end - at > 2000) continue;
    const std::string_view tag = html.substr(at, end - at);
    const std::string type = lower_ascii(attribute(tag, "type"));
    if (type != "application/rss+xml" && type != "application/atom+xml") continue;
    const auto url = resolve_url(page_url, attribute(tag, "href"));
    const auto feed = url ? parse_url(*url) : std::nullopt;
    // A page's own feed, not wherever its markup would send us.
    if (!page || !feed || feed->host != page->host || (page->scheme == "https" && feed->scheme != "https")) continue;
    add(out, *url);
    ++found;
  }
}

}  // namespace

std::vector<std::string_view> formats_of(const std::string& url) {
  std::vector<std::string_view> out;
  const auto parsed = parse_url(url);
  if (!parsed) return out;
  const auto collect = [&](const auto& table) {
    for (const Address& address : table)
      if (matches(address, *parsed) && std::find(out.begin(), out.end(), address.format) == out.end())
        out.push_back(address.format);
  };
  collect(known);
  collect(paths);
  collect(vendors);
  // Incidents are not the only thing a repository serves raw.
  if (parsed->host == "raw.githubusercontent.com" && !parsed->path.ends_with("/history/summary.json")) out.clear();
  return out;
}

std::vector<Candidate> candidates(const std::string& page_url) {
  std::vector<Candidate> out;
  const auto parsed = parse_url(page_url);
  if (!parsed) return out;
  const std::string base = base_of(page_url), origin = origin_of(page_url);
  for (const std::string_view name : formats_of(page_url))
    if (const PageFormat* format = page_format(name))
      for (const std::string& url : format->documents(page_url))
        if (url != page_url) add(out, url, name);
  if (is_document(*parsed)) add(out, page_url);
  add(out, base + "/api/v2/summary.json");
  add(out, base + "/summary.json");
  add(out, base + "/index.json");
  add(out, base + "/config.json");
  add(out, base + "/api/status/summary.json");
  add(out, base + "/api/v1/status");
  add(out, base + "/api/status");
  add(out, base + "/api/v1/components");
  add(out, base + "/api/summary");
  add(out, base + "/api/v1/summary");
  add(out, base + "/proxy/" + parsed->host);
  constexpr std::string_view slug = "/status/";
  if (parsed->path.starts_with(slug) && parsed->path.size() > slug.size())
    for (const std::string& url : page_format("uptimekuma")->documents(base)) add(out, url);
  add(out, base + "/api/v1/endpoints/statuses");
  add(out, page_url);  // its HTML, or the document itself
  for (const std::string_view feed : {"/history.atom", "/history.rss", "/feed.rss", "/feed.xml", "/feed", "/rss",
                                      "/state_feed/feed.atom", "/feed/atom", "/feed/rss", "/incidents.rss"})
    add(out, base + std::string(feed));
  add(out, origin + "/history/summary.json");
  // Lesser documents, for a page that does not serve its first one: some claim is better than none.
  for (const std::string_view lesser :
       {"/api/v2/status.json", "/api/v2/components.json", "/api/v2/incidents/unresolved.json", "/api/v2/incidents.json",
        "/api/v2/scheduled-maintenances.json", "/v2/components.json", "/v3/components.json", "/api/v1/incidents",
        "/api/v1/suites/statuses"})
    add(out, base + std::string(lesser));
  return out;
}

std::vector<Candidate> candidates_in_html(const std::string& page_url, std::string_view html) {
  std::vector<Candidate> out;
  html = html.substr(0, 2 * 1024 * 1024);
  const std::string origin = origin_of(page_url), base = base_of(page_url);
  for (const std::string_view marker : {"statuspageId", "statuspage_id"})
    if (const std::string id = id_after(html, marker); is_hex(id, 24))
      add(out, "https://api.status.io/1.0/status/" + id, "statusio");
  for (const std::string_view marker : {"getMonitorList/", "pspId"})
    if (const std::string id = id_after(html, marker); id.size() >= 5)
      add(out, origin + "/api/getMonitorList/" + id, "uptimerobot");
  if (const std::string id = id_after(html, "/api/status-page/"); !id.empty() && id != "heartbeat") {
    if (id.find_first_not_of("0123456789") == std::string::npos)
      add(out, origin + "/api/status-page/" + id + "/summary/active", "flashduty");
    else
      add(out, origin + "/api/status-page/" + id + "/unresolved-incidents", "checkly");
  }
  add_feeds(out, page_url, html);
  return out;
}

}  // namespace outaged::probes
