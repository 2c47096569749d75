#include <fmt/format.h>

#include "config/sections.h"
#include "config/values.h"

namespace outaged::config {

void read_feed_check(Section& section, Target& target) {
  auto& check = target.check.emplace<FeedCheck>();
  Reader& reader = section.reader();
  target.advisory = true;  // what people write is a hint, never a proof
  section.require("url", "an RSS or Atom feed, or a JSON document with items");
  section.url("url", check.url);
  read_headers(section, check.headers);
  section.require("keywords", "regular expressions; a post that matches any of them counts");
  if (read_patterns(section, "keywords", check.keywords) && check.keywords.empty())
    reader.problem(section.place("keywords"), "keywords is empty, so no post would ever count");
  if (target.rules.interval < 1min)
    reader.note(section.at(),
                fmt::format("the feed of {} is read every {}; many sites object to that: interval: 5m is enough",
                            target.name, format_duration(target.rules.interval)));
  section.duration("window", check.window, 1min, 7 * 24h);
  section.integer("threshold", check.threshold, 0, 10'000);
  const std::pair<const char*, std::string*> pointers[] = {
      {"items", &check.items}, {"title", &check.title}, {"time", &check.time}};
  for (const auto& [key, out] : pointers) {
    if (!section.text(key, *out)) continue;
    if (const auto fault = pointer_fault(*out); !fault.empty())
      reader.problem(section.place(key), fmt::format("{} {} {}", key, in_quotes(*out), fault));
    if (!section.has("items"))
      reader.problem(section.place(key),
                     fmt::format("{} is for JSON, which needs items: where the list of posts is", key));
  }
}

}  // namespace outaged::config
