// A clock that tests move, a waiter that follows it, and a sender that plays a script.
#pragma once

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "alerts/delivery.h"
#include "tests/alerts/sample.h"

namespace outaged::test {

class FakeClock : public Clock {
 public:
  Timestamp wall() const override { return t("14:00:00") + Duration(passed_.load()); }
  SteadyTime steady() const override { return SteadyTime{} + std::chrono::hours(1000) + Duration(passed_.load()); }
  void advance(Duration by) { passed_ += by.count(); }

 private:
  std::atomic<Duration::rep> passed_{0};
};

/// Looks at the fake clock again and again: moving it needs no signal.
class FakeWaiter : public alerts::Waiter {
 public:
  void wait(std::condition_variable& condition, std::unique_lock<std::mutex>& lock, SteadyTime) override {
    ++waits_;
    condition.wait_for(lock, std::chrono::milliseconds(1));
  }
  /// Returns once the only worker has looked at its queue again and found nothing to do.
  void settle() {
    const std::uint64_t enough = waits_ + 2;
    while (waits_ < enough) std::this_thread::yield();
  }

 private:
  std::atomic<std::uint64_t> waits_{0};
};

struct Sent {
  std::string url, key;
  Timestamp at{};
};

/// Shared by all senders of a test.
class Wire {
 public:
  /// May block: `until_aborted` ends when the sender is aborted.
  using Script = std::function<alerts::HttpResponse(const Sent&, const std::function<void()>& until_aborted)>;
  Wire(const Clock& clock, Script script) : clock_(clock), script_(std::move(script)) {}

  std::unique_ptr<alerts::Sender> sender() { return std::make_unique<One>(*this); }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return sent_.size() >= count; });
  }
  std::vector<Sent> sent() {
    const std::lock_guard lock(mutex_);
    return sent_;
  }

 private:
  class One : public alerts::Sender {
   public:
    explicit One(Wire& wire) : wire_(wire) {}
    alerts::HttpResponse send(const alerts::HttpRequest& request, Duration) override {
      Sent sent{request.url, "", wire_.clock_.wall()};
      for (const auto& [name, value] : request.headers)
        if (name == "webhook-id") sent.key = value;
      {
        const std::lock_guard lock(wire_.mutex_);
        wire_.sent_.push_back(sent);
        wire_.changed_.notify_all();
      }
      return wire_.script_(sent, [this] {
        std::unique_lock lock(wire_.mutex_);
        wire_.changed_.wait_for(lock, std::chrono::seconds(20), [this] { return aborted_; });
      });
    }
    void abort() override {
      const std::lock_guard lock(wire_.mutex_);
      aborted_ = true;
      wire_.changed_.notify_all();
    }

   private:
    Wire& wire_;
    bool aborted_ = false;
  };

  const Clock& clock_;
  const Script script_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Sent> sent_;
};

/// Collects what the workers report.
class Reports {
 public:
  alerts::Reporter reporter() {
    return [this](const DeliveryReport& report) {
      const std::lock_guard lock(mutex_);
      all_.push_back(report);
      changed_.notify_all();
    };
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return all_.size() >= count; });
  }
  std::vector<DeliveryReport> all() {
    const std::lock_guard lock(mutex_);
    return all_;
  }
  std::vector<DeliveryReport> of(std::uint64_t id) {
    std::vector<DeliveryReport> out = all();
    std::erase_if(out, [id](const DeliveryReport& report) { return report.outbox_id != id; });
    return out;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<DeliveryReport> all_;
};

inline OutboxRow row(std::uint64_t id, const std::string& receiver = "hook", const std::string& group = "incident",
                     NotificationKind kind = NotificationKind::fire, Timestamp created = t("14:00:00")) {
  OutboxRow out;
  out.id = id;
  out.receiver = receiver;
  out.group = group;
  out.created = created;
  out.notification = sample(kind);
  out.notification.key = "key" + std::to_string(id);
  return out;
}

}  // namespace outaged::test
