#include "probes/host_doors.h"

#include <doctest/doctest.h>

using outaged::probes::HostDoors;

TEST_CASE("host doors: so many inside, the others in order, and every host by itself") {
  HostDoors doors(2);
  CHECK(doors.open("a"));
  auto first = doors.enter("a"), second = doors.enter("a");
  CHECK_FALSE(doors.open("a"));
  CHECK(doors.open("b"));
  CHECK(doors.open(""));
  for (std::uint32_t slot = 1; slot <= 3; ++slot) doors.park("a", {slot, slot, true, {}});
  CHECK_FALSE(doors.next());
  doors.leave(first);
  CHECK(first.empty());
  CHECK_FALSE(doors.open("a"));  // nobody overtakes those who wait
  auto next = doors.next();
  REQUIRE(next);
  CHECK(next->slot == 1);
  first = doors.enter("a");
  CHECK_FALSE(doors.next());
  doors.leave(first);
  doors.leave(second);
  CHECK(doors.next()->slot == 2);
  first = doors.enter("a");
  CHECK(doors.next()->slot == 3);
  second = doors.enter("a");
  CHECK_FALSE(doors.next());
  doors.leave(first);
  doors.leave(second);
  CHECK(doors.open("a"));
}

TEST_CASE("host doors: one who waited and is gone makes room for the next") {
  HostDoors doors(1);
  auto pass = doors.enter("a");
  doors.park("a", {1, 1, true, {}});
  doors.park("a", {2, 2, true, {}});
  doors.leave(pass);
  CHECK(doors.next()->slot == 1);  // the loop sees that it vanished, and does not enter
  CHECK(doors.next()->slot == 2);
  CHECK_FALSE(doors.next());
  CHECK(doors.open("a"));
}

TEST_CASE("host doors: without a limit all are open") {
  HostDoors doors(0);
  for (int i = 0; i < 100; ++i) {
    CHECK(doors.open("a"));
    doors.enter("a");
  }
}
