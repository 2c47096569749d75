// However inputs are batched, and wherever the daemon is restarted: what is stored is the same, to the byte.
#include <doctest/doctest.h>

#include <memory>
#include <random>

#include "core/codec.h"
#include "tests/daemon/pipeline_support.h"

using namespace outaged;
using namespace outaged::testing;

namespace {

/// Two hours: a hard outage that the page admits late, one of four in ten that it never does, a blind spell.
class Story {
 public:
  struct Step {
    std::optional<Class> one, two;
    std::optional<Status> page;
  };
  Story() {
    std::mt19937 random(20260413);
    for (int turn = 0; turn < 240; ++turn) {
      const bool hard = turn >= 30 && turn < 60, partly = turn >= 120 && turn < 170;
      const auto outcome = [&] {
        return hard || (partly && random() % 10 < 4) ? Class::server_error : random() % 50 == 0 ? Class::bot_challenge : Class::ok;
      };
      Step step;
      if (turn < 200 || turn >= 215) {
        step.one = outcome();
        step.two = outcome();
      }
      if (turn % 2 == 0) step.page = turn >= 45 && turn < 70 ? Status::partial_outage : Status::operational;
      steps.push_back(step);
    }
  }
  std::vector<Step> steps;
};

/// Everything that is stored of what was decided, as text.
std::string stored(const Folder& folder) {
  auto opened = storage::History::open(folder.database());
  REQUIRE(opened.ok());
  storage::History& history = **opened;
  std::string out;
  for (const auto& row : history.verdicts(std::nullopt, never_past, never, 100'000)) {
    out += std::to_string(row.seq) + " " + format_time(row.at) + " " + encode(row.verdict) + "\n";
  }
  for (const Incident& incident : history.incidents(std::nullopt, never_past, 1000)) {
    out += encode(incident) + "\n";
    for (const OutboxRow& row : history.notifications(incident.id)) {
      out += std::to_string(row.id) + " " + row.receiver + " " + encode(row.notification) + "\n";
    }
  }
  REQUIRE(history.replay(never_past, 0, [&](const Input& input) {
    out += std::to_string(input.seq) + " " + format_time(input.at) + " " + encode_input(input) + "\n";
  }).ok());
  return out;
}

/// Plays the story, waiting after every `batch`-th thing until all is judged, and restarting after every `restart`-th turn.
std::string play(int batch, int restart) {
  static const Story story;
  Folder folder;
  HandClock clock;
  std::unique_ptr<Life> life;
  const auto begin = [&] {
    life = std::make_unique<Life>(folder, clock);
    wait_for_board(life->board);
  };
  begin();
  int pushed = 0, turn = 0;
  const auto push = [&](auto what) {
    REQUIRE(life->pipeline->inbox().push(std::move(what)));
    if (++pushed % batch == 0) life->settle();
  };
  for (const Story::Step& step : story.steps) {
    if (restart > 0 && ++turn % restart == 0) {
      life->stop();
      life.reset();
      begin();
    }
    const auto observe = [&](std::size_t number, Class cls) {
      Observation observation;
      observation.target = life->topology()->targets[number].id;
      observation.cls = cls;
      observation.took = 300ms;
      observation.http_status = cls == Class::ok ? 200 : 500;
      push(std::move(observation));
    };
    if (step.page) {
      auto report = std::make_shared<PageReport>();
      report->format = "statuspage";
      report->readable = true;
      report->indicator = report->claim = *step.page;
      report->description = *step.page == Status::operational ? "All Systems Operational" : "Partial Outage";
      push(PageReading{life->page_id(), std::move(report), nullptr});
    }
    if (step.one) observe(0, *step.one);
    clock.advance(1s);
    if (step.two) observe(1, *step.two);
    clock.advance(29s);
  }
  life->settle();
  life->stop();
  return stored(folder);
}

}  // namespace

TEST_CASE("in any batch size, and with restarts anywhere, the same is stored to the byte") {
  const std::string one_by_one = play(1, 0);
  CHECK(one_by_one.find("page_silent") != std::string::npos);
  CHECK(one_by_one.find("page_unreadable") == std::string::npos);
  CHECK(one_by_one.find("blind") != std::string::npos);
  for (const auto& [batch, restart] : {std::pair{2, 0}, std::pair{7, 0}, std::pair{50, 0}, std::pair{100'000, 0}, std::pair{1, 7}, std::pair{100'000, 13}}) {
    CAPTURE(batch);
    CAPTURE(restart);
    const std::string other = play(batch, restart);
    std::size_t same = 0;
    while (same < std::min(other.size(), one_by_one.size()) && other[same] == one_by_one[same]) ++same;
    const bool identical = other == one_by_one;
    CHECK_MESSAGE(identical, "differs after: " << one_by_one.substr(same > 200 ? same - 200 : 0, 300) << "\nand: " << other.substr(same > 200 ? same - 200 : 0, 300));
  }
}
