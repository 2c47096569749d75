// A page's honesty: censoring, minimum counts, intervals.
#include <doctest/doctest.h>

#include "core/honesty.h"

using namespace outaged;

namespace {
HonestyCase admitted(Duration lag, Duration down) {
  return {.lag = lag, .watched = down, .silent = std::min(lag, down), .covered = down - std::min(lag, down)};
}
HonestyCase never_admitted(Duration down) { return {.lag = {}, .watched = down + 30min, .silent = down, .covered = {}}; }
}  // namespace

TEST_CASE("without censoring the median is the median") {
  const Honesty figures = honesty({admitted(10min, 1h), admitted(20min, 1h), admitted(30min, 1h)}, {});
  CHECK(figures.median_lag == 20min);
  CHECK(figures.never_admitted == 0);
}

TEST_CASE("an incident never admitted is longer than what was watched, not absent") {
  // Of five, two are censored at 40 min: 1 - 1/5, - 1/4, - 1/3 of what is left: 0.8, 0.6, 0.4.
  const Honesty figures = honesty({admitted(10min, 1h), admitted(20min, 1h), admitted(30min, 1h), never_admitted(10min), never_admitted(10min)}, {});
  CHECK(figures.median_lag == 30min);
  CHECK(figures.never_admitted == 2);
  // Averaging only the admitted ones would have said 20 min.
}

TEST_CASE("if most are never admitted there is no median to tell") {
  const Honesty figures = honesty({admitted(10min, 1h), never_admitted(5min), never_admitted(5min)}, {});
  CHECK_FALSE(figures.median_lag);
}

TEST_CASE("a page that was first has a negative lag") {
  CHECK(honesty({admitted(-2min, 1h)}, {}).median_lag == -2min);
}

TEST_CASE("no share of three events") {
  const Honesty few = honesty({admitted(10min, 1h), admitted(20min, 1h), never_admitted(1h)}, {});
  CHECK_FALSE(few.never_share);
  CHECK_FALSE(few.recall);
  const Honesty brief = honesty(std::vector<HonestyCase>(6, admitted(1min, 4min)), {});
  CHECK_FALSE(brief.recall);
}

TEST_CASE("shares carry an interval that holds the value and narrows with more incidents") {
  std::vector<HonestyCase> some, many;
  for (int i = 0; i < 10; ++i) some.push_back(i % 5 == 0 ? never_admitted(30min) : admitted(15min, 1h));
  for (int i = 0; i < 20; ++i) many.insert(many.end(), some.begin(), some.end());
  const Honesty a = honesty(some, 2h), b = honesty(many, 40h);
  REQUIRE(a.recall);
  REQUIRE(b.recall);
  CHECK(a.recall->value == doctest::Approx(b.recall->value));
  CHECK(a.recall->value == doctest::Approx(6.0 / 9));  // 8 x 45 min covered of 8 x 60 + 2 x 30 min down
  CHECK(a.recall->low <= a.recall->value);
  CHECK(a.recall->value <= a.recall->high);
  CHECK(b.recall->high - b.recall->low < a.recall->high - a.recall->low);
  CHECK(a.precision->value == doctest::Approx(0.75));
  CHECK(a.never_share->value == doctest::Approx(0.2));
}

TEST_CASE("an incident becomes a case: censored at half an hour after recovery, or now") {
  Incident incident;
  incident.onset = from_millis(0);
  incident.recovered = incident.onset + 20min;
  CHECK(honesty_case(incident, incident.onset + 5h).watched == 50min);
  CHECK(honesty_case(incident, incident.onset + 30min).watched == 30min);
  Admission admission;
  admission.last_green = incident.onset + 7min;
  admission.first_red = incident.onset + 8min;
  incident.admitted = admission;
  CHECK(honesty_case(incident, incident.onset + 5h).lag == 8min);
}
