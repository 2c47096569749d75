#include "probes/ares.h"

#include <arpa/inet.h>
#include <fmt/format.h>

namespace outaged::probes {
namespace {

/// c-ares doubles it with every round over the servers.
constexpr int first_timeout_ms = 1000;
constexpr int tries = 3;

/// "ip:53" for "ip", brackets where c-ares wants them; "" if it is neither form.
std::string server_for_ares(const std::string& server) {
  unsigned char bytes[sizeof(in6_addr)];
  if (inet_pton(AF_INET6, server.c_str(), bytes) == 1) return "[" + server + "]:53";
  if (inet_pton(AF_INET, server.c_str(), bytes) == 1) return server + ":53";
  const std::size_t colon = server.rfind(':');
  if (colon == std::string::npos) return {};
  std::string host = server.substr(0, colon);
  const std::string port = server.substr(colon + 1);
  const bool digits = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoi(port) == 0 || std::stoi(port) > 65535) return {};
  if (inet_pton(AF_INET, host.c_str(), bytes) == 1) return server;
  if (host.size() < 2 || host.front() != '[' || host.back() != ']') return {};
  host = host.substr(1, host.size() - 2);
  return inet_pton(AF_INET6, host.c_str(), bytes) == 1 ? server : std::string{};
}

outaged::Result<void> init_library() {
  static const int status = ares_library_init(ARES_LIB_INIT_ALL);
  if (status != ARES_SUCCESS) return Error{fmt::format("cannot start c-ares: {}", ares_strerror(status))};
  return {};
}

}  // namespace

outaged::Result<AresChannel> open_ares(const AresSettings& settings) {
  if (const auto ready = init_library(); !ready) return Error{ready.error()};
  std::string servers;
  for (const std::string& server : settings.servers) {
    const std::string text = server_for_ares(server);
    if (text.empty())
      return Error{fmt::format("'{}' is not a resolver's address: write ip, ip:port or [ip]:port", server)};
    servers += (servers.empty() ? "" : ",") + text;
  }
  char lookups[] = "b";  // DNS only: /etc/hosts is ours
  std::string path = settings.resolv_path;
  ares_options options{};
  options.ednspsz = 1232;
  options.timeout = first_timeout_ms;
  options.tries = tries;
  options.lookups = lookups;
  options.sock_state_cb = settings.on_socket;
  options.sock_state_cb_data = settings.self;
  options.resolvconf_path = path.data();
  // EDNS lets a long answer through in one packet; no aliases, as $HOSTALIASES would be read for each name.
  options.flags = ARES_FLAG_NOALIASES | ARES_FLAG_EDNS | settings.flags;
  const int mask = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
                   ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
  ares_channel raw = nullptr;
  int status = ares_init_options(&raw, &options, mask);
  if (status != ARES_SUCCESS)
    return Error{fmt::format("cannot set up the resolver from {}: {}", settings.resolv_path, ares_strerror(status))};
  AresChannel channel{raw};
  if (servers.empty()) return channel;
  status = ares_set_servers_ports_csv(raw, servers.c_str());
  if (status != ARES_SUCCESS)
    return Error{fmt::format("cannot use the resolvers {}: {}", servers, ares_strerror(status))};
  return channel;
}

}  // namespace outaged::probes
