#include "probes/resolver.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "probes/ares.h"

namespace outaged::probes {
namespace {

/// Once one family has answered, how long the other may take: RFC 8305's Resolution Delay.
constexpr Duration patience = 50ms;

enum Family : std::size_t { v6 = 0, v4 = 1 };

struct Failure {
  TransportError error;
  int rank;  // of two families' failures the one of higher rank is told
};

Failure failure_of(int status) {
  switch (status) {
    case ARES_ENOTFOUND:
      return {TransportError::dns_nxdomain, 5};
    case ARES_ESERVFAIL:
      return {TransportError::dns_servfail, 4};
    case ARES_ETIMEOUT:
      return {TransportError::dns_timeout, 3};
    case ARES_ENODATA:
      return {TransportError::dns_error, 1};
    default:
      return {TransportError::dns_error, 2};
  }
}

std::string words_for(int status, const std::string& name) {
  switch (status) {
    case ARES_ENOTFOUND:
      return fmt::format("no such name: {}", name);
    case ARES_ENODATA:
      return fmt::format("{} has no address", name);
    case ARES_ESERVFAIL:
      return fmt::format("the resolver answers SERVFAIL for {}", name);
    case ARES_ETIMEOUT:
      return fmt::format("the resolver does not answer for {}", name);
    case ARES_ECONNREFUSED:
      return fmt::format("no resolver can be reached for {}", name);
    default:
      return fmt::format("cannot resolve {}: {}", name, ares_strerror(status));
  }
}

std::vector<std::string> addresses_in(Family family, const unsigned char* packet, int size) {
  std::vector<std::string> texts;
  char text[INET6_ADDRSTRLEN];
  int count = Resolver::max_addresses;
  if (family == v4) {
    std::array<ares_addrttl, Resolver::max_addresses> found{};
    if (ares_parse_a_reply(packet, size, nullptr, found.data(), &count) != ARES_SUCCESS) return {};
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      if (inet_ntop(AF_INET, &found[i].ipaddr, text, sizeof text)) texts.emplace_back(text);
  } else {
    std::array<ares_addr6ttl, Resolver::max_addresses> found{};
    if (ares_parse_aaaa_reply(packet, size, nullptr, found.data(), &count) != ARES_SUCCESS) return {};
    for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i)
      if (inet_ntop(AF_INET6, &found[i].ip6addr, text, sizeof text)) texts.emplace_back(text);
  }
  return texts;
}

}  // namespace

/// One set of name servers. Replaced when resolv.conf changes; the old one lives until its questions are answered.
/// c-ares goes on to the next server after SERVFAIL, as it should, but then does not tell what the last one said. So
/// there are two handles: one asks, the other, which takes the first answer as it is, is asked only after a failure.
struct Resolver::Channel {
  struct Handle {
    Poller* poller = nullptr;
    std::vector<ares_socket_t> watched;
    AresChannel ares;  // last: as it goes, it tells of its sockets
    bool watches(int fd) const { return std::find(watched.begin(), watched.end(), fd) != watched.end(); }
  };
  Handle asking, diagnosing;
  std::size_t pending = 0;

  static void on_socket(void* self, ares_socket_t fd, int readable, int writable) {
    Handle& handle = *static_cast<Handle*>(self);
    if (!readable && !writable) {
      std::erase(handle.watched, fd);
      handle.poller->forget(fd);
      return;
    }
    const bool known = handle.watches(fd);
    if (!known) handle.watched.push_back(fd);
    handle.poller->watch(fd, (readable ? EPOLLIN : 0U) | (writable ? EPOLLOUT : 0U), Poller::Owner::resolver, known);
  }
};

/// One question to c-ares. It cannot be taken back, so it may outlive its lookup.
struct Resolver::Query {
  Resolver* resolver;
  Lookup* lookup;
  Channel* channel;
  Family family;
  bool diagnosing = false;

  static void send(std::unique_ptr<Query> query, const std::string& name) {
    Channel& channel = *query->channel;
    ++channel.pending;
    const int type = query->family == v4 ? ns_t_a : ns_t_aaaa;
    const ares_channel ares = (query->diagnosing ? channel.diagnosing : channel.asking).ares.get();
    ares_search(ares, name.c_str(), ns_c_in, type, &Query::on_answer, query.release());
  }
  static void on_answer(void* self, int status, int, unsigned char* packet, int size) {
    std::unique_ptr<Query> query{static_cast<Query*>(self)};
    --query->channel->pending;
    if (!query->resolver->closing_) query->resolver->answered(std::move(query), status, packet, size);
  }
};

