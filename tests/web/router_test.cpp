#include <doctest/doctest.h>

#include <stdexcept>

#include "web/pool.h"
#include "web/router.h"

using namespace outaged::web;

namespace {

Handler named(int status) {
  return [status](const Request&) {
    Reply reply;
    reply.status = status;
    return reply;
  };
}

int found(const Router& router, const std::string& method, const std::string& path) {
  const auto match = router.match(method, path);
  return match.handler ? (*match.handler)(Request{}).status : match.allowed.empty() ? 404 : 405;
}

}  // namespace

TEST_CASE("routes: literals before placeholders, methods apart, segments decoded") {
  Router router;
  router.add("GET", "/i/{id}", named(1));
  router.add("GET", "/i/report", named(2));
  router.add("POST", "/i/{id}", named(3));
  router.add("GET", "/h/{service}/{component}", named(4));
  router.add("GET", "/files/{rest...}", named(5));
  router.add("GET", "/", named(6));
  CHECK(found(router, "GET", "/i/7") == 1);
  CHECK(found(router, "GET", "/i/report") == 2);
  CHECK(found(router, "POST", "/i/report") == 3);
  CHECK(found(router, "HEAD", "/i/report") == 2);
  CHECK(found(router, "DELETE", "/i/7") == 405);
  CHECK(found(router, "GET", "/i/") == 404);
  CHECK(found(router, "GET", "/i/7/") == 404);
  CHECK(found(router, "GET", "/h/a/b") == 4);
  CHECK(found(router, "GET", "/h/a") == 404);
  CHECK(found(router, "GET", "/") == 6);
  CHECK(found(router, "GET", "//") == 404);
  CHECK(router.match("GET", "/i/claude%2fapi%20x").captures == std::vector<std::string>{"claude/api x"});
  CHECK(router.match("GET", "/files/a/b%20/c").captures == std::vector<std::string>{"a/b /c"});
  CHECK(router.match("PUT", "/i/7").allowed == std::vector<std::string>{"GET", "POST", "HEAD"});
}

TEST_CASE("a wrong pattern is told at once") {
  Router router;
  CHECK_THROWS_AS(router.add("GET", "x", {}), std::logic_error);
  CHECK_THROWS_AS(router.add("GET", "/a{b}", {}), std::logic_error);
  CHECK_THROWS_AS(router.add("GET", "/{a...}/b", {}), std::logic_error);
}

TEST_CASE("the pool grows to its bound, refuses beyond its queue, and shrinks again") {
  using namespace std::chrono_literals;
  std::mutex mutex;
  std::condition_variable changed;
  bool release = false;
  int running = 0, done = 0;
  Pool pool(1, 3, 2, 20ms);
  const auto job = [&] {
    std::unique_lock lock(mutex);
    ++running;
    changed.notify_all();
    changed.wait(lock, [&] { return release; });
    ++done;
    changed.notify_all();
  };
  for (int i = 0; i < 3; ++i) REQUIRE(pool.submit(job));
  std::unique_lock lock(mutex);
  REQUIRE(changed.wait_for(lock, 10s, [&] { return running == 3; }));
  lock.unlock();
  CHECK(pool.threads() == 3);
  CHECK(pool.submit(job));
  CHECK(pool.submit(job));
  CHECK_FALSE(pool.submit(job));
  lock.lock();
  release = true;
  changed.notify_all();
  REQUIRE(changed.wait_for(lock, 10s, [&] { return done == 5; }));
  lock.unlock();
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (pool.threads() > 1 && std::chrono::steady_clock::now() < deadline) std::this_thread::sleep_for(5ms);
  CHECK(pool.threads() == 1);
  pool.shutdown();
  CHECK_FALSE(pool.submit(job));
}
