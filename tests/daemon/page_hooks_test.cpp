#include "daemon/page_hooks.h"

#include <doctest/doctest.h>

using namespace outaged;
using namespace std::chrono_literals;

namespace {

config::Config with_hooks(std::vector<std::pair<std::string, std::string>> pages) {
  config::Config config;
  for (auto& [name, token] : pages) {
    config::Service service;
    service.name = name;
    service.page = config::Page{};
    service.page->name = name;
    service.page->hook_token = config::Secret(token);
    config.services.push_back(std::move(service));
  }
  return config;
}

}  // namespace

TEST_CASE("a page's hook has it read, at most every five seconds, and only with its own token") {
  PageHooks hooks;
  hooks.configure(with_hooks({{"claude", "0123456789abcdef"}, {"github", "fedcba9876543210"}, {"none", ""}}));
  const SteadyTime start{1h};
  CHECK(hooks.call("0123456789abcdef", start).answer == PageHooks::Answer::read);
  CHECK(hooks.call("0123456789abcdef", start).page == "claude");
  CHECK(hooks.call("0123456789abcdef", start + 4s).answer == PageHooks::Answer::just_read);
  CHECK(hooks.call("fedcba9876543210", start + 4s).answer == PageHooks::Answer::read);
  CHECK(hooks.call("0123456789abcdef", start + 5s).answer == PageHooks::Answer::read);
  for (const char* wrong : {"", "0123456789abcde", "0123456789abcdeg", "0123456789abcdef0"}) {
    CHECK(hooks.call(wrong, start + 1h).answer == PageHooks::Answer::unknown);
  }

  // After a reload: the one that stays is still paced, the one that left is gone.
  hooks.configure(with_hooks({{"claude", "a-new-token-of-22-chars"}}));
  CHECK(hooks.call("a-new-token-of-22-chars", start + 6s).answer == PageHooks::Answer::just_read);
  CHECK(hooks.call("0123456789abcdef", start + 1h).answer == PageHooks::Answer::unknown);
  CHECK(hooks.call("fedcba9876543210", start + 1h).answer == PageHooks::Answer::unknown);
}
