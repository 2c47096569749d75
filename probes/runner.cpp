#include "probes/runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "core/text.h"
#include "probes/openssl_keys.h"
#include "probes/family.h"

namespace outaged::probes {
namespace {

/// Idle handles kept for the next run; more than a busy moment needs only costs memory.
constexpr std::size_t max_idle = 64;
/// Address-cache entries taken out with each new exchange: more than one goes in, so that they cannot pile up.
constexpr std::size_t forget_at_once = 4;

SteadyTime on_grid(SteadyTime when) {
  const SteadyTime::duration grid{wake_grid};
  const SteadyTime::duration since = when.time_since_epoch();
  return SteadyTime{(since + grid - SteadyTime::duration{1}) / grid * grid};
}

Finding our_fault(std::string detail) {
  Evidence evidence;
  evidence.detail = std::move(detail);
  Finding finding;
  finding.cls = Class::probe_error;
  finding.evidence = std::make_shared<const Evidence>(std::move(evidence));
  return finding;
}

/// What to ask next; `step` is not a finding.
Ask ask_of(Step&& step) {
  return std::visit(
      [](auto&& what) -> Ask {
        using What = std::decay_t<decltype(what)>;
        if constexpr (std::is_same_v<What, Finding>)
          return Nothing{};
        else
          return Ask{std::move(what)};
      },
      std::move(step));
}

outaged::Result<void> init_libcurl() {
  static const CURLcode code = [] {
    const CURLcode begun = curl_global_init(CURL_GLOBAL_DEFAULT);
    read_keys_the_short_way();
    return begun;
  }();
  if (code != CURLE_OK) return Error{fmt::format("cannot start libcurl: {}", curl_easy_strerror(code))};
  return {};
}

}  // namespace

Runner::Runner(Owner& owner, Egress egress)
    : owner_(owner), egress_(std::move(egress)), tls_(egress_.ca_file()) {}

outaged::Result<std::unique_ptr<Runner>> Runner::create(const LoopOptions& options, Owner& owner) {
  if (const auto ready = init_libcurl(); !ready) return Error{ready.error()};
  auto egress = Egress::create(options.proxy, options.no_proxy, options.ca_file, options.user_agent);
  if (!egress) return Error{egress.error()};
  std::unique_ptr<Runner> runner{new Runner(owner, std::move(egress).value())};
  if (const auto opened = runner->open(options); !opened) return Error{opened.error()};
  return runner;
}

outaged::Result<void> Runner::open(const LoopOptions& options) {
  auto poller = Poller::create();
  if (!poller) return Error{poller.error()};
  poller_ = std::move(poller).value();
  ResolverOptions names;
  names.servers = options.resolvers;
  names.max_lookups = std::max<std::size_t>(1, options.max_in_flight);
  auto resolver = Resolver::create(*poller_, std::move(names));
  if (!resolver) return Error{resolver.error()};
  resolver_ = std::move(resolver).value();

  multi_ = curl_multi_init();
  if (!multi_) return Error{"cannot start libcurl: out of memory"};
  curl_multi_setopt(multi_, CURLMOPT_SOCKETFUNCTION, &Runner::on_socket);
  curl_multi_setopt(multi_, CURLMOPT_SOCKETDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_TIMERFUNCTION, &Runner::on_timer);
  curl_multi_setopt(multi_, CURLMOPT_TIMERDATA, this);
  curl_multi_setopt(multi_, CURLMOPT_PIPELINING, static_cast<long>(CURLPIPE_NOTHING));
  return {};
}

Runner::~Runner() {
  while (!flights_.empty()) abort(*flights_.back());
  idle_transfers_.clear();
  if (multi_) curl_multi_cleanup(multi_);
}

int Runner::on_socket(CURL*, curl_socket_t fd, int what, void* self, void* known) {
  Runner& runner = *static_cast<Runner*>(self);
  if (what == CURL_POLL_REMOVE) {
    runner.poller_->forget(fd);
    return 0;
  }
  const std::uint32_t events =
      ((what & CURL_POLL_IN) != 0 ? EPOLLIN : 0U) | ((what & CURL_POLL_OUT) != 0 ? EPOLLOUT : 0U);
  runner.poller_->watch(fd, events, Poller::Owner::curl, known != nullptr);
  if (!known) curl_multi_assign(runner.multi_, fd, &runner);
  return 0;
}

int Runner::on_timer(CURLM*, long ms, void* self) {
  static_cast<Runner*>(self)->curl_due_ = ms < 0 ? SteadyTime::max() : std::chrono::steady_clock::now() + Duration{ms};
  return 0;
}

Flight& Runner::start(std::shared_ptr<const Probe> probe, std::uint32_t tag, bool base, Duration lag, SteadyTime now) {
  std::unique_ptr<Flight> owned;
  if (idle_flights_.empty()) {
    owned = std::make_unique<Flight>();
  } else {
    owned = std::move(idle_flights_.back());
    idle_flights_.pop_back();
  }
  Flight& flight = *owned;
  flight.tag = tag;
  flight.base = base;
  flight.lag = lag;
  flight.probe = std::move(probe);
  flight.run = Run{};
  flight.run.base_schedule = base;
  flight.started = now;
  flight.runner = this;
  flight.place = flights_.size();
  flights_.push_back(std::move(owned));
  try {
    ask(flight, flight.probe->first(), now);
  } catch (const std::exception& error) {
    flight.request = Request{};
    answer_later(flight, TransportError::local, error.what());
  }
  return flight;
}

void Runner::ask(Flight& flight, Ask&& what, SteadyTime now) {
  ++flight.run.requests;
  flight.asked = now;
  flight.resolve = Micros{0};
  if (auto* request = std::get_if<Request>(&what)) {
    flight.request = std::move(*request);
    return ask_http(flight, now);
  }
  flight.request = Request{};
  flight.proxy = nullptr;
  flight.exchange = make_exchange(*this, std::move(what));
  if (!flight.exchange) return answer_later(flight, TransportError::none, {});  // Nothing
  Exchange& exchange = *flight.exchange;
  exchange.flight = &flight;
  flight.request.url = exchange.url();
  if (exchange.name().empty()) return begin(flight, {});
  resolver_->resolve(exchange.name(), now, now + exchange.timeout(), flight);
}

void Runner::begin(Flight& flight, std::vector<std::string> addresses) {
  flight.exchange->begin(std::move(addresses), flight.asked, flight.resolve);
}

bool Runner::watch(Exchange& exchange, int fd, std::uint32_t events) {
  const auto place = static_cast<std::size_t>(fd);
  if (place >= watched_by_.size()) watched_by_.resize(place + 1);
  const bool known = watched_by_[place] != nullptr;
  watched_by_[place] = &exchange;
  return poller_->watch(fd, events, Poller::Owner::exchange, known);
}

void Runner::forget(int fd) {
  watched_by_[static_cast<std::size_t>(fd)] = nullptr;
  poller_->forget(fd);
}

void Runner::ask_http(Flight& flight, SteadyTime now) {
  auto endpoint = parse_endpoint(flight.request.url);
  if (!endpoint) return answer_later(flight, TransportError::local, endpoint.error());
  flight.endpoint = std::move(endpoint).value();
  const auto way = egress_.way(flight.endpoint, flight.request.proxy);
  if (!way) return answer_later(flight, TransportError::local, way.error());
  flight.proxy = way.value();
  // Through a proxy the target's name is the proxy's to resolve, the proxy's own is ours.
  const Endpoint& peer = flight.proxy ? flight.proxy->endpoint : flight.endpoint;
  if (peer.literal) return transfer(flight, nullptr, now);
  resolver_->resolve(peer.host, now, now + flight.request.timeout, flight);
}

void Flight::resolved(const Resolver::Answer& answer) {
  const SteadyTime now = std::chrono::steady_clock::now();
  resolve = std::chrono::duration_cast<Micros>(now - asked);
  if (answer.error == TransportError::none && exchange) return runner->begin(*this, answer.addresses);
  if (answer.error == TransportError::none) return runner->transfer(*this, &answer.addresses, now);
  // A proxy of ours that has no address says nothing about the target.
  runner->answer_later(*this, proxy ? TransportError::local : answer.error, answer.text);
}

void Runner::transfer(Flight& flight, const std::vector<std::string>* addresses, SteadyTime now) {
  if (idle_transfers_.empty()) {
    flight.transfer = Transfer::create();
    if (!flight.transfer) return answer_later(flight, TransportError::local, "out of memory");
  } else {
    flight.transfer = std::move(idle_transfers_.back());
    idle_transfers_.pop_back();
  }
  const Request& request = flight.request;
  Transfer::Way way;
  way.endpoint = &flight.endpoint;
  way.proxy = flight.proxy;
  way.left = std::chrono::ceil<Duration>(flight.asked + request.timeout - now);
  // Of a proxy's addresses any will do: which family it uses from there on is not ours to see.
  FamilyChoice choice;
  if (addresses && !flight.proxy && request.family != Family::any) {
    choice = choose_family(*addresses, request.family, request.or_other_family);
    if (choice.addresses.empty()) {
      release_transfer(flight);
      return answer_later(flight, TransportError::dns_nxdomain, choice.text);
    }
    addresses = &choice.addresses;
    way.family = choice.family;
    // The other one gets its chance in the same run.
    if (request.or_other_family && choice.family != Family::any) way.connect_left = way.left / 2;
  }
  way.addresses = addresses;
  if (flight.endpoint.tls) {
    const auto trust = tls_.context(request.ca_file, request.cert_file, request.key_file, now);
    if (!trust) {
      release_transfer(flight);
      return answer_later(flight, TransportError::local, trust.error());
    }
    way.tls = trust.value();
  }
  if (flight.proxy && flight.proxy->endpoint.tls) {
    const auto trust = tls_.context({}, {}, {}, now);
    if (!trust) {
      release_transfer(flight);
      return answer_later(flight, TransportError::local, trust.error());
    }
    way.proxy_tls = trust.value();
  }
  while (!cached_.empty() && way.forget.size() < forget_at_once) {
    way.forget.push_back(std::move(cached_.back()));
    cached_.pop_back();
  }
  const auto prepared = flight.transfer->prepare(flight.request, way, egress_, &flight);
  if (!prepared) {
    release_transfer(flight);
    return answer_later(flight, TransportError::local, prepared.error());
  }
  const CURLMcode code = curl_multi_add_handle(multi_, flight.transfer->handle());
  if (code != CURLM_OK) {
    release_transfer(flight);
    answer_later(flight, TransportError::local, curl_multi_strerror(code));
  }
}

void Runner::answer_later(Flight& flight, TransportError error, std::string text) {
  flight.exchange.reset();
  flight.response = Response{};
  flight.response.error = error;
  flight.response.error_text = clean_line(text);
  flight.response.url = flight.request.url;
  flight.response.timings.resolve = flight.resolve;
  flight.response.total = flight.resolve;
  answered_.push_back(&flight);
}

void Runner::release_transfer(Flight& flight) {
  if (!flight.transfer) return;
  if (!flight.transfer->pinned().empty()) cached_.push_back(flight.transfer->pinned());
  if (idle_transfers_.size() < max_idle) idle_transfers_.push_back(std::move(flight.transfer));
  flight.transfer.reset();
}

void Runner::release(Flight& flight) {
  std::unique_ptr<Flight> owned = std::move(flights_[flight.place]);
  if (flight.place + 1 != flights_.size()) {
    flights_[flight.place] = std::move(flights_.back());
    flights_[flight.place]->place = flight.place;
  }
  flights_.pop_back();
  owned->exchange.reset();
  owned->probe.reset();
  owned->run = Run{};
  owned->request = Request{};
  owned->response = Response{};
  if (idle_flights_.size() < max_idle) idle_flights_.push_back(std::move(owned));
}

void Runner::abort(Flight& flight) {
  resolver_->cancel(flight);
  if (flight.transfer) {
    curl_multi_remove_handle(multi_, flight.transfer->handle());
    release_transfer(flight);
  }
  std::replace(answered_.begin(), answered_.end(), &flight, static_cast<Flight*>(nullptr));
  release(flight);
}

void Runner::drive_curl(SteadyTime now) {
  if (now < curl_due_) return;
  curl_due_ = SteadyTime::max();
  Transfer::drive(multi_, CURL_SOCKET_TIMEOUT, 0);
  // libcurl does not repeat a timer that it thinks we already have, which is lost if we came a moment too early.
  if (curl_due_ == SteadyTime::max()) {
    long ms = -1;
    curl_multi_timeout(multi_, &ms);
    on_timer(multi_, ms, this);
  }
}

/// Asked of all of them only when the first is due, which the wake grid keeps to a hundred times a second.
void Runner::drive_exchanges(SteadyTime now) {
  if (!reaper_.idle()) reaper_.reap();
  if (now < exchanges_due_) return;
  exchanges_due_ = SteadyTime::max();
  for (const auto& flight : flights_) {
    if (!flight->exchange) continue;
    flight->exchange->on_time(now);
    exchanges_due_ = std::min(exchanges_due_, flight->exchange->due());
  }
}

void Runner::collect() {
  int left = 0;
  while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message goes with the handle
    void* owner = nullptr;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &owner);
    Flight& flight = *static_cast<Flight*>(owner);
    flight.response = flight.transfer->finish(code, flight.resolve);
    curl_multi_remove_handle(multi_, easy);
    release_transfer(flight);
    answered_.push_back(&flight);
  }
}

