#include "probes/io/exchange.h"

#include <unistd.h>

#include <type_traits>
#include <variant>

#include "core/text.h"

namespace outaged::probes {

void Exchange::begin(std::vector<std::string> addresses, SteadyTime asked, Micros resolve) {
  asked_ = asked;
  deadline_ = asked + timeout_;
  response_.timings.resolve = resolve;
  host_.hurry(*this);
  start(std::move(addresses));
}

void Exchange::on_time(SteadyTime now) {
  if (ended_) return;
  if (now >= deadline_) return expired();
  if (now < next_) return;
  next_ = SteadyTime::max();
  tick();
}

void Exchange::call_at(SteadyTime when) {
  next_ = when;
  if (!ended_) host_.hurry(*this);
}

void Exchange::finish(TransportError error, std::string text) {
  if (ended_) return;
  ended_ = true;
  response_.error = error;
  response_.error_text = clean_line(text);
  response_.total = since_asked();
  host_.ended(*this);
}

Micros Exchange::since_asked() const {
  return std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - asked_);
}

bool WatchedFd::watch(Exchange& exchange, std::uint32_t events) {
  if (events == events_) return true;
  if (!host_->watch(exchange, fd_, events)) return false;
  events_ = events;
  return true;
}

void WatchedFd::reset() {
  if (fd_ < 0) return;
  if (events_ != unwatched) host_->forget(fd_);
  events_ = unwatched;
  close(fd_);
  fd_ = -1;
}

std::unique_ptr<Exchange> make_exchange(ExchangeHost& host, Ask&& what) {
  return std::visit(
      [&](auto&& asked) -> std::unique_ptr<Exchange> {
        using What = std::decay_t<decltype(asked)>;
        if constexpr (std::is_same_v<What, Dialogue>)
          return make_dialogue(host, std::move(asked));
        else if constexpr (std::is_same_v<What, DnsQuery>)
          return make_dns_query(host, std::move(asked));
        else if constexpr (std::is_same_v<What, Ping>)
          return make_ping(host, std::move(asked));
        else if constexpr (std::is_same_v<What, Command>)
          return make_command(host, std::move(asked));
        else
          return nullptr;
      },
      std::move(what));
}

}  // namespace outaged::probes