struct Resolver::Lookup {
  std::string name;
  std::vector<Waiter*> waiters;
  std::array<Query*, 2> queries{};  // null once answered
  std::array<std::vector<std::string>, 2> found;
  int failure = ARES_SUCCESS;  // of the family whose failure tells most
  SteadyTime patient_until = SteadyTime::max();

  void failed(int status) {
    if (failure == ARES_SUCCESS || failure_of(status).rank > failure_of(failure).rank) failure = status;
  }
  Answer answer() const {
    Answer answer;
    for (const auto& family : found) answer.addresses.insert(answer.addresses.end(), family.begin(), family.end());
    if (!answer.addresses.empty()) return answer;
    answer.error = failure_of(failure).error;
    answer.text = words_for(failure, name);
    return answer;
  }
};

Resolver::Resolver(Poller& poller, ResolverOptions options)
    : poller_(poller), options_(std::move(options)), hosts_(options_.hosts_path), resolv_conf_(options_.resolv_path) {}

Resolver::~Resolver() {
  closing_ = true;
  channels_.clear();  // answers every question with "destroyed"
}

outaged::Result<std::unique_ptr<Resolver>> Resolver::create(Poller& poller, ResolverOptions options) {
  std::unique_ptr<Resolver> resolver{new Resolver(poller, std::move(options))};
  resolver->resolv_conf_.changed(SteadyTime::min());
  auto channel = resolver->open_channel();
  if (!channel) return Error{channel.error()};
  resolver->channels_.push_back(std::move(channel).value());
  return resolver;
}

outaged::Result<std::unique_ptr<Resolver::Channel>> Resolver::open_channel() {
  auto channel = std::make_unique<Channel>();
  AresSettings settings;
  settings.servers = options_.servers;
  settings.resolv_path = options_.resolv_path;
  settings.on_socket = &Channel::on_socket;
  for (Channel::Handle* handle : {&channel->asking, &channel->diagnosing}) {
    handle->poller = &poller_;
    settings.self = handle;
    settings.flags = handle == &channel->diagnosing ? ARES_FLAG_NOCHECKRESP : 0;
    auto opened = open_ares(settings);
    if (!opened) return Error{opened.error()};
    handle->ares = std::move(opened).value();
  }
  return channel;
}

void Resolver::renew_channel(SteadyTime now) {
  if (!resolv_conf_.changed(now)) return;
  // Unreadable for a moment (it is being replaced): the old servers stay until the next change.
  auto channel = open_channel();
  if (channel) channels_.push_back(std::move(channel).value());
}

void Resolver::resolve(const std::string& name, SteadyTime now, SteadyTime deadline, Waiter& waiter) {
  if (const auto* addresses = hosts_.find(name, now)) {
    waiter.resolved({TransportError::none, {}, *addresses});
    return;
  }
  const std::string_view bare = std::string_view{name}.substr(0, name.size() - (name.ends_with('.') ? 1 : 0));
  if (bare == "localhost" || bare.ends_with(".localhost")) {  // RFC 6761: never asked of a server
    waiter.resolved({TransportError::none, {}, {"::1", "127.0.0.1"}});
    return;
  }
  const auto found = lookups_.find(name);
  if (found == lookups_.end() && lookups_.size() >= options_.max_lookups) {
    waiter.resolved({TransportError::local, "too many names are being resolved", {}});
    return;
  }
  waiter.deadline_ = deadline;
  due_ = std::min(due_, deadline);
  if (found != lookups_.end()) {
    waiter.lookup_ = found->second.get();
    waiter.lookup_->waiters.push_back(&waiter);
    return;
  }

  renew_channel(now);
  auto owned = std::make_unique<Lookup>();
  Lookup& lookup = *owned;
  lookup.name = name;
  lookup.waiters.push_back(&waiter);
  waiter.lookup_ = &lookup;
  lookups_.emplace(name, std::move(owned));
  std::array<std::unique_ptr<Query>, 2> queries;
  for (const Family family : {v6, v4}) {
    queries[family] = std::make_unique<Query>(Query{this, &lookup, channels_.back().get(), family});
    lookup.queries[family] = queries[family].get();
  }
  // Either may be answered at once, and the second ends the lookup: it must not be touched after this.
  for (auto& query : queries) Query::send(std::move(query), name);
  rearm(now);
}

