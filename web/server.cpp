#include "web/server.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "web/exchange.h"
#include "web/listener.h"
#include "web/loop.h"
#include "web/pool.h"
#include "web/router.h"

namespace outaged::web {
namespace {

class ServerImpl final : public Server {
 public:
  explicit ServerImpl(Limits limits) : limits_(limits) {}
  ~ServerImpl() override { stop(); }

  void route(std::string method, std::string pattern, Handler handler) override {
    router_.add(std::move(method), pattern, std::move(handler));
  }
  void fallback(Handler handler) override { fallback_ = std::move(handler); }
  void on_failure(std::function<void(std::string)> handler) override { on_failure_ = std::move(handler); }
  int port() const override { return port_; }

  Result<void> start(const std::string& address) override {
    const std::lock_guard lock(mutex_);
    if (loop_) return Error{"the server was started before"};
    auto listener = listen_on(address);
    if (!listener) return Error{listener.error()};
    exchange_ = std::make_unique<Exchange>(router_, fallback_, limits_);
    pool_ = std::make_unique<Pool>(limits_.threads_min, limits_.threads_max, limits_.queued_requests);
    loop_ = std::make_unique<Loop>(limits_, std::move(listener->socket), [this](std::uint64_t connection, Incoming&& incoming) {
      return dispatch(connection, std::move(incoming));
    });
    if (auto prepared = loop_->prepare(); !prepared) return Error{"cannot serve on " + address + ": " + prepared.error()};
    port_ = listener->port;
    try {
      thread_ = std::thread([this] { serve(); });
    } catch (const std::system_error& e) {
      return Error{"cannot serve on " + address + ": " + e.what()};
    }
    return {};
  }

  void stop() override {
    const std::lock_guard lock(mutex_);
    if (!thread_.joinable()) return;
    stopping_ = true;
    loop_->quiesce();
    pool_->shutdown();
    loop_->finish();
    thread_.join();
  }

 private:
  void serve() {
    std::string why;
    try {
      const auto ended = loop_->run();
      if (ended) return;
      why = ended.error();
    } catch (const std::exception& e) {
      why = e.what();
    } catch (...) {
      why = "unknown exception";
    }
    if (!stopping_ && on_failure_) on_failure_("serving on port " + std::to_string(port_) + " ended: " + why);
  }

  bool dispatch(std::uint64_t connection, Incoming&& incoming) {
    // std::function wants copyable captures.
    auto request = std::make_shared<Incoming>(std::move(incoming));
    return pool_->submit([this, connection, request] { loop_->complete(connection, exchange_->answer(std::move(*request))); });
  }

  const Limits limits_;
  Router router_;
  Handler fallback_;
  std::function<void(std::string)> on_failure_;
  std::atomic<int> port_{0};
  std::atomic<bool> stopping_{false};

  std::mutex mutex_;  // start and stop
  std::unique_ptr<Exchange> exchange_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<Pool> pool_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Server> Server::create(Limits limits) { return std::make_unique<ServerImpl>(limits); }

}  // namespace outaged::web
