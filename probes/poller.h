// epoll and one eventfd, as little as the probe loop needs. wake() may be called from any thread, the rest only by
// the loop's own. Never blocks but in wait().
#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>

#include "core/result.h"
#include "core/time.h"

namespace outaged::probes {

class Poller {
 public:
  enum class Owner : std::uint32_t { wake, curl, resolver, exchange };
  struct Event {
    Owner owner;
    int fd;
    std::uint32_t events;  // EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP
  };

  static outaged::Result<std::unique_ptr<Poller>> create();
  ~Poller();
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;

  /// Watches a descriptor, or changes what it is watched for (`known`: it is watched already; a hint that saves a
  /// call).
  bool watch(int fd, std::uint32_t events, Owner owner, bool known);
  void forget(int fd);
  /// What happened, after at most `timeout`; wake-ups are already taken back. Valid until the next call.
  std::span<const Event> wait(Duration timeout);
  /// Ends the current or the next wait().
  void wake();

 private:
  Poller(int epoll, int event) : epoll_(epoll), event_(event) {}
  int epoll_, event_;
  std::array<epoll_event, 256> raw_{};
  std::array<Event, 256> events_{};
};

}  // namespace outaged::probes
