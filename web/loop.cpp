#include "web/loop.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>
#include <utility>

namespace outaged::web {
namespace {

using State = Connection::State;

constexpr std::uint64_t listener_id = 0, wake_id = 1;
constexpr Duration drain_time = 300ms, accept_pause = 100ms;

SteadyTime steady_now() { return std::chrono::steady_clock::now(); }

std::string name_of(const sockaddr_storage& address, socklen_t size) {
  char host[NI_MAXHOST];
  if (getnameinfo(reinterpret_cast<const sockaddr*>(&address), size, host, sizeof host, nullptr, 0, NI_NUMERICHOST) != 0)
    return "?";
  const std::string_view name(host), mapped("::ffff:");
  return std::string(name.starts_with(mapped) ? name.substr(mapped.size()) : name);
}

Error system_error(const char* what, int error) { return Error{std::string(what) + ": " + std::strerror(error)}; }

}  // namespace

Loop::Loop(Limits limits, Socket listener, Dispatch dispatch)
    : limits_(limits), dispatch_(std::move(dispatch)), listener_(std::move(listener)) {}

Loop::~Loop() = default;

Result<void> Loop::prepare() {
  epoll_ = Socket(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll_) return system_error("epoll_create1", errno);
  wake_ = Socket(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_) return system_error("eventfd", errno);
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = wake_id;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) return system_error("epoll_ctl", errno);
  event.data.u64 = listener_id;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener_.get(), &event) != 0) return system_error("epoll_ctl", errno);
  return {};
}

Result<void> Loop::run() {
  std::array<epoll_event, 64> events;
  while (true) {
    const int count = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_time());
    if (count < 0 && errno != EINTR) return system_error("epoll_wait", errno);
    now_ = steady_now();
    for (int i = 0; i < count; ++i) {
      const auto id = events[static_cast<std::size_t>(i)].data.u64;
      if (id == wake_id) {
        std::uint64_t ignored;
        while (::read(wake_.get(), &ignored, sizeof ignored) > 0) {
        }
      } else if (id == listener_id) {
        if (auto accepted = accept_all(); !accepted) return accepted;
      } else if (const auto found = connections_.find(id); found != connections_.end()) {
        on_event(*found->second, events[static_cast<std::size_t>(i)].events);
      }
    }
    take_completed();
    expire();
    obey_orders();
    closed_.clear();
    if (finishing_ && (now_ >= give_up_ || connections_.empty())) return {};
  }
}

int Loop::wait_time() const {
  auto at = next_deadline_;
  if (!accepting_ && !quiet_) at = std::min(at, accept_again_);
  if (finishing_) at = std::min(at, give_up_);
  if (at == SteadyTime::max()) return -1;
  const auto left = std::chrono::ceil<Duration>(at - steady_now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
}

// --- connections come -------------------------------------------------------------------------------------------

Result<void> Loop::accept_all() {
  while (!quiet_) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    Socket socket(accept4(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (socket) {
      admit(std::move(socket), name_of(address, size));
      continue;
    }
    switch (errno) {
      case EBADF: case EINVAL: case ENOTSOCK: case EOPNOTSUPP: case EFAULT:
        return system_error("accept", errno);
      case EMFILE: case ENFILE: case ENOBUFS: case ENOMEM: {
        // The pending client keeps the listener ready: without a pause this would spin.
        epoll_event event{};
        event.data.u64 = listener_id;
        epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener_.get(), &event);
        accepting_ = false;
        accept_again_ = now_ + accept_pause;
        make_room(nullptr);
        return {};
      }
      default:
        if (errno == EAGAIN || errno == EWOULDBLOCK) return {};
        // Errors of the one new connection (ECONNABORTED, EPROTO, …): the next may be well.
    }
  }
  return {};
}

void Loop::admit(Socket socket, std::string remote) {
  const auto peer = per_peer_.find(remote);
  const bool full = (peer != per_peer_.end() && peer->second >= limits_.connections_per_peer && !make_room(&remote)) ||
                    (connections_.size() >= limits_.connections && !make_room(nullptr));
  if (full) {
    const auto answer = refusal_bytes({503, "too many connections"});
    [[maybe_unused]] const auto sent = ::send(socket.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    ::shutdown(socket.get(), SHUT_WR);
    return;
  }
  // Answers are written whole: Nagle's delay would only hold back their last segment.
  const int yes = 1;
  setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  auto connection = std::make_unique<Connection>(limits_);
  connection->id = next_id_++;
  connection->socket = std::move(socket);
  connection->remote = std::move(remote);
  connection->waiting_since = now_;
  ++per_peer_[connection->remote];
  auto& entry = *(connections_[connection->id] = std::move(connection));
  set_deadline(entry, now_ + limits_.head_deadline);
  watch(entry, EPOLLIN | EPOLLRDHUP);
}

// Closes the connection of one peer, or of all, that can best be spared: one that is answered already, then the one that
// has waited longest without a head, then without a body.
bool Loop::make_room(const std::string* peer) {
  const auto worth = [](const Connection& c) {
    return std::tuple(c.state != State::lingering, c.head_done, c.waiting_since);
  };
  Connection* least = nullptr;
  for (const auto& [id, connection] : connections_) {
    const bool waits = connection->state == State::reading || connection->state == State::lingering;
    if (!waits || (peer && connection->remote != *peer)) continue;
    if (!least || worth(*connection) < worth(*least)) least = connection.get();
  }
  if (least) close(*least);
  return least != nullptr;
}

void Loop::close(Connection& connection) {
  if (!connection.socket) return;  // closed further down the stack
  bodies_reserved_ -= std::exchange(connection.reserved, 0);
  connection.socket.reset();
  if (const auto peer = per_peer_.find(connection.remote); --peer->second == 0) per_peer_.erase(peer);
  const auto found = connections_.find(connection.id);
  closed_.push_back(std::move(found->second));
  connections_.erase(found);
}

// --- time passes ------------------------------------------------------------------------------------------------

void Loop::set_deadline(Connection& connection, SteadyTime at) {
  connection.deadline = at;
  next_deadline_ = std::min(next_deadline_, at);
}

void Loop::expire() {
  if (!accepting_ && !quiet_ && now_ >= accept_again_) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = listener_id;
    epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, listener_.get(), &event);
    accepting_ = true;
  }
  if (now_ < next_deadline_) return;
  next_deadline_ = SteadyTime::max();
  std::vector<std::uint64_t> due;
  for (const auto& [id, connection] : connections_) {
    if (connection->deadline <= now_) due.push_back(id);
    else next_deadline_ = std::min(next_deadline_, connection->deadline);
  }
  for (const auto id : due)
    if (const auto found = connections_.find(id); found != connections_.end()) on_deadline(*found->second);
}

