#include "alerts/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>

#include "core/classes.h"
#include "core/text.h"
#include "core/words.h"

namespace outaged::alerts::words {
namespace {

constexpr std::size_t name_budget = 120, quote_budget = 240, sentence_budget = 400;

std::string plain_clock(Timestamp t, Timestamp reference, bool seconds) {
  std::string clock = format_clock(t, seconds);
  const Duration distance = t > reference ? t - reference : reference - t;
  if (distance < 12h) return clock;
  return format_time(t).substr(0, 10) + " " + clock;
}

std::string plain_text(std::string_view piece, std::size_t max_bytes) { return clean_line(piece, max_bytes); }

std::string title(const Notification& n, const Voice& voice) {
  for (const std::string* name : {&n.component_title, &n.component, &n.service_title, &n.service})
    if (!name->empty()) return voice.text(*name, name_budget);
  return "A service";
}

std::string share(std::uint64_t part, const Notification& n) {
  return spell_rate(n.probes == 0 ? 0.0 : static_cast<double>(part) / static_cast<double>(n.probes));
}

std::string quoted(std::string_view text, const Voice& voice) { return "\"" + voice.text(text, quote_budget) + "\""; }

bool page_watched(const Notification& n) {
  return !n.page_url.empty() || !n.page_text.empty() || n.page_read || n.claim != Status::unknown;
}

bool page_red(const Notification& n) { return level(n.claim) > 0 || !n.page_incident.empty(); }

/// "44 % of requests fail", "44 % of requests are slow, 11 % fail", "their page reports a partial outage".
std::string failing(const Notification& n) {
  if (n.from_page) return "their page reports " + reported(n.health);
  if (!n.slow) return share(n.failures, n) + " of requests fail";
  std::string line = share(n.slow_answers, n) + " of requests are slow";
  return n.failures == 0 ? line : line + ", " + share(n.failures, n) + " fail";
}

/// "4 of 9 requests (44 %; normal 0.1 %) fail". A slow incident's normal rate is that of slow answers: none is known for its failures.
std::string count(const Notification& n) {
  if (n.slow) return fmt::format("{} of {} requests ({}) fail", n.failures, n.probes, share(n.failures, n));
  return spell_failures(n.failures, n.probes, n.baseline) + " fail";
}

std::string slow_headline(const Notification& n, std::string_view again, const Voice& voice) {
  std::string line = fmt::format("{} is slow{}: {} take far longer than usual", title(n, voice), again,
                                 spell_failures(n.slow_answers, n.probes, n.baseline));
  if (!n.what.empty()) line += ", " + voice.text(n.what, quote_budget);
  if (n.failures > 0) line += fmt::format("; {} of {} fail", n.failures, n.probes);
  return line;
}

/// The page's words where it has any: its incident's name first, that is what people will find there.
std::string page_words(const Notification& n) {
  if (!n.page_incident.empty()) return n.page_incident;
  if (!n.page_text.empty()) return n.page_text;
  return std::string(spell(n.claim));
}

std::string page_short(const Notification& n, const Voice& voice) {
  if (!page_watched(n)) return "";
  if (!n.page_incident.empty()) return " Their page names it: " + quoted(n.page_incident, voice) + ".";
  switch (n.claim) {
    case Status::unknown: return " Their page cannot be read.";
    case Status::operational: return " Their page says all is well.";
    case Status::under_maintenance: return " Their page announces maintenance.";
    case Status::degraded_performance:
    case Status::partial_outage:
    case Status::major_outage: return fmt::format(" Their page says {}.", spell(n.claim));
  }
  return "";
}

/// "silent for the first 40 min, still red now"
std::string page_story(const Notification& n, const Voice& voice) {
  std::string story;
  const char* seen = n.slow ? "saw it slow" : "saw it fail";
  if (!n.admitted) {
    story = n.claim == Status::unknown ? "could not be read" : "never admitted it";
  } else if (n.admitted->already_red) {
    story = fmt::format("red since long before we {}", seen);
  } else if (n.admitted->first_red <= n.onset) {
    story = fmt::format("red before we first {}", seen);
  } else if (n.admitted->last_green <= n.onset) {
    story = "admitted it within " + at_most(n.admitted->first_red - n.onset);
  } else {
    // Rounded down: it must never claim more than we saw.
    story = "silent for the first " + at_least(n.admitted->last_green - n.onset);
  }
  if (n.cleared) return story + ", green again since " + voice.clock(*n.cleared, n.at, false) + std::string(voice.zone);
  if (n.admitted && page_red(n)) return story + ", still red now";
  return story;
}

/// A whole number in the unit that suits `scale`, rounded down or up.
std::string in_unit_of(Duration scale, Duration d, bool up) {
  const auto whole = [&](Duration unit) { return up ? (d + unit - 1ms) / unit : d / unit; };
  d = std::max(d, Duration{});
  if (scale < 2min) return fmt::format("{} s", whole(1s));
  if (scale < 3h) return fmt::format("{} min", whole(1min));
  if (scale < 72h) return spell_duration(whole(1min) * 1min);
  return fmt::format("{} days", whole(24h));
}

/// ": \"Elevated error rates\"": the words of a page that speaks alone; empty where it has none.
std::string quoted_reason(const Notification& n, const Voice& voice) {
  for (const std::string* words : {&n.page_incident, &n.page_text})
    if (!words->empty()) return ": " + quoted(*words, voice);
  return n.admitted && !n.admitted->text.empty() ? ": " + quoted(n.admitted->text, voice) : "";
}

std::string page_headline(const Notification& n, std::string_view again, const Voice& voice) {
  return fmt::format("{}: {}{}{} (nothing of ours watches it)", title(n, voice), failing(n), again, quoted_reason(n, voice));
}

/// An incident that only the page knows: no request of ours says anything of it, so neither do we.
std::string page_update(const Notification& n, const Voice& voice) {
  switch (n.reason) {
    case UpdateReason::cleared: return "Their page says it is over.";
    case UpdateReason::none:
    case UpdateReason::mismatch:
    case UpdateReason::admitted:
    case UpdateReason::severity:
    case UpdateReason::scope: return "Their page now reports " + reported(n.health) + quoted_reason(n, voice) + ".";
  }
  return "";
}

std::string self_line(const Notification& n, const Voice& voice) {
  std::string line = n.title.empty() ? "outaged needs attention" : voice.text(n.title, name_budget);
  if (!n.text.empty()) line += ": " + voice.text(n.text, sentence_budget);
  return line;
}

}  // namespace

const Voice& plain() {
  static const Voice voice{plain_clock, plain_text, " UTC"};
  return voice;
}

std::string at_least(Duration d) { return in_unit_of(d, d, false); }
std::string at_most(Duration d) { return in_unit_of(d, d, true); }

std::string range(Duration from, Duration to) {
  from = std::max(from, Duration{});
  to = std::max(to, from);
  const std::string low = in_unit_of(to, from, false), high = in_unit_of(to, to, true);
  if (low == high) return high;
  // "40 to 41 min", not "40 min to 41 min", where one unit serves both.
  const std::size_t space = low.rfind(' ');
  const bool one_unit = low.find(' ') == space && high.find(' ') == high.rfind(' ') && low.substr(space) == high.substr(high.rfind(' '));
  return (one_unit ? low.substr(0, space) : low) + " to " + high;
}

std::string lag(const Admission& admitted, Timestamp onset, bool slow) {
  const std::string first = slow ? "the first slow answer" : "the first failure";
  if (admitted.already_red) return "red since long before " + first;
  const Duration low = admitted.last_green - onset, high = admitted.first_red - onset;
  if (high <= 0ms) return range(-high, std::max(-low, -high)) + " before " + first;
  if (low <= 0ms) return "within " + at_most(high) + " of " + first;
  return range(low, high) + " after " + first;
}

std::string reported(Status status) {
  const bool countable = status == Status::partial_outage || status == Status::major_outage;
  return (countable ? "a " : "") + std::string(spell(status));
}

std::string about(Duration d) {
  d = std::max(d, Duration{});
  if (d >= 10min) d = std::chrono::floor<std::chrono::minutes>(d);
  else if (d >= 10s) d = std::chrono::floor<std::chrono::seconds>(d);
  return spell_duration(d);
}

std::string headline(const Notification& n, const Voice& voice) {
  switch (n.kind) {
    case NotificationKind::fire:
    case NotificationKind::refire: {
      const std::string again = n.kind == NotificationKind::refire ? " again" : "";
      if (n.from_page) return page_headline(n, again, voice);
      if (n.slow) return slow_headline(n, again, voice);
      std::string line = title(n, voice) + " is failing" + again + ": " + spell_failures(n.failures, n.probes, n.baseline);
      if (!n.what.empty()) line += ", " + voice.text(n.what, quote_budget);
      return line;
    }
    case NotificationKind::update: return title(n, voice) + ": " + update_line(n, voice);
    case NotificationKind::resolve: return resolve_line(n, voice);
    case NotificationKind::self: return self_line(n, voice);
  }
  return "";
}

std::string lock_screen(const Notification& n, const Voice& voice) {
  if (n.kind != NotificationKind::fire && n.kind != NotificationKind::refire) return headline(n, voice);
  const char* again = n.kind == NotificationKind::refire ? " again" : "";
  return fmt::format("{}: {}{} since {}{}{}.{}", title(n, voice), failing(n), again, voice.clock(n.onset, n.at, false), voice.zone,
                     n.from_page ? quoted_reason(n, voice) : "", n.from_page ? "" : page_short(n, voice));
}

std::string since_line(const Notification& n, const Voice& voice) {
  const std::string since = voice.clock(n.onset, n.at, false) + std::string(voice.zone);
  if (n.from_page || n.detected <= n.onset) return since;
  return since + " (noticed after " + about(n.detected - n.onset) + ")";
}

std::string list_line(const std::vector<std::string>& names, const Voice& voice) {
  constexpr std::size_t shown = 8;
  std::string line;
  for (std::size_t i = 0; i < names.size() && i < shown; ++i) {
    if (!line.empty()) line += ", ";
    line += voice.text(names[i], name_budget / 2);
  }
  if (names.size() > shown) line += fmt::format(" and {} more", names.size() - shown);
  return line;
}

std::string together_line(const Notification& n, const Voice& voice) {
  return n.together_with.empty() ? "" : list_line(n.together_with, voice) + ": a common cause is likely";
}

std::string page_line(const Notification& n, const Voice& voice) {
  if (!page_watched(n)) return "none is watched";
  std::string line;
  if (n.claim == Status::unknown)
    line = n.page_text.empty() ? "cannot be read" : "cannot be read: " + voice.text(n.page_text, quote_budget);
  else
    line = quoted(n.page_text.empty() ? spell(n.claim) : std::string_view(n.page_text), voice);
  if (!n.page_incident.empty() && n.page_incident != n.page_text) line += ", incident " + quoted(n.page_incident, voice);
  if (n.page_read) line += ", read " + voice.clock(*n.page_read, n.at, true) + std::string(voice.zone);
  return line;
}

std::string update_line(const Notification& n, const Voice& voice) {
  if (n.from_page) return page_update(n, voice);
  switch (n.reason) {
    case UpdateReason::admitted: {
      std::string line = "Their page now admits it: ";
      const bool own = n.admitted && !n.admitted->text.empty();
      line += quoted(own ? n.admitted->text : page_words(n), voice);
      if (n.admitted) line += ", " + lag(*n.admitted, n.onset, n.slow);
      return line + ".";
    }
    case UpdateReason::mismatch: {
      const std::string fail = failing(n) + " since " + voice.clock(n.onset, n.at, false) + std::string(voice.zone);
      if (n.agreement == Agreement::page_too_early)
        return "Their page gives the all-clear, but " + failing(n) + " still, since " + voice.clock(n.onset, n.at, false) + std::string(voice.zone) + ".";
      if (n.agreement == Agreement::page_understates)
        return fmt::format("Their page says {}, we see {}: {}.", spell(n.claim), spell(n.health), fail);
      return "Their page still says " + quoted(page_words(n), voice) + " while " + fail + ".";
    }
    case UpdateReason::severity: return fmt::format("Now {}: {}.", spell(n.health), count(n));
    case UpdateReason::scope: {
      const std::string fails = list_line(n.affected, voice), works = list_line(n.unaffected, voice);
      return "Now affected: " + (fails.empty() ? std::string("nothing") : fails) + (works.empty() ? "." : ". Works: " + works + ".");
    }
    case UpdateReason::cleared: {
      if (!n.recovered) return "Their page gives the all-clear.";
      const Timestamp cleared = n.cleared.value_or(n.at);
      if (cleared < *n.recovered) return "Their page gives the all-clear, " + about(*n.recovered - cleared) + " before it worked again.";
      return "Their page gives the all-clear, " + about(cleared - *n.recovered) + " after it worked again.";
    }
    case UpdateReason::none: return n.why.empty() ? "New numbers: " + count(n) + "." : voice.text(n.why, sentence_budget);
  }
  return "";
}

std::string resolve_line(const Notification& n, const Voice& voice) {
  const Timestamp end = n.recovered.value_or(n.at);
  const char* news = n.from_page ? ": their page says it is over." : n.slow ? " is as fast as usual again." : " works again.";
  const char* was = n.from_page ? "Red" : n.slow ? "Slow" : "Bad";
  std::string line = title(n, voice) + news;
  line += fmt::format(" {} {} to {}{} ({}).", was, voice.clock(n.onset, n.at, false), voice.clock(end, n.at, false), voice.zone, about(end - n.onset));
  if (page_watched(n) && !n.from_page) line += " Their page: " + page_story(n, voice) + ".";
  return line;
}

std::string proof_line(const NotificationProof& proof, const Voice& voice) {
  std::string line;
  if (!proof.detail.empty()) {
    line = voice.text(proof.detail, 100);
  } else {
    if (proof.http_status != 0) line = fmt::format("{} ", proof.http_status);
    line += voice.text(proof.cls, 40);
  }
  if (proof.took > 0ms) line += fmt::format(" {:.1f} s", to_seconds(proof.took));
  return line;
}

std::string what_fails(const std::vector<Proof>& proof) {
  struct Seen { std::size_t count = 0; Duration least = Duration::max(), most{}; };
  std::map<std::pair<Class, std::uint16_t>, Seen> kinds;
  for (const Proof& p : proof) {
    if (info(p.cls).counts == Counts::good) continue;  // slow, but an answer
    Seen& seen = kinds[{p.cls, p.http_status}];
    ++seen.count;
    seen.least = std::min(seen.least, p.took);
    seen.most = std::max(seen.most, p.took);
  }
  const auto top = std::max_element(kinds.begin(), kinds.end(), [](const auto& a, const auto& b) { return a.second.count < b.second.count; });
  if (top == kinds.end()) return "";
  const auto& [kind, seen] = *top;
  std::string what = kind.second >= 400 ? fmt::format("HTTP {}", kind.second) : std::string(info(kind.first).sentence);
  if (seen.most < 1s) return what;  // a quick failure's time tells nobody anything
  const auto low = static_cast<long>(std::floor(to_seconds(seen.least))), high = static_cast<long>(std::ceil(to_seconds(seen.most)));
  if (seen.most - seen.least < 1s) return what + fmt::format(" after {} s", std::lround(to_seconds((seen.least + seen.most) / 2)));
  return what + fmt::format(" after {} to {} s", low, high);
}

std::string how_slow(const std::vector<Proof>& proof) {
  Duration least = Duration::max(), most{};
  for (const Proof& p : proof) {
    if (info(p.cls).counts != Counts::good) continue;
    least = std::min(least, p.took);
    most = std::max(most, p.took);
  }
  if (most == Duration{}) return "";
  if (most - least < 1s) return fmt::format("about {} s", std::max(1L, std::lround(to_seconds((least + most) / 2))));
  return fmt::format("{} to {} s", static_cast<long>(std::floor(to_seconds(least))), static_cast<long>(std::ceil(to_seconds(most))));
}

std::string is_it_us(std::size_t controls, std::size_t voting, std::size_t fine, bool unchecked) {
  if (controls == 0) return "Not checked: no control sites are configured.";
  if (unchecked || voting < 2) return fmt::format("Not checked: only {} of {} control sites can be asked.", voting, controls);
  if (fine * 2 > voting) return fmt::format("No. {} of {} control sites are fine.", fine, voting);
  return fmt::format("Perhaps. Only {} of {} control sites are fine.", fine, voting);
}

}  // namespace outaged::alerts::words
