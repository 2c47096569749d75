#include "daemon/page_hooks.h"

#include <algorithm>

namespace outaged {
namespace {

// A provider in trouble changes many components at once, and each change is a call.
constexpr Duration spacing = 5s;

}  // namespace

void PageHooks::configure(const config::Config& config) {
  std::vector<Hook> next;
  const std::lock_guard lock(mutex_);
  for (const config::Service& service : config.services) {
    if (!service.page || service.page->hook_token.empty()) continue;
    Hook hook{.page = service.page->name, .token = service.page->hook_token};
    const auto known = std::find_if(hooks_.begin(), hooks_.end(), [&](const Hook& each) { return each.page == hook.page; });
    if (known != hooks_.end()) hook.called = known->called, hook.ever = known->ever;
    next.push_back(std::move(hook));
  }
  hooks_ = std::move(next);
}

PageHooks::Called PageHooks::call(std::string_view token, SteadyTime now) {
  const std::lock_guard lock(mutex_);
  Hook* found = nullptr;
  for (Hook& hook : hooks_) {  // all of them, whichever it is: time must not tell how near a guess was
    if (hook.token.is(token)) found = &hook;
  }
  if (!found) return {};
  if (found->ever && now - found->called < spacing) return {Answer::just_read, found->page};
  found->called = now;
  found->ever = true;
  return {Answer::read, found->page};
}

}  // namespace outaged
