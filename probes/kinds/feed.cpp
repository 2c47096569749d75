// The `feed` kind: what people write about a service. Posts of the last minutes that match keywords are counted and
// held against their own normal rate. It names a class of its own, reported_bad, and its target is advisory: such posts
// are shown beside an incident, and never make one.
#include "probes/feed.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "core/pattern.h"
#include "core/text.h"
#include "probes/attribution.h"
#include "probes/bounded_json.h"
#include "probes/kinds/feed_baseline.h"
#include "probes/kinds/kinds.h"
#include "probes/kinds/redirect.h"
#include "probes/pages/markup.h"
#include "probes/pages/times.h"
#include "probes/redact.h"
#include "probes/retry_after.h"
#include "probes/url.h"

namespace outaged::probes {
namespace {

constexpr std::size_t max_document = 4 * 1024 * 1024, max_posts = 2000, max_text = 20'000;
constexpr int max_redirects = 3;
constexpr Duration clock_skew = 1h;  // a post from the near future is new

struct Post {
  std::string text;  // of which keywords are looked for
  std::string title;
  std::optional<Timestamp> at;
};

/// What counts of a document: its matching posts, and since when it tells.
struct Reading {
  std::vector<std::pair<Timestamp, std::string>> matches;  // time and title
  Timestamp oldest = never;                                // of all posts
};

/// What is remembered between runs.
struct Memory {
  explicit Memory(Duration window) : baseline(window) {}
  std::string etag, last_modified;
  std::optional<Reading> reading;
  std::map<std::string, Timestamp> first_seen;  // of posts that do not say when they were written
  FeedBaseline baseline;
};

struct Progress {
  Request asked;
  Micros spent{};
  int redirects = 0;
};

using nlohmann::json;

const json* at(const json& document, const std::string& pointer) {
  try {
    const json::json_pointer place(pointer);
    return document.contains(place) ? &document.at(place) : nullptr;
  } catch (const json::exception&) {
    return nullptr;
  }
}

outaged::Result<std::vector<Post>> posts_of_feed(std::string_view body) {
  auto feed = parse_feed(body, max_posts);
  if (!feed) return Error{feed.error()};
  std::vector<Post> out;
  for (const FeedItem& item : feed->items) {
    Post post;
    post.title = html_text(item.title);
    post.text = post.title + "\n" + html_text(item.content, max_text) + "\n" + html_text(item.summary, max_text);
    post.at = read_time(item.published);
    if (!post.at) post.at = read_time(item.updated);
    out.push_back(std::move(post));
  }
  return out;
}

outaged::Result<std::vector<Post>> posts_of_json(std::string_view body, const config::FeedCheck& check) {
  json document;
  std::string why;
  if (!parse_json(body, document, &why)) return Error{fmt::format("not JSON ({})", why)};
  const json* items = at(document, check.items);
  if (!items || !items->is_array()) return Error{fmt::format("no list of posts at {}", clean_line(check.items, 80))};
  std::vector<Post> out;
  for (const json& item : *items) {
    if (out.size() == max_posts) break;
    Post post;
    const json* title = at(item, check.title);
    const bool named = !check.title.empty();
    if (named && title && title->is_string()) post.title = clean_line(title->get<std::string>(), 500);
    post.text = post.title;
    if (!named && item.is_object())  // without a pointer every text of the post
      for (const auto& [key, value] : item.items())
        if (value.is_string() && post.text.size() < max_text) post.text += value.get<std::string>() + "\n";
    if (const json* when = check.time.empty() ? nullptr : at(item, check.time)) {
      if (when->is_number()) post.at = epoch_time(when->get<double>());
      if (when->is_string()) post.at = read_time(when->get<std::string>());
    }
    out.push_back(std::move(post));
  }
  return out;
}

std::string spell_rate(double normal) {
  if (normal < 0.05) return "none";
  return normal < 9.5 ? fmt::format("{:.2g}", normal) : fmt::format("{:.0f}", normal);
}

class FeedProbe : public Probe {
 public:
  FeedProbe(const config::Target& target, const config::Egress& egress, const Clock& clock);
  Ask first() const override;
  Step next(const Response& response, Run& run) const override;

 private:
  Reading read(const std::vector<Post>& posts, Memory& memory, Timestamp now) const;
  Finding judge(Memory& memory, const Response& response, Timestamp now) const;
  Finding failed(Class cls, Evidence evidence, const Response& response) const;

