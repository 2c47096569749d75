#include "probes/poller.h"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace outaged::probes {
namespace {

std::uint64_t pack(Poller::Owner owner, int fd) {
  return static_cast<std::uint64_t>(owner) << 32U | static_cast<std::uint32_t>(fd);
}

}  // namespace

outaged::Result<std::unique_ptr<Poller>> Poller::create() {
  const int epoll = epoll_create1(EPOLL_CLOEXEC);
  const int event = epoll < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) {
    const int error = errno;
    if (epoll >= 0) close(epoll);
    return Error{fmt::format("cannot create the probe loop's epoll: {}", std::strerror(error))};
  }
  std::unique_ptr<Poller> poller{new Poller(epoll, event)};
  if (!poller->watch(event, EPOLLIN, Owner::wake, false))
    return Error{fmt::format("cannot watch the probe loop's eventfd: {}", std::strerror(errno))};
  return poller;
}

Poller::~Poller() {
  close(event_);
  close(epoll_);
}

bool Poller::watch(int fd, std::uint32_t events, Owner owner, bool known) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = pack(owner, fd);
  if (epoll_ctl(epoll_, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) == 0) return true;
  if (errno != ENOENT && errno != EEXIST) return false;
  return epoll_ctl(epoll_, known ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) == 0;
}

void Poller::forget(int fd) { epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr); }

std::span<const Poller::Event> Poller::wait(Duration timeout) {
  const int n = epoll_wait(epoll_, raw_.data(), static_cast<int>(raw_.size()), static_cast<int>(timeout.count()));
  std::size_t count = 0;
  for (int i = 0; i < n; ++i) {
    const epoll_event& raw = raw_[static_cast<std::size_t>(i)];
    const auto owner = static_cast<Owner>(raw.data.u64 >> 32U);
    const int fd = static_cast<int>(raw.data.u64 & 0xffffffffU);
    if (owner == Owner::wake) {
      std::uint64_t drained = 0;
      if (read(event_, &drained, sizeof drained) < 0) continue;
    } else {
      events_[count++] = {owner, fd, raw.events};
    }
  }
  return {events_.data(), count};
}

void Poller::wake() {
  const std::uint64_t one = 1;
  // A full counter means that a wake-up is already pending.
  if (write(event_, &one, sizeof one) < 0) return;
}

}  // namespace outaged::probes
