// Kind `push`: what is heard, what is not, and who may be heard. The clock is the test's.
#include <doctest/doctest.h>

#include "probes/heartbeats.h"
#include "probes/kinds/kinds.h"

using namespace outaged;
using namespace outaged::probes;

namespace {

class HandClock : public Clock {
 public:
  Timestamp wall() const override { return from_millis(1776081600000); }
  SteadyTime steady() const override { return now; }
  SteadyTime now = SteadyTime{} + 1h;
};

struct Job {
  HandClock clock;
  std::shared_ptr<Heartbeats> heartbeats = std::make_shared<Heartbeats>();
  std::shared_ptr<const Probe> probe;

  Job() {
    config::Target target;
    target.name = "backup/db/nightly";
    target.kind = "push";
    config::PushCheck check;
    check.every = 5min;
    check.grace = 1min;
    target.check = check;
    probe = make_push(target, heartbeats, clock);
    heartbeats->expect({{"backup/db/nightly", {}}}, clock.now);
  }
  Finding ask() const {
    CHECK(std::holds_alternative<Nothing>(probe->first()));
    Run run;
    const Step step = probe->next({}, run);
    REQUIRE(std::holds_alternative<Finding>(step));
    return std::get<Finding>(step);
  }
  void beat(bool ok = true, std::string message = "") {
    CHECK(heartbeats->beat("backup/db/nightly", "", ok, std::move(message), clock.now) == Heartbeats::Answer::taken);
  }
};

}  // namespace

TEST_CASE("push: ok while it reports, silent once interval and grace are over, ok again with the next report") {
  Job job;
  job.beat();
  CHECK(job.ask().cls == Class::ok);
  job.clock.now += 6min;
  CHECK(job.ask().cls == Class::ok);
  job.clock.now += 1ms;
  const Finding silent = job.ask();
  CHECK(silent.cls == Class::silent);
  CHECK(silent.evidence->detail == "no report for 6 min; one is due every 5 min");
  job.beat();
  CHECK(job.ask().cls == Class::ok);
}

TEST_CASE("push: after our own start silence counts from the start, and until then says nothing") {
  Job job;
  CHECK(job.ask().cls == Class::waiting);
  CHECK(info(Class::waiting).counts == Counts::nothing);
  job.clock.now += 6min;
  CHECK(job.ask().cls == Class::waiting);
  job.clock.now += 1s;
  CHECK(job.ask().cls == Class::silent);
}

TEST_CASE("push: what it reports as a failure is one until it says ok, and silence goes before it") {
  Job job;
  job.beat(false, "disk full");
  const Finding failed = job.ask();
  CHECK(failed.cls == Class::reported_bad);
  CHECK(failed.evidence->detail == "it reported: disk full");
  job.clock.now += 7min;
  CHECK(job.ask().cls == Class::silent);
  job.beat();
  CHECK(job.ask().cls == Class::ok);
}

TEST_CASE("push: on the command line, and for one that a reload took away, there is nothing to judge") {
  Job job;
  job.beat();
  job.heartbeats->expect({}, job.clock.now);
  CHECK(job.ask().cls == Class::waiting);
  CHECK(job.heartbeats->beat("backup/db/nightly", "", true, "", job.clock.now) == Heartbeats::Answer::unknown);
}

TEST_CASE("push: a reload keeps what was heard, takes the new token, and begins anew with what is new") {
  Job job;
  job.beat();
  job.clock.now += 2min;
  job.heartbeats->expect({{"backup/db/nightly", config::Secret{"s3cret"}}, {"backup/db/hourly", {}}}, job.clock.now);
  CHECK(job.ask().cls == Class::ok);
  CHECK(job.heartbeats->last("backup/db/nightly")->at == job.clock.now - 2min);
  CHECK(job.heartbeats->last("backup/db/hourly")->at == job.clock.now);
  CHECK_FALSE(job.heartbeats->last("backup/db/hourly")->heard);
  for (const char* wrong : {"", "s3cre", "s3crets", "S3cret"}) {
    CHECK(job.heartbeats->beat("backup/db/nightly", wrong, true, "", job.clock.now) == Heartbeats::Answer::refused);
  }
  CHECK(job.heartbeats->beat("backup/db/nightly", "s3cret", true, "", job.clock.now) == Heartbeats::Answer::taken);
}
