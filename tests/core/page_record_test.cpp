// A page's record: who counts as a case, what was silent, late or too mild, and no share without its interval.
#include "core/page_record.h"

#include <doctest/doctest.h>

using namespace outaged;

namespace {

Timestamp minute(int n) { return from_millis(1776088800000) + n * 1min; }
const AgreementRules rules;

/// From minute `at`, an hour long; admitted between our readings `lag` - 1 and `lag` minutes after the onset.
Incident incident(int at, std::optional<int> lag, std::optional<int> cleared_after = 5) {
  Incident out;
  out.onset = minute(at);
  out.detected = minute(at + 2);
  out.recovered = minute(at + 60);
  out.failures = out.probes = 100;
  if (lag) {
    out.admitted = Admission{minute(at + *lag - 1), minute(at + *lag), false, ""};
    if (cleared_after) out.cleared = minute(at + 60 + *cleared_after);
  }
  return out;
}

std::pair<Timestamp, Verdict> change(int at, Agreement agreement, bool called = false) {
  Verdict verdict;
  verdict.agreement = agreement;
  verdict.called = called;
  return {minute(at), verdict};
}

PageRecord record(const std::vector<Incident>& incidents,
                  const std::vector<std::pair<Timestamp, Verdict>>& verdicts = {}) {
  return page_record({page_cases(incidents, verdicts, rules, minute(100'000))}, {});
}

}  // namespace

TEST_CASE("a share has a count always, and a value and interval from five events on") {
  CHECK_FALSE(counted_share(3, 3).share);
  CHECK(counted_share(3, 3).count == 3);
  const CountedShare none = counted_share(0, 10);
  REQUIRE(none.share);
  CHECK(none.share->value == 0);
  CHECK(none.share->low == 0);
  CHECK(none.share->high == doctest::Approx(0.213).epsilon(0.01));  // Wilson, 90 %
  const CountedShare half = counted_share(10, 20);
  CHECK(half.share->low == doctest::Approx(0.3266).epsilon(0.01));
  CHECK(half.share->high == doctest::Approx(0.6734).epsilon(0.01));
  CHECK(counted_share(5, 5).share->high == 1);
}

TEST_CASE("the lag is an interval: between our last green reading and our first red one") {
  const PageRecord r =
      record({incident(0, 10), incident(200, 20), incident(400, 30), incident(600, 40), incident(800, 50)});
  CHECK(r.incidents == 5);
  CHECK(r.lag_least == 29min);
  CHECK(r.lag_most == 30min);
  REQUIRE(r.lag_low);
  REQUIRE(r.lag_high);
  CHECK(*r.lag_low >= 10min);
  CHECK(*r.lag_low <= 30min);
  CHECK(*r.lag_high >= 30min);
  CHECK(*r.lag_high <= 50min);
  CHECK(r.never.count == 0);
  CHECK(r.never.of == 5);
}

TEST_CASE("of three incidents the lag has no interval, and nothing has a share") {
  const PageRecord r = record({incident(0, 10), incident(200, 20), incident(400, std::nullopt)});
  CHECK(r.lag_most == 20min);
  CHECK_FALSE(r.lag_low);
  CHECK(r.never.count == 1);
  CHECK(r.never.of == 3);
  CHECK_FALSE(r.never.share);
}

TEST_CASE("an incident that still may be admitted is no admission that never came") {
  Incident open = incident(0, std::nullopt);
  open.recovered.reset();
  CHECK(record({open}).never.of == 0);
  Incident fresh = incident(0, std::nullopt);
  const PageRecord r = page_record({page_cases({fresh}, {}, rules, minute(60 + 29))}, {});
  CHECK(r.never.of == 0);
  CHECK(r.never.count == 0);
  CHECK(page_record({page_cases({fresh}, {}, rules, minute(60 + 30))}, {}).never.count == 1);
}

TEST_CASE("too mild for a page to be blamed, and what only the page knows, are no cases") {
  Incident mild = incident(0, std::nullopt);
  mild.failures = 5;
  mild.affected = {TargetId{1}, TargetId{2}};
  Incident short_one = incident(0, std::nullopt);
  short_one.failures = 30;
  short_one.recovered = minute(9);
  Incident page_only = incident(0, 0);
  page_only.from_page = true;
  Incident called = mild;
  called.mismatch_since = minute(10);
  const PageRecord r = record({mild, short_one, page_only, called});
  CHECK(r.incidents == 1);
  CHECK(r.minor == 2);
}

TEST_CASE("silent and red minutes, understated and early all-clears come from the changes of verdict") {
  const std::vector<std::pair<Timestamp, Verdict>> verdicts = {change(-500, Agreement::agrees),
                                                               change(2, Agreement::pending),
                                                               change(5, Agreement::page_silent, true),
                                                               change(20, Agreement::page_understates, true),
                                                               change(40, Agreement::agrees),
                                                               change(50, Agreement::page_too_early, true),
                                                               change(60, Agreement::agrees)};
  const PageCases cases = page_cases({incident(0, 20)}, verdicts, rules, minute(1000));
  REQUIRE(cases.cases.size() == 1);
  const PageCase& each = cases.cases[0];
  CHECK(each.honesty.silent == 28min);   // 2 to 20, 50 to 60
  CHECK(each.honesty.covered == 30min);  // 20 to 50
  CHECK(each.understated);
  CHECK(each.cleared_early);
  // What was listed but not called counts for nothing.
  CHECK_FALSE(page_cases({incident(0, 20)}, {change(5, Agreement::page_too_early)}, rules, minute(1000))
                  .cases[0]
                  .cleared_early);
}

TEST_CASE("all-clear: late beyond the tail, or never given") {
  CHECK(record({incident(0, 10, 60)}).cleared_late.count == 0);
  CHECK(record({incident(0, 10, 61)}).cleared_late.count == 1);
  CHECK(record({incident(0, 10, std::nullopt)}).cleared_late.count == 1);
  CHECK(record({incident(0, 10, -20)}).all_clear == -20min);
  // Ten minutes after recovery nobody can say.
  CHECK(page_record({page_cases({incident(0, 10, std::nullopt)}, {}, rules, minute(70))}, {}).cleared_late.of == 0);
}

TEST_CASE("red over health is counted against the page's precision") {
  const PageCases cases =
      page_cases({}, {change(0, Agreement::page_overstates, true), change(90, Agreement::agrees)}, rules, minute(500));
  CHECK(cases.overclaimed == 90min);
}

TEST_CASE("posts: resolved-only among those that are over, backdated among all; maintenances are none") {
  std::vector<PagePost> posts(8);
  for (PagePost& post : posts) post.id = "p";
  posts[0].kind = PagePost::Kind::maintenance;
  posts[1].open = true;
  posts[2].resolved_only = posts[3].resolved_only = true;
  posts[1].backdated = true;
  const PageRecord r = page_record({}, posts);
  CHECK(r.resolved_only.count == 2);
  CHECK(r.resolved_only.of == 6);
  CHECK(r.resolved_only.share);
  CHECK(r.backdated.count == 1);
  CHECK(r.backdated.of == 7);
}

TEST_CASE("components of one page are pooled") {
  const PageCases one = page_cases({incident(0, 10), incident(200, 20), incident(400, 30)}, {}, rules, minute(9000));
  const PageRecord r = page_record({one, one}, {});
  CHECK(r.incidents == 6);
  CHECK(r.never.share);
}
