// Theirs or ours? A name that our resolver cannot find is asked of a second one, in the same run. Only we fail: the
// trouble is our resolver's (dns_error). Both fail: it is theirs. The second is silent: what we saw holds.
// Used by the registry, for every kind that asks by name, and by the `dns` kind. Pure; asks by Step, as probes do.
#pragma once

#include <memory>
#include <string>

#include "probes/probe.h"

namespace outaged::probes {

/// What the second resolver makes of it.
struct SecondAnswer {
  enum class How { fine, fails, silent } how = How::silent;
  Class cls = Class::ok;  // of its failure
  std::string words;      // "NXDOMAIN", "no answer"
};
/// Whether a name could be found: `fine` with at least one record of `type`.
SecondAnswer read_second(const Response& response, const std::string& type);

struct Opinion {
  Class cls = Class::ok;
  std::string words;  // to follow what was seen: "; the resolver 192.0.2.53 finds it, so the trouble is with ours"
};
/// `seen`: one of dns_*, or unexpected_content.
Opinion weigh(Class seen, const SecondAnswer& second, const std::string& server);

/// Whether it is one of the classes a second resolver can throw light on.
bool is_dns_failure(Class cls);

/// The same probe, which asks `server` as well when a name is not found. Names without a dot are left alone: they are
/// for our own resolver to complete. `family`: whose addresses the probe wants.
std::shared_ptr<const Probe> with_second_opinion(std::shared_ptr<const Probe> probe, std::string server, Family family);

/// The host that a Response::url names, without brackets; "" for an address, or if there is none.
std::string name_asked(const std::string& url);

}  // namespace outaged::probes
