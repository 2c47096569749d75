#include "probes/family.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "probes/io/connector.h"

namespace outaged::probes {
namespace {

bool is_v6(const std::string& address) { return address.find(':') != std::string::npos; }

std::vector<std::string> of_family(const std::vector<std::string>& addresses, bool v6) {
  std::vector<std::string> out;
  std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(out),
               [&](const std::string& address) { return is_v6(address) == v6; });
  return out;
}

}  // namespace

bool has_route(const std::string& address) {
  // Connecting a datagram socket looks up the route and does nothing else. The port is any but 0.
  const SocketAddress to = socket_address(address, 9);
  if (to.size == 0) return true;
  const int fd = socket(to.family(), SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno != EAFNOSUPPORT;
  const bool reached = connect(fd, reinterpret_cast<const sockaddr*>(&to.storage), to.size) == 0;
  const int why = errno;
  close(fd);
  return reached || (why != ENETUNREACH && why != EHOSTUNREACH && why != EADDRNOTAVAIL && why != EAFNOSUPPORT);
}

FamilyChoice choose_family(const std::vector<std::string>& addresses, Family wanted, bool or_other) {
  const bool v6 = wanted == Family::v6;
  FamilyChoice out;
  out.addresses = of_family(addresses, v6);
  if (!or_other) {
    out.family = wanted;
    if (out.addresses.empty()) out.text = fmt::format("the host has no IPv{} address", v6 ? 6 : 4);
    return out;
  }
  std::vector<std::string> others = of_family(addresses, !v6);
  if (others.empty()) return out;
  if (out.addresses.empty() || !has_route(out.addresses.front())) {
    // Without a route to either, each says so by itself.
    if (out.addresses.empty() || has_route(others.front())) out.addresses = std::move(others);
    return out;
  }
  if (has_route(others.front())) out.family = wanted;
  return out;
}

}  // namespace outaged::probes