  const config::FeedCheck check_;
  const Clock& clock_;
  Request request_;
  std::vector<Pattern> keywords_;
  std::vector<std::string> secrets_;
  mutable std::mutex mutex_;
  mutable Memory memory_;
};

FeedProbe::FeedProbe(const config::Target& target, const config::Egress& egress, const Clock& clock)
    : check_(std::get<config::FeedCheck>(target.check)),
      clock_(clock),
      secrets_(secrets_of(check_.headers)),
      memory_(check_.window) {
  request_.url = check_.url;
  request_.timeout = target.timeout;
  request_.max_body = max_document;
  request_.headers = {
      {"accept",
       check_.items.empty() ? "application/atom+xml, application/rss+xml, application/xml;q=0.9" : "application/json"},
      {"accept-encoding", "gzip"}};
  if (!egress.user_agent.empty()) request_.headers.emplace_back("user-agent", egress.user_agent);
  for (const auto& [name, value] : check_.headers) {
    const std::string key = lower_ascii(name);
    std::erase_if(request_.headers, [&](const auto& header) { return header.first == key; });
    request_.headers.emplace_back(name, value.reveal());
  }
  for (const std::string& keyword : check_.keywords)
    if (auto pattern = Pattern::compile(keyword, true)) keywords_.push_back(std::move(*pattern));
}

Ask FeedProbe::first() const {
  Request out = request_;
  const std::lock_guard lock(mutex_);
  if (memory_.reading && !memory_.etag.empty()) out.headers.emplace_back("if-none-match", memory_.etag);
  if (memory_.reading && !memory_.last_modified.empty())
    out.headers.emplace_back("if-modified-since", memory_.last_modified);
  return out;
}

Reading FeedProbe::read(const std::vector<Post>& posts, Memory& memory, Timestamp now) const {
  Reading out;
  std::map<std::string, Timestamp> seen;
  for (const Post& post : posts) {
    std::optional<Timestamp> when = post.at;
    if (when && *when > now) when = *when > now + clock_skew ? std::nullopt : std::optional{now};
    if (!when) {
      // Written before we first looked, or when we first saw it.
      const std::string key = sha256_hex(post.text);
      const auto known = memory.first_seen.find(key);
      const Timestamp found = known != memory.first_seen.end() ? known->second : memory.reading ? now : never_past;
      seen.emplace(key, found);
      if (found == never_past) continue;
      when = found;
    }
    out.oldest = std::min(out.oldest, *when);
    const auto found = [&](const Pattern& keyword) { return keyword.found_in(post.text); };
    if (std::any_of(keywords_.begin(), keywords_.end(), found)) out.matches.emplace_back(*when, post.title);
  }
  memory.first_seen = std::move(seen);
  std::sort(out.matches.begin(), out.matches.end());
  return out;
}

Finding FeedProbe::failed(Class cls, Evidence evidence, const Response& response) const {
  Finding finding;
  finding.cls = cls;
  finding.not_before = retry_after_header(response).value_or(Duration::zero());
  evidence.detail = clean_line(evidence.detail);
  redact(evidence, secrets_);
  finding.evidence = std::make_shared<const Evidence>(std::move(evidence));
  return finding;
}

Finding FeedProbe::judge(Memory& memory, const Response& response, Timestamp now) const {
  const Timestamp since = now - check_.window;
  const auto& matches = memory.reading->matches;
  const auto fresh = std::lower_bound(matches.begin(), matches.end(), since,
                                      [](const auto& match, Timestamp limit) { return match.first < limit; });
  const int count = static_cast<int>(matches.end() - fresh);
  const double normal = memory.baseline.normal();
  const int unusual = check_.threshold > 0 ? check_.threshold : memory.baseline.unusual_from();
  memory.baseline.learn(count, now);
  if (count < unusual) return {};
  Attribution judged = attribute(response);
  judged.evidence.detail =
      fmt::format("{} posts in the last {} mention it; normal is {}. The latest: \"{}\"", count,
                  spell_duration(check_.window), spell_rate(normal), clean_line(matches.back().second, 100));
  return failed(Class::reported_bad, std::move(judged.evidence), Response{});
}

Step FeedProbe::next(const Response& response, Run& run) const {
  if (!run.state) {
    auto begun = std::make_shared<Progress>();
    begun->asked = std::get<Request>(first());
    run.state = std::move(begun);
  }
  auto& progress = *std::static_pointer_cast<Progress>(run.state);
  progress.spent += response.total;
  if (is_redirect(response) && ++progress.redirects <= max_redirects) {
    const Duration left = request_.timeout - std::chrono::duration_cast<Duration>(progress.spent);
    auto step = follow_redirect(progress.asked, response, left);
    if (auto* request = std::get_if<Request>(&step)) {
      progress.asked = *request;
      return std::move(*request);
    }
  }

  const Timestamp now = clock_.wall();
  const std::lock_guard lock(mutex_);
  if (response.error == TransportError::none && response.status == 304 && memory_.reading)
    return judge(memory_, response, now);
  Attribution judged = attribute(response);
  if (judged.cls != Class::ok) return failed(judged.cls, std::move(judged.evidence), response);
  const auto posts = check_.items.empty() ? posts_of_feed(response.body) : posts_of_json(response.body, check_);
  if (!posts) {
    judged.evidence.detail = fmt::format("HTTP {}, but {}", response.status, posts.error());
    return failed(Class::unexpected_content, std::move(judged.evidence), response);
  }
  const bool first_look = !memory_.reading;
  Reading reading = read(*posts, memory_, now);
  if (first_look) {
    const Timestamp before = now - check_.window;
    const auto older = std::count_if(reading.matches.begin(), reading.matches.end(),
                                     [&](const auto& match) { return match.first < before; });
    memory_.baseline.seed(static_cast<int>(older), reading.oldest < before ? before - reading.oldest : Duration::zero(),
                          now);
  }
  memory_.reading = std::move(reading);
  memory_.etag = response.header("etag");
  memory_.last_modified = response.header("last-modified");
  return judge(memory_, response, now);
}

}  // namespace

std::shared_ptr<const Probe> make_feed(const config::Target& target, const config::Egress& egress, const Clock& clock) {
  return std::make_shared<const FeedProbe>(target, egress, clock);
}

}  // namespace outaged::probes
