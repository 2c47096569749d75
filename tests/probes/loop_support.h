// What the loop's tests share: a probe that asks once and reports what it was told, a sink that can be waited for.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <vector>

#include "probes/loop.h"

namespace test {

using outaged::Duration;
using namespace std::chrono_literals;

/// Asks one request; the response is in the result.
class OneRequest final : public outaged::Probe {
 public:
  explicit OneRequest(outaged::Request request) : request_(std::move(request)) {}
  outaged::Ask first() const override { return request_; }
  outaged::Step next(const outaged::Response& response,
                                                        outaged::Run&) const override {
    outaged::Finding finding;
    if (response.error != outaged::TransportError::none) finding.cls = outaged::Class::probe_error;
    return finding;
  }

 private:
  outaged::Request request_;
};

inline std::shared_ptr<const outaged::Probe> get(const std::string& url, Duration timeout = 5s) {
  outaged::Request request;
  request.url = url;
  request.timeout = timeout;
  return std::make_shared<OneRequest>(std::move(request));
}

/// One exchange, through run_once.
inline outaged::Response fetch(outaged::Request request, const outaged::probes::LoopOptions& options = {}) {
  auto result = outaged::probes::run_once(options, std::make_shared<OneRequest>(std::move(request)));
  if (!result) throw std::runtime_error(result.error());
  return std::move(result.value().response);
}
inline outaged::Response fetch(const std::string& url, Duration timeout = 5s,
                               const outaged::probes::LoopOptions& options = {}) {
  outaged::Request request;
  request.url = url;
  request.timeout = timeout;
  return fetch(std::move(request), options);
}

class Collector final : public outaged::probes::Sink {
 public:
  void result(outaged::probes::Result&& result) override {
    const std::lock_guard lock{mutex_};
    results_.push_back(std::move(result));
    changed_.notify_all();
  }
  /// Waits until `enough(results)`; false if that does not come within `limit`.
  bool wait(const std::function<bool(const std::vector<outaged::probes::Result>&)>& enough, Duration limit = 20s) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, limit, [&] { return enough(results_); });
  }
  bool wait_for(std::size_t count, Duration limit = 20s) {
    return wait([&](const auto& results) { return results.size() >= count; }, limit);
  }
  std::vector<outaged::probes::Result> results() const {
    const std::lock_guard lock{mutex_};
    return results_;
  }
  std::size_t count(std::uint32_t id) const {
    const std::lock_guard lock{mutex_};
    std::size_t count = 0;
    for (const auto& result : results_) count += result.id == id ? 1U : 0U;
    return count;
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<outaged::probes::Result> results_;
};

inline outaged::probes::Job job(std::uint32_t id, std::shared_ptr<const outaged::Probe> probe, Duration interval) {
  outaged::probes::Job job;
  job.id = id;
  job.name = "job " + std::to_string(id);
  job.interval = interval;
  job.probe = std::move(probe);
  return job;
}

/// Waits for a condition without a signal of its own.
inline bool eventually(const std::function<bool()>& condition, Duration limit = 20s) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(2ms);
  }
  return true;
}

}  // namespace test
