// Which of a host's addresses to ask, where one family is wanted: a monitor that lets the faster one win never notices
// that the other is broken. Used by the runner on its thread. Asks the kernel for a route, sends nothing.
#pragma once

#include <string>
#include <vector>

#include "probes/probe.h"

namespace outaged::probes {

struct FamilyChoice {
  std::vector<std::string> addresses;  // empty: none that was wanted
  Family family = Family::any;         // of these, where both could have been asked; any: there was no choice
  std::string text;                    // why there is none
};

/// `wanted` is v4 or v6. `or_other`: where the host has no such address, or this machine no route to it, the other
/// family will do; a machine without IPv6 must not find every second probe failing.
FamilyChoice choose_family(const std::vector<std::string>& addresses, Family wanted, bool or_other);

/// Whether the kernel knows a way to this address. True in doubt.
bool has_route(const std::string& address);

}  // namespace outaged::probes