void Runner::judge(Flight& flight) {
  if (flight.exchange) {  // dropped here, where none of its own calls is under way
    flight.response = flight.exchange->take();
    flight.exchange.reset();
  }
  Finding finding;
  try {
    auto next = flight.probe->next(flight.response, flight.run);
    if (auto* found = std::get_if<Finding>(&next)) {
      finding = std::move(*found);
    } else if (flight.run.requests < max_requests) {
      return ask(flight, ask_of(std::move(next)), std::chrono::steady_clock::now());
    } else {
      finding = our_fault(fmt::format("the probe did not conclude after {} requests", max_requests));
    }
  } catch (const std::exception& error) {  // a defect of ours: it must not end the daemon
    finding = our_fault(clean_line(fmt::format("the probe failed: {}", error.what())));
  }
  owner_.concluded(flight, std::move(finding));
  release(flight);
}

void Runner::turn(SteadyTime until) {
  SteadyTime now = std::chrono::steady_clock::now();
  Duration timeout{0};
  SteadyTime due = std::min({until, curl_due_, resolver_->due(), exchanges_due_});
  if (!reaper_.idle()) due = std::min<SteadyTime>(due, now + Reaper::again);
  // Once a second at least: the watchdog looks at it.
  if (answered_.empty() && due > now) {
    timeout = due - now >= 1s ? Duration{1s} : std::min<Duration>(1s, std::chrono::ceil<Duration>(on_grid(due) - now));
  }
  for (const Poller::Event& event : poller_->wait(timeout)) {
    switch (event.owner) {
      case Poller::Owner::wake:
        break;
      case Poller::Owner::resolver:
        resolver_->on_event(event);
        break;
      case Poller::Owner::exchange: {
        const auto place = static_cast<std::size_t>(event.fd);
        if (Exchange* const exchange = place < watched_by_.size() ? watched_by_[place] : nullptr)
          exchange->on_event(event.fd, event.events);
        break;
      }
      case Poller::Owner::curl: {
        const int what = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                         ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                         ((event.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
        Transfer::drive(multi_, event.fd, what);
        break;
      }
    }
  }
  now = std::chrono::steady_clock::now();
  resolver_->on_time(now);
  drive_curl(now);
  drive_exchanges(now);
  collect();
  // Concluding one may abort or start others.
  for (std::size_t i = 0; i < answered_.size(); ++i)
    if (Flight* flight = std::exchange(answered_[i], nullptr)) judge(*flight);
  answered_.clear();
}

}  // namespace outaged::probes
