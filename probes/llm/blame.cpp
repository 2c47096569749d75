#include "probes/llm/blame.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace outaged::probes::llm {
namespace {

bool fails(Class cls) {
  const Counts counts = info(cls).counts;
  return counts == Counts::bad || counts == Counts::maybe;
}

}  // namespace

ControlPlan controls_for(Class cls) {
  constexpr std::array worth_asking = {
      Class::timeout_before_first_byte, Class::timeout_body,     Class::timeout_first_token, Class::stream_stalled,
      Class::stream_truncated,          Class::body_truncated,   Class::protocol_error,      Class::server_error,
      Class::overloaded,                Class::edge_error,       Class::upstream_error,      Class::unexpected_status,
      Class::unexpected_content,        Class::redirected,       Class::auth,
  };
  if (std::find(worth_asking.begin(), worth_asking.end(), cls) != worth_asking.end()) return {.canary = true, .keyed = true};
  return {.models_list = cls == Class::not_found};
}

Blame settle_blame(Class cls, int status, const std::optional<ControlOutcome>& canary,
                   const std::optional<ControlOutcome>& keyed, bool worked) {
  const bool refused = cls == Class::auth;
  if (canary && fails(canary->cls)) {
    return {refused ? canary->cls : cls,
            fmt::format("a request without a key fails too ({}): it is the API as a whole", to_string(canary->cls))};
  }
  const std::string alive = canary && canary->cls == Class::ok ? "the API refuses a request without a key as it should; " : "";
  if (!keyed) return {cls, canary && !alive.empty() ? "the API refuses a request without a key as it should" : ""};
  if (keyed->cls == Class::ok) {
    if (!refused) return {cls, fmt::format("{}our key is accepted by {}; the completion fails", alive, keyed->asked)};
    // A key that lost a permission is ours to mend. One that worked, and still does elsewhere, was not revoked.
    if (status == 401 && worked)
      return {Class::server_error,
              fmt::format("{}our key is accepted by {} and worked for completions within a day: their authentication fails",
                          alive, keyed->asked)};
    return {cls, fmt::format("{}our key is accepted by {}, but not for this completion", alive, keyed->asked)};
  }
  if (keyed->cls == Class::auth || keyed->cls == Class::account) {
    return {keyed->cls, fmt::format("{}{} refuses our {} as well", alive, keyed->asked,
                                    keyed->cls == Class::auth ? "key" : "account")};
  }
  if (fails(keyed->cls))
    return {cls, fmt::format("{}{} fails as well ({}): a part of the API, or our account", alive, keyed->asked,
                             to_string(keyed->cls))};
  return {cls, fmt::format("{}{} says nothing of it ({})", alive, keyed->asked, to_string(keyed->cls))};
}

}  // namespace outaged::probes::llm