void Resolver::answered(std::unique_ptr<Query> query, int status, const unsigned char* packet, int size) {
  if (!query->lookup) return;  // nobody waited for it any more
  Lookup& lookup = *query->lookup;
  const Family family = query->family;
  if (status == ARES_ECONNREFUSED && !query->diagnosing) {
    query->diagnosing = true;
    const std::string name = lookup.name;
    return Query::send(std::move(query), name);
  }
  lookup.queries[family] = nullptr;
  if (status == ARES_SUCCESS) {
    lookup.found[family] = addresses_in(family, packet, size);
    if (lookup.found[family].empty()) lookup.failed(ARES_ENODATA);
  } else {
    lookup.failed(status);
  }
  const bool all = !lookup.queries[v6] && !lookup.queries[v4];
  if (all) {
    conclude(lookup);
  } else if (!lookup.found[family].empty()) {
    lookup.patient_until = std::chrono::steady_clock::now() + patience;
    due_ = std::min(due_, lookup.patient_until);
  }
}

void Resolver::conclude(Lookup& lookup) {
  for (Query* query : lookup.queries)
    if (query) query->lookup = nullptr;
  const auto node = lookups_.extract(lookup.name);
  const Answer answer = lookup.answer();
  // A waiter may ask for another name, or cancel another waiter, while it is told.
  while (!lookup.waiters.empty()) {
    Waiter& waiter = *lookup.waiters.back();
    detach(waiter);
    waiter.resolved(answer);
  }
}

void Resolver::detach(Waiter& waiter) {
  if (!waiter.lookup_) return;
  std::erase(waiter.lookup_->waiters, &waiter);
  waiter.lookup_ = nullptr;
}

void Resolver::cancel(Waiter& waiter) { detach(waiter); }

void Resolver::rearm(SteadyTime now) {
  ares_due_ = SteadyTime::max();
  for (const auto& channel : channels_) {
    if (channel->pending == 0) continue;
    for (const Channel::Handle* handle : {&channel->asking, &channel->diagnosing}) {
      timeval left{};
      if (const timeval* set = ares_timeout(handle->ares.get(), nullptr, &left))
        ares_due_ = std::min<SteadyTime>(ares_due_, now + std::chrono::seconds{set->tv_sec} + Micros{set->tv_usec});
    }
  }
}

void Resolver::on_event(const Poller::Event& event) {
  const bool broken = (event.events & (EPOLLERR | EPOLLHUP)) != 0;
  const ares_socket_t readable = broken || (event.events & EPOLLIN) ? event.fd : ARES_SOCKET_BAD;
  const ares_socket_t writable = (event.events & EPOLLOUT) ? event.fd : ARES_SOCKET_BAD;
  // Answers start new questions, which may bring a new channel: the loop ends with the first that is served.
  for (const auto& channel : channels_) {
    for (const Channel::Handle* handle : {&channel->asking, &channel->diagnosing}) {
      if (!handle->watches(event.fd)) continue;
      ares_process_fd(handle->ares.get(), readable, writable);
      return rearm(std::chrono::steady_clock::now());
    }
  }
}

void Resolver::on_time(SteadyTime now) {
  // Here, and not where one runs dry: that is within a call of c-ares.
  if (channels_.size() > 1)
    std::erase_if(channels_, [&](const auto& channel) { return channel != channels_.back() && channel->pending == 0; });
  if (now >= ares_due_) {
    for (std::size_t i = 0; i < channels_.size(); ++i) {
      Channel& channel = *channels_[i];  // by index: a new one may come meanwhile
      ares_process_fd(channel.asking.ares.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
      ares_process_fd(channel.diagnosing.ares.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    }
    rearm(now);
  }
  if (now < due_) return;

  due_ = SteadyTime::max();
  std::vector<std::string> patient;  // by name: concluding one may end another
  std::vector<Waiter*> late;
  for (const auto& [name, lookup] : lookups_) {
    if (lookup->patient_until <= now) {
      patient.push_back(name);
      continue;
    }
    due_ = std::min(due_, lookup->patient_until);
    for (Waiter* waiter : lookup->waiters) {
      if (waiter->deadline_ <= now)
        late.push_back(waiter);
      else
        due_ = std::min(due_, waiter->deadline_);
    }
  }
  // Detached all before the first is told: what it does then cannot reach the others.
  std::vector<std::pair<Waiter*, std::string>> told;
  for (Waiter* waiter : late) {
    told.emplace_back(waiter, waiter->lookup_->name);
    detach(*waiter);
  }
  for (const std::string& name : patient)
    if (const auto found = lookups_.find(name); found != lookups_.end()) conclude(*found->second);
  for (const auto& [waiter, name] : told)
    waiter->resolved({TransportError::dns_timeout, words_for(ARES_ETIMEOUT, name), {}});
}

}  // namespace outaged::probes
