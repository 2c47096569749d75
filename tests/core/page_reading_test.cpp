// What a page may be accused of, and what only our own gaps and chance make it look like.
#include <doctest/doctest.h>

#include <random>

#include "tests/core/scene.h"

using namespace outaged;
using namespace outaged::test;

namespace {
Class always_bad(int, int) { return Class::server_error; }
}  // namespace

TEST_CASE("a page that turned red again between two readings was not green for too long") {
  for (const bool red_in_time : {true, false}) {
    CAPTURE(red_in_time);
    Scene scene({.page = true});
    scene.calm(noon, noon + 10min);
    scene.run(noon + 10min, noon + 20min, always_bad, Status::major_outage);
    const Timestamp green = noon + 20min + 20s;  // read each minute, at 20 s past
    scene.run(noon + 20min, noon + 25min, always_bad, Status::operational);
    CHECK(scene.verdict().agreement == Agreement::pending);
    scene.claim(green + 5min, red_in_time ? Status::major_outage : Status::operational);
    CHECK(scene.count("page_too_early") == (red_in_time ? 0 : 1));
    CHECK(scene.verdict().agreement == (red_in_time ? Agreement::agrees : Agreement::page_too_early));
  }
}

TEST_CASE("a page that says degraded is not called too mild because chance looked worse for a while") {
  for (unsigned seed = 1; seed <= 30; ++seed) {
    CAPTURE(seed);
    std::mt19937 random(seed);
    Scene scene;
    scene.calm(noon, noon + 10min, Status::operational);
    scene.run(noon + 10min, noon + 90min,
              [&](int, int) { return random() % 100 < 44 ? Class::server_error : Class::ok; }, Status::degraded_performance);
    CHECK(scene.count("page_understates") == 0);
  }
  // But one that says degraded of what is down altogether is, within minutes of the grace.
  Scene scene;
  scene.calm(noon, noon + 10min);
  scene.run(noon + 10min, noon + 20min, always_bad, Status::degraded_performance);
  CHECK(scene.verdict().agreement == Agreement::page_understates);
}
