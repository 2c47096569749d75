// Posts about a service against their own normal rate, on a clock that the test holds.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include "probes/kinds/feed_baseline.h"
#include "probes/kinds/kinds.h"
#include "tests/probes/ask_support.h"

namespace outaged::probes {
namespace {

class TestClock final : public Clock {
 public:
  Timestamp now = *parse_time("2026-11-20T12:00:00Z");
  Timestamp wall() const override { return now; }
  SteadyTime steady() const override { return SteadyTime{now.time_since_epoch()}; }
};

config::Target target() {
  config::Target out;
  out.name = "tidewater/talk/forum";
  out.kind = "feed";
  auto& check = out.check.emplace<config::FeedCheck>();
  check.url = "https://forum.example/new.rss";
  check.keywords = {"tidewater.*(down|broken)", "\\boutage\\b"};
  return out;
}

struct Post {
  Duration ago;
  std::string title;
};

std::string atom(Timestamp now, const std::vector<Post>& posts) {
  std::string out = "<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>Forum</title>";
  for (const Post& post : posts)
    out += fmt::format("<entry><title>{}</title><published>{}</published></entry>", post.title,
                       format_time(now - post.ago));
  return out + "</feed>";
}

Response answer(std::string body, std::vector<std::pair<std::string, std::string>> headers = {}) {
  Response out;
  out.status = 200;
  out.headers = std::move(headers);
  out.body = std::move(body);
  return out;
}

Finding judge(const Probe& probe, const Response& response) {
  Run run;
  auto step = probe.next(response, run);
  REQUIRE(std::holds_alternative<Finding>(step));
  return std::get<Finding>(step);
}

std::string detail(const Finding& finding) { return finding.evidence ? finding.evidence->detail : ""; }

std::vector<Post> many(int count, const std::string& title, Duration from = 1min) {
  std::vector<Post> out;
  for (int i = 0; i < count; ++i) out.push_back({from + i * 1min, title});
  return out;
}

}  // namespace

TEST_CASE("feed: posts that match are counted within the window") {
  TestClock clock;
  config::Target t = target();
  std::get<config::FeedCheck>(t.check).threshold = 3;
  const auto look = [&](const std::vector<Post>& posts) {
    return judge(*make_feed(t, {}, clock), answer(atom(clock.now, posts)));
  };
  CHECK(look({}).cls == Class::ok);
  CHECK(look(many(2, "Tidewater is DOWN?")).cls == Class::ok);
  const Finding three = look(many(3, "Tidewater is DOWN?"));
  CHECK(three.cls == Class::reported_bad);
  CHECK(detail(three) == "3 posts in the last 30 min mention it; normal is 1. The latest: \"Tidewater is DOWN?\"");
  CHECK(look(many(3, "Tidewater is fine")).cls == Class::ok);
  CHECK(look({{1min, "outage"}, {2min, "outages"}, {3min, "an Outage!"}, {4min, "tidewater broken"}}).cls ==
        Class::reported_bad);
  CHECK(look({{1min, "outage"}, {2min, "outage"}, {31min, "outage"}}).cls == Class::ok);
  CHECK(look({{1min, "outage"}, {2min, "outage"}, {-5min, "outage"}}).cls == Class::reported_bad);  // their clock
  CHECK(look({{1min, "outage"}, {2min, "outage"}, {-25h, "outage"}}).cls == Class::ok);             // pinned on top
}

TEST_CASE("feed: RSS, and JSON by pointers, with times of each form") {
  TestClock clock;
  config::Target t = target();
  auto& check = std::get<config::FeedCheck>(t.check);
  check.threshold = 1;
  const auto look = [&](const std::string& body) { return judge(*make_feed(t, {}, clock), answer(body)).cls; };
  const auto rss = [](const std::string& item) {
    return "<rss version='2.0'><channel><title>t</title><item>" + item + "</item></channel></rss>";
  };
  CHECK(look(rss("<title>x</title><description>&lt;p&gt;an outage&lt;/p&gt;</description>"
                 "<pubDate>Fri, 20 Nov 2026 11:50:00 GMT</pubDate>")) == Class::reported_bad);
  CHECK(look(rss("<title>outage</title><pubDate>Fri, 20 Nov 2026 10:50:00 GMT</pubDate>")) == Class::ok);
  CHECK(look("<html><body>outage</body></html>") == Class::unexpected_content);
  CHECK(look("") == Class::unexpected_content);
  CHECK(look("{}") == Class::unexpected_content);

  check.items = "/data/children";
  check.title = "/data/title";
  check.time = "/data/created";
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>((clock.now - 5min).time_since_epoch()).count();
  const auto json = [](const std::string& title, const std::string& time) {
    return fmt::format(R"({{"data":{{"children":[{{"data":{{"title":"{}","text":"outage","created":{}}}}}]}}}})", title,
                       time);
  };
  CHECK(look(json("an outage", std::to_string(seconds))) == Class::reported_bad);
  CHECK(look(json("an outage", std::to_string(seconds * 1000))) == Class::reported_bad);
  CHECK(look(json("an outage", "\"2026-11-20T11:55:00Z\"")) == Class::reported_bad);
  CHECK(look(json("an outage", std::to_string(seconds - 3600))) == Class::ok);
  CHECK(look(json("all fine", std::to_string(seconds))) == Class::ok);  // the title alone was asked for
  CHECK(look(R"({"data":{"children":{}}})") == Class::unexpected_content);
  CHECK(look("[]") == Class::unexpected_content);
  CHECK(look(std::string(5000, '[')) == Class::unexpected_content);
  check.items = "/hits";
  check.title = "";
  check.time = "/at";
  CHECK(look(fmt::format(R"({{"hits":[{{"author":"me","story":"an outage","at":{}}}]}})", seconds)) ==
        Class::reported_bad);
}

TEST_CASE("feed: posts without a time count from when they are first seen") {
  TestClock clock;
  config::Target t = target();
  auto& check = std::get<config::FeedCheck>(t.check);
  check.threshold = 1;
  check.items = "/hits";
  const auto probe = make_feed(t, {}, clock);
  CHECK(judge(*probe, answer(R"({"hits":[{"text":"old outage"}]})")).cls == Class::ok);  // who knows how old
  clock.now += 5min;
  const std::string two = R"({"hits":[{"text":"new outage"},{"text":"old outage"}]})";
  CHECK(judge(*probe, answer(two)).cls == Class::reported_bad);
  clock.now += 29min;
  CHECK(judge(*probe, answer(two)).cls == Class::reported_bad);
  clock.now += 2min;
  CHECK(judge(*probe, answer(two)).cls == Class::ok);
}

TEST_CASE("feed: what is normal is learned, and from the first document on") {
  TestClock clock;
  const config::Target t = target();
  SUBCASE("a quiet service: its history says so") {
    auto posts = many(4, "outage");
    posts.push_back({10 * 24h, "hello"});
    const auto probe = make_feed(t, {}, clock);
    const Finding loud = judge(*probe, answer(atom(clock.now, posts)));
    CHECK(loud.cls == Class::reported_bad);
    CHECK(detail(loud).starts_with("4 posts in the last 30 min mention it; normal is none"));
  }
  SUBCASE("a loud service: twelve an hour are nothing there") {
    std::vector<Post> posts;
    for (int i = 0; i < 1000; ++i) posts.push_back({i * 5min, "outage"});
    CHECK(judge(*make_feed(t, {}, clock), answer(atom(clock.now, posts))).cls == Class::ok);
    const auto storm = many(30, "outage", 10s);
    posts.insert(posts.end(), storm.begin(), storm.end());
    CHECK(judge(*make_feed(t, {}, clock), answer(atom(clock.now, posts))).cls == Class::reported_bad);
  }
  SUBCASE("an outage does not become normal while it lasts") {
    const auto probe = make_feed(t, {}, clock);
    for (int i = 0; i < 24 * 12; ++i, clock.now += 5min) judge(*probe, answer(atom(clock.now, {})));
    for (int i = 0; i < 12 * 12; ++i, clock.now += 5min)
      CHECK(judge(*probe, answer(atom(clock.now, many(20, "outage")))).cls == Class::reported_bad);
  }
}

TEST_CASE("feed: the bound is a bound") {
  // Of Poisson counts at the learned rate, about one in ten thousand or fewer may be called unusual.
  for (const double rate : {0.1, 1.0, 5.0, 40.0}) {
    CAPTURE(rate);
    FeedBaseline baseline{30min};
    const Timestamp start = *parse_time("2026-11-01T00:00:00Z");
    baseline.seed(static_cast<int>(rate * 300), 300 * 30min, start);
    CHECK(baseline.normal() == doctest::Approx(rate).epsilon(0.1));
    const int bound = baseline.unusual_from();
    double p = std::exp(-rate), below = 0;
    for (int k = 0; k < bound; ++k) {
      below += p;
      p *= rate / (k + 1);
    }
    CHECK(1 - below < 2e-4);  // the learned rate is not quite the true one
    CHECK(bound >= FeedBaseline::least);
    CHECK(bound <= rate + 5 * std::sqrt(rate) + 6);  // and not far beyond
  }
  // Nothing known: very much is needed.
  CHECK(FeedBaseline{30min}.unusual_from() >= 10);
  // Half of what is known is forgotten in a week.
  FeedBaseline fades{30min};
  const Timestamp start = *parse_time("2026-11-01T00:00:00Z");
  fades.seed(1000, 7 * 24h, start);
  const double before = fades.normal();
  for (int i = 1; i <= 4 * 7 * 48; ++i) fades.learn(0, start + i * 30min);
  CHECK(fades.normal() < before / 10);
}

TEST_CASE("feed: asks conditionally, and what is unchanged grows old all the same") {
  TestClock clock;
  config::Target t = target();
  std::get<config::FeedCheck>(t.check).threshold = 3;
  const auto probe = make_feed(t, {}, clock);
  const auto header = [&](std::string_view name) -> std::string {
    const Request request = std::get<Request>(probe->first());
    for (const auto& [key, value] : request.headers)
      if (key == name) return value;
    return "";
  };
  CHECK(header("if-none-match") == "");
  CHECK(header("accept-encoding") == "gzip");
  CHECK(
      judge(*probe, answer(atom(clock.now, many(3, "outage")), {{"etag", "\"v1\""}, {"last-modified", "then"}})).cls ==
      Class::reported_bad);
  CHECK(header("if-none-match") == "\"v1\"");
  CHECK(header("if-modified-since") == "then");
  Response unchanged;
  unchanged.status = 304;
  clock.now += 10min;
  CHECK(judge(*probe, unchanged).cls == Class::reported_bad);
  clock.now += 18min;  // the oldest of the three is out of the window
  CHECK(judge(*probe, unchanged).cls == Class::ok);
  CHECK(judge(*make_feed(t, {}, clock), unchanged).cls != Class::ok);  // of what?
}

TEST_CASE("feed: failures are the feed's, not the service's") {
  TestClock clock;
  const auto probe = make_feed(target(), {}, clock);
  Response limited;
  limited.status = 429;
  limited.headers = {{"retry-after", "600"}};
  const Finding finding = judge(*probe, limited);
  CHECK(finding.cls == Class::rate_limited);
  CHECK(finding.not_before == 600s);
  Response moved;
  moved.status = 301;
  moved.headers = {{"location", "https://forum.example/posts.rss"}};
  Run run;
  auto step = probe->next(moved, run);
  REQUIRE(std::holds_alternative<Request>(step));
  CHECK(std::get<Request>(step).url == "https://forum.example/posts.rss");
  for (int i = 0; i < 2; ++i) CHECK(std::holds_alternative<Request>(probe->next(moved, run)));
  CHECK(std::holds_alternative<Finding>(probe->next(moved, run)));
}

TEST_CASE("feed: hostile documents end") {
  TestClock clock;
  const auto probe = make_feed(target(), {}, clock);
  std::string deep, wide = "<rss><channel><title>t</title>";
  for (int i = 0; i < 200'000; ++i) deep += "<a>";
  for (int i = 0; i < 100'000; ++i) wide += "<item><title>outage</title></item>";
  const std::string laughs =
      "<!DOCTYPE x [<!ENTITY a 'outage outage'><!ENTITY b '&a;&a;&a;&a;'><!ENTITY c '&b;&b;&b;&b;'>]>"
      "<rss><channel><title>t</title><item><title>&c;</title></item></channel></rss>";
  for (const std::string& body : {deep, wide + "</channel></rss>", laughs, std::string(1'000'000, '<')}) {
    const auto begun = std::chrono::steady_clock::now();
    judge(*probe, answer(body));
    CHECK(std::chrono::steady_clock::now() - begun < 5s);
  }
}

}  // namespace outaged::probes
