// The makers of the probe kinds, one file each; listed in registry.cpp. Called when a configuration is built.
// They read the configuration only: no I/O.
#pragma once

#include <memory>

#include "config/config.h"
#include "core/clock.h"
#include "probes/heartbeats.h"
#include "probes/probe.h"

namespace outaged::probes {

namespace llm {
class Ledger;
}

/// One HTTP exchange judged by conditions (kinds/http.cpp).
std::shared_ptr<const Probe> make_http(const config::Target& target, const config::Egress& egress);

/// grpc.health.v1.Health/Check (kinds/grpc.cpp).
std::shared_ptr<const Probe> make_grpc(const config::Target& target, const config::Egress& egress);
/// Posts that match keywords, against their own normal rate, which it remembers (kinds/feed.cpp).
std::shared_ptr<const Probe> make_feed(const config::Target& target, const config::Egress& egress, const Clock& clock);

/// A TCP connection, perhaps secured and spoken over: kinds `tcp` and `tls` (kinds/tcp.cpp).
std::shared_ptr<const Probe> make_tcp(const config::Target& target, const config::Egress& egress);
/// A question to a name server (kinds/dns.cpp).
std::shared_ptr<const Probe> make_dns(const config::Target& target, const config::Egress& egress);
/// An echo request (kinds/icmp.cpp).
std::shared_ptr<const Probe> make_icmp(const config::Target& target, const config::Egress& egress);
/// A program with the Nagios plugins' exit codes (kinds/exec.cpp).
std::shared_ptr<const Probe> make_exec(const config::Target& target, const config::Egress& egress);

/// One model of one LLM API, asked as dearly as its ledger allows (kinds/llm.cpp).
std::shared_ptr<const Probe> make_llm(const config::Target& target, const config::Egress& egress,
                                      std::shared_ptr<llm::Ledger> ledger);

/// What reports to us instead of being asked, as `heartbeats` has heard of it (kinds/push.cpp); null: never.
std::shared_ptr<const Probe> make_push(const config::Target& target, std::shared_ptr<const Heartbeats> heartbeats, const Clock& clock);

}  // namespace outaged::probes
