// c-ares, as far as the resolver and the dns exchange share it: name servers as people write them, and a channel set up
// from them. Used on the loop's thread. Reads resolv.conf when a channel is opened; asks nothing.
#pragma once

#include <ares.h>

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"

namespace outaged::probes {

struct AresDestroy {
  void operator()(ares_channel channel) const { ares_destroy(channel); }
};
/// Answers every open question with "destroyed" when it goes.
using AresChannel = std::unique_ptr<ares_channeldata, AresDestroy>;

struct AresSettings {
  std::vector<std::string> servers;  // "ip", "ip:port" or "[ip]:port"; empty: resolv.conf
  std::string resolv_path = "/etc/resolv.conf";
  int flags = 0;  // ARES_FLAG_…, beside our own
  ares_sock_state_cb on_socket = nullptr;
  void* self = nullptr;  // its first argument
};
/// Errors: a server that is no address, a resolv.conf that cannot be used.
outaged::Result<AresChannel> open_ares(const AresSettings& settings);

}  // namespace outaged::probes
