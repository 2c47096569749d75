// One connection's way through the loop: a request comes, its answer goes.
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "web/loop.h"

namespace outaged::web {
namespace {

using State = Connection::State;

constexpr Duration linger_time = 1s;
constexpr std::size_t linger_bytes = 256 * 1024;

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

// --- requests come ----------------------------------------------------------------------------------------------

void Loop::on_event(Connection& connection, std::uint32_t events) {
  const bool broken = (events & (EPOLLERR | EPOLLHUP)) != 0;
  switch (connection.state) {
    case State::reading:
    case State::lingering:
      return read_some(connection);
    case State::handling:
      // Nothing was asked for, so it is broken. The answer will find the connection gone.
      return close(connection);
    case State::delaying:
      if (broken || (events & EPOLLRDHUP)) close(connection);
      return;
    case State::writing:
      return broken ? close(connection) : send_out(connection);
  }
}

void Loop::read_some(Connection& connection) {
  std::array<char, 16 * 1024> buffer;
  const auto got = ::recv(connection.socket.get(), buffer.data(), buffer.size(), 0);
  if (got < 0 && would_block(errno)) return;
  if (got <= 0) return close(connection);
  const auto size = static_cast<std::size_t>(got);
  if (connection.state == State::lingering) {
    connection.discarded += size;
    if (connection.discarded > linger_bytes) close(connection);
    return;
  }
  connection.in.append(buffer.data(), size);
  advance(connection);
}

// Takes the present request as far as the received bytes allow.
void Loop::advance(Connection& connection) {
  if (!connection.socket || connection.in.empty()) return;
  if (connection.request_began == SteadyTime{}) {
    connection.request_began = now_;
    set_deadline(connection, now_ + limits_.head_deadline);
  }
  if (!connection.head_done) {
    auto scanned = connection.scanner.scan(connection.in);
    if (const auto* refusal = std::get_if<Refusal>(&scanned)) return refuse(connection, *refusal);
    if (!std::get<bool>(scanned)) return;
    auto parsed = parse_head(std::string_view(connection.in).substr(0, connection.scanner.size()), limits_);
    if (const auto* refusal = std::get_if<Refusal>(&parsed)) return refuse(connection, *refusal);
    connection.head = std::get<Head>(std::move(parsed));
    const auto length = connection.head.content_length;
    if (length > 0 && bodies_reserved_ + length > limits_.bodies_bytes)
      return refuse(connection, {503, "too many large requests at once"});
    connection.head_done = true;
    connection.reserved = length;
    bodies_reserved_ += length;
    connection.in.erase(0, connection.scanner.size());
    set_deadline(connection, connection.request_began + limits_.request_deadline);
    if (connection.head.expects_continue && connection.in.size() < length) {
      // A fresh socket's buffer takes these bytes; where it does not, the client sends its body after a moment anyway.
      constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
      [[maybe_unused]] const auto sent = ::send(connection.socket.get(), go_on.data(), go_on.size(), MSG_NOSIGNAL);
    }
  }
  if (connection.in.size() >= connection.head.content_length) begin_handling(connection);
}

void Loop::begin_handling(Connection& connection) {
  Incoming incoming;
  incoming.body = connection.in.substr(0, connection.head.content_length);
  connection.in.erase(0, connection.head.content_length);
  incoming.head = std::move(connection.head);
  incoming.remote = connection.remote;
  incoming.last = quiet_ || ++connection.requests >= limits_.requests_per_connection;
  connection.state = State::handling;
  set_deadline(connection, SteadyTime::max());
  watch(connection, 0);
  if (!dispatch_(connection.id, std::move(incoming))) refuse(connection, {503, "too many requests at once"});
}

// --- answers go -------------------------------------------------------------------------------------------------

void Loop::complete(std::uint64_t connection, Answer&& answer) {
  {
    const std::lock_guard lock(mutex_);
    completed_.emplace_back(connection, std::move(answer));
  }
  wake();
}

void Loop::take_completed() {
  std::vector<std::pair<std::uint64_t, Answer>> completed;
  {
    const std::lock_guard lock(mutex_);
    completed.swap(completed_);
  }
  for (auto& [id, answer] : completed)
    if (const auto found = connections_.find(id); found != connections_.end())
      on_answer(*found->second, std::move(answer));
}

void Loop::on_answer(Connection& connection, Answer&& answer) {
  bodies_reserved_ -= std::exchange(connection.reserved, 0);
  connection.out = std::move(answer.bytes);
  connection.sent = 0;
  connection.close_after = answer.close || quiet_;
  if (answer.delay > Duration::zero()) {
    if (quiet_) return close(connection);
    connection.state = State::delaying;
    set_deadline(connection, now_ + answer.delay);
    return watch(connection, EPOLLRDHUP);
  }
  if (connection.out.empty()) return close(connection);
  connection.state = State::writing;
  set_deadline(connection, now_ + limits_.request_deadline);
  send_out(connection);
}

void Loop::refuse(Connection& connection, const Refusal& refusal) {
  on_answer(connection, {refusal_bytes(refusal), true, {}});
}

void Loop::send_out(Connection& connection) {
  while (connection.sent < connection.out.size()) {
    const auto sent = ::send(connection.socket.get(), connection.out.data() + connection.sent,
                             connection.out.size() - connection.sent, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && would_block(errno)) return watch(connection, EPOLLOUT);
    if (sent < 0) return close(connection);
    connection.sent += static_cast<std::size_t>(sent);
  }
  after_sent(connection);
}

void Loop::after_sent(Connection& connection) {
  if (connection.close_after) return linger(connection);
  connection.out = {};
  connection.state = State::reading;
  connection.scanner.reset();
  connection.head_done = false;
  connection.request_began = {};
  connection.waiting_since = now_;
  set_deadline(connection, now_ + limits_.keep_alive);
  watch(connection, EPOLLIN | EPOLLRDHUP);
  advance(connection);  // a pipelined request may be here already
}

void Loop::linger(Connection& connection) {
  connection.out = {};
  connection.in = {};
  connection.head_done = false;
  connection.waiting_since = now_;
  if (::shutdown(connection.socket.get(), SHUT_WR) != 0) return close(connection);
  connection.state = State::lingering;
  set_deadline(connection, now_ + linger_time);
  watch(connection, EPOLLIN | EPOLLRDHUP);
}

}  // namespace outaged::web
