// The engine's time: follows the wall clock, never goes back, never stands still, reports every step.
#include "core/clock.h"

#include <doctest/doctest.h>

#include <random>

namespace {
using namespace outaged;

class FakeClock : public Clock {
 public:
  Timestamp wall() const override { return std::chrono::floor<Duration>(wall_); }
  SteadyTime steady() const override { return steady_; }
  void pass(std::chrono::nanoseconds time) { wall_ += time, steady_ += time; }
  void step(Duration by) { wall_ += by; }

 private:
  std::chrono::sys_time<std::chrono::nanoseconds> wall_{from_millis(1776088980000)};
  SteadyTime steady_{1000s};
};
}  // namespace

TEST_CASE("undisturbed, it is the wall clock") {
  FakeClock clock;
  MonotoneClock monotone(clock);
  for (int i = 0; i < 1000; ++i) {
    const auto reading = monotone.read();
    CHECK(reading.now == clock.wall());
    CHECK(reading.step == 0ms);
    clock.pass(std::chrono::nanoseconds{1234567 * i});
  }
}

TEST_CASE("a step forward is reported and followed at once") {
  FakeClock clock;
  MonotoneClock monotone(clock);
  monotone.read();
  clock.pass(5s);
  clock.step(1h);
  const auto reading = monotone.read();
  CHECK(reading.step == 1h);
  CHECK(reading.now == clock.wall());
  clock.pass(5s);
  CHECK(monotone.read().step == 0ms);
}

TEST_CASE("a step back is reported once, and time runs on from the last reading") {
  FakeClock clock;
  MonotoneClock monotone(clock);
  const Timestamp before = monotone.read().now;
  clock.pass(30s);
  clock.step(-1h);
  const auto reading = monotone.read();
  CHECK(reading.step == -1h);
  CHECK(reading.now == before + 29400ms);  // two percent slow
  clock.pass(30s);
  const auto after = monotone.read();
  CHECK(after.step == 0ms);
  CHECK(after.now == before + 58800ms);
}

TEST_CASE("after a step back the wall clock is caught up with, and then it is the wall clock again") {
  FakeClock clock;
  MonotoneClock monotone(clock);
  monotone.read();
  clock.step(-60s);
  CHECK(monotone.read().step == -60s);
  Timestamp last = never_past;
  for (int i = 0; i < 49; ++i) {  // two percent of 49 minutes is less than a minute
    clock.pass(1min);
    const auto reading = monotone.read();
    CHECK(reading.now > clock.wall());
    CHECK(reading.now > last);
    CHECK(reading.step == 0ms);
    last = reading.now;
  }
  clock.pass(2min);
  CHECK(monotone.read().now == clock.wall());
}

TEST_CASE("time runs on by fractions of a millisecond, however often it is read") {
  FakeClock clock;
  MonotoneClock monotone(clock);
  const Timestamp before = monotone.read().now;
  clock.step(-1h);
  for (int i = 0; i < 100000; ++i) {
    clock.pass(100us);
    monotone.read();
  }
  CHECK(monotone.read().now - before == 9800ms);
}

TEST_CASE("a step back followed by the same step forward leaves the wall clock") {
  FakeClock clock;
  MonotoneClock monotone(clock);
  monotone.read();
  clock.step(-1h);
  monotone.read();
  clock.pass(30s);
  clock.step(1h);
  const auto reading = monotone.read();
  CHECK(reading.step == 1h);
  CHECK(reading.now == clock.wall());
}

TEST_CASE("less than a second is no step, and does not take time back either") {
  FakeClock clock;
  MonotoneClock monotone(clock);
  const Timestamp before = monotone.read().now;
  clock.step(-999ms);
  const auto reading = monotone.read();
  CHECK(reading.step == 0ms);
  CHECK(reading.now == before);
  clock.step(999ms);
  clock.pass(10ms);
  CHECK(monotone.read().now == clock.wall());
  clock.step(999ms);
  CHECK(monotone.read().step == 0ms);
  clock.step(1000ms);
  CHECK(monotone.read().step == 1s);
  clock.step(-1000ms);
  CHECK(monotone.read().step == -1s);
}

TEST_CASE("a clock that is merely slewed is never a step") {
  FakeClock clock;
  MonotoneClock monotone(clock);
  for (int i = 0; i < 10000; ++i) {
    clock.pass(1s);
    clock.step(-1ms);  // ten seconds in all
    CHECK(monotone.read().step == 0ms);
  }
}

TEST_CASE("a machine that was suspended has been stepped forward") {
  FakeClock clock;  // the steady clock does not run while it sleeps
  MonotoneClock monotone(clock);
  monotone.read();
  clock.step(8h);
  CHECK(monotone.read().step == 8h);
}

TEST_CASE("it goes on from the last time in the database") {
  FakeClock clock;
  SUBCASE("that has passed") {
    MonotoneClock monotone(clock, clock.wall() - 1h);
    const auto reading = monotone.read();
    CHECK(reading.now == clock.wall());
    CHECK(reading.step == 0ms);
  }
  SUBCASE("that is still to come, because the clock was set back while we were down") {
    const Timestamp stored = clock.wall() + 1h;
    MonotoneClock monotone(clock, stored);
    const auto reading = monotone.read();
    CHECK(reading.now == stored);
    CHECK(reading.step == -1h);
    clock.pass(50s);
    const auto next = monotone.read();
    CHECK(next.now == stored + 49s);
    CHECK(next.step == 0ms);
  }
}

TEST_CASE("whatever the clocks do, time never goes back nor stands still for a second") {
  std::mt19937 random(4);
  FakeClock clock;
  MonotoneClock monotone(clock);
  Timestamp last = monotone.read().now;
  for (int i = 0; i < 100000; ++i) {
    const Duration pass{random() % 3000};
    Duration step{0};
    if (random() % 10 == 0) step = Duration{static_cast<std::int64_t>(random() % 20000) - 10000};
    clock.pass(pass);
    clock.step(step);
    const auto reading = monotone.read();
    REQUIRE(reading.now >= last);
    REQUIRE(reading.now - last >= pass - pass / 50 - 2ms);
    REQUIRE(reading.now >= clock.wall());
    REQUIRE(reading.step == (step >= 1s || step <= -1s ? step : 0ms));
    last = reading.now;
  }
}

TEST_CASE("the machine's clocks run") {
  const Clock& clock = system_clock();
  const SteadyTime steady = clock.steady();
  CHECK(clock.wall() > from_millis(1700000000000));
  CHECK(clock.steady() >= steady);
  CHECK(&clock == &system_clock());
}