void Loop::on_deadline(Connection& connection) {
  switch (connection.state) {
    case State::reading:
      if (connection.request_began == SteadyTime{}) return close(connection);
      return refuse(connection, {408, "the request did not arrive in time"});
    case State::delaying:
      return on_answer(connection, {std::move(connection.out), connection.close_after, {}});
    case State::handling:
      return;
    case State::writing: {
      // A reset, or the kernel would keep what the client does not take for minutes more.
      const ::linger reset{1, 0};
      setsockopt(connection.socket.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
      return close(connection);
    }
    case State::lingering:
      return close(connection);
  }
}

void Loop::watch(Connection& connection, std::uint32_t events) {
  if (connection.watched && connection.events == events) return;
  epoll_event event{};
  event.events = events;
  event.data.u64 = connection.id;
  const int operation = connection.watched ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(epoll_.get(), operation, connection.socket.get(), &event) != 0) return close(connection);
  connection.watched = true;
  connection.events = events;
}

// --- the end ----------------------------------------------------------------------------------------------------

void Loop::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);  // full means: a wake-up is pending
}

void Loop::quiesce() {
  {
    const std::lock_guard lock(mutex_);
    quiesce_ordered_ = true;
  }
  wake();
}

void Loop::finish() {
  {
    const std::lock_guard lock(mutex_);
    quiesce_ordered_ = finish_ordered_ = true;
  }
  wake();
}

void Loop::obey_orders() {
  bool quiesce_now = false, finish_now = false;
  {
    const std::lock_guard lock(mutex_);
    quiesce_now = quiesce_ordered_ && !quiet_;
    // What was completed before the order has been handed in under the same lock: one more turn takes it.
    finish_now = finish_ordered_ && !finishing_ && completed_.empty();
  }
  const auto close_if = [this](auto unwanted) {
    std::vector<Connection*> doomed;
    for (const auto& [id, connection] : connections_)
      if (unwanted(*connection)) doomed.push_back(connection.get());
    for (auto* connection : doomed) close(*connection);
  };
  if (quiesce_now) {
    quiet_ = true;
    listener_.reset();
    close_if([](const Connection& c) {
      return c.state == State::reading || c.state == State::delaying || c.state == State::lingering;
    });
  }
  if (finish_now) {
    finishing_ = true;
    give_up_ = now_ + drain_time;
    close_if([](const Connection& c) { return c.state != State::writing; });
  }
  if (finishing_) close_if([](const Connection& c) { return c.state == State::lingering; });
}

}  // namespace outaged::web
